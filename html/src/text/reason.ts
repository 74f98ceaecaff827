// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The words for an error that the page shows.

import { t } from './i18n';

export function reason(e: unknown): string {
    if (e instanceof Error && 'code' in e && e.code === 'unreachable') {
        return t('unreachable');
    }

    return e instanceof Error ? e.message : String(e);
}
