# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: the record has the body that the client sent, each byte once,
# whether nginx had it in memory or in a temporary file, in chunks, unbuffered or
# pipelined.  Seen to fail when the filter took only the first buffer of a call.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use Digest::MD5 qw/ md5_hex /;
use MonitorTest;

seed();

# the upstream notes the digest of the body that it got

our $note_body = sub {
    my ($u) = @_;

    while (my $request = $u->request) {
        $u->note(md5_hex($request->{body}));
        $u->answer(200, {});
    }
};

# posts the bodies one by one, and compares those of the upstream and the record

our $post_bodies = sub {
    my ($send, @bodies) = @_;
    my $n = 0;

    for my $body (@bodies) {
        my $name = ++$n . ' of ' . length($body) . ' bytes';

        check($send->($body)->{status}, 200, "$name: status");

        my @notes = upstream()->notes($n);
        check($notes[-1], md5_hex($body), "$name: upstream");

        my $record = records($n)->[-1];
        check($record, { request_bytes => length $body, outcome => 'ok',
                         truncated => { request => false },
                         request => { body_bytes => length $body,
                                      body_kept_bytes => length $body } },
              "$name: record");
        check_same(raw($record->{id}, 'request'), $body, "$name: bytes");
    }
};

# from 1.31.5

our $early = `@{[ $ENV{TEST_NGINX_BINARY} || 'nginx' ]} -v 2>&1`
    =~ m{/(\d+)\.(\d+)\.(\d+)} && $1 * 1e6 + $2 * 1e3 + $3 >= 1031005
    ? 'client_body_early_read on;' : '';

our @sizes = (0, 1, 1023, 1024, 1025, 2048, 70_000, 300_000);

run_tests();

__DATA__

=== TEST 1: sizes around that of the buffer, and in a temporary file
fault 11
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    client_body_buffer_size 1k;
}
--- upstream
$::note_body->($u);
--- client
$::post_bodies->(sub { http(post('/v1/files', $_[0])) },
                 map { random_bytes($_) } @::sizes);



=== TEST 2: not buffered
fault 12
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_request_buffering off;
    client_body_buffer_size 1k;
}
--- upstream
$::note_body->($u);
--- client
$::post_bodies->(sub { http(post('/v1/files', $_[0])) },
                 map { random_bytes($_) } @::sizes);



=== TEST 3: always in a file
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    client_body_in_file_only clean;
}
--- upstream
$::note_body->($u);
--- client
$::post_bodies->(sub { http(post('/v1/files', $_[0])) },
                 map { random_bytes($_) } 1, 5000, 100_000);



=== TEST 4: in chunks of any size, with extensions and trailers
fault 11, fault 48
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    client_body_buffer_size 1k;
}
location /direct {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_request_buffering off;
}
--- upstream
$::note_body->($u);
--- client
my $n = 0;
$::post_bodies->(sub {
    my ($body) = @_;
    my $uri = $n++ % 2 ? '/' : '/direct';
    my $bytes = "POST $uri HTTP/1.1\r\nHost: a\r\n"
                . "Transfer-Encoding: chunked\r\n\r\n";

    while (length $body) {
        my $chunk = substr $body, 0, 1 + rand 3000, '';
        $bytes .= sprintf "%x%s\r\n%s\r\n", length $chunk,
                          rand > 0.5 ? ';x="y"' : '', $chunk;
    }

    http("${bytes}0\r\nX-Trailer: z\r\n\r\n");
}, map { random_bytes($_), random_bytes($_) } 0, 1, 999, 10_000, 100_000);



=== TEST 5: one byte at a time
fault 11
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_request_buffering off;
}
location /buffered { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
$::note_body->($u);
--- client
my $n = 0;
$::post_bodies->(sub {
    my ($body) = @_;
    my $socket = connection();
    my $uri = $n++ % 2 ? '/' : '/buffered';

    send_bytes($socket, "POST $uri HTTP/1.1\r\nHost: a\r\n"
                        . "Transfer-Encoding: chunked\r\n\r\n");
    send_bytes($socket, "1\r\n$_\r\n") for split //, $body;
    send_bytes($socket, "0\r\n\r\n");

    read_answer($socket);
}, ('{"model":"test-model","stream":false}') x 2);
--- records
[ map { { model => 'test-model', uri => $_ } } '/buffered', '/' ]



=== TEST 6: Expect: 100-continue
fault 12
--- upstream
$::note_body->($u);
--- client
$::post_bodies->(sub {
    my ($body) = @_;
    my $socket = connection();

    send_bytes($socket, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                        . 'Content-Length: ' . length($body) . "\r\n\r\n");
    read_upto($socket, qr/100 Continue\r\n\r\n/);
    send_bytes($socket, $body);

    my $answer = read_answer($socket);
    check($answer->{interim}, 1, 'one 100');
    $answer;
}, map { random_bytes($_) } 1, 50_000);
--- records
[ ({ status => 200, outcome => 'ok' }) x 2 ]



=== TEST 7: pipelined, in one write
fault 19
--- upstream
$::note_body->($u);
--- client
my $socket = connection();
my @bodies = map { random_bytes($_) } 10, 3000, 1, 9000;

send_bytes($socket, join '', map { post('/v1/x', $_) } @bodies);
check(read_answer($socket)->{status}, 200, 'status') for @bodies;

my $records = records(4);
check_same(raw($records->[$_]{id}, 'request'), $bodies[$_], "bytes of $_")
    for 0 .. 3;
--- records
[ map { { request_bytes => $_ } } 10, 3000, 1, 9000 ]



=== TEST 8: many on one connection
fault 19
--- upstream
$::note_body->($u);
--- client
my $socket = connection();

for my $n (1 .. 100) {
    send_bytes($socket, post('/v1/x', { model => "model-$n" }));
    read_answer($socket);
}
--- records
[ map { { model => "model-$_", request => { body => "{\"model\":\"model-$_\"}" } } }
  1 .. 100 ]



=== TEST 9: a body that nginx throws away
fault 14
--- config
location / { return 401 "no"; }
--- client
my $socket = connection();

for my $n (1, 2) {
    send_bytes($socket, post('/v1/x', 'x' x 100_000));
    check(read_answer($socket)->{status}, 401, "status of $n");
}
--- records
[ ({ outcome => 'rejected', status => 401, request_bytes => 0,
     request => { body => null, body_bytes => 0 } }) x 2 ]



=== TEST 10: what the client sent, not what nginx made of it
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_set_body "other";
    proxy_set_header X-Added yes;
}
--- upstream
my $request = $u->request; $u->note($request->{body}); $u->answer(200, {});
--- client
http(post('/v1/x', 'mine'));
check([upstream()->notes(1)], ['other'], 'upstream');
--- records
{ request => { body => 'mine', headers => sub {
    !grep { lc $_->{name} eq 'x-added' } @{ $_[0] } } } }



=== TEST 11: a repeated attempt does not repeat the body
fault 16
--- http_config
upstream two {
    server 127.0.0.1:$TEST_NGINX_CLOSED_PORT max_fails=0;
    server 127.0.0.1:$TEST_NGINX_UPSTREAM_PORT backup;
}
--- config
location / {
    proxy_pass http://two;
    proxy_next_upstream error timeout non_idempotent;
    client_body_buffer_size 1k;
}
--- upstream
$::note_body->($u);
--- client
$::post_bodies->(sub { http(post('/v1/files', $_[0])) },
                 map { random_bytes($_) } 10, 50_000);
--- records
[ ({ attempts => [ { status => 502 }, { status => 200 } ] }) x 2 ]



=== TEST 12: none at all
--- upstream
$u->answer(200, {}) while $u->request;
--- client
http(get('/v1/models'));
http(post('/v1/x', ''));
--- records
[ map { { method => $_, request_bytes => 0,
          request => { body => null, body_bytes => 0 } } } 'GET', 'POST' ]



=== TEST 13: HTTP/1.0
fault 48
--- upstream
$::note_body->($u);
--- client
$::post_bodies->(sub {
    http("POST /v1/x HTTP/1.0\r\nContent-Length: " . length($_[0])
         . "\r\n\r\n$_[0]");
}, random_bytes(5000));
--- records
{ http_version => '1.0', method => 'POST' }



=== TEST 14: after Expect: 100-continue nothing comes
fault 12
--- config
client_body_timeout 200ms;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- client
my $socket = connection();
send_bytes($socket, "POST /v1/x HTTP/1.1\r\nHost: a\r\n"
                    . "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n");
read_upto($socket, qr/100 Continue/);
records(1);
--- records
{ outcome => 'timeout', status => 408, request_bytes => 0, attempts => [],
  request => { body => null } }



=== TEST 15: a thousand on one connection
fault 19
--- zone: 32m entries=1000
--- config
keepalive_requests 1000;
location / { return 200 $request_uri; }
--- client
my $socket = connection();

for my $n (1 .. 1000) {
    send_bytes($socket, get("/$n"));
    my $answer = read_answer($socket);
    check($answer->{body}, "/$n", "answer $n") if $answer->{body} ne "/$n";
}

my $list = json_value((monitor('/api/requests?page_size=1000'))[1]);
check([ map { $_->{uri} } reverse @{ $list->{items} } ],
      [ map { "/$_" } 1 .. 1000 ], 'records');



=== TEST 16: read before the location is known, where nginx can
fault 20
--- http_config eval: $::early
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    client_body_buffer_size 1k;
}
--- upstream
$::note_body->($u);
--- client
$::post_bodies->(sub { http(post('/v1/files', $_[0])) },
                 map { random_bytes($_) } @::sizes);
