# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: a reload loses nothing. Records, statistics, ids and the salt of
# fingerprints stay. Streams of old workers end in their records. A zone of
# another size or number of entries keeps the newest records. Seen to fail when
# a zone of another size began empty.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

master_on();
workers(2);

our $stats = sub { json_value((monitor('/api/stats'))[1]) };

our $echo = sub {
    my ($u) = @_;

    while (my $request = $u->request) { $u->answer(200, $request->{body}); }
};

our $ids = sub { [ map { $_->{id} } @{ records($_[0]) } ] };

# reload() returns when the new workers run and the old ones are gone

our $resized = sub {
    my ($zone) = @_;

    edit_conf(sub { s/zone=monitor:\S+[^;]*/zone=monitor:$zone/ });
    reload();
};

run_tests();

__DATA__

=== TEST 1: the same configuration again
--- upstream
$::echo->($u);
--- client
http(post("/$_", "body $_", 'Authorization: Bearer a-key')) for 1 .. 5;

my $before = records(5);
my $since = $::stats->()->{since};

for my $n (1 .. 3) {
    reload();
    check(records(5), $before, "reload $n: records");
}

http(post('/6', 'body 6', 'Authorization: Bearer a-key'));
check(records(6), [ @$before, { uri => '/6', key => $before->[0]{key},
                                request => { body => 'body 6' } } ], 'one more');
check($::stats->(), { requests => 6, since => $since }, 'statistics');



=== TEST 2: many times, none stays behind
fault 23
--- config
location / { return 200 "here"; }
--- client
for my $n (1 .. 20) {
    http(get("/$n"));
    reload();
}
check(scalar(worker_pids()), 2, 'two workers');
--- records
[ map { { uri => "/$_", outcome => 'ok' } } 1 .. 20 ]



=== TEST 3: a stream that an old worker carries
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
$u->request; $u->stream; $u->event('one'); $u->hold; $u->event('two');
$u->hold; $u->finish;
--- client
my $socket = connection();
send_bytes($socket, get('/stream'));
read_upto($socket, qr/one/);

reload(stay => 1);
my $id = records(1, running => 1)->[0]{id};

# A new worker answers. The old one parses a piece after it has forwarded it.

my $has = sub {
    my ($body, $name) = @_;
    my $record;

    wait_for(sub { $record = record($id);
                   ($record->{response}{body} // '') eq $body }, $name,
             sub { json_text($record->{response}) });
    check($record, { outcome => 'running' }, $name);
};

$has->("data: one\n\n", 'it runs on');

upstream()->release;
read_upto($socket, qr/two/);
$has->("data: one\n\ndata: two\n\n", 'and grows');

upstream()->release;
check(read_answer($socket)->{complete}, 1, 'the client has all');
wait_for(sub { worker_pids() == 2 }, 'the end of the old worker');
--- records
{ outcome => 'ok', uri => '/stream', complete => true,
  response => { body => "data: one\n\ndata: two\n\n" } }



=== TEST 4: another size
fault 24
--- zone: 8m entries=100
--- upstream
$::echo->($u);
--- client
http(post("/$_", "$_" x 1000, 'Authorization: Bearer a-key')) for 1 .. 20;
my $before = records(20);

$::resized->('16m entries=100');
check(records(20), $before, 'larger');
check($::stats->(), { requests => 20, zone => { size_bytes => 16 * 1024 * 1024 } },
      'larger: statistics');

$::resized->('4m entries=100');
check(records(20), $before, 'smaller');

http(post('/21', 'x', 'Authorization: Bearer a-key'));
check(records(21)->[20], { uri => '/21', key => $before->[0]{key} }, 'one more');
check(scalar(keys %{{ map { $_ => 1 } @{ $::ids->(21) } }}), 21, 'ids differ');

# nginx once unmapped the zone that it had just taken over, and died

for my $n (1 .. 2) {
    reload();
    check(scalar(@{ records(21) }), 21, "the same size again, $n");
}



=== TEST 5: fewer and more entries
fault 24
--- zone: 8m entries=100
--- upstream
$::echo->($u);
--- client
http(post("/$_", "body $_")) for 1 .. 50;
my $before = records(50);

$::resized->('8m entries=20');
check(records(20), [ @$before[30 .. 49] ], 'the newest twenty');
check([ map { (monitor("/api/request/$before->[$_]{id}"))[0] } 0, 29, 30, 49 ],
      [ 410, 410, 200, 200 ], 'the others are gone');
check($::stats->(), { requests => 50, zone => { entries => 20, records => 20 } },
      'statistics');

$::resized->('8m entries=100');
http(post('/51', 'body 51'));
check(records(21), [ @$before[30 .. 49], { uri => '/51' } ], 'room again');

reload();
check(scalar(@{ records(21) }), 21, 'the same entries again');



=== TEST 6: a size for which not all is small enough
fault 24
--- zone: 16m entries=16
--- upstream
$::echo->($u);
--- client
http(post("/$_", "$_" x 200_000)) for 1 .. 8;
my $before = records(8);

$::resized->('2m entries=16');
my $records = records(1);
check(@$records >= 1 && @$records < 8, 1, scalar(@$records) . ' of 8');
check($records->[-1], { id => $before->[7]{id}, uri => '/8' }, 'the newest');

for my $record (@$records) {
    my ($n) = $record->{uri} =~ /(\d+)/;
    check_same(raw($record->{id}, 'request'), "$n" x 200_000, "$n: bytes");
}



=== TEST 7: with a stream under way, whose record stays behind
--- zone: 8m entries=100
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
--- upstream
my $request = $u->request;
$u->stream; $u->event('one');
$u->hold if $request->{uri} eq '/stream';
$u->finish;
--- client
http(get('/1'));
my $socket = connection();
send_bytes($socket, get('/stream'));
read_upto($socket, qr/one/);

edit_conf(sub { s/zone=monitor:\S+ entries=100/zone=monitor:16m entries=50/ });
reload(stay => 1);
http(get('/2'));

upstream()->release;
check(read_answer($socket)->{complete}, 1, 'the client has all');
wait_for(sub { worker_pids() == 2 }, 'the end of the old worker');
--- records
[ { uri => '/1' }, { uri => '/2' } ]



=== TEST 8: capture is switched off: what was recorded stays
fault 24
--- config
location / { return 200 "here"; }
--- client
http(get("/$_")) for 1 .. 3;
edit_conf(sub { s/openai_monitor zone=monitor;/openai_monitor off;/ });
reload();
http(get('/4'));
--- records
[ map { { uri => "/$_" } } 1 .. 3 ]



=== TEST 9: a configuration that is refused
fault 24
--- config
location / { return 200 "here"; }
--- client
http(get('/1'));
my @before = worker_pids();

my $refused = 'zone "monitor" is too small';
edit_conf(sub { s/zone=monitor:\S+;/zone=monitor:1k;/ });
kill 'HUP', master();
wait_for(sub { join('', error_log()) =~ /$refused/ }, 'the refusal');
http(get('/2'));
check([worker_pids()], \@before, 'the same workers');

edit_conf(sub { s/zone=monitor:1k;/zone=monitor:8m;/ });
reload();
http(get('/3'));
check(records(3), [ map { { uri => "/$_" } } 1 .. 3 ], 'records');

# the log has an [emerg], and this test wants it

truncate $Test::Nginx::Util::ErrLogFile, 0;



=== TEST 10: zone and monitor go, and come back empty
fault 24
--- config
location / { return 200 "here"; }
--- client
http(get('/1'));
my $kept;
edit_conf(sub { $kept = $_; s/^openai_monitor.*\n//mg; s/openai_monitor_view[^;]*;//g });
reload();
check(http(get('/2'))->{body}, 'here', 'it serves without');
edit_conf(sub { $_ = $kept });
reload();
http(get('/3'));
--- records
[ { uri => '/3' } ]



=== TEST 11: the module's file is replaced by rename
fault 26, as "install" does it: a reload goes on with the code that is loaded, and nothing breaks
--- upstream
$::echo->($u);
--- client
my ($module) = split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

if ($module) {
    system('cp', '-p', $module, "$module.new") == 0 or die "cp: $?\n";
}

http(post('/1', 'before'));

my $inode = $module && (stat $module)[1];

if ($module) {
    rename "$module.new", $module or die "rename: $!\n";
    check((stat $module)[1] != $inode ? 1 : 0, 1, 'another file');
}

http(post('/2', 'replaced'));
reload();
http(post('/3', 'reloaded'));

open my $maps, '<', '/proc/' . (worker_pids())[0] . '/maps' or die "maps: $!\n";
my @old = $module ? grep { /\Q$module\E \(deleted\)$/ } <$maps> : ();
check(@old ? 1 : 0, $module ? 1 : 0, 'the loaded file is the old one');
--- records
[ map { { uri => "/$_->[0]", outcome => 'ok', request => { body => $_->[1] } } }
  [ 1, 'before' ], [ 2, 'replaced' ], [ 3, 'reloaded' ] ]
