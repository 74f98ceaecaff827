// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The list of records: rows on a wide screen, cards on a narrow one.  The shell
// draws it.

import { Component } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { valueItems } from '../query/values';
import { open } from '../record/actions';
import { Mark } from '../record/mark';
import { Elapsed, endpoint, Since } from '../record/parts';
import { cursor, query, selected, sort, type SortKey } from '../state/place';
import {
    catchUp,
    edition,
    failure,
    listed,
    loading,
    more,
    reload,
    rows,
    scrollAway,
    scrolled,
    see,
    total,
    waiting,
} from '../state/store';
import { cost } from '../text/bound';
import { compact, dash, duration, exact } from '../text/format';
import { lang, t } from '../text/i18n';
import { reason } from '../text/reason';
import type { Summary } from '../types';
import { Button, Icon, menu, narrow, Trouble, useMedia, useSize, Wait } from '../ui/parts';
import { Virtual } from '../ui/virtual';
import {
    chosen,
    columns,
    finish,
    fitting,
    outputTokens,
    standardColumns,
    template,
    toggleColumn,
    type Column,
} from './columns';
import { Empty } from './empty';

const rowHeight = 28;
const cardHeight = 56;

interface RowProps {
    record: Summary;
    index: number;
    chosen: boolean;
    under: boolean;
    stop: boolean;
    // its record has left the list
    gone: boolean;
    // none on a narrow screen, where the row is a card of two lines
    columns: Column[] | null;
    language: string;
}

function cellMenu(e: MouseEvent, column: Column, record: Summary): void {
    const value = column.facet === undefined ? null : (column.facetValue?.(record) ?? null);

    if (column.facet !== undefined && value !== null) {
        menu(e, t('filterValue'), valueItems(column.facet, value));
    }
}

// the keyboard's focus goes along with the row that the keys stand on
function follow(id: string, under: boolean, was: boolean): void {
    if (under && !was && document.activeElement?.classList.contains('row') === true) {
        document.getElementById('row-' + id)?.focus({ preventScroll: true });
    }
}

function Cells({ record, columns: fit }: { record: Summary; columns: Column[] }) {
    return (
        <>
            {fit.map((c) => (
                <span
                    key={c.id}
                    role="gridcell"
                    class={c.end === true ? 'cell end' : 'cell'}
                    title={c.title?.(record)}
                    onContextMenu={(e) => cellMenu(e, c, record)}
                >
                    {c.cell(record)}
                </span>
            ))}
        </>
    );
}

function Card({ record: r }: { record: Summary }) {
    const input = compact(r.usage?.input_tokens);
    const price = cost(r);

    return (
        <>
            <span role="gridcell" class="card-line">
                <Mark record={r} />
                <b class="clip">{r.model ?? r.response_model ?? endpoint(r)}</b>
                <span class="quiet" title={exact(r.started_at)}>
                    <Since record={r} />
                </span>
                <span class="number">
                    {r.outcome === 'running' ? <Elapsed record={r} /> : duration(r.duration_ms)}
                </span>
            </span>
            <span role="gridcell" class="card-line quiet">
                <span class="clip">
                    {r.status !== null && r.status !== 200 && r.status + ' '}
                    {endpoint(r)} · {finish(r)}
                </span>
                <span class="number">
                    {input !== dash && <>{input} → </>}
                    {outputTokens(r)}
                </span>
                {price !== dash && <span class="number">{price}</span>}
            </span>
        </>
    );
}

class Row extends Component<RowProps> {
    override componentDidUpdate(was: RowProps): void {
        follow(this.props.record.id, this.props.under, was.under);
    }

    override shouldComponentUpdate(next: RowProps): boolean {
        const p = this.props;
        return (
            p.record !== next.record ||
            p.chosen !== next.chosen ||
            p.under !== next.under ||
            p.stop !== next.stop ||
            p.gone !== next.gone ||
            p.columns !== next.columns ||
            p.index !== next.index ||
            p.language !== next.language
        );
    }

    render({ record, index, chosen: on, under, stop, gone, columns: fit }: RowProps) {
        return (
            <div
                class={fit === null ? 'row card' : 'row'}
                role="row"
                id={'row-' + record.id}
                aria-rowindex={index + 2}
                aria-selected={on}
                aria-disabled={gone || undefined}
                title={gone ? t('goneRow') : undefined}
                data-cursor={under}
                data-outcome={record.outcome}
                tabIndex={stop ? 0 : -1}
                onFocus={() => {
                    cursor.value = record.id;
                }}
                onClick={() => open(record.id)}
            >
                {fit === null ? <Card record={record} /> : <Cells record={record} columns={fit} />}
            </div>
        );
    }
}

function sortBy(key: SortKey): void {
    const s = sort.value;
    sort.value = s.key === key ? { key, down: !s.down } : { key, down: true };
}

function chooser(e: MouseEvent): void {
    menu(e, t('columns'), () => [
        ...columns.map((c) => ({
            label: t(c.label),
            checked: chosen.value.includes(c.id),
            keep: true,
            run: () => toggleColumn(c.id),
        })),
        { label: t('standardColumns'), keep: true, run: standardColumns },
    ]);
}

function Head({ fit }: { fit: Column[] }) {
    const { key, down } = sort.value;

    const label = (c: Column, by: SortKey) => (
        <button type="button" class="sort" onClick={() => sortBy(by)}>
            {t(c.label)}
            {by === key && <Icon name={down ? 'down' : 'up'} />}
        </button>
    );

    return (
        <div class="head" role="row" aria-rowindex={1}>
            {fit.map((c) => (
                <span
                    key={c.id}
                    role="columnheader"
                    class={c.end === true ? 'cell end' : 'cell'}
                    aria-sort={c.sort === key ? (down ? 'descending' : 'ascending') : undefined}
                >
                    {c.sort === undefined ? t(c.label) : label(c, c.sort)}
                </span>
            ))}
        </div>
    );
}

function Nothing() {
    if (loading.value) {
        return <Wait />;
    }

    // the search box says what is wrong with a query
    if (failure.value !== null && query.value !== '') {
        return <p class="nothing">{t('noAnswer')}</p>;
    }

    if (failure.value !== null) {
        return <Trouble text={reason(failure.value)} retry={reload} />;
    }

    if (query.value === '') {
        return <Empty />;
    }

    return (
        <div class="nothing">
            <p>{t('noMatch')}</p>
            <Button
                label={t('clearFilter')}
                text={t('clearFilter')}
                onClick={() => {
                    query.value = '';
                }}
            />
        </div>
    );
}

export function List() {
    const { ref, width } = useSize<HTMLDivElement>();
    const cards = useMedia(narrow);
    const language = lang.value;
    const fit = useMemo(() => fitting(width), [width, chosen.value]);
    const stand = selected.value ?? cursor.value;
    const at = rows.value.findIndex((r) => r.id === stand);
    const show = useMemo(() => ({ index: at }), [stand]);

    // a list that went away is at its top when it comes back
    useEffect(() => catchUp, [rows.value.length === 0]);

    const onScroll = (top: number, last: number) => {
        const away = top > 4;

        if (away !== scrolled.value) {
            if (away) {
                scrollAway();
            } else {
                catchUp();
            }
        }

        if (last > rows.value.length - 60) {
            more();
        }
    };

    const row = (i: number) => {
        const r = rows.value[i];

        if (r === undefined) {
            return null;
        }

        const on = r.id === selected.value;
        const under = r.id === stand;

        return (
            <Row
                key={r.id}
                record={r}
                index={i}
                chosen={on}
                under={under}
                stop={under || (at < 0 && i === 0)}
                gone={!listed(r.id)}
                columns={cards ? null : fit}
                language={language}
            />
        );
    };

    const toTop = () => {
        ref.current?.querySelector('.virtual')?.scrollTo({ top: 0 });
        catchUp();
    };

    return (
        <section class="list" ref={ref} style={{ '--columns': template(fit) }} aria-label={t('requests')}>
            {waiting.value > 0 && (
                <button type="button" class="pill" onClick={toTop}>
                    <Icon name="up" />
                    {t('newOnes', { n: waiting.value })}
                </button>
            )}
            {!cards && rows.value.length > 0 && (
                <Button class="chooser" icon="columns" label={t('columns')} onClick={chooser} menu />
            )}
            {rows.value.length === 0 ? (
                <Nothing />
            ) : (
                <div class="grid" role="grid" aria-label={t('requests')} aria-rowcount={total.value + 1}>
                    {!cards && <Head fit={fit} />}
                    <Virtual
                        count={rows.value.length}
                        height={cards ? cardHeight : rowHeight}
                        row={row}
                        show={show}
                        onScroll={onScroll}
                        name={(i) => rows.value[i]?.id}
                        edition={edition.value}
                        onSight={see}
                    />
                </div>
            )}
        </section>
    );
}
