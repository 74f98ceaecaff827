// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The calls of the API, one function each, as docs/api.md describes them.  An
// error becomes an ApiError, without words for the reader.

import { ApiError } from './error';
import type { Detail, DiffReport, Info, Page, Stats, StreamEvent, Window } from '../types';
import * as shape from './shape';

export const errorOf = (e: unknown): Error => (e instanceof Error ? e : new Error(String(e)));

// A browser words a connection that is down in its own way, which tells a reader
// nothing: text/reason.ts has the words.
async function reach<T>(come: Promise<T>): Promise<T> {
    try {
        return await come;
    } catch (e) {
        throw e instanceof TypeError ? new ApiError(0, 'unreachable', e.message) : e;
    }
}

async function answer<T>(path: string, init?: RequestInit): Promise<T> {
    const res = await reach(fetch(path, { credentials: 'same-origin', ...init }));

    if (res.ok) {
        return res.status === 204 ? (undefined as T) : ((await reach(res.json())) as T);
    }

    let code = 'http_' + res.status;
    let message = res.statusText || String(res.status);

    try {
        const { error } = (await res.json()) as { error?: { code?: string; message?: string } };
        code = error?.code ?? code;
        message = error?.message ?? message;
    } catch {
        // an answer of nginx itself is not JSON
    }

    throw new ApiError(res.status, code, message);
}

const proof = { method: 'POST', headers: { 'X-OpenAI-Monitor': '1' } };

const one = (id: string) => './api/request/' + encodeURIComponent(id);

export interface ListQuery {
    q: string;
    sort: string;
    page: number;
    size: number;
}

export async function requests(a: ListQuery, signal?: AbortSignal): Promise<Page> {
    const args = new URLSearchParams({
        ...(a.q === '' ? {} : { q: a.q }),
        sort: a.sort,
        page: String(a.page),
        page_size: String(a.size),
    });
    const page = await answer<Page>('./api/requests?' + String(args), { signal });

    return { ...page, items: page.items.map(shape.summary) };
}

export const request = async (id: string, signal?: AbortSignal): Promise<Detail> =>
    shape.detail(await answer<Detail>(one(id), { signal }));
export const summary = async (id: string): Promise<Detail> =>
    shape.detail(await answer<Detail>(one(id) + '?body=none'));
export const events = (id: string, signal?: AbortSignal) => answer<StreamEvent[]>(one(id) + '/events', { signal });

export const diff = (id: string, other: string | null, signal?: AbortSignal) =>
    answer<DiffReport>(one(id) + '/diff' + (other === null ? '' : '?with=' + encodeURIComponent(other)), { signal });

export const statsHref = (window: Window, q: string) =>
    './api/stats?' + String(new URLSearchParams({ window, ...(q === '' ? {} : { q }) }));

export const stats = async (window: Window, q: string, signal?: AbortSignal): Promise<Stats> =>
    shape.stats(await answer<Stats>(statsHref(window, q), { signal }));

export const info = () => answer<Info>('./api/info');
export const cancel = (id: string) => answer<{ cancelled: boolean }>(one(id) + '/cancel', proof);
export const clear = () => answer<undefined>('./api/clear', proof);
export const resetStats = () => answer<undefined>('./api/stats/reset', proof);

export const exportHref = (format: 'har' | 'jsonl' | 'csv', q: string) =>
    './api/export?' + String(new URLSearchParams({ format, ...(q === '' ? {} : { q }) }));

export const bodyHref = (id: string, side: 'request' | 'response', decoded: boolean) =>
    one(id) + '/' + side + (decoded ? '?decoded=1' : '');
