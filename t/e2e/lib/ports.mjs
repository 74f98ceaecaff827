// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Each test file has ten ports of its own.

const first = Number(process.env.OPENAI_MONITOR_TEST_PORT ?? 24500);

export function ports(file) {
    return {
        proxy_port: first + file * 10,
        view_port: first + file * 10 + 1,
        upstream_port: first + file * 10 + 2,
    };
}
