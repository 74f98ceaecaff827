# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: HTTP/3 is recorded as HTTP/1 is. Its streams have connections
# without a socket, and a client that leaves is an error of their events only.
# Seen to fail when such an end was laid to the upstream.

use strict;
use warnings;

use Test::Nginx::Socket;

use HttpClients;
use MonitorTest;

my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';

plan(skip_all => 'this nginx has no ngx_http_v3_module')
    if `$nginx -V 2>&1` !~ /--with-http_v3_module/;
plan(skip_all => 'this curl has no HTTP/3, that of Debian 13 has')
    if `curl -V` !~ /^Features:.* HTTP3\b/m;
plan('no_plan');

seed();

certificate('monitor.test');

our $server = proxy_server(<<'END');
listen 127.0.0.1:$TEST_NGINX_H3_PORT quic;
    ssl_certificate $TEST_NGINX_CERT_DIR/cert;
    ssl_certificate_key $TEST_NGINX_CERT_DIR/key;
END

our $url = "https://127.0.0.1:$ENV{TEST_NGINX_H3_PORT}";
our $have_client = have_http3_client();

our $curl = sub { curl('--http3-only', '--insecure', @_) };
our $all = sub { curl_all('--http3-only', '--insecure', @_) };

run_tests();

__DATA__

=== TEST 1: bodies of any size, both modes
fault 12
--- http_config eval: $::server
--- upstream
while (my $request = $u->request) { $u->answer(200, $request->{body}); }
--- client
my $n = 0;
for my $uri ('/', '/direct') {
    for my $size (0, 1, 1024, 1025, 100_000, 300_000) {
        my $body = random_bytes($size);
        check_same($::all->(curl_body($body), "$::url$uri"), $body,
                   "$uri, $size: client");

        my $record = records(++$n)->[-1];
        check($record, { outcome => 'ok', http_version => '3', uri => $uri,
                         status => 200, method => 'POST', complete => true,
                         request_bytes => $size, response_bytes => $size,
                         request => { line => "POST $uri HTTP/3.0" },
                         host => qr/^127/ }, "$uri, $size: record");
        check_same(raw($record->{id}, $_), $body, "$uri, $size: $_")
            for $size ? qw/ request response / : ();
    }
}



=== TEST 2: a stream of events, and many requests on one connection
fault 12
--- http_config eval: $::server
--- upstream
while (my $request = $u->request) {
    next if $request->{method} eq 'POST'
            && ($u->stream, $u->event('one'), $u->hold, $u->event('[DONE]'),
                $u->finish);
    $u->answer(200, $request->{uri});
}
--- client
my ($out) = $::curl->(curl_body('{"model":"test-model","stream":true}'),
                      "$::url/direct/v1/chat/completions");
check(scalar <$out>, "data: one\n", 'at once');
check(records(1, running => 1, query => '&q=status:200')->[0],
      { outcome => 'running', http_version => '3', status => 200 }, 'runs');
upstream()->release(1);
check(join('', <$out>), "\ndata: [DONE]\n\n", 'the rest');
check(records(1),
      [ { outcome => 'ok', status => 200, http_version => '3',
          complete => true,
          request => { body => '{"model":"test-model","stream":true}' },
          response => { body => "data: one\n\ndata: [DONE]\n\n" } } ],
      'a stream');

# curl with OpenSSL's QUIC at times begins a connection without the stream of
# its headers' names: from the second request on, nginx waits for that

my ($try, $got, $want) = 0;
do {
    $try++;
    $want = join '', map { "/$try/$_" } 1 .. 20;
    $got = $::all->('--fail-early', '--max-time', 4, "$::url/$try/[1-20]");
} until $got eq $want || $try == 8;
check($got, $want, 'answers');

check(records(20, query => "&q=path:/$try/*"),
      [ map { { outcome => 'ok', method => 'GET', uri => "/$try/$_",
                http_version => '3', status => 200, request_bytes => 0,
                response => { body => "/$try/$_" } } } 1 .. 20 ], 'records');



=== TEST 3: the client closes the connection in the middle of the answer
fault 6
--- http_config eval: $::server
--- upstream
$u->request; $u->stream; $u->event('one'); $u->hold;
$u->event('two'); $u->drain;
--- client
my ($out) = $::curl->("$::url/direct");
check(scalar <$out>, "data: one\n", 'an event');

# curl, which cannot write, says goodbye

upstream()->release(1);
close $out;
--- records
{ outcome => 'client_aborted', status => 200, complete => false,
  http_version => '3', response => { body => "data: one\n\ndata: two\n\n" } }



=== TEST 4: the client gives up the answer by itself
fault 6
--- http_config eval: $::server
--- upstream
$u->request; $u->stream; $u->event('one'); $u->drain;
--- client
check_like($::all->('--max-filesize', 10, "$::url/direct"), qr/^data: one/,
           'client');
--- records
{ outcome => 'client_aborted', status => 200, complete => false,
  http_version => '3', response => { body => "data: one\n\n" } }



=== TEST 5: the client is gone without a word, before and in the answer
fault 6
--- http_config eval
$::server =~ s/quic;/quic; keepalive_timeout 1s;/r
--- upstream
my $request = $u->request;
$request->{uri} =~ /direct/ and $u->stream, $u->event('one');
$u->note('there'); $u->drain;
--- client
my $n = 0;
for my $uri ('/', '/direct') {
    my ($out, $pid) = $::curl->("$::url$uri");
    upstream()->notes(++$n);
    check(scalar <$out>, "data: one\n", 'an event') if $n == 2;
    kill 'KILL', $pid;
    records($n);
}
--- records
[ { outcome => 'client_aborted', status => null, http_version => '3' },
  { outcome => 'client_aborted', status => 200, complete => false,
    response => { body => "data: one\n\n" } } ]



=== TEST 6: the client is gone without a word in the middle of its upload
fault 6
--- http_config eval
$::server =~ s/quic;/quic; keepalive_timeout 3s;/r
--- upstream
$u->drain;
--- client
my $body = random_bytes(100_000);

# once a second something is sent

my ($out, $pid) = $::curl->('--limit-rate', '2k', curl_body($body),
                            "$::url/direct");
wait_for(sub { records(1, running => 1)->[0]{request}{body_kept_bytes} },
         'a part of the body');
kill 'KILL', $pid;

my $record = records(1)->[0];
my $n = $record->{request_bytes};
check($record, { outcome => 'client_aborted', method => 'POST',
                 response => { body => null },
                 request_bytes => sub { $_[0] < length $body } }, 'record');
check_same(raw($record->{id}, 'request'), substr($body, 0, $n), 'its part');



=== TEST 7: the upstream closes in the middle
fault 1
--- http_config eval: $::server
--- upstream
$u->request; $u->stream; $u->event('one'); $u->close;
--- client
$::all->("$::url/");
--- records
{ outcome => 'truncated', status => 200, complete => false,
  http_version => '3', response => { body => "data: one\n\n" } }



=== TEST 8: cancelled in the monitor
--- http_config eval: $::server
--- upstream
$u->request; $u->stream; $u->event('one'); $u->drain;
--- client
my ($out) = $::curl->("$::url/direct");
check(scalar <$out>, "data: one\n", 'an event');
my $id = records(1, running => 1)->[0]{id};
my ($status) = monitor("/api/request/$id/cancel", 'POST', 'X-OpenAI-Monitor: 1',
                       'Content-Length: 0');
check($status, 202, 'cancelled');
check(join('', <$out>), "\n", 'the stream ends');
--- records
{ outcome => 'client_aborted', status => 200, complete => false,
  response => { body => "data: one\n\n" } }



=== TEST 9: the client gives up one answer, the connection goes on
fault 6
--- http_config eval: $::server
--- upstream
my $request = $u->request;
$u->stream; $u->event('one');
if ($request->{uri} =~ /given-up/) {
    # nginx learns that a stream was stopped when it writes into it
    $u->event('more') until IO::Select->new($u->{socket})->can_read(0.05);
    return;
}
$u->hold; $u->event('two'); $u->finish;
--- client
return check(1, 1, 'skipped: no python3-aioquic') unless $::have_client;

my ($in, $read, $end) = http3_client($ENV{TEST_NGINX_H3_PORT});
print $in "get 0 /direct/given-up\nget 4 /direct/goes-on\n";
$read->($_, qr/one/) for 0, 4;
print $in "stop 0\n";
wait_for(sub { records(2, running => 1)->[0]{outcome} ne 'running' }, 'its end');
print $in "get 8 /direct/comes-later\n";
$read->(8, qr/one/);
upstream()->release(2);
check($read->($_, qr/end /),
      "status 200data: one\n\ndata: two\n\nend ", "stream $_")
    for 4, 8;
check($read->(0, qr/one/) =~ /end/ ? 1 : 0, 0, 'stream 0 has no end');
$end->();
--- records
$::have_client ? [
    { outcome => 'client_aborted', uri => '/direct/given-up', status => 200,
      http_version => '3', complete => false,
      response => { body => qr/^data: one\n\n(?:data: more\n\n)*$/ } },
    map { { outcome => 'ok', uri => "/direct/$_", complete => true,
            http_version => '3',
            response => { body => "data: one\n\ndata: two\n\n" } } }
        qw/ goes-on comes-later /
] : []



=== TEST 10: the client gives up one upload, the connection goes on
fault 6
--- http_config eval: $::server
--- upstream
my $request = $u->request or return;
$request->{uri} =~ /goes-on/ ? ($u->stream, $u->event('one'), $u->hold,
                                $u->event('two'), $u->finish) : $u->drain;
--- client
return check(1, 1, 'skipped: no python3-aioquic') unless $::have_client;

my ($in, $read, $end) = http3_client($ENV{TEST_NGINX_H3_PORT});
print $in "get 0 /direct/goes-on\npost 4 /direct/given-up half of it\n";
$read->(0, qr/one/);
wait_for(sub { my $record = records(2, running => 1)->[1];
               $record->{request}{body_kept_bytes} }, 'a part of the body');
print $in "reset 4\nstop 4\n";
wait_for(sub { records(2, running => 1)->[1]{outcome} ne 'running' }, 'its end');
upstream()->release(1);
check($read->(0, qr/end /),
      "status 200data: one\n\ndata: two\n\nend ", 'stream 0');
$end->();
--- records
$::have_client ? [
    { outcome => 'ok', uri => '/direct/goes-on', complete => true,
      response => { body => "data: one\n\ndata: two\n\n" } },
    { outcome => 'client_aborted', uri => '/direct/given-up', method => 'POST',
      http_version => '3', request_bytes => 10,
      request => { body => 'half of it' }, response => { body => null } },
] : []
