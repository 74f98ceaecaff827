# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: the record has the upstream's answer, each byte once, whatever
# buffers it passes in.  A buffer read back from a file is both in memory and in
# the file, and must not count twice; a buffer that is only in a file must not be
# missed.  Seen to fail when file buffers counted twice, without
# filter_need_in_memory, and, under a sanitizer, when a huge content type overran
# its buffer.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use Compress::Zlib;
use MonitorTest;

seed();

# a body that begins with a colon would be a stream of events

our $body = 'x' . random_bytes(399_999);

# the record has exactly this body

our $recorded = sub {
    my ($n, $want, $name) = @_;
    my $record = records($n)->[-1];
    my $length = length $want;

    check($record, { outcome => 'ok', response_bytes => $length,
                     truncated => { response => false },
                     response => { body_bytes => $length,
                                   body_kept_bytes => $length } },
          "$name: record");
    check_same(raw($record->{id}, 'response'), $want, "$name: recorded bytes");
};

run_tests();

__DATA__

=== TEST 1: chunks of any size, both modes
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffers 4 2k;
    proxy_buffer_size 1k;
    proxy_busy_buffers_size 2k;
}
location /direct {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_buffer_size 1k;
}
--- upstream
while ($u->request) {
    my $rest = $::body;
    $u->head(200, 'Transfer-Encoding' => 'chunked');
    $u->chunk(substr $rest, 0, 1 + rand 5000, '') while length $rest;
    $u->finish;
}
--- client
my $n = 0;
for my $uri ('/', '/direct') {
    check_same(http(get($uri))->{body}, $::body, "$uri: client");
    $::recorded->(++$n, $::body, $uri);
}



=== TEST 2: spilled to a temporary file, as the client is slow
fault 7
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_buffers 2 4k;
    proxy_buffer_size 4k;
    proxy_busy_buffers_size 4k;
    openai_monitor_body_max 8m;
    sendfile on;
    if ($arg_copy) { sendfile off; }
}
--- zone: 32m
--- upstream
$u->request;
$u->answer(200, $::body x 10);
$u->note('sent');
--- client
for my $n (1, 2) {
    my $socket = connection(receive_buffer => 4096);
    send_bytes($socket, get('/?copy=' . ($n - 1)));
    upstream()->notes($n);
    wait_for(sub {
        $n == grep { /buffered to a temporary file/ } error_log();
    }, 'a temporary file');
    check_same(read_answer($socket)->{body}, $::body x 10, "$n: client");
    $::recorded->($n, $::body x 10, "$n: record");
}



=== TEST 3: a cache's MISS and HIT, both of them files
fault 8
--- http_config
proxy_cache_path cache_cache keys_zone=cache:1m;
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_cache cache;
    proxy_cache_valid 200 1m;
    proxy_cache_key $uri;
    add_header X-Cache $upstream_cache_status;
    sendfile on;
    if ($arg_copy) { sendfile off; }
}
--- upstream
$u->request; $u->answer(200, $::body);
--- client
my $n = 0;
for my $state ('MISS', 'HIT', 'HIT') {
    my $answer = http(get('/v1/models?copy=' . $n % 2));
    check($answer->{headers}{'x-cache'}, $state, "$state: header");
    check_same($answer->{body}, $::body, "$state: client");
    $::recorded->(++$n, $::body, $state);
}
--- records
[ { attempts => [ { status => 200 } ] }, ({ attempts => [] }) x 2 ]



=== TEST 4: ranges, of a file and of a cached answer
fault 10
--- http_config
proxy_cache_path cache_cache keys_zone=cache:1m;
--- config
sendfile on;
location /file { root html; }
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_cache cache;
    proxy_cache_valid 200 1m;
}
--- user_files
>>> file
0123456789
--- upstream
$u->request; $u->answer(200, '0123456789', 'Accept-Ranges' => 'bytes');
--- client
http(get('/cached'));
for my $uri ('/file', '/cached') {
    my $answer = http(get($uri, 'Range: bytes=2-5'));
    check($answer, { status => 206, body => '2345' }, $uri);
}
--- records
[ { status => 200, response => { body => '0123456789' } },
  map { { outcome => 'ok', status => 206, uri => $_, response_bytes => 4,
          response => { body => '2345' } } } '/file', '/cached' ]



=== TEST 5: compressed by the upstream: the record has both forms
fault 9
--- config
gunzip on;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
}
--- upstream
while ($u->request) {
    $u->answer(200, Compress::Zlib::memGzip(json_text(completion())),
               'Content-Encoding' => 'gzip');
}
--- client
my $plain = json_text(completion());
my $gzipped = Compress::Zlib::memGzip($plain);

my $answer = http(post('/v1/chat/completions', '{}', 'Accept-Encoding: gzip'));
check_same($answer->{body}, $gzipped, 'the client takes it compressed');
$::recorded->(1, $gzipped, 'compressed');

check(http(post('/v1/chat/completions', '{}'))->{body}, $plain, 'or not');
$::recorded->(2, $gzipped, 'gunzipped');
--- records
[ ({ response_model => 'test-model-1', usage => { output_tokens => 3 },
     response => { body => json_text(completion()), body_encoding => 'text',
                   content_encoding => 'gzip', decoded => true } }) x 2 ]



=== TEST 6: compressed and changed by nginx: the record has what the upstream said
--- config
gzip on;
gzip_types *;
gzip_min_length 1;
gzip_http_version 1.0;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    sub_filter_types *;
    sub_filter Hello Goodbye;
    add_header X-Added yes;
    expires 1h;
}
--- upstream
$u->request; $u->answer(200, completion());
--- client
my $answer = http(post('/v1/chat/completions', '{}', 'Accept-Encoding: gzip'));
check($answer->{headers}, { 'content-encoding' => 'gzip', 'x-added' => 'yes' },
      'headers');
check_like(Compress::Zlib::memGunzip($answer->{body}), qr/Goodbye/, 'client');
$::recorded->(1, json_text(completion()), 'record');
--- records
{ response => { content_encoding => null, decoded => false, headers => sub {
    !grep { lc $_->{name} eq 'x-added' } @{ $_[0] } } } }



=== TEST 7: a static file, whatever way nginx reads it
fault 47
--- config
location / { root html; output_buffers 1 512; }
location /sendfile/ { alias html/; sendfile on; }
location /direct/ { alias html/; directio 1; aio threads; }
--- user_files eval
[ [ 'file' => $::body ] ]
--- client
my $n = 0;
for my $uri ('/file', '/sendfile/file', '/direct/file') {
    check_same(http(get($uri))->{body}, $::body, "$uri: client");
    $::recorded->(++$n, $::body, $uri);
}



=== TEST 8: in slices: one record, which has the main request's slice
fault 10
--- http_config
proxy_cache_path cache_cache keys_zone=cache:1m;
--- config
location / {
    slice 1k;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_set_header Range $slice_range;
    proxy_cache cache;
    proxy_cache_key $uri$slice_range;
    proxy_cache_valid 200 206 1m;
}
--- upstream
while (my $request = $u->request) {
    my ($from, $to) = $request->{headers}{range} =~ /(\d+)-(\d+)/;
    my $part = substr substr($::body, 0, 4000), $from, $to - $from + 1;
    $u->answer(206, $part, 'Content-Range' => "bytes $from-"
               . ($from + length($part) - 1) . '/4000');
}
--- client
check_same(http(get('/sliced'))->{body}, substr($::body, 0, 4000), 'client');
$::recorded->(1, substr($::body, 0, 1024), 'record');
--- records
[ { status => 200, uri => '/sliced' } ]



=== TEST 9: HTTP/1.0 and 0.9
fault 48
--- upstream
while ($u->request) { $u->answer(200, 'plain'); }
--- client
check(http("GET /ten HTTP/1.0\r\n\r\n"), { status => 200, body => 'plain' },
      'HTTP/1.0');

my $socket = connection();
send_bytes($socket, "GET /nine\r\n");
check(read_upto($socket, qr/plain/), 'plain', 'HTTP/0.9 has no header');
--- records
[ { http_version => '1.0', uri => '/ten', response => { body => 'plain' } },
  { http_version => '0.9', uri => '/nine', status => 200, method => 'GET',
    response => { body => 'plain' } } ]



=== TEST 10: headers as the upstream wrote them, of any number
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_buffer_size 64k;
    proxy_buffers 4 64k;
}
--- upstream
$u->request;
$u->answer(200, {}, map { ("X-Number-$_" => $_ x 100) } 1 .. 100);
--- client
http(get('/'));
--- records
{ response => { headers => sub {
    my %got = map { $_->{name} => $_->{value} } @{ $_[0] };
    my @missing = grep { ($got{"X-Number-$_"} // '') ne $_ x 100 } 1 .. 100;
    return "missing: @missing" if @missing;
    return $got{'Content-Type'} eq 'application/json'
           && $got{'Content-Length'} eq '2' } } }



=== TEST 11: an enormous content type
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_buffer_size 256k;
    proxy_buffers 4 256k;
}
--- upstream
$u->request;
$u->head(200, 'Content-Type' => 'application/' . 'x' x 100_000,
         'X-After' => 'y' x 70_000, 'Content-Length' => 2);
$u->send('{}');
--- client
check(http(get('/'))->{body}, '{}', 'client');
--- records
{ outcome => 'ok', status => 200, response => { body => '{}' } }



=== TEST 12: a cache that is bypassed, and one whose answer is stale
fault 8
--- http_config
proxy_cache_path cache_cache keys_zone=cache:1m;
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_cache cache;
    proxy_cache_key $uri;
    proxy_cache_valid 200 1m;
    proxy_cache_bypass $arg_fresh;
    add_header X-Cache $upstream_cache_status;
}
location /stale {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_cache cache;
    proxy_cache_key $uri;
    proxy_cache_use_stale http_500;
    add_header X-Cache $upstream_cache_status;
}
--- upstream
my $request = $u->request;
$request->{headers}{'x-fail'}
    ? $u->answer(500, 'failed')
    : $u->answer(200, "answer to $request->{uri}",
                 'Cache-Control' => 'max-age=' . ($request->{uri} =~ /stale/
                                                  ? 1 : 60));
--- client
my $get = sub { http(get(@_))->{headers}{'x-cache'} };

check([ map { $get->($_) } '/a', '/a', '/a?fresh=1' ],
      [ 'MISS', 'HIT', 'BYPASS' ], 'bypassed');
check($get->('/stale'), 'MISS', 'fresh');
wait_for(sub { $get->('/stale', 'X-Fail: 1') eq 'STALE' }, 'a stale answer');

my $records = [ grep { $_->{uri} =~ m{^/a} } @{ records(5) } ];
check($records, [ map { { uri => $_->[0], outcome => 'ok',
                          attempts => [ ({ status => 200 }) x $_->[1] ],
                          response => { body => "answer to $_->[0]" } } }
                  [ '/a', 1 ], [ '/a', 0 ], [ '/a?fresh=1', 1 ] ], 'records');
check(records(5)->[-1], { uri => '/stale', status => 200, outcome => 'ok',
                          attempts => [ { status => 500 } ],
                          response => { body => 'answer to /stale' } }, 'stale');
