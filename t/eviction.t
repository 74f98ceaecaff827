# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: a full zone forgets the oldest finished record. It never forgets
# a running one or the newest, and no request suffers. A record in the list is
# whole, or says which part is missing. Seen to fail when an eviction did not
# free the record's pages.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

seed();

our $zone = sub { json_value((monitor('/api/stats'))[1])->{zone} };

# the body of the answer to request n; all bodies differ

our $body_of = sub {
    my ($n, $size) = @_;

    return substr "$n:" . join('', map { chr 97 + ($n * $_) % 26 } 1 .. 4096)
                  x ($size / 4096 + 1), 0, $size;
};

our $echo = sub {
    my ($u) = @_;

    while (my $request = $u->request) {
        my ($n, $size) = $request->{uri} =~ m{/(\d+)/(\d+)};
        $u->answer(200, $::body_of->($n, $size));
    }
};

run_tests();

__DATA__

=== TEST 1: more records than entries
--- zone: 8m entries=16
--- config
location / { return 200 "here"; }
--- client
my $socket = connection();
my @ids;

for my $n (1 .. 40) {
    send_bytes($socket, get("/$n"));
    read_answer($socket);
    push @ids, json_value((monitor('/api/requests?page_size=1'))[1])->{items}[0]{id};
}

check([ map { (monitor("/api/request/$_"))[0] } @ids ],
      [ (410) x 24, (200) x 16 ], 'gone, and there');
check($::zone->(), { entries => 16, records => 16, evicted => 24, dropped => 0 },
      'zone');
check(json_value((monitor('/api/stats'))[1]), { requests => 40 },
      'totals go on');
--- records
[ map { { uri => "/$_" } } 25 .. 40 ]



=== TEST 2: more bytes than pages: what is listed is whole
fault 28
--- zone: 4m entries=200
--- upstream
$::echo->($u);
--- client
my $n = 0;

for my $round (1 .. 150) {
    my $size = int rand 200_000;
    my $answer = http(get('/' . ++$n . "/$size"));
    check_same($answer->{body}, $::body_of->($n, $size), "$n: client");
}

my $records = records(1);
check(scalar(@$records) >= 5 && scalar(@$records) < 150, 1,
      scalar(@$records) . ' are left');

for my $record (reverse @$records) {
    check($record->{uri}, qr{^/$n/}, 'the newest ones, none missing');
    my ($size) = $record->{uri} =~ m{/(\d+)$};
    check($record, { outcome => 'ok', truncated => { response => false },
                     response_bytes => $size }, "$n: record");
    check_same(raw($record->{id}, 'response'), $::body_of->($n--, $size),
               "$n: bytes");
}

check($::zone->(), { records => scalar @$records,
                     evicted => 150 - @$records }, 'zone');



=== TEST 3: a record that is larger than the zone
fault 28
--- zone: 2m entries=16
--- config
openai_monitor_body_max 64m;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
$::echo->($u);
--- client
my $answer = http(get('/1/6000000'));
check_same($answer->{body}, $::body_of->(1, 6_000_000), 'the client has all');

my $record = records(1)->[0];
my $kept = $record->{response}{body_kept_bytes};
check($record, { outcome => 'ok', complete => true, response_bytes => 6_000_000,
                 truncated => { response => true } }, 'record');
check($kept > 100_000 && $kept < 2_000_000, 1, "$kept bytes are kept");
check_same(raw($record->{id}, 'response'),
           substr($::body_of->(1, 6_000_000), 0, $kept), 'the first ones');

http(get("/$_/1000")) for 2 .. 4;
my $records = records(1);
check_same(raw($records->[-1]{id}, 'response'), $::body_of->(4, 1000),
           'it makes room for the next');



=== TEST 4: as many run as there are entries
--- zone: 8m entries=16
--- upstream
my $request = $u->request;
$u->note('there'); $u->hold; $u->answer(200, $request->{uri});
--- client
my @sockets = map { connection() } 1 .. 20;
for my $n (1 .. 20) {
    send_bytes($sockets[$n - 1], get("/$n", "Authorization: Bearer k$n"));
    upstream()->notes($n);
}

check($::zone->(), { records => 16, dropped => 4 }, 'zone');
upstream()->release(20);
check(read_answer($sockets[$_ - 1]), { status => 200, body => "/$_" },
      "client $_") for 1 .. 20;
records(16);
upstream()->release;
http(get('/21'));
check(records(16), [ ({ outcome => 'ok', uri => qr{^/(?:[1-9]|1[0-6])$} }) x 15,
                     { outcome => 'ok', uri => '/21' } ], 'records');



=== TEST 5: one that runs outlives all that end
--- zone: 8m entries=16
--- config
location / { return 200 "here"; }
location /runs {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream; $u->event('one'); $u->hold; $u->event('two'); $u->finish;
--- client
my $socket = connection();
send_bytes($socket, get('/runs'));
read_upto($socket, qr/one/);

http(get("/$_")) for 1 .. 100;
my $id = records(16, running => 1)->[0]{id};
check(record($id), { outcome => 'running', response => { body => "data: one\n\n" } },
      'it still runs');

upstream()->release;
read_answer($socket);
--- records
[ { uri => '/runs', outcome => 'ok',
    response => { body => "data: one\n\ndata: two\n\n" } },
  map { { uri => "/$_" } } 86 .. 100 ]



=== TEST 6: slow uploads of one key leave entries for others
fault 28
--- zone: 8m entries=16
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
             proxy_request_buffering off; }
location /other { return 200 "here"; }
--- upstream
my $request = $u->request; $u->answer(200, '{}');
--- client
# Twenty uploads never end. They have one key, or one address and no key.

for my $header ('Authorization: Bearer slow', 'X-None: 1') {
    my $before = $::zone->();
    my @slow = map { connection() } 1 .. 20;
    my $n = 0;

    for my $socket (@slow) {
        send_bytes($socket, "POST /slow HTTP/1.1\r\nHost: a\r\n$header\r\n"
                            . "Content-Length: 100\r\n\r\n{");
        $n++;
        wait_for(sub { my $zone = $::zone->();
                       $zone->{dropped} - $before->{dropped}
                       + json_value((monitor('/api/stats'))[1])->{in_flight}
                       == $n }, "upload $n");
    }

    # they get three quarters of the zone; the last quarter is for other clients

    check($::zone->(), { dropped => $before->{dropped} + 8 }, "$header: twelve");

    http(get("/other/$_", 'Authorization: Bearer another')) for 1 .. 30;
    check($::zone->(), { dropped => $before->{dropped} + 8 },
          "$header: all others are recorded");
    close $_ for @slow;
    records(16);
}



=== TEST 7: one key has all entries but the last quarter, and again
--- zone: 8m entries=16
--- upstream
my $request = $u->request;
$u->note('there'); $u->hold; $u->answer(200, $request->{uri});
--- client
for my $round (1 .. 2) {
    my @sockets = map { connection() } 1 .. 14;
    my $noted = 14 * ($round - 1);

    for my $n (1 .. 14) {
        send_bytes($sockets[$n - 1], get("/$n", 'Authorization: Bearer k'));
        upstream()->notes($noted + $n);
    }

    check($::zone->(), { dropped => 2 * $round }, "round $round");
    upstream()->release(14);
    read_answer($_) for @sockets;
    records(12);
}
