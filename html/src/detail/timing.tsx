// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The tab Timing: the phases of the exchange as bars, and each attempt.

import { bytes, count, dash, duration } from '../text/format';
import { t, type Text } from '../text/i18n';
import type { Attempt, Detail } from '../types';

interface Span {
    label: Text;
    from: number;
    to: number;
    kind: 'wait' | 'send' | 'read';
}

/* nginx's own clock goes by milliseconds: what it has "before" by less than
   that, was at the same time */

const grain = 2;

function spans(r: Detail): Span[] {
    const m = r.timing;

    if (m === null) {
        return [];
    }

    const sent = m.request_received_ms;
    const coarse = (ms: number | null) => (ms !== null && sent !== null && ms < sent && sent - ms < grain ? sent : ms);

    const moments: [Text, number | null, Span['kind']][] = [
        ['timeRequest', sent, 'send'],
        ['timeConnect', coarse(m.tls_start_ms ?? m.connect_ms), 'wait'],
        ['timeTls', m.tls_start_ms === null ? null : coarse(m.connect_ms), 'wait'],
        ['timeHeader', m.upstream_header_ms, 'wait'],
        ['timeFirstByte', m.first_byte_ms, 'wait'],
        ['timeFirstToken', m.first_token_ms, 'wait'],
        ['timeTokens', m.last_token_ms, 'read'],
        ['timeLastByte', m.last_byte_ms, 'read'],
        ['timeEnd', m.duration_ms ?? m.last_byte_ms ?? m.last_token_ms, 'send'],
    ];

    const out: Span[] = [];
    let at = 0;

    /* a body that is passed on while it comes ends after the connection */

    for (const [label, to, kind] of moments.sort((a, b) => (a[1] ?? 0) - (b[1] ?? 0))) {
        if (to !== null) {
            out.push({ label, from: at, to, kind });
            at = to;
        }
    }

    return out;
}

/* when each attempt began: they follow one another up to the one that
   connected as the phases say */

function starts(r: Detail): (number | null)[] {
    const list = r.attempts;
    const last = list[list.length - 1];
    const connected = r.timing?.connect_ms ?? null;

    if (last === undefined || connected === null || last.connect_ms === null) {
        return list.map(() => null);
    }

    const out: (number | null)[] = [];
    let at: number | null = connected - last.connect_ms;

    for (let i = list.length - 1; i >= 0; i--) {
        const before: Attempt | undefined = list[i - 1];

        out[i] = at === null ? null : Math.max(0, at);
        at = at === null || before === undefined || before.response_ms === null ? null : at - before.response_ms;
    }

    return out;
}

function Bar({ attempt: a, from, end }: { attempt: Attempt; from: number | null; end: number }) {
    if (from === null || a.response_ms === null) {
        return null;
    }

    const failed = a.status === null || a.status >= 400;
    const ready = Math.min(a.connect_ms ?? 0, a.response_ms);
    const header = Math.min(Math.max(ready, a.header_ms ?? a.response_ms), a.response_ms);
    const part = (at: number, to: number, kind: string) => (
        <span
            class={'span ' + kind}
            style={{ left: ((from + at) / end) * 100 + '%', width: `max(2px, ${((to - at) / end) * 100}%)` }}
        />
    );

    return (
        <div class="lane">
            {ready > 0 && part(0, ready, 'send')}
            {part(ready, header, failed ? 'failed' : 'wait')}
            {header < a.response_ms && part(header, a.response_ms, failed ? 'failed' : 'read')}
        </div>
    );
}

export function Timing({ record: r }: { record: Detail }) {
    const list = spans(r);
    const end = Math.max(1, r.duration_ms ?? 0, ...list.map((s) => s.to));
    const share = (ms: number) => (ms / end) * 100 + '%';
    const began = starts(r);

    return (
        <div class="timing">
            {list.length === 0 ? (
                <p class="nothing">{t('noTiming')}</p>
            ) : (
                <table class="waterfall">
                    <caption class="unseen">{t('waterfall')}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t('phase')}</th>
                            <th scope="col" class="track" aria-hidden="true" />
                            <th scope="col" class="number">
                                {t('took')}
                            </th>
                            <th scope="col" class="number">
                                {t('until')}
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        {list.map((s) => (
                            <tr key={s.label}>
                                <th scope="row">{t(s.label)}</th>
                                <td class="track" aria-hidden="true">
                                    <span
                                        class={'span ' + s.kind}
                                        style={{ left: share(s.from), width: `max(2px, ${share(s.to - s.from)})` }}
                                    />
                                </td>
                                <td class="number">{duration(s.to - s.from)}</td>
                                <td class="number quiet">{duration(s.to)}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
            <dl class="facts">
                <div>
                    <dt>{t('longestGap')}</dt>
                    <dd>{duration(r.longest_gap_ms)}</dd>
                </div>
                <div>
                    <dt>{t('pieces')}</dt>
                    <dd>{count(r.pieces)}</dd>
                </div>
                <div>
                    <dt>{t('events')}</dt>
                    <dd>{count(r.events)}</dd>
                </div>
                <div>
                    <dt>{t('processing')}</dt>
                    <dd>{duration(r.processing_ms)}</dd>
                </div>
            </dl>
            <section class="section">
                <h3>
                    {t('attempts')} <span class="quiet">{r.attempts.length}</span>
                </h3>
                {r.attempts.length > 0 && (
                    <div class="scroll" tabIndex={0} role="group" aria-label={t('attempts')}>
                        <table class="plain-table">
                            <thead>
                                <tr>
                                    <th scope="col">{t('upstream')}</th>
                                    <th scope="col" class="track" aria-hidden="true" />
                                    <th scope="col" class="number">
                                        {t('status')}
                                    </th>
                                    <th scope="col" class="number">
                                        {t('timeConnect')}
                                    </th>
                                    <th scope="col" class="number">
                                        {t('timeTls')}
                                    </th>
                                    <th scope="col" class="number">
                                        {t('timeHeader')}
                                    </th>
                                    <th scope="col" class="number">
                                        {t('duration')}
                                    </th>
                                    <th scope="col" class="number">
                                        {t('sent')}
                                    </th>
                                    <th scope="col" class="number">
                                        {t('received')}
                                    </th>
                                </tr>
                            </thead>
                            <tbody>
                                {r.attempts.map((a, i) => (
                                    <tr key={i}>
                                        <td>{a.peer}</td>
                                        <td class="track" aria-hidden="true">
                                            <Bar attempt={a} from={began[i] ?? null} end={end} />
                                        </td>
                                        <td class="number">{a.status === null || a.status === 0 ? dash : a.status}</td>
                                        <td class="number">{duration(a.connect_ms)}</td>
                                        <td class="number">{duration(a.tls_ms)}</td>
                                        <td class="number">{duration(a.header_ms)}</td>
                                        <td class="number">{duration(a.response_ms)}</td>
                                        <td class="number">{bytes(a.bytes_sent)}</td>
                                        <td class="number">{bytes(a.bytes_received)}</td>
                                    </tr>
                                ))}
                            </tbody>
                        </table>
                    </div>
                )}
            </section>
        </div>
    );
}
