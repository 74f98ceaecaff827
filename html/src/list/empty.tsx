// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The first screen of a new install: the proxy's address and a snippet to copy.

import { signal } from '@preact/signals';
import { feedState, proxyAddress } from '../state/store';
import { t } from '../text/i18n';
import { Copy } from '../ui/parts';

const kinds = ['Python', 'Node', 'curl'] as const;
type Kind = (typeof kinds)[number];

const kind = signal<Kind>('Python');

export const base = (): string => proxyAddress().replace(/\/+$/, '').replace(/\/v1$/, '') + '/v1';

const starter: Record<Kind, () => string> = {
    Python: () => `from openai import OpenAI

client = OpenAI(base_url="${base()}")

stream = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Say hello."}],
    stream=True,
)

for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="")`,

    Node: () => `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${base()}' });

const stream = await client.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'Say hello.' }],
    stream: true,
});

for await (const chunk of stream) {
    process.stdout.write(chunk.choices[0]?.delta?.content ?? '');
}`,

    curl: () => `curl -N ${base()}/chat/completions \\
    -H "Authorization: Bearer $OPENAI_API_KEY" \\
    -H 'Content-Type: application/json' \\
    -d '{
        "model": "gpt-4o-mini",
        "stream": true,
        "messages": [{"role": "user", "content": "Say hello."}]
    }'`,
};

export function Empty() {
    const text = starter[kind.value]();

    return (
        <div class="empty">
            <h2>{t('emptyTitle')}</h2>
            <p>{t('emptyText')}</p>
            <p class="address">
                <code>{base()}</code>
                <Copy text={base} label={t('copyAddress')} />
            </p>
            <div class="snippet">
                <div class="switch" role="group" aria-label={t('language')}>
                    {kinds.map((k) => (
                        <button
                            key={k}
                            type="button"
                            aria-pressed={kind.value === k}
                            onClick={() => {
                                kind.value = k;
                            }}
                        >
                            {k}
                        </button>
                    ))}
                    <Copy text={() => text} />
                </div>
                <pre tabIndex={0}>{text}</pre>
            </div>
            <p class="listening" data-state={feedState.value}>
                <span class="pulse" aria-hidden="true" />
                {feedState.value === 'live' ? t('listening', { where: proxyAddress() }) : t('reconnecting')}
            </p>
        </div>
    );
}
