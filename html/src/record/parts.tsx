// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What list, detail and palette show of a record alike: its age, how long it has
// been running, its endpoint.

import { now } from '../state/store';
import { ago, elapsed } from '../text/format';
import type { Summary } from '../types';

export function Since({ record }: { record: Summary }) {
    return <>{ago(now.value - Date.parse(record.started_at))}</>;
}

export function Elapsed({ record }: { record: Summary }) {
    return <>{elapsed(now.value - Date.parse(record.started_at))}</>;
}

// what a request is called for short: the last words of its path
export function endpoint(r: Summary): string {
    const path = r.uri.split('?')[0] ?? '';
    return path.replace(/^\/(?:openai\/)?(?:v\d+(?:beta)?\/)?/, '') || '/';
}
