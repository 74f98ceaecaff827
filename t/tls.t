# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: the TLS handshake with an upstream is told apart from the TCP
# connection, which nginx measures as one, and is unknown where there was none.
# Seen to fail without the callback, and when unknown was 0.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw/ sleep /;

use HttpClients;
use MonitorTest;

certificate('upstream.test');

# TLS is nginx's own; what a test needs is a relay before it that lets TCP
# connect at once, and the first byte of the handshake wait

our $DELAY = 600;

# no delay at all, in ms

our $NONE = $ENV{OPENAI_MONITOR_CHECKED} ? 10000 : 500;

our $relay = sub {
    my ($u, $delay) = @_;

    my $to = IO::Socket::INET->new(Proto => 'tcp',
        PeerAddr => "127.0.0.1:$ENV{TEST_NGINX_OTHER_PORT}") or die "TLS: $!";
    my %other = ($u->{socket} => $to, $to => $u->{socket});
    my $select = IO::Select->new($u->{socket}, $to);

    # from when nginx has begun it, which may be later than TCP's connection

    IO::Select->new($u->{socket})->can_read;
    sleep $delay / 1000;

    while (1) {
        for my $from ($select->can_read) {
            my $n = sysread $from, my $bytes, 65536;
            return unless $n;
            syswrite $other{$from}, $bytes;
        }
    }
};

our $tls = <<'END';
server {
    listen 127.0.0.1:$TEST_NGINX_OTHER_PORT ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate $TEST_NGINX_CERT_DIR/cert;
    ssl_certificate_key $TEST_NGINX_CERT_DIR/key;
    openai_monitor off;
    location / { return 200 "whole"; }
}
END

# a handshake that took the delay, and a connection that took no time besides

our $delayed = {
    status => 200,
    tls_ms => sub { $_[0] >= $DELAY - 20 && $_[0] < 10000 },
    connect_ms => sub { $_[0] >= $DELAY - 20 },
};

our $apart = sub {
    my ($a) = @_;
    my $tcp = $a->{connect_ms} - $a->{tls_ms};

    return $tcp >= 0 && $tcp < $DELAY / 2 ? 1 : "TCP took $tcp ms";
};

# the last record, of an exchange in which TCP took no time; as nginx may be kept
# from its core, it has some attempts

our $prompt = sub {
    my ($exchange) = @_;
    my $record;

    for my $attempt (1 .. 5) {
        my $n = json_value((monitor('/api/requests'))[1])->{total};

        $exchange->();
        $record = records($n + 1)->[-1];
        last if eval { $::apart->($record->{attempts}[0]) eq '1' };
    }

    return $record;
};

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => ($block->http_config // '') . $tls);
});

master_on();
run_tests();

__DATA__

=== TEST 1: a handshake that takes its time
--- config
location / { proxy_pass https://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
$::relay->($u, $::DELAY);
--- client
my $record = $::prompt->(sub { http(post('/v1/chat/completions', '{}')) });
my $m = $record->{timing};

check($record->{status}, 200, 'status');
check($record->{attempts}, [ $::delayed ], 'attempt');
check($record->{attempts}[0], $::apart, 'TCP');
check($m, {
    tls_start_ms => sub { $_[0] >= 0 && $_[0] < $::DELAY / 2 },
    connect_ms => sub { $_[0] - $m->{tls_start_ms} >= $::DELAY - 20 },
    upstream_header_ms => sub { $_[0] >= $m->{connect_ms} },
}, 'timing');



=== TEST 2: a connection that was kept has no handshake, nor has its ticket
--- http_config
upstream kept {
    server 127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    keepalive 2;
}
--- config
location / {
    proxy_pass https://kept;
    proxy_ssl_protocols TLSv1.3;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
}
--- upstream
$::relay->($u, $::DELAY);
--- client
http(post("/$_", '{}')) for 1 .. 3;

check(records(3), [
    { attempts => [ $::delayed ] },
    map { { attempts => [ { status => 200, tls_ms => null } ],
            timing => { tls_start_ms => null } } } 2, 3
], 'records');



=== TEST 3: a session that is taken up again is a handshake too
--- config
location / { proxy_pass https://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
$::relay->($u, $::DELAY);
--- client
http(post('/', '{}'));

my $record = $::prompt->(sub { http(post('/', '{}')) });

check($record->{attempts}, [ $::delayed ], 'attempt');
check($record->{attempts}[0], $::apart, 'TCP');
check(records(2)->[0]{attempts}, [ $::delayed ], 'the first one');



=== TEST 4: each attempt has its own
--- http_config
upstream two {
    server 127.0.0.1:$TEST_NGINX_UPSTREAM_PORT max_fails=0;
    server 127.0.0.1:$TEST_NGINX_OTHER_PORT backup;
}
--- config
location / { proxy_pass https://two; }
--- upstream
sysread $u->{socket}, my $hello, 1; $u->reset;
--- client
http(post('/v1/chat/completions', '{}'));
edit_log(sub { s/^.*\[error\].*handshak.*\n//mg });
--- records
{ status => 200, attempts => [
    { status => 502, tls_ms => null, connect_ms => null },
    { status => 200, tls_ms => sub { $_[0] >= 0 && $_[0] < $::NONE } } ] }



=== TEST 5: one that never ends
--- config
location / {
    proxy_pass https://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_connect_timeout 300ms;
}
--- upstream
$u->drain;
--- client
check(http(post('/v1/chat/completions', '{}'))->{status}, 504, 'status');
--- records
{ outcome => 'timeout', timing => { tls_start_ms => null },
  attempts => [ { status => 504, tls_ms => null, connect_ms => null } ] }



=== TEST 6: without a body, from the second request on; and after a reload
--- config
location / { proxy_pass https://127.0.0.1:$TEST_NGINX_OTHER_PORT; }
--- client
my $known = sub { $_[0] >= 0 && $_[0] < 10000 };
my @want;

for my $n (1 .. 3) {
    http(get("/$n-a"));
    http(get("/$n-b"));
    http(post("/$n-c", '{}'));

    push @want, { uri => "/$n-a" }, map {
        { uri => "/$n-$_", attempts => [ { tls_ms => $known } ] } } qw/ b c /;

    reload();
}

check(records(9), \@want, 'records');



=== TEST 7: over plain TCP nothing is known of TLS
--- upstream
$u->request; $u->answer(200, completion());
--- client
http(post('/v1/chat/completions', '{}'));
--- records
{ status => 200, timing => { tls_start_ms => null },
  attempts => [ { status => 200, tls_ms => null, connect_ms => qr/^\d/ } ] }
