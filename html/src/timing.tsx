// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

import { bytes, count, dash, duration } from './format';
import { t, type Text } from './i18n';
import type { Detail } from './types';

interface Span {
    label: Text;
    from: number;
    to: number;
    kind: 'wait' | 'send' | 'read';
}

function spans(r: Detail): Span[] {
    const m = r.timing;

    if (m === null) {
        return [];
    }

    const out: Span[] = [];
    const end = m.duration_ms ?? m.last_byte_ms ?? m.last_token_ms;
    let at = 0;

    const add = (label: Text, to: number | null, kind: Span['kind']) => {
        if (to !== null && to >= at) {
            out.push({ label, from: at, to, kind });
            at = to;
        }
    };

    add('timeRequest', m.request_received_ms, 'send');
    add('timeConnect', m.connect_ms, 'wait');
    add('timeHeader', m.upstream_header_ms, 'wait');
    add('timeFirstByte', m.first_byte_ms, 'wait');
    add('timeFirstToken', m.first_token_ms, 'wait');
    add('timeTokens', m.last_token_ms, 'read');
    add('timeLastByte', m.last_byte_ms, 'read');
    add('timeEnd', end, 'send');

    return out;
}

export function Timing({ record: r }: { record: Detail }) {
    const list = spans(r);
    const end = Math.max(1, r.duration_ms ?? 0, ...list.map((s) => s.to));
    const share = (ms: number) => (ms / end) * 100 + '%';

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
                    {t('attempts')} <span class="quiet">{r.attempts?.length ?? 0}</span>
                </h3>
                {(r.attempts ?? []).length > 0 && (
                    <div class="scroll" tabIndex={0} role="group" aria-label={t('attempts')}>
                        <table class="plain-table">
                            <thead>
                                <tr>
                                    <th scope="col">{t('upstream')}</th>
                                    <th scope="col" class="number">
                                        {t('status')}
                                    </th>
                                    <th scope="col" class="number">
                                        {t('timeConnect')}
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
                                {r.attempts?.map((a, i) => (
                                    <tr key={i}>
                                        <td>{a.peer}</td>
                                        <td class="number">{a.status === null || a.status === 0 ? dash : a.status}</td>
                                        <td class="number">{duration(a.connect_ms)}</td>
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
