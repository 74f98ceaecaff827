// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The error of a call of the API: state/api throws it, text/reason words it.

export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        message: string,
    ) {
        super(message);
    }
}
