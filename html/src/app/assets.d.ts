// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// The files that esbuild turns into text or styles, for the type check.

declare module '*.css';

declare module '*.svg' {
    const text: string;
    export default text;
}
