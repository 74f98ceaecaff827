// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

import { signal } from '@preact/signals';

export const help = signal(false);
export const palette = signal(false);
