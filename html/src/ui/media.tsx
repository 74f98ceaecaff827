// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Images and sound that a message carries.  Media on another server is named, never
// fetched.

import { t } from '../text/i18n';

type Bag = Record<string, unknown>;

const bag = (v: unknown): Bag => (typeof v === 'object' && v !== null ? (v as Bag) : {});
const str = (v: unknown): string | null => (typeof v === 'string' && v !== '' ? v : null);

const image = /^data:image\/(?:png|jpe?g|gif|webp|avif)[;,]/i;
const sound = /^data:audio\//i;

function address(part: Bag): string | null {
    const nested = bag(part.image_url);
    const source = bag(part.source);
    const inline = bag(part.inline_data ?? part.inlineData);
    const input = bag(part.input_audio ?? part.audio);
    const type =
        str(part.media_type) ??
        str(part.mime_type) ??
        str(source.media_type) ??
        str(inline.mime_type) ??
        str(inline.mimeType);
    const data =
        str(part.data) ??
        str(source.data) ??
        str(inline.data) ??
        str(input.data) ??
        str(part.b64_json) ??
        str(part.result) ??
        str(part.file_data);
    const url = str(part.image_url) ?? str(nested.url) ?? str(part.url) ?? str(source.url);

    if (url !== null || data === null) {
        return url;
    }

    if (data.startsWith('data:')) {
        return data;
    }

    const format = str(input.format) ?? str(part.format);
    const audio = (str(part.type) ?? '').includes('audio') || format !== null;

    return `data:${type ?? (audio ? 'audio/' + (format ?? 'wav') : 'image/png')};base64,${data}`;
}

export function Media({ part }: { part: unknown }) {
    const src = typeof part === 'string' ? part : address(bag(part));

    if (src === null) {
        return null;
    }

    if (image.test(src)) {
        return <img class="picture" src={src} alt={t('image')} loading="lazy" />;
    }

    if (sound.test(src)) {
        return <audio controls src={src} aria-label={t('audio')} />;
    }

    return (
        <p class="elsewhere">
            <span class="quiet">{t('notFetched')}</span> <code>{src.slice(0, 500)}</code>
        </p>
    );
}

export const hasMedia = (part: unknown): boolean => address(bag(part)) !== null;
