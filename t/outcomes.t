# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: a record tells how its exchange ended. nginx's own fields do
# not: it logs 200 for an upstream that dies in the middle of its answer, for a
# client that leaves, and for a whole answer. What the upstream said counts
# before who left first. Seen to fail without the note of the last buffer; when
# an answer to HEAD counted as cut; and when a client that left after an error,
# or after the last event of a stream, made it an abort.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

run_tests();

__DATA__

=== TEST 1: a whole JSON answer
--- upstream
$u->request; $u->answer(200, completion());
--- request
POST /v1/chat/completions?trace=7
{"model":"test-model","messages":[{"role":"user","content":"Hi"}]}
--- response_body_like: "chatcmpl-1"
--- records
{ outcome => 'ok', status => 200, complete => true, streamed => false,
  method => 'POST', uri => '/v1/chat/completions?trace=7', http_version => '1.1',
  host => qr/./, client => '127.0.0.1', error => null, model => 'test-model',
  response_model => 'test-model-1', finish_reason => 'stop',
  usage => { input_tokens => 11, output_tokens => 3, total_tokens => 14 },
  request_bytes => 66, response_bytes => length json_text(completion()),
  attempts => [ { peer => qr/^127\.0\.0\.1:\d+$/, status => 200 } ],
  truncated => { request => false, response => false },
  response => { body => json_text(completion()), body_encoding => 'text',
                content_type => 'application/json' },
  duration_ms => sub { $_[0] > 0 && $_[0] < 60000 } }



=== TEST 2: a whole answer, not buffered
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_buffering off;
}
--- upstream
$u->request; $u->answer(200, completion());
--- request
POST /v1/chat/completions
{"model":"test-model"}
--- response_body_like: "chatcmpl-1"
--- records
{ outcome => 'ok', status => 200, complete => true, buffered => false,
  response => { body => json_text(completion()) } }



=== TEST 3: a whole stream, in buffers
--- upstream
$u->request; $u->stream;
$u->event({ id => 'c', object => 'chat.completion.chunk', model => 'm',
            choices => [ { index => 0, delta => { content => 'Hel' } } ] });
$u->event({ id => 'c', object => 'chat.completion.chunk', model => 'm',
            choices => [ { index => 0, delta => { content => 'lo' },
                           finish_reason => 'stop' } ] });
$u->event('[DONE]');
$u->finish;
--- request
POST /v1/chat/completions
{"model":"test-model","stream":true}
--- response_body_like: \[DONE\]
--- records
{ outcome => 'ok', status => 200, complete => true, streamed => true,
  stream_requested => true, buffered => true, finish_reason => 'stop',
  usage => null, response => { body => qr/^data: \{.*data: \[DONE\]\n\n$/s },
  answer => { choices => [ { text => 'Hello' } ] } }



=== TEST 4: a whole stream, not buffered
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream;
$u->event({ id => 'c', object => 'chat.completion.chunk', model => 'm',
            choices => [ { index => 0, delta => { content => 'Hello' },
                           finish_reason => 'stop' } ] });
$u->event('[DONE]');
$u->finish;
--- request
POST /v1/chat/completions
{"model":"test-model","stream":true}
--- response_body_like: \[DONE\]
--- records
{ outcome => 'ok', complete => true, streamed => true, buffered => false }



=== TEST 5: HEAD, 304 and 204 have no body and are not cut
fault 10
--- upstream
while (my $request = $u->request) {
    $u->head($request->{uri} =~ /head/ ? (200, 'Content-Length' => 1000)
             : $request->{uri} =~ /304/ ? 304 : 204);
}
--- client
http("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n");
http(get('/304', 'If-None-Match: "x"'));
http(get('/204'));
--- records
[ map { { outcome => 'ok', complete => true, response_bytes => 0,
          method => $_->[0], status => $_->[1],
          response => { body => null, body_kept_bytes => 0 } } }
  [ HEAD => 200 ], [ GET => 304 ], [ GET => 204 ] ]



=== TEST 6: the upstream closes in the middle of a chunked answer
fault 1
--- upstream
$u->request; $u->stream; $u->event({ choices => [] }); $u->close;
--- client
my $answer = http(post('/v1/chat/completions', { model => 'm', stream => true }));
check($answer->{complete}, 0, 'the client sees a cut answer');
--- records
{ outcome => 'truncated', status => 200, complete => false, streamed => true,
  response => { body => "data: {\"choices\":[]}\n\n" } }



=== TEST 7: likewise, not buffered
fault 1
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream; $u->event({ choices => [] }); $u->close;
--- client
check(http(post('/v1/chat/completions', '{}'))->{complete}, 0, 'cut');
--- records
{ outcome => 'truncated', status => 200, complete => false,
  response => { body => "data: {\"choices\":[]}\n\n" } }



=== TEST 8: the upstream sends less than its Content-Length
fault 4
--- upstream
$u->request;
$u->head(200, 'Content-Type' => 'application/json', 'Content-Length' => 100);
$u->send('{"id":"half');
$u->close;
--- client
check(http(post('/v1/chat/completions', '{}'))->{complete}, 0, 'cut');
--- records
{ outcome => 'truncated', status => 200, complete => false,
  response_bytes => 11, response => { body => '{"id":"half' } }



=== TEST 9: the upstream sends more than its Content-Length
fault 4
--- upstream
$u->request;
$u->head(200, 'Content-Type' => 'application/json', 'Content-Length' => 2);
$u->send('{}and more');
$u->close;
--- client
check(http(post('/v1/chat/completions', '{}'))->{body}, '{}', 'body');
--- records
{ outcome => 'ok', response_bytes => 2, response => { body => '{}' } }



=== TEST 10: the upstream resets the connection in the middle, both modes
fault 2
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
}
location /direct {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream; $u->event('one'); $u->hold; $u->reset;
--- client
for my $uri ('/', '/direct') {
    my $socket = connection();
    send_bytes($socket, post($uri, '{}'));
    read_upto($socket, qr/one/);
    upstream()->release;
    check(read_answer($socket)->{complete}, 0, "$uri is cut");
}
--- records
[ map { { outcome => 'truncated', status => 200, complete => false, uri => $_,
          response => { body => "data: one\n\n" } } } '/', '/direct' ]



=== TEST 11: the upstream falls silent in the middle, both modes
fault 3
--- config
proxy_read_timeout 1s;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
}
location /direct {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream; $u->event('one'); $u->drain;
--- client
check(http(post($_, '{}'))->{complete}, 0, "$_ is cut") for '/', '/direct';
--- records
[ map { { outcome => 'timeout', status => 200, complete => false, uri => $_,
          error => { type => 'timeout', code => 'proxy_read_timeout',
                     by => 'nginx',
                     message => qr/^upstream timed out .*reading upstream$/ },
          response => { body => "data: one\n\n" } } } '/', '/direct' ]



=== TEST 12: an answer that only the end of the connection ends
--- upstream
$u->request;
$u->send("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n",
         '{"object":"chat.completion"}');
$u->close;
--- client
http(post('/v1/chat/completions', '{}'));
--- records
{ outcome => 'ok', status => 200, complete => true,
  response => { body => '{"object":"chat.completion"}' } }



=== TEST 13: HTTP ends well, but the stream in it has no end
--- upstream
$u->request; $u->stream;
$u->event({ id => 'c', object => 'chat.completion.chunk', model => 'm',
            choices => [ { index => 0, delta => { content => 'Hel' } } ] });
$u->finish;
--- request
POST /v1/chat/completions
{"model":"m","stream":true}
--- response_body_like: Hel
--- records
{ outcome => 'truncated', status => 200, complete => false }



=== TEST 14: nobody listens there
fault 5
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_CLOSED_PORT; }
--- request
POST /v1/chat/completions
{"model":"test-model"}
--- error_code: 502
--- response_body_like: 502 Bad Gateway
--- records
{ outcome => 'upstream_error', status => 502, model => 'test-model',
  error => { type => 'connect_failed', code => null, by => 'nginx',
             message => 'connect() failed (111: Connection refused) while'
                        . ' connecting to upstream' },
  response_model => null, usage => null, answer => null,
  attempts => [ { peer => "127.0.0.1:$ENV{TEST_NGINX_CLOSED_PORT}",
                  status => 502, header_ms => null } ] }



=== TEST 15: the upstream closes without an answer, or has too large a header
fault 5
--- upstream
$u->head(200, 'X-Large' => 'x' x 100000) if $u->request->{uri} eq '/large';
$u->close;
--- client
check(http(get($_))->{status}, 502, $_) for '/nothing', '/large';
--- records
[ map { { outcome => 'upstream_error', status => 502, uri => $_,
          response_bytes => 157, response_model => null,
          attempts => [ { status => 502 } ] } } '/nothing', '/large' ]



=== TEST 16: the upstream's header does not come
fault 3, fault 5
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_read_timeout 200ms;
}
--- upstream
$u->request; $u->drain;
--- request
POST /v1/chat/completions
{"model":"test-model"}
--- error_code: 504
--- response_body_like: 504 Gateway
--- records
{ outcome => 'timeout', status => 504, response_model => null,
  attempts => [ { status => 504, header_ms => null } ] }



=== TEST 17: the upstream says no
--- upstream
$u->request;
$u->answer(429, { error => { message => 'Too fast', type => 'requests',
                             code => 'rate_limit_exceeded' } },
           'x-ratelimit-remaining-tokens' => '0', 'Retry-After' => '2',
           'retry-after-ms' => '1800', 'X-Request-Id' => 'req_1',
           'openai-processing-ms' => '42');
--- request
POST /v1/chat/completions
{"model":"test-model"}
--- error_code: 429
--- response_body_like: Too fast
--- records
{ outcome => 'upstream_error', status => 429, complete => true,
  error => { type => 'requests', code => 'rate_limit_exceeded',
             message => 'Too fast', by => 'upstream' },
  rate_limit => { 'x-ratelimit-remaining-tokens' => '0', 'Retry-After' => '2',
                  'retry-after-ms' => '1800' },
  upstream_request_id => 'req_1', processing_ms => 42 }



=== TEST 18: the stream says no
--- upstream
$u->request; $u->stream;
$u->event({ id => 'c', object => 'chat.completion.chunk', model => 'm',
            choices => [ { index => 0, delta => { content => 'Hel' } } ] });
$u->event({ error => { message => 'Overloaded', type => 'server_error' } });
$u->finish;
--- request
POST /v1/chat/completions
{"model":"m","stream":true}
--- response_body_like: Overloaded
--- records
{ outcome => 'upstream_error', status => 200,
  error => { type => 'server_error', message => 'Overloaded' } }



=== TEST 19: the client leaves before there is an answer
fault 6
--- upstream
$u->request; $u->note('there'); $u->drain; $u->note('gone');
--- client
my $socket = connection();
send_bytes($socket, post('/v1/chat/completions', { model => 'test-model' }));
upstream()->notes(1);
close $socket;
check([upstream()->notes(2)], [qw/ there gone /], 'the upstream is told');
records(1);

# seen to fail when the status alone made it an error

check(json_value((monitor('/api/requests?q=is:error'))[1])->{total}, 0,
      'it is no error');
--- records
{ outcome => 'client_aborted', status => 499, complete => false,
  model => 'test-model', request => { body => '{"model":"test-model"}' },
  response => { body => null } }



=== TEST 20: the client leaves in the middle of the answer, both modes
fault 6
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
}
location /direct {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream; $u->event('one'); $u->drain;
--- client
for my $uri ('/', '/direct') {
    for my $end (sub { close $_[0] }, \&reset_connection) {
        my $socket = connection();
        send_bytes($socket, post($uri, '{}'));
        read_upto($socket, qr/one/);
        $end->($socket);
    }
}
--- records
[ map { { outcome => 'client_aborted', status => 200, complete => false,
          uri => $_, response => { body => "data: one\n\n" } } }
  '/', '/', '/direct', '/direct' ]



=== TEST 21: the client leaves while it uploads
fault 6
--- client
my $socket = connection();
send_bytes($socket, "POST /v1/files HTTP/1.1\r\nHost: a\r\n"
                    . "Content-Length: 100\r\n\r\nhalf");
wait_for(sub { my ($status, $body) = monitor('/api/requests');
               json_value($body)->{total} }, 'the record');
close $socket;
--- records
{ outcome => 'client_aborted', status => 400, request_bytes => 4,
  request => { body => 'half' }, attempts => [] }



=== TEST 22: the client does not read
fault 7
--- config
send_timeout 300ms;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream;
1 while $u->chunk('x' x 65536);
--- client
my $socket = connection(receive_buffer => 4096);
send_bytes($socket, post('/v1/chat/completions', '{}'));
read_upto($socket, qr/xxx/);
records(1);
--- records
{ outcome => 'timeout', status => 200, complete => false }



=== TEST 23: the client does not finish its upload, nor its header
--- config
client_body_timeout 500ms;
client_header_timeout 500ms;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- client
my $socket = connection();
send_bytes($socket, "POST /v1/files HTTP/1.1\r\nHost: a\r\n"
                    . "Content-Length: 100\r\n\r\nhalf");
records(1);

my $other = connection();
send_bytes($other, "POST /v1/files HTTP/1.1\r\nHo");
records(2);
--- records
[ { outcome => 'timeout', status => 408, request => { body => 'half' } },
  { outcome => 'timeout', status => 408, method => 'POST', uri => '/v1/files' } ]



=== TEST 24: too large for nginx
fault 13
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    client_max_body_size 10;
}
--- request
POST /v1/chat/completions
{"model":"test-model"}
--- error_code: 413
--- response_body_like: 413 Request Entity Too Large
--- records
{ outcome => 'rejected', status => 413, method => 'POST',
  uri => '/v1/chat/completions', attempts => [], response_model => null,
  error => { type => 'body_too_large', by => 'nginx',
             message => qr/^client intended to send too large body/ } }



=== TEST 25: not HTTP
fault 11, fault 13
--- client
for my $bytes ("garbage\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
               "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
               "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
               . "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
{
    http($bytes);
}
--- records
[ { outcome => 'rejected', status => 400, method => null, uri => null },
  { outcome => 'rejected', status => 400, method => null, uri => null },
  { outcome => 'rejected', status => 400, method => 'GET', uri => '/' },
  { outcome => 'rejected', status => 505 },
  { outcome => 'rejected', status => 400, method => 'POST' } ]



=== TEST 26: a request line and a header that are too long
fault 13
--- config
client_header_buffer_size 1k;
large_client_header_buffers 2 1k;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- client
check(http(get('/' . 'x' x 2000))->{status}, 414, 'line');
check(http(get('/short', 'X-Long: ' . 'x' x 2000))->{status}, 400, 'header');
--- records
[ { outcome => 'rejected', status => 414 },
  { outcome => 'rejected', status => 400, method => 'GET', uri => '/short' } ]



=== TEST 27: a connection that becomes another protocol
fault 18
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
}
--- upstream
$u->request;
$u->head(101, Upgrade => 'websocket', Connection => 'Upgrade');
$u->take(sub { s/^ping// ? 1 : undef });
$u->send('pong');
$u->drain;
--- client
my $socket = connection();
send_bytes($socket, get('/v1/realtime', 'Upgrade: websocket',
                        'Connection: Upgrade',
                        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
                        'Sec-WebSocket-Version: 13'));
check(read_answer($socket)->{status}, 101, 'switched');
send_bytes($socket, 'ping');
read_upto($socket, qr/pong/);
close $socket;

records(1);
check(json_value((monitor('/api/stats'))[1]), { duration_ms => { mean => null },
      endpoints => [ { name => '/v1/realtime', requests => 1, mean_ms => null } ] },
      'how long it was open is no duration');
--- records
{ outcome => 'upgraded', status => 101, uri => '/v1/realtime',
  request_bytes => 4, response_bytes => 4, attempts => [ { status => 101 } ] }



=== TEST 28: what nginx answers by itself
fault 14
--- config
location /file { root html; }
location /return { return 200 "here"; }
location /deny { deny all; }
location /missing { root html; }
--- user_files
>>> file
static
--- client
http(get($_)) for '/file', '/return', '/deny', '/missing';
--- records
[ { outcome => 'ok', status => 200, uri => '/file', attempts => [],
    upstream => null, response => { body => "static\n" } },
  { outcome => 'ok', status => 200, uri => '/return',
    response => { body => 'here' } },
  { outcome => 'rejected', status => 403, uri => '/deny', attempts => [] },
  { outcome => 'rejected', status => 404, uri => '/missing' } ]



=== TEST 29: nginx closes the connection without an answer
--- config
location / { return 444; }
--- client
check(http(get('/'))->{status}, 0, 'no answer');
--- records
{ outcome => 'rejected', status => 444, complete => false, attempts => [] }



=== TEST 30: the client leaves when it knows that the answer is an error
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_buffering off;
}
--- upstream
$u->request;
$u->head(429, 'Content-Type' => 'application/json', 'Content-Length' => 100);
$u->send('{"error"'); $u->drain;
--- client
my $socket = connection();
send_bytes($socket, post('/v1/chat/completions', '{}'));
read_upto($socket, qr/"error"/);
close $socket;
--- records
{ outcome => 'upstream_error', status => 429, complete => false,
  response => { body => '{"error"' } }



=== TEST 31: the client leaves behind the terminal event, before HTTP's end
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream;
$u->event({ id => 'c', object => 'chat.completion.chunk', model => 'm',
            choices => [ { index => 0, delta => { content => 'Hello' },
                           finish_reason => 'stop' } ] });
$u->event('[DONE]');
$u->drain;
--- client
my $socket = connection();
send_bytes($socket, post('/v1/chat/completions', '{"stream":true}'));
read_upto($socket, qr/\[DONE\]\n\n/);
close $socket;
--- records
{ outcome => 'ok', status => 200, complete => true, streamed => true }



=== TEST 32: the client leaves before the terminal event
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream;
$u->event({ id => 'c', object => 'chat.completion.chunk', model => 'm',
            choices => [ { index => 0, delta => { content => 'Hello' },
                           finish_reason => 'stop' } ] });
$u->drain;
--- client
my $socket = connection();
send_bytes($socket, post('/v1/chat/completions', '{"stream":true}'));
read_upto($socket, qr/Hello.*\n\n/);
close $socket;
--- records
{ outcome => 'client_aborted', status => 200, complete => false }



=== TEST 33: a filter of nginx cannot go on with the answer
The client is not to blame, though nginx marks its connection.
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    gunzip on;
}
--- upstream
$u->request;
$u->head(200, 'Content-Type' => 'application/json',
         'Content-Encoding' => 'gzip', 'Content-Length' => 30);
$u->send("\x1f\x8b\x08" . 'x' x 27); $u->close;
--- client
check(http(get('/v1/models'))->{complete}, 0, 'the client sees a cut answer');
--- records
{ outcome => sub { $_[0] ne 'client_aborted' }, status => 200 }



=== TEST 34: a filter of nginx refuses the answer
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_force_ranges on;
}
--- upstream
while (my $request = $u->request) {
    $u->head(200, 'Content-Type' => 'text/plain', 'Content-Length' => 2);
    $u->send('{}') if $request->{method} eq 'GET';
}
--- client
check(http("$_ /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
           . "Range: bytes=100-\r\n\r\n")->{status}, 416, "$_ is refused")
    for 'GET', 'HEAD';
--- records
[ map { { outcome => 'rejected', status => 416, method => $_ } } 'GET', 'HEAD' ]



=== TEST 35: a binary answer that begins like a stream
a type that is not known is looked at: comments count where events follow; seen
to fail when such a type ruled a stream out
--- upstream
while (my $request = $u->request) {
    $u->answer(200, ": not an event\n\n"
                    . ($request->{uri} =~ /text/ ? "data: {}\n\n" : "\0" x 20),
               'Content-Type' => $request->{uri} =~ m{^/(.*)} ? $1 : '');
}
--- client
http(get("/$_")) for 'application/octet-stream', 'text/event-stream',
                     'application/octet-stream;text', 'audio/x;text';
--- records
[ { streamed => false, outcome => 'ok', complete => true },
  { streamed => true }, { streamed => true }, { streamed => false } ]



=== TEST 36: the upstream breaks off, and the client keeps its connection
the record ends when nothing more can come, not when nginx lets the client go;
seen to fail when only nginx's end of the request ended the record
--- config
lingering_close always;
lingering_time 300s;
lingering_timeout 300s;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
location /direct {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_buffering off;
}
--- upstream
$u->request;
$u->stream;
$u->event({ id => 'c', model => 'm', choices => [ { index => 0,
            delta => { content => 'Hel' } } ] });
$u->reset;
--- client
for my $path ('', '/direct') {
    my $socket = connection();
    send_bytes($socket, post("$path/v1/chat/completions",
                             { model => 'm', stream => true }));
    read_upto($socket, qr/Hel/);
    push @::kept, $socket;
}

check([ map $_->{outcome}, @{ records(2) } ], [ ('truncated') x 2 ],
      'both are over');
@::kept = ();
