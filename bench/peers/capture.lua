-- Copyright (C) 2026 ngx_http_openai_monitor_module contributors

-- What one would write in Lua: both bodies of the last 1000 exchanges in a
-- shared dictionary.

local _M = {}

function _M.request()
    ngx.req.read_body()
end

function _M.piece()
    local ctx = ngx.ctx
    local pieces = ctx.pieces

    if not pieces then
        pieces = {}
        ctx.pieces = pieces
    end

    pieces[#pieces + 1] = ngx.arg[1]
end

function _M.store()
    local n = ngx.shared.counters:incr("n", 1, 0) % 1000
    local pieces = ngx.ctx.pieces

    ngx.shared.captured:set(n, table.concat({
        ngx.var.request_method, ngx.var.request_uri, ngx.status,
        ngx.var.request_time, ngx.req.get_body_data() or "",
        pieces and table.concat(pieces) or "",
    }, "\n"))
end

return _M
