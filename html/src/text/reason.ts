// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The words for an error that the page shows.

import { ApiError } from '../state/api';
import { t } from './i18n';

export function reason(e: unknown): string {
    if (e instanceof ApiError && e.code === 'unreachable') {
        return t('unreachable');
    }

    return e instanceof Error ? e.message : String(e);
}
