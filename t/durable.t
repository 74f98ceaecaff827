# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: with "file=" the history outlives nginx. The next nginx starts,
# however the last one ended, and whatever happened to the file. It has all the
# records that can be believed, and never invents one. Seen to fail without the
# lock, without the check of the head, and without the reservation of blocks.

use strict;
use warnings;

use Cwd ();
use Digest::MD5 ();
use Test::Nginx::Socket 'no_plan';
use Test::Nginx::Util qw/ $ServRoot $ConfFile $PidFile /;
use Time::HiRes qw/ sleep time /;

use MonitorTest;

# The path is absolute, because nginx starts the new binary by the old name.

our $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

if ($binary !~ m{/}) {
    ($binary) = grep { -x } map { "$_/$binary" } split /:/, $ENV{PATH};
}

master_on();
workers(2);

our $stats = sub { json_value((monitor('/api/stats'))[1]) };

our $echo = sub {
    my ($u) = @_;

    while (my $request = $u->request) { $u->answer(200, $request->{body}); }
};

our $streaming = <<'END';
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
END

# the path of the file, in the prefix

our $path = sub { "$ServRoot/logs/history" . ($_[0] // '') };

our $processes = sub { (master(), worker_pids()) };

our $gone = sub {
    my @pids = @_;

    wait_for(sub { !grep { alive($_) } @pids }, 'the end of ' . "@pids");
};

# A zombie has ended, because this test does not care when its parent reaps it.

sub alive {
    open my $file, '<', "/proc/$_[0]/stat" or return 0;
    return (<$file> // '') =~ /^\d+ \(.*\) [^Z]/;
}

our $quit = sub {
    my @pids = $::processes->();

    kill $_[0] // 'QUIT', $pids[0];
    $::gone->(@pids);
};

our $kill_all = sub {
    my @pids = $::processes->();

    kill 'KILL', @pids;
    $::gone->(@pids);
    unlink $PidFile;
};

# Runs nginx and returns its exit code and its output. "before" is a shell
# command that runs first, in a mount namespace of its own.

our $nginx = sub {
    my (%option) = @_;
    my $conf = $option{conf} // $ConfFile;
    my $command = "$::binary -e $ServRoot/logs/error.log -p $ServRoot/ "
                  . "-c $conf " . ($option{arguments} // '');

    $command = "unshare -m sh -c '$option{before} && exec $command'"
        if $option{before};

    my $text = `$command 2>&1`;

    return ($? >> 8, $text);
};

our $start = sub {
    my ($status, $text) = $::nginx->(@_);

    die "nginx ended with $status: $text\n" if $status;

    wait_for(sub { eval { worker_pids() == 2 } }, 'the workers');

    return $text;
};

our $restart = sub { $::quit->(); $::start->() };

# Writes bytes over the file at an offset.

our $write = sub {
    my ($offset, $bytes) = @_;

    open my $file, '+<', $::path->() or die $::path->() . ": $!\n";
    seek $file, $offset, 0;
    print $file $bytes;
    close $file;
};

our $pages = sub {
    # a client gets its answer before the record ends
    wait_for(sub { !$::stats->()->{in_flight} }, 'the end of all exchanges');

    # a clear answers 503 while the holder of the lock has no core

    my $status;
    wait_for(sub {
        ($status) = monitor('/api/clear', 'POST', 'X-OpenAI-Monitor: 1',
                            'Content-Length: 0');
        return $status != 503;
    }, 'the lock');
    check($status, 204, 'cleared');

    my $zone = $::stats->()->{zone};
    check($zone, { records => 0, pages_free => $zone->{pages} },
          'all pages are there');
};

# Removes the lines with this pattern from the log and returns their number.

our $said = sub {
    my ($pattern) = @_;
    my $n = 0;

    edit_log(sub { $n = s/^.*$pattern.*\n//mg });

    return $n || 0;
};

our $log_has = sub {
    my ($pattern, $name) = @_;

    check($::said->($pattern), 1, $name // "one line: $pattern");
};

# Makes the directories of the mounts, and puts the file there.

our $disk = sub {
    mkdir "$ServRoot/logs/$_" or die "mkdir: $!\n" for qw/ disk mnt /;
    edit_conf(sub { s{file=[^;]*}{file=logs/disk/history} });
};

our $mount = "$ServRoot/logs/disk";
our $memory = 'the history is in memory only';

our $unshare = sub { system('unshare -m true 2>/dev/null') == 0 };

run_tests();

__DATA__

=== TEST 1: stopped and started
--- zone: 8m entries=100 file=logs/history
--- upstream
$::echo->($u);
--- client
http(post("/$_", "body $_", 'Authorization: Bearer a-key')) for 1 .. 5;

my $before = records(5);
my $since = $::stats->()->{since};
my $mode = (stat $::path->())[2] & 07777;
check(sprintf('%o', $mode), '600', 'mode');

for my $signal (qw/ QUIT TERM /) {
    $::quit->($signal);
    chmod 0644, $::path->();
    $::start->();
    check(records(5), $before, "$signal: records");
    check(sprintf('%o', (stat $::path->())[2] & 07777), '600', "$signal: mode");
}

check([ glob $::path->('*') ], [ $::path->() ], 'one file');

http(post('/6', 'body 6', 'Authorization: Bearer a-key'));
my $records = records(6);
check($records, [ @$before, { uri => '/6', key => $before->[0]{key} } ],
      'one more');
check(scalar(keys %{{ map { $_->{id} => 1 } @$records }}), 6, 'ids differ');
check($::stats->(), { requests => 6, since => $since, zone => { heals => 0 } },
      'statistics');
$::pages->();



=== TEST 2: every process killed, a stream under way
fault 21
--- zone: 8m entries=100 file=logs/history
--- config eval: $::streaming
--- upstream
my $request = $u->request;
$u->stream; $u->event('one');
$u->hold if $request->{uri} eq '/stream';
$u->finish;
--- client
http(post("/$_", "body $_")) for 1 .. 3;
my $before = records(3);

my $from = time;
my $socket = connection();
send_bytes($socket, post('/stream', '{"model":"test-model"}'));
read_upto($socket, qr/one/);
answered('/stream');

# the worker writes the record in a later turn of the event loop than the piece

wait_for(sub { my $newest = records(4, running => 1)->[3];
               $newest->{status} && $newest->{response}{body} },
         'the record of the stream');

my $lived = (time - $from) * 1000;
$::kill_all->();
sleep 1.2;
$::start->();

my $records = records(4);
check($records, [ @$before,
    { uri => '/stream', outcome => 'worker_died', status => 200,
      complete => false, model => 'test-model',
      request => { body => '{"model":"test-model"}' },
      response => { body => "data: one\n\n" },
      # without the time after its death
      duration_ms => sub { $_[0] >= 0 && $_[0] < $lived + 1000 } } ], 'records');
check($::stats->(), { requests => 4, in_flight => 0,
                      zone => { worker_died => 1, records => 4 } },
      'statistics');

# a second time changes nothing

$::kill_all->();
$::start->();
check(records(4), $records, 'records, once more');
check($::stats->(), { requests => 4 }, 'statistics, once more');
$::pages->();



=== TEST 3: the binary is upgraded: both generations write
fault 25
--- main_config
env LD_PRELOAD;
env ASAN_OPTIONS;
env UBSAN_OPTIONS;
--- zone: 8m entries=100 file=logs/history
--- config eval: $::streaming
--- upstream
my $request = $u->request;
$u->stream; $u->event('one');
$u->hold if $request->{uri} eq '/stream';
$u->event('two');
$u->finish;
--- client
$::restart->();
http(post("/$_", "body $_")) for 1 .. 3;
my $before = records(3);

my $socket = connection();
send_bytes($socket, post('/stream', '{"model":"test-model"}'));
read_upto($socket, qr/one/);

my $old = master();
kill 'USR2', $old;
wait_for(sub { -s "$PidFile.oldbin" && eval { master() != $old
                                              && worker_pids() == 2 } },
         'the new master');
my $new = master();

http(post("/$_", "body $_")) for 4 .. 13;
kill 'WINCH', $old;
http(post('/14', "body 14"));
upstream()->release;
check(read_answer($socket)->{complete}, 1, 'the stream ends well');
kill 'QUIT', $old;
$::gone->($old);

check(records(15), [ @$before, { uri => '/stream', outcome => 'ok',
                                 response => { body => qr/two/ } },
                     map { { uri => "/$_", outcome => 'ok' } } 4 .. 14 ],
      'records');
check($::stats->(), { requests => 15, zone => { worker_died => 0 } },
      'statistics');

# the new master has the lock, also when it is alone

my ($status, $text) = $::nginx->();
check($status, 1, 'another nginx does not start');
check_like($text, qr/history" is used by another nginx/, 'and says why');
$::said->(qr/is used by another nginx/);

# one more upgrade, and back, as if the new binary were bad

kill 'USR2', $new;
wait_for(sub { -s "$PidFile.oldbin" && eval { master() != $new
                                              && worker_pids() == 2 } },
         'a third master');
my @third = $::processes->();
http(post('/15', 'body 15'));
kill 'QUIT', $third[0];
$::gone->(@third);
wait_for(sub { eval { master() == $new } }, 'the second master');
http(post('/16', 'body 16'));
$::quit->();
$::start->();
check(scalar(@{ records(17) }), 17, 'records');
$::pages->();



=== TEST 4: another size, another number of entries: the newest stay
fault 24
--- zone: 16m entries=100 file=logs/history
--- upstream
$::echo->($u);
--- client
http(post("/$_", "$_" x 1000)) for 1 .. 50;
my $before = records(50);

my $change = sub {
    my ($zone, $how) = @_;

    edit_conf(sub { s/zone=monitor:\S+ entries=\d+/zone=monitor:$zone/ });
    $how eq 'reload' ? reload() : $how eq 'killed'
        ? ($::kill_all->(), $::start->()) : $::restart->();

    check([ glob $::path->('*') ], [ $::path->() ], "$zone, $how: one file");
};

$change->('4m entries=100', 'restart');
check(records(50), $before, 'smaller');
$change->('8m entries=40', 'killed');
check(records(40), [ @$before[10 .. 49] ], 'fewer entries');
$change->('16m entries=30', 'reload');
check(records(30), [ @$before[20 .. 49] ], 'by reload');
$::restart->();
check(records(30), [ @$before[20 .. 49] ], 'and restart');
$change->('8m entries=100', 'reload');
reload();
$::kill_all->();
$::start->();
check(records(30), [ @$before[20 .. 49] ], 'back');
http(post('/51', 'x'));
check(scalar(@{ records(31) }), 31, 'one more');
check($::stats->(), { requests => 51, zone => { entries => 100 } },
      'statistics');
$::pages->();



=== TEST 5: a reload that changes the size, and is refused in the end
--- zone: 8m entries=100 file=logs/history
--- upstream
$::echo->($u);
--- client
http(post("/$_", "$_" x 1000)) for 1 .. 5;
my $before = records(5);
my $inode = (stat $::path->())[1];

my $kept;
edit_conf(sub { $kept = $_; s/zone=monitor:8m/zone=monitor:16m/;
                s/^http \{/http { server { listen 240.0.0.1:1; }/m });
kill 'HUP', master();
wait_for(sub { grep { /bind\(\) to 240.0.0.1/ } error_log() }, 'the refusal');
$::said->(qr/240.0.0.1/);

wait_for(sub { [ glob $::path->('*') ]->[-1] eq $::path->() }, 'one file');
check((stat $::path->())[1], $inode, 'the same');
http(post('/6', 'x'));

edit_conf(sub { $_ = $kept });
$::kill_all->();
$::start->();
check(records(6), [ @$before, { uri => '/6' } ], 'records');



=== TEST 6: another layout, or none: set aside, never misread
fault 26
--- zone: 8m entries=100 file=logs/history
--- upstream
$::echo->($u);
--- client
my $whole;

my @damages = (
    [ 'another layout' => 'has another layout',
      sub { $::write->(8, pack 'V', 99) } ],
    [ 'another magic' => 'is not a history', sub { $::write->(0, 'x') } ],
    [ 'another size of records' => 'has another layout',
      sub { $::write->(16, 'x') } ],
    [ 'another salt' => 'is damaged', sub { $::write->(112, "\1\2\3") } ],
    [ 'cut' => 'has size \d+, but the zone is \d+',
      sub { truncate $::path->(), (-s $::path->()) / 2 } ],
    [ 'cut by a byte' => 'has size \d+, but the zone is \d+',
      sub { truncate $::path->(), (-s $::path->()) - 1 } ],
    [ 'cut to its head' => 'is cut', sub { truncate $::path->(), 100 } ],
    [ 'longer' => 'has size \d+, but the zone is \d+',
      sub { truncate $::path->(), 2 * -s $::path->() } ],
    [ 'zeros' => 'is not a history', sub { $::write->(0, "\0" x $whole) } ],
    [ 'empty' => undef, sub { truncate $::path->(), 0 } ],
    [ 'not there' => undef, sub { unlink $::path->() } ],
);

for my $damage (@damages) {
    my ($name, $reason, $do) = @$damage;

    http(post('/1', 'x'));
    records(1);
    $::quit->();
    $whole = -s $::path->();
    unlink $::path->('.old');
    $do->();
    my $size = -s $::path->();
    my $text = $::start->();

    my $line = $reason && qr/file "\S+history" $reason, it is set aside as/;
    check([ $reason ? $::said->($line) : 0, -s $::path->('.old') ],
          $reason ? [ 1, $size ] : [ 0, undef ], "$name: set aside");
    check(-s $::path->(), $whole, "$name: a new one");
    check($::stats->(), { requests => 0, zone => { records => 0 } },
          "$name: empty");
}



=== TEST 7: written over at random
--- zone: 2m entries=64 file=logs/history
--- upstream
$::echo->($u);
--- client
seed();

my ($kept, $aside) = (0, 0);

for my $round (1 .. 15) {
    http(post("/$_", join ',', map { int rand 1e9 } 1 .. rand 2000))
        for 1 .. 20;
    my %before = map { $_->{id} => $_ } @{ records(1) };
    $::kill_all->();

    # damage is mostly small, and lies where the file has content

    my $size = -s $::path->();

    for (1 .. 1 + rand 20) {
        my $offset = int rand 2 ? rand 500_000
                                : 250_000 + rand($size - 250_000);
        my $n = int rand 4 ? 1 + rand 16 : 1 + rand 8192;

        $::write->($offset, int rand 2 ? random_bytes($n) : "\xff" x $n);
    }

    $::start->();

    my ($status, $text) = monitor('/api/requests?page_size=1000');
    check($status, 200, "$round: the list");
    my @ids = map { $_->{id} } @{ json_value($text)->{items} };
    my $wrong = 0;

    for my $id (@ids) {
        # an id that did not exist before would be an invented record
        for my $uri ('', '/request', '/response', '/curl') {
            my ($status) = monitor("/api/request/$id$uri");
            $wrong++ unless $status == 200 || $status == 404 || $status == 410;
        }
        $wrong++ unless $before{$id};
    }

    check($wrong, 0, "$round: " . scalar(@ids) . ' records of ' . keys %before);
    check((monitor('/metrics'))[0], 200, "$round: metrics");
    $kept += @ids;
    $aside += $::said->(qr/it is set aside as/);
    http(post('/next', 'x'));
    check((monitor('/api/requests'))[0], 200, "$round: goes on");
    check(scalar(worker_pids()), 2, "$round: workers");
    $::pages->();
}

check($kept > 0, 1, "$kept kept, $aside set aside");
check(scalar(grep { /exited on signal/ } error_log()), 0, 'nobody crashed');



=== TEST 8: the disk is full
--- zone: 8m entries=100 file=logs/history
--- upstream
$::echo->($u);
--- client
return check(1, 1, 'skipped: no mount namespaces here') unless $::unshare->();

http(post('/1', 'x'));
records(1);
$::quit->();
$::disk->();

# One disk is empty. The other has a copy with holes, as from a backup.

my $copy = "$ServRoot/logs/mnt";
my %disk = (
    empty => "mount -t tmpfs -o size=1m none $::mount",
    holes => "mount -t tmpfs -o size=2m none $copy && "
             . "cp --sparse=always $ServRoot/logs/history $copy/ && "
             . "mount --move $copy $::mount",
);

for my $case (qw/ empty holes /) {
    my $text = $::start->(before => $disk{$case});
    check_like($text, qr/cannot have its size, $::memory \(28: /,
               "$case: it says so");
    $::log_has->(qr/\[crit\].*$::memory/, "$case: the log");

    http(post("/$_", "$_" x 100_000)) for 1 .. 20;
    check(records(20), [ map { { uri => "/$_", outcome => 'ok' } } 1 .. 20 ],
          "$case: records");
    my @files = map { s{.*/}{}r }
                    glob '/proc/' . master() . "/root$ServRoot/logs/disk/*";
    check(\@files, $case eq 'holes' ? [ 'history' ] : [], "$case: no debris");
    reload();
    check(scalar(@{ records(20) }), 20, "$case: reload");
    $::quit->() if $case eq 'empty';
}



=== TEST 9: the directory cannot be written
--- zone: 8m entries=100 file=logs/history
--- upstream
$::echo->($u);
--- client
return check(1, 1, 'skipped: no mount namespaces here') unless $::unshare->();

$::quit->();
$::disk->();

my $text = $::start->(before => "mount -t tmpfs -o ro none $::mount");
check_like($text, qr/history" cannot be made, $::memory \(30: /, 'it says so');
$::log_has->(qr/\[crit\].*$::memory/);
http(post('/1', 'x'));
check(records(1), [ { uri => '/1' } ], 'records');



=== TEST 10: another nginx, and nginx -t, beside one that runs
--- zone: 8m entries=100 file=logs/history
--- upstream
$::echo->($u);
--- client
http(post("/$_", 'x')) for 1 .. 3;
my $before = records(3);

my $other = "$ServRoot/logs/other.conf";
edit_conf(sub {
    my $text = $_;
    $text =~ s/listen\s+((?:[\d.]+:)?)(\d+)/"listen $1" . ($2 + 5000)/ge;
    $text =~ s/^pid\s.*$/pid $ServRoot\/logs\/other.pid;/m;
    open my $file, '>', $other or die "$other: $!\n";
    print $file $text;
    close $file;
});

my $look = sub {
    my @stat = stat $::path->();
    return [ @stat[0, 1, 2, 7, 9, 10], [ sort glob $::path->('*') ] ];
};

# no request comes meanwhile, so nothing writes

my $state = $look->();

for my $conf ($ConfFile, $other) {
    my ($status, $text) = $::nginx->(conf => $conf, arguments => '-t');
    check($status, 0, "nginx -t: $text");
    ($status, $text) = $::nginx->(conf => $conf, arguments => '-T');
    check($status, 0, 'nginx -T');
}

check($look->(), $state, 'nothing was touched');

my ($status, $text) = $::nginx->(conf => $other);
check($status, 1, 'another one does not start');
check_like($text, qr/\[emerg\].*is used by another nginx/, 'and says why');
$::said->(qr/is used by another nginx/);
check($look->(), $state, 'nothing was touched');

http(post('/4', 'x'));
check(records(4), [ @$before, { uri => '/4' } ], 'records');

# a worker without its master still uses the file

my @workers = worker_pids();
kill 'KILL', master();
$::gone->(my $master = master());
($status, $text) = $::nginx->(conf => $other);
check($status, 1, 'a worker is left');
$::said->(qr/is used by another nginx/);
kill 'KILL', @workers;
$::gone->(@workers);
unlink $PidFile;
$::start->();
check(scalar(@{ records(4) }), 4, 'records');



=== TEST 11: nginx -t makes no file
--- zone: 8m entries=100 file=logs/history
--- config
location / { return 200 "here"; }
--- client
$::quit->();
unlink $::path->();
my ($status) = $::nginx->(arguments => '-t');
check($status, 0, 'the test');
check([ glob $::path->('*') ], [], 'no file');
$::start->();



=== TEST 12: paths that cannot be
--- zone: 8m entries=100 file=logs/history
--- config
location / { return 200 "here"; }
--- client
my %wrong = (
    'none/history' => qr/none\/history" cannot be made \(2: /,
    'logs' => qr/logs" cannot be opened \(21: /,
    'logs/a-file/history' => qr/history" cannot be opened \(20: /,
);

$::quit->();
mkdir "$ServRoot/logs";
open my $file, '>', "$ServRoot/logs/a-file";
close $file;

for my $path (sort keys %wrong) {
    edit_conf(sub { s/file=[^;]*/file=$path/ });

    for my $arguments ('-t', '') {
        my ($status, $text) = $::nginx->(arguments => $arguments);
        check($status, 1, "$path $arguments");
        check_like($text, $wrong{$path}, "$path $arguments: the reason");
    }
}

$::said->(qr/\[emerg\]/);
edit_conf(sub { s{file=[^;]*}{file=logs/history} });
$::start->();



=== TEST 13: the file comes, changes its place, and goes
--- zone: 8m entries=100
--- upstream
$::echo->($u);
--- client
http(post('/1', 'x'));
my $file = sub {
    my ($file) = @_;

    edit_conf(sub { s/entries=100[^;]*/entries=100$file/ });
};

$file->(' file=logs/history');
reload();
http(post('/2', 'x'));
check(records(2), [ { uri => '/1' }, { uri => '/2' } ], 'it comes');
$::restart->();
check(records(2), [ { uri => '/1' }, { uri => '/2' } ], 'and stays');

$file->(' file=logs/history2');
reload();
http(post('/3', 'x'));
$::restart->();
check(records(3), [ map { { uri => "/$_" } } 1 .. 3 ], 'another place');

# nginx sets a file with another history aside

$file->(' file=logs/history');
reload();
check(records(3), [ map { { uri => "/$_" } } 1 .. 3 ], 'back');
$::log_has->(qr/history" is there, with another history, it is set aside/);

$file->('');
reload();
http(post('/4', 'x'));
check(records(4), [ map { { uri => "/$_" } } 1 .. 4 ], 'without');
$::restart->();
check($::stats->(), { zone => { records => 0 } }, 'and gone');



=== TEST 14: the zone has another name
fault 24
--- zone: 8m entries=100 file=logs/history
--- upstream
$::echo->($u);
--- client
http(post('/1', 'x'));
edit_conf(sub { s/zone=monitor\b/zone=renamed/g });
reload();
http(post('/2', 'x'));
check(records(2), [ { uri => '/1' }, { uri => '/2' } ], 'by reload');
my ($status) = $::nginx->();
check($status, 1, 'the lock stays');
$::said->(qr/is used by another nginx/);
edit_conf(sub { s/zone=renamed\b/zone=again/g });
$::restart->();
check(records(2), [ { uri => '/1' }, { uri => '/2' } ], 'by restart');
$::pages->();


=== TEST 15: what is cleared or evicted cannot be read in the zone
fault 54
--- zone: 8m entries=16 file=logs/history
--- upstream
$::echo->($u);
--- client
# Each exchange has a marker in its URI, its request and its answer. The number
# is there twice, because the ends of two pages may look like a third marker.

my $marker = sub { sprintf 'marker-%04d-%04d', $_[0], $_[0] };
my $exchange = sub {
    my ($n, $size) = @_;
    my $body = ($marker->($n) . ' ') x ($size / 17);

    http(post('/' . $marker->($n), $body, 'X-Trace: ' . $marker->($n)));
};

# These return the numbers of all markers in the file, or in a worker's memory.

my $file = $::path->();

my $in_file = sub {
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;
    my $bytes = <$in>;
    my %seen = map { $_ => 1 } $bytes =~ /marker-(\d{4})-\1/g;
    return join ' ', sort keys %seen;
};

my $in_memory = sub {
    my ($pid) = worker_pids();
    my %seen;

    open my $maps, '<', "/proc/$pid/maps" or die "maps: $!\n";
    open my $memory, '<:raw', "/proc/$pid/mem" or die "mem: $!\n";

    for (grep { /\Q$file\E/ } <$maps>) {
        no warnings 'portable';
        my ($from, $to) = map { hex } /^([0-9a-f]+)-([0-9a-f]+)/;
        my $bytes;

        sysseek $memory, $from, 0;
        sysread $memory, $bytes, $to - $from;
        $seen{$_} = 1 for $bytes =~ /marker-(\d{4})-\1/g;
    }

    return join ' ', sort keys %seen;
};

my $only = sub {
    my ($name, @numbers) = @_;
    my $want = join ' ', map { sprintf '%04d', $_ } @numbers;

    wait_for(sub { $in_file->() eq $want }, "$name: the file", $in_file);
    wait_for(sub { $in_memory->() eq $want }, "$name: the memory", $in_memory);
};

# the first ones are large, so that the short ones get their pages

$exchange->($_, 100_000) for 1 .. 16;
records(16);
$only->('recorded', 1 .. 16);

$exchange->($_, 300) for 17 .. 32;
records(16);
$only->('evicted', 17 .. 32);

monitor('/api/clear', 'POST', 'X-OpenAI-Monitor: 1');
$only->('cleared');

$exchange->($_, 9000) for 33 .. 40;
records(8);
monitor('/api/clear', 'POST', 'X-OpenAI-Monitor: 1');
$::quit->();
check($in_file->(), '', 'nginx ended at once after a clear');
$::start->();



=== TEST 16: a text without its end
--- zone: 8m entries=16 file=logs/history
--- upstream
$::echo->($u);
--- client
my $title = 'a title ' . 'that is found ' x 4;

chop $title;
http(post('/v1/chat/completions',
          '{"messages":[{"role":"user","content":"' . $title . '"}]}'));
check(records(1), [ { title => $title } ], 'the title');
$::quit->();

# The member has 256 bytes. The body has the same text without a zero byte.

open my $in, '<:raw', $::path->() or die "history: $!\n";
my $bytes = do { local $/; <$in> };
my @at;

push @at, $-[0] while $bytes =~ /\Q$title\E\0/g;
check(scalar(@at) > 0, 1, 'the file has it');
$::write->($_, 'x' x 256) for @at;
$::start->();
check(records(1), [ { title => 'x' x 255 } ], 'it ends with its member');
