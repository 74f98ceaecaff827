-- Copyright (C) 2026 ngx_http_openai_monitor_module contributors

-- A script of wrk: posts the body of a file, args: FILE [PAUSE_MS].  Its last
-- line of output is JSON; times are in us.

function init(args)
    local file = assert(io.open(args[1], "rb"))
    local pause = tonumber(args[2] or "0")

    wrk.method = "POST"
    wrk.body = file:read("*a")
    wrk.headers["Content-Type"] = "application/json"
    file:close()

    if pause > 0 then
        delay = function() return pause end
    end
end

function done(summary, latency)
    local e = summary.errors

    io.write(string.format(
        '\n{"requests":%d,"us":%d,"errors":%d,"p50":%d,"p99":%d,"max":%d}\n',
        summary.requests, summary.duration,
        e.connect + e.read + e.write + e.status + e.timeout,
        latency:percentile(50), latency:percentile(99), latency.max))
end
