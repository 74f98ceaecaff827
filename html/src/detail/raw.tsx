// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Long text in parts, because a browser that lays out megabytes at once stands
// still.  Body and Stream use it.

import { useState } from 'preact/hooks';
import { bytes } from '../text/format';
import { t } from '../text/i18n';

const part = 100_000;

export function RawText({ text }: { text: string }) {
    const [upto, setUpto] = useState(part);
    const parts: string[] = [];

    for (let i = 0; i < Math.min(upto, text.length); i += part) {
        parts.push(text.slice(i, Math.min(i + part, upto)));
    }

    return (
        <>
            <pre class="raw" tabIndex={0}>
                {parts.map((p, i) => (
                    <span key={i}>{p}</span>
                ))}
            </pre>
            {text.length > upto && (
                <button type="button" class="text-button" onClick={() => setUpto(upto + part * 5)}>
                    {t('moreText', { n: bytes(text.length - upto) })}
                </button>
            )}
        </>
    );
}
