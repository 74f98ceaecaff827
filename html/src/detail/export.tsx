// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The tab Export: commands that repeat the request, and files of the record.

import { useSignal } from '@preact/signals';
import { exportHref } from '../state/api';
import { recordLink } from '../state/place';
import { t } from '../text/i18n';
import type { Detail } from '../types';
import { Button, Copy, copy, save } from '../ui/parts';
import { curl, nodeCode, pythonCode } from './snippets';
import { standalone } from './standalone';

const kinds = { curl: ['cURL', curl], python: ['Python', pythonCode], node: ['Node', nodeCode] } as const;
type Kind = keyof typeof kinds;

const longest = 20_000;

export function Export({ record: r }: { record: Detail }) {
    const kind = useSignal<Kind>('curl');
    const text = kinds[kind.value][1](r);
    const one = 'id:' + r.id;

    return (
        <div class="export">
            <section class="section">
                <h3>{t('repeat')}</h3>
                <p class="quiet">{t('repeatText')}</p>
                <div class="snippet">
                    <div class="switch" role="group" aria-label={t('language')}>
                        {(Object.keys(kinds) as Kind[]).map((k) => (
                            <button
                                key={k}
                                type="button"
                                aria-pressed={kind.value === k}
                                onClick={() => {
                                    kind.value = k;
                                }}
                            >
                                {kinds[k][0]}
                            </button>
                        ))}
                        <Copy text={() => text} />
                    </div>
                    <pre tabIndex={0}>
                        {text.slice(0, longest)}
                        {text.length > longest && '\n…'}
                    </pre>
                </div>
            </section>
            <section class="section">
                <h3>{t('files')}</h3>
                <p class="quiet">{t('filesText')}</p>
                <p class="buttons">
                    <a class="button" href={exportHref('har', one)} download={r.id + '.har'}>
                        HAR 1.2
                    </a>
                    <a class="button" href={exportHref('jsonl', one)} download={r.id + '.jsonl'}>
                        JSONL
                    </a>
                    <Button
                        label={t('htmlFile')}
                        text={t('htmlFile')}
                        onClick={() => save(r.id + '.html', 'text/html', standalone(r))}
                    />
                    <a class="button" href={'./api/request/' + encodeURIComponent(r.id)} target="_blank" rel="noopener">
                        JSON
                    </a>
                </p>
            </section>
            <section class="section">
                <h3>{t('link')}</h3>
                <p class="address">
                    <code>{recordLink(r.id)}</code>
                    <Button icon="copy" label={t('copyLink')} onClick={() => void copy(recordLink(r.id))} />
                </p>
            </section>
        </div>
    );
}
