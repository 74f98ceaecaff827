# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: HTTP/3 is recorded as HTTP/1 is. Its streams have connections
# without a socket, and a client that leaves is an error of their events only.
# Seen to fail when such an end was laid to the upstream.

use strict;
use warnings;

use File::Temp;

my $dir;

BEGIN {
    $dir = File::Temp->newdir;

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -batch"
           . " -subj /CN=monitor.test -keyout $dir/key -out $dir/cert"
           . " 2>/dev/null") == 0
    or die "openssl makes no certificate\n";

    $ENV{TEST_NGINX_CERT_DIR} = "$dir";
}

use Test::Nginx::Socket;

use MonitorTest;

my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';

plan(skip_all => 'this nginx has no ngx_http_v3_module')
    if `$nginx -V 2>&1` !~ /--with-http_v3_module/;
plan(skip_all => 'this curl has no HTTP/3, that of Debian 13 has')
    if `curl -V` !~ /^Features:.* HTTP3\b/m;
plan('no_plan');

seed();

our $server = <<'END';
server {
    listen 127.0.0.1:$TEST_NGINX_H3_PORT quic;
    ssl_certificate $TEST_NGINX_CERT_DIR/cert;
    ssl_certificate_key $TEST_NGINX_CERT_DIR/key;
    client_body_buffer_size 1k;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
    location /direct {
        proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
        proxy_http_version 1.1;
        proxy_buffering off;
        proxy_request_buffering off;
    }
}
END

our $url = "https://127.0.0.1:$ENV{TEST_NGINX_H3_PORT}";

# what curl prints, as it comes, and its pid

our $curl = sub {
    my $pid = open my $out, '-|', 'curl', '--silent', '--no-buffer',
                   '--http3-only', '--insecure', '--max-time', 20, @_
        or die "curl: $!\n";

    return ($out, $pid);
};

our $body = sub {
    my ($bytes) = @_;
    my $file = html_dir() . '/body';

    open my $out, '>', $file or die "$file: $!\n";
    print $out $bytes;
    close $out;

    return ('--data-binary', "\@$file");
};

our $all = sub {
    my ($out) = $::curl->(@_);

    local $/;
    return scalar(<$out>) // '';
};

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
        check_same($::all->($::body->($body), "$::url$uri"), $body,
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
my ($out) = $::curl->($::body->('{"model":"test-model","stream":true}'),
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

my ($out, $pid) = $::curl->('--limit-rate', '2k', $::body->($body),
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
