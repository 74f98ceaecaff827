# The promise: a search delays nobody.  In each turn of the event loop all
# searches together have one slice of 25 us, or one record.  Seen to fail with
# slices of 10 ms, and when an exiting worker cut its searches.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

master_on();
workers(1);

# fills a zone with long records

my %sections = (
    zone => '16m entries=200',
    config => <<'EOF',
client_body_buffer_size 64k;
keepalive_requests 100000;
location / {
    openai_monitor off;
    return 204;
}
location /v1/ {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
EOF
    upstream => 'while ($u->request) { $u->answer(200, completion()) }',
);

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value($_, $sections{$_}) for keys %sections;
});

our $records = 200;

our $fill = sub {
    my $c = connection();

    for (1 .. $records) {
        send_bytes($c, post('/v1/chat/completions', { model => 'm',
              messages => [ { role => 'user', content => 'many words ' x 5000 } ]
        }));
        read_answer($c);
    }
};

# words that no record has, so every record is searched to its end

our $words = join '+OR+', map { "nobody-says-$_" } 1 .. 60;

our $search = sub {
    my $socket = connection(port => $ENV{TEST_NGINX_MONITOR_PORT});

    send_bytes($socket, "GET /api/requests?q=$words HTTP/1.1\r\nHost: localhost\r\n"
                        . "Connection: close\r\n\r\n");
    return $socket;
};

run_tests();

__DATA__

=== TEST 1: others are served between the slices of four searches
--- client
$::fill->();

# a turn of the event loop accepts one connection, so these connect before the
# searches begin

my $others = 300;
my (@searches, @waiting);

stopped(sub {
    @searches = map { $::search->() } 1 .. 4;
    @waiting = map { connection() } 1 .. $others;
    send_bytes($_, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        for @waiting;
});

check_like(read_answer($_)->{body}, qr/"total":0,/, 'nothing found')
    for @searches;
check(scalar(grep { read_answer($_)->{status} == 204 } @waiting), $others,
      'others are served');

wait_for(sub { 4 == grep { /nobody-says/ } access_log() }, 'the log');
my ($before) = join('', access_log()) =~ /^(.*)^[^\n]*nobody-says/ms;
my $served = () = $before =~ /"GET \/ /g;

check($served > $::records ? 'enough' : $served, 'enough',
      'requests that were served meanwhile');



=== TEST 2: a worker that leaves ends its searches first
fault 27
--- client
$::fill->();

my @searches = map { $::search->() } 1 .. 4;

# a later request was served, so the searches have begun

check(http("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
          ->{status}, 204, 'served');
my ($old) = worker_pids();
kill 'HUP', master();

check_like(read_answer($_)->{body}, qr/"total":0,/, 'nothing found')
    for @searches;
wait_for(sub { !grep { $_ == $old } worker_pids() }, 'the end of the worker');
