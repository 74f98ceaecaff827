# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: one exchange makes one record, with the method, the URI and the
# body that the client sent, whatever nginx does inside: error pages, rewrites,
# subrequests, other upstreams.  At an internal redirect nginx clears the module's
# context and rewrites method and URI.  Seen to fail when the module did not look
# for its lost context, and when it took a subrequest for the main request.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

run_tests();

__DATA__

=== TEST 1: an error of the upstream becomes a file
fault 15
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_intercept_errors on;
    error_page 429 /sorry.html;
}
location = /sorry.html { root html; internal; }
--- user_files
>>> sorry.html
sorry
--- upstream
$u->request; $u->answer(429, { error => { message => 'no', code => 'x' } });
--- request
POST /v1/chat/completions?a=b
{"model":"test-model"}
--- error_code: 429
--- response_body
sorry
--- records
{ outcome => 'upstream_error', status => 429, method => 'POST',
  uri => '/v1/chat/completions?a=b', model => 'test-model',
  request => { body => '{"model":"test-model"}' },
  attempts => [ { status => 429 } ] }



=== TEST 2: an error of the upstream leads to another one
fault 15
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
    error_page 502 = @other;
}
location @other { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
$u->request; $u->answer(200, completion());
--- request
POST /v1/chat/completions
{"model":"test-model"}
--- response_body_like: chatcmpl-1
--- records
{ outcome => 'ok', status => 200, method => 'POST', model => 'test-model',
  response_model => 'test-model-1', uri => '/v1/chat/completions',
  upstream => qr/:$ENV{TEST_NGINX_UPSTREAM_PORT}$/,
  request => { body => '{"model":"test-model"}' },
  attempts => [ { status => 502 }, { status => 200 } ] }



=== TEST 3: the other location records nothing, the exchange began in one that does
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_intercept_errors on;
    error_page 500 = @quiet;
}
location @quiet { openai_monitor off; return 503 "quiet"; }
--- upstream
$u->request; $u->answer(500, {});
--- request
POST /v1/x
{}
--- error_code: 503
--- response_body: quiet
--- records
{ outcome => 'upstream_error', status => 503, method => 'POST', uri => '/v1/x',
  request => { body => '{}' }, attempts => [ { status => 500 } ] }



=== TEST 4: recursive error pages
fault 15
--- config
recursive_error_pages on;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
    error_page 502 = /second;
}
location /second {
    proxy_pass http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
    error_page 502 = @third;
}
location @third { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
my $request = $u->request; $u->answer(200, $request->{body});
--- request
POST /v1/x
{"a":1}
--- response_body: {"a":1}
--- records
{ outcome => 'ok', status => 200, method => 'POST', uri => '/v1/x',
  request => { body => '{"a":1}' },
  attempts => [ { status => 502 }, { status => 502 }, { status => 200 } ] }



=== TEST 5: rewrites and try_files
fault 15
--- config
location /old { rewrite ^ /new?x=y last; }
location /try { try_files /missing /else/missing /new; }
location /new { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
$u->answer(200, {}) while $u->request;
--- client
http(post($_, '{}')) for '/old?a=b', '/try';
--- records
[ map { { outcome => 'ok', method => 'POST', uri => $_,
          request => { body => '{}' } } } '/old?a=b', '/try' ]



=== TEST 6: X-Accel-Redirect
fault 15
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
location /inner/ { internal; alias html/; }
--- user_files
>>> file
inner
--- upstream
$u->request; $u->answer(200, 'outer', 'X-Accel-Redirect' => '/inner/file');
--- request
POST /v1/x
{"a":1}
--- response_body
inner
--- records
{ outcome => 'ok', method => 'POST', uri => '/v1/x', status => 200,
  request => { body => '{"a":1}' }, response => { body => "inner\n" },
  attempts => [ { status => 200 } ] }



=== TEST 7: auth_request, granted and denied
fault 14, fault 17
--- config
location / {
    auth_request /auth;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
location = /auth {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header X-Original-URI $request_uri;
}
--- upstream
while (my $request = $u->request) {
    my $denied = ($request->{headers}{'x-original-uri'} // '') eq '/denied';
    $u->answer($denied ? 401 : 200, {});
}
--- client
check(http(post('/granted', '{}'))->{status}, 200, 'granted');
check(http(post('/denied', '{}'))->{status}, 401, 'denied');
--- records
[ { outcome => 'ok', status => 200, uri => '/granted' },
  { outcome => 'rejected', status => 401, uri => '/denied' } ]



=== TEST 8: limits, of requests and connections
fault 14
--- http_config
limit_req_zone $binary_remote_addr zone=requests:1m rate=1r/m;
limit_conn_zone $server_name zone=connections:1m;
--- config
location / { return 200 ok; }
location /requests { limit_req zone=requests; limit_req_status 429;
                     proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
location /connections { limit_conn connections 1;
                        proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    $u->note('there');
    $u->hold if $request->{uri} eq '/connections/1';
    $u->answer(200, {});
}
--- client
check(http(post('/requests', '{}'))->{status}, $_, "requests: $_") for 200, 429;

my $socket = connection();
send_bytes($socket, post('/connections/1', '{}'));
upstream()->notes(2);
check(http(post('/connections/2', '{}'))->{status}, 503, 'connections: 503');
upstream()->release;
check(read_answer($socket)->{status}, 200, 'connections: 200');
--- records
[ { outcome => 'ok', status => 200 },
  { outcome => 'rejected', status => 429, attempts => [] },
  { outcome => 'ok', status => 200, uri => '/connections/1' },
  { outcome => 'rejected', status => 503, attempts => [] } ]



=== TEST 9: mirrors, whose subrequests are logged too
fault 17
--- config
log_subrequest on;
location / {
    mirror /mirror;
    mirror /mirror2;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
location /mirror { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
my $request = $u->request;
$u->note("$request->{uri} $request->{body}");
$u->answer(200, $request->{body});
--- client
check(http(post('/v1/x', '{"a":1}'))->{body}, '{"a":1}', 'client');
check([sort(upstream()->notes(3))],
      [ '/mirror {"a":1}', '/mirror2 {"a":1}', '/v1/x {"a":1}' ], 'upstream');
--- records
{ outcome => 'ok', uri => '/v1/x', request => { body => '{"a":1}' },
  response => { body => '{"a":1}' } }



=== TEST 10: server-side includes and additions
fault 17
--- config
log_subrequest on;
location / {
    ssi on;
    ssi_types *;
    add_before_body /part;
    addition_types *;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
location /part { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
my $request = $u->request;
$u->answer(200, $request->{uri} eq '/part' ? 'part'
                : 'a<!--# include virtual="/part" -->b',
           'Content-Type' => 'text/plain');
--- client
check(http(get('/v1/x'))->{body}, 'partapartb', 'client');
--- records
{ outcome => 'ok', uri => '/v1/x',
  response => { body => 'a<!--# include virtual="/part" -->b' } }



=== TEST 11: several upstreams, one after the other
fault 16
--- http_config
upstream many {
    server 127.0.0.1:$TEST_NGINX_CLOSED_PORT max_fails=0 weight=1000;
    server 127.0.0.1:$TEST_NGINX_UPSTREAM_PORT max_fails=0;
}
--- config
location / {
    proxy_pass http://many;
    proxy_next_upstream error http_500 non_idempotent;
}
--- upstream
$u->request; $u->answer(500, { error => { message => 'Oh' } });
--- request
POST /v1/x
{"a":1}
--- error_code: 500
--- response_body_like: Oh
--- records
{ outcome => 'upstream_error', status => 500,
  upstream => qr/:$ENV{TEST_NGINX_UPSTREAM_PORT}$/,
  attempts => [ { peer => qr/:$ENV{TEST_NGINX_CLOSED_PORT}$/, status => 502,
                  header_ms => null },
                { peer => qr/:$ENV{TEST_NGINX_UPSTREAM_PORT}$/, status => 500,
                  header_ms => qr/^\d/, connect_ms => qr/^\d/,
                  response_ms => qr/^\d/, bytes_sent => qr/^[1-9]/,
                  bytes_received => qr/^[1-9]/ } ] }



=== TEST 12: more attempts than a record holds
fault 16
--- http_config
upstream many {
    server 127.0.0.1:$TEST_NGINX_CLOSED_PORT max_fails=0;
    server 127.0.0.1:$TEST_NGINX_CLOSED_PORT max_fails=0;
    server 127.0.0.1:$TEST_NGINX_CLOSED_PORT max_fails=0;
    server 127.0.0.1:$TEST_NGINX_CLOSED_PORT max_fails=0;
    server 127.0.0.1:$TEST_NGINX_CLOSED_PORT max_fails=0;
    server 127.0.0.1:$TEST_NGINX_CLOSED_PORT max_fails=0;
    server 127.0.0.1:$TEST_NGINX_CLOSED_PORT max_fails=0;
    server 127.0.0.1:$TEST_NGINX_UPSTREAM_PORT backup;
}
--- config
location / { proxy_pass http://many; }
--- upstream
$u->request; $u->answer(200, {});
--- request
POST /v1/x
{"a":1}
--- response_body: {}
--- records
{ outcome => 'ok', upstream => qr/:$ENV{TEST_NGINX_UPSTREAM_PORT}$/,
  attempts => [ ({ status => 502 }) x 5, { status => 200 } ] }



=== TEST 13: what comes after the answer
fault 15
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    post_action /after;
}
location /after { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    $u->note($request->{uri});
    $u->answer($request->{uri} =~ /after/ ? (404, 'after') : (200, 'answer'));
}
--- client
check(http(post('/v1/x', '{}'))->{body}, 'answer', 'client');
check([upstream()->notes(2)], [ '/v1/x', '/after' ], 'upstream');
--- records
{ outcome => 'ok', method => 'POST', uri => '/v1/x', status => 200,
  response => { body => 'answer' } }



=== TEST 14: redirects without end
fault 15
--- config
location / { rewrite ^ /other last; }
location /other { rewrite ^ / last; }
--- request
POST /v1/x
{}
--- error_code: 500
--- response_body_like: 500 Internal
--- records
{ outcome => 'rejected', status => 500, method => 'POST', uri => '/v1/x' }



=== TEST 15: a background update of the cache
fault 8
--- http_config
proxy_cache_path cache_cache keys_zone=cache:1m;
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_cache cache;
    proxy_cache_use_stale updating;
    proxy_cache_background_update on;
}
--- upstream
while ($u->request) {
    $u->note('there');
    $u->answer(200, 'once', 'Cache-Control' => 'max-age=1');
}
--- client
http(get('/v1/models'));
upstream()->notes(1);

my $n = 1;
wait_for(sub { http(get('/v1/models')); $n++; upstream()->noted },
         'the update');
check([upstream()->notes(2)], [qw/ there there /], 'upstream');
check(records($n), [ ({ outcome => 'ok', status => 200,
                        response => { body => 'once' } }) x $n ], 'records');
