// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Whether the help and the palette are open.  Bar, keys and palette set it.

import { signal } from '@preact/signals';

export const help = signal(false);
export const palette = signal(false);
