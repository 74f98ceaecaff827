// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The error of a call of the API, and the words for an error that the page shows.

import { t } from './i18n';

export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        message: string,
    ) {
        super(message);
    }
}

export function reason(e: unknown): string {
    if (e instanceof ApiError && e.code === 'unreachable') {
        return t('unreachable');
    }

    return e instanceof Error ? e.message : String(e);
}
