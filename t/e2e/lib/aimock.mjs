// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Debian 12 has Node 18, where aimock's ES modules do not load for want of
// zlib's crc32(), which only its recorder needs; the others do.

import { createRequire } from 'node:module';

export const { LLMock } = createRequire(import.meta.url)('@copilotkit/aimock');
