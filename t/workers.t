# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: all workers write one history. When one of them is killed, told
# to stop, or stopped for a while, the others go on, and its records say what
# happened. Seen to fail when nobody looked for dead workers, and when the end
# of HTTP/2 streams at shutdown was laid to clients.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

master_on();
workers(2);

our $zone = sub { json_value((monitor('/api/stats'))[1])->{zone} };

our $config = <<'END';
location = /pid { openai_monitor off; return 200 $pid; }
location /here { return 200 "here"; }
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
END

# returns a connection and the worker that has it

our $with_worker = sub {
    my $socket = connection(@_);

    send_bytes($socket, get('/pid'));

    return ($socket, read_answer($socket)->{body});
};

# returns a running stream and its worker

our $begun = sub {
    my ($socket, $pid) = $::with_worker->();

    send_bytes($socket, post('/stream', '{"model":"test-model"}'));
    read_upto($socket, qr/one/);

    return ($socket, $pid);
};

# waits until the record has the piece, because the worker parses it at the end
# of its turn, and must not be killed before that

our $streaming = sub {
    my ($socket, $pid) = $::begun->();

    wait_for(sub {
        my $newest = json_value((monitor('/api/requests'))[1])->{items}[0];
        return $newest->{uri} eq '/stream' && $newest->{status}
               && (record($newest->{id})->{response}{body} // '') =~ /one/;
    }, 'the record of the stream');

    return ($socket, $pid);
};

our $new_worker = sub {
    my ($old) = @_;

    wait_for(sub { my @pids = worker_pids();
                   @pids == 2 && !grep { $_ == $old } @pids }, 'a new worker');
};

our $stream = sub {
    my ($u) = @_;

    $u->request; $u->stream; $u->event('one'); $u->hold; $u->finish;
};

run_tests();

__DATA__

=== TEST 1: one history
--- config eval: $::config
--- client
my %workers;
my @sockets;

for my $n (1 .. 40) {
    my ($socket, $pid) = $::with_worker->();
    push @sockets, $socket;
    $workers{$pid}++;
}

for my $n (1 .. 200) {
    send_bytes($sockets[$n % 40], get("/here/$n"));
    read_answer($sockets[$n % 40]);
}

check(scalar(keys %workers), 2, 'both workers take part');

my $records = records(200);
check([ map { $_->{uri} } @$records ], [ map { "/here/$_" } 1 .. 200 ],
      'records in order');
check(scalar(keys %{{ map { $_->{id} => 1 } @$records }}), 200, 'ids differ');



=== TEST 2: killed in the middle of a stream
fault 21
--- config eval: $::config
--- upstream
$::stream->($u);
--- client
http(get("/here/$_")) for 1 .. 5;
my $before = records(5);

my ($socket, $pid) = $::streaming->();
answered('/stream');
kill 'KILL', $pid;
check(read_answer($socket)->{complete}, 0, 'the client is cut off');
$::new_worker->($pid);

http(get('/here/6'));
check(records(7), [ @$before,
    { uri => '/stream', outcome => 'worker_died', status => 200,
      complete => false, model => 'test-model',
      request => { body => '{"model":"test-model"}' },
      response => { body => "data: one\n\n" } },
    { uri => '/here/6', outcome => 'ok' } ], 'records');
check($::zone->(), { worker_died => 1, records => 7 }, 'zone');

# nginx's own word for it

edit_log(sub { s/^.*\[alert\].*exited on signal 9\n//m });



=== TEST 3: killed again and again, all pages are found again
fault 21
--- zone: 4m entries=50
--- config eval: $::config
--- upstream
$u->request;
$u->stream;
$u->event('x' x 100_000);
$u->event('one');
$u->drain;
--- client
for my $n (1 .. 8) {
    my ($socket, $pid) = $::streaming->();
    kill 'KILL', $pid;
    $::new_worker->($pid);
    edit_log(sub { s/^.*\[alert\].*exited on signal 9\n//m });
}

check(records(8), [ ({ outcome => 'worker_died',
                       response => { body_kept_bytes => 100_000 + 19 } }) x 8 ],
      'records');

my ($status) = monitor('/api/clear', 'POST', 'X-OpenAI-Monitor: 1',
                       'Content-Length: 0');
check($status, 204, 'cleared');
my $zone = $::zone->();
check($zone, { records => 0, pages_free => $zone->{pages} }, 'all pages are free');



=== TEST 4: told to stop at once
fault 27: what is known of the answer is not in the zone yet, as a rule
--- config eval: $::config
--- upstream
$::stream->($u);
--- client
my ($socket, $pid) = $::begun->();
kill 'TERM', $pid;
check(read_answer($socket)->{complete}, 0, 'the client is cut off');
$::new_worker->($pid);
--- records
{ uri => '/stream', outcome => 'shutdown', status => 200, complete => false,
  response => { body => "data: one\n\n" } }



=== TEST 5: told to stop within a time
fault 27
--- main_config
worker_shutdown_timeout 100ms;
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_H2_PORT http2;
    location / {
        proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
        proxy_http_version 1.1;
        proxy_buffering off;
    }
}
--- config eval: $::config
--- upstream
$::stream->($u);
--- client
my ($socket) = $::streaming->();

# the same over HTTP/2: GET /

my $h2 = connection(port => $ENV{TEST_NGINX_H2_PORT});
send_bytes($h2, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
                . "\0\0\6\1\5\0\0\0\1\x82\x86\x84\x41\1a");
read_upto($h2, qr/one/);

reload();
check(read_answer($socket)->{complete}, 0, 'the client is cut off');
--- records
[ { uri => '/stream', outcome => 'shutdown', complete => false,
    response => { body => "data: one\n\n" } },
  { uri => '/', outcome => 'shutdown', complete => false,
    response => { body => "data: one\n\n" } } ]



=== TEST 6: stopped for a while
fault 22
--- config eval: $::config
--- upstream
$::stream->($u);
--- client
my ($socket, $pid) = $::streaming->();

# returns connections of the other worker

my @others = grep { $_->[1] != $pid } map { [ $::with_worker->() ] } 1 .. 40;
my ($other) = @{ $others[0] };

kill 'STOP', $pid;

for my $n (1 .. 50) {
    send_bytes($other, get("/here/$n"));
    check(read_answer($other)->{status}, 200, "other worker: $n");
}

kill 'CONT', $pid;
upstream()->release;
check(read_answer($socket)->{complete}, 1, 'the stream ends well');
--- records
[ { uri => '/stream', outcome => 'ok' }, map { { uri => "/here/$_" } } 1 .. 50 ]
