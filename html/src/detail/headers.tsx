// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The tab Headers: heads of both sides, ids and rate limits.

import { query, view } from '../state/place';
import { duration } from '../text/format';
import { t } from '../text/i18n';
import { Json } from '../text/json';
import type { Detail, Header } from '../types';
import { Copy } from '../ui/parts';

function Table({ label, list }: { label: string; list: Header[] }) {
    const find = (h: Header) => {
        query.value = `header.${h.name.toLowerCase()}:"${h.value.replace(/["\\]/g, '\\$&')}"`;
        view.value = 'list';
    };

    return (
        <section class="section">
            <h3>
                {label} <span class="quiet">{list.length}</span>
                <Copy text={() => list.map((h) => h.name + ': ' + h.value).join('\n')} />
            </h3>
            <dl class="pairs">
                {list.map((h, i) => (
                    <div key={i}>
                        <dt>{h.name}</dt>
                        <dd>
                            <button type="button" class="value" title={t('filter')} onClick={() => find(h)}>
                                {h.value}
                            </button>
                        </dd>
                    </div>
                ))}
            </dl>
        </section>
    );
}

export function Headers({ record: r }: { record: Detail }) {
    const facts: [string, string | null][] = [
        [t('id'), r.id],
        [t('host'), r.host],
        ['HTTP', r.http_version],
        [t('responseId'), r.response_id],
        [t('upstreamRequestId'), r.upstream_request_id],
        [t('processing'), r.processing_ms === null ? null : duration(r.processing_ms)],
    ];
    const limits = Object.entries(r.rate_limit ?? {}).map(([name, value]) => ({ name, value }));

    return (
        <>
            <Table label={t('tab.request')} list={r.request?.headers ?? []} />
            <Table label={t('tab.response')} list={r.response?.headers ?? []} />
            {limits.length > 0 && <Table label={t('rateLimit')} list={limits} />}
            <section class="section">
                <h3>{t('identity')}</h3>
                <dl class="pairs">
                    {facts
                        .filter(([, v]) => v !== null)
                        .map(([k, v]) => (
                            <div key={k}>
                                <dt>{k}</dt>
                                <dd>{v}</dd>
                            </div>
                        ))}
                </dl>
            </section>
            {r.usage_raw !== null && r.usage_raw !== undefined && (
                <section class="section">
                    <h3>{t('usageRaw')}</h3>
                    <Json value={r.usage_raw} />
                </section>
            )}
        </>
    );
}
