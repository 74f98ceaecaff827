// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Numbers that follow from the seed: each call gives one below what it is
// given.

export function random(seed) {
    let state = seed >>> 0 || 1;

    return (below) => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;

        return (state >>> 0) % below;
    };
}
