# The promise: viewers cost the traffic no time. Their work runs in slices, one
# in each turn of the event loop. A viewer that is cut by the end of a slice
# goes on in the same tick, and gets each change once and in order. nginx's
# debug log shows the slices and their work.

use strict;
use warnings;

use Test::Nginx::Socket;

use MonitorTest;

my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';

plan(`$nginx -V 2>&1` =~ /--with-debug/ ? 'no_plan'
     : (skip_all => 'nginx has no debug log'));

log_level('debug_http');
master_on();
workers(1);

# opens a feed; its answer is read later

our $feed = sub {
    my ($cursor) = @_;
    my $socket = connection(port => $ENV{TEST_NGINX_MONITOR_PORT});

    send_bytes($socket, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n"
                        . ($cursor ? "Last-Event-ID: $cursor\r\n" : '') . "\r\n");
    return { socket => $socket };
};

our $cursor = sub {
    return read_upto($feed->()->{socket}, qr/\n\n/) =~ /^id: (\S+)/m ? $1 : die;
};

# reads records from a feed until one of them is as wanted

our $told = sub {
    my ($feed, $last) = @_;
    my $in = read_upto($feed->{socket}, qr/$last.*\n\n/s);

    # drop the chunk frames

    $in =~ s/\r\n[0-9a-f]+\r\n//g;

    return map { json_value($_) } $in =~ /^event: record\ndata: (.*)$/mg;
};

our $exchanges = sub {
    my ($n) = @_;
    my $c = connection();

    for (1 .. $n) {
        send_bytes($c, post('/v1/chat/completions', { model => "model-$_",
              messages => [ { role => 'user', content => "question $_" } ] }));
        read_answer($c);
    }
};

# returns the lines of the log from here on

our $log = sub {
    my $from = () = error_log();

    return sub {
        my @lines = error_log();

        splice @lines, 0, $from;
        return grep { /openai monitor: (?:tick|slice of the v|text)|http request line: "GET \/served/ } @lines;
    };
};

# returns the ticks between the first and the last text

our $ticks = sub {
    my @lines = grep { /: tick|: text/ } @_;

    shift @lines while @lines && $lines[0] !~ /: text/;
    pop @lines while @lines && $lines[-1] !~ /: text/;
    return scalar grep { /: tick/ } @lines;
};

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(zone => '32m entries=1000');
    $block->set_value(upstream => 'while ($u->request) { $u->answer(200, completion()) }')
        unless defined $block->config;
    $block->set_value(config => <<'END') unless defined $block->config;
location /served { openai_monitor off; return 204; }
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
}
END
});

run_tests();

__DATA__

=== TEST 1: who has more to be told than a slice holds comes again in the tick
a buffer holds a fifth of it: who waited for the next tick would need five; as the
reader may be kept from its core, too, it has some attempts
--- client
my $cursor = $::cursor->();

$::exchanges->(400);
monitor('/api/requests');

my ($slices, $ticks);

for my $attempt (1 .. 5) {
    my $log = $::log->();
    my @told = $::told->($::feed->($cursor), 'model-400"');
    my @lines = $log->();

    check([ map { $_->{model} } @told ], [ map { "model-$_" } 1 .. 400 ],
          'all of it, once, in order');

    $slices = grep { /: slice/ } @lines;
    $ticks = $::ticks->(@lines);
    last if $ticks <= 2;
}

check($slices >= 5 ? 'several' : $slices, 'several', 'slices');
check($ticks <= 2 ? 'few' : $ticks, 'few', 'ticks');



=== TEST 2: twenty viewers with a backlog: each text is made once
and not before the conversations are known, but for a worker that has no time:
as it may be kept from its core by others, it has some attempts
--- client
my $cursor = $::cursor->();
my @found;

for my $attempt (1 .. 5) {
    $::exchanges->(100);

    # all viewers are there before the first tick

    my $log = $::log->();

    my @feeds = stopped(sub { map { $::feed->($cursor) } 1 .. 20 });

    my @told = map { [ $::told->($_, 'model-100"') ] } @feeds;
    my %made;

    $made{$_}++ for map { /: text of (\S+), which has ended/ ? $1 : () } $log->();

    check([ map { $_->{model} } @$_ ], [ map { "model-$_" } 1 .. 100 ],
          'all of it, once, in order') for @told;

    @found = (scalar keys %made, (sort { $b <=> $a } values %made)[0],
              scalar grep { !$_->{thread} } map { @$_ } @told);
    last if "@found" eq '100 1 0';

    $cursor = $::cursor->();
}

check([ @found ], [ 100, 1, 0 ], 'texts, how often, without a conversation');



=== TEST 3: others are served between the slices of twenty viewers
all that each of them is told has room in one buffer; some attempts, too
--- client
my $cursor = $::cursor->();
my $others = 200;
my @found;

for my $attempt (1 .. 5) {
    $::exchanges->(40);

    my $log = $::log->();

    my @feeds = stopped(sub { map { $::feed->($cursor) } 1 .. 20 });
    read_upto($_->{socket}, qr/event: hello.*\n\n/s) for @feeds;

    # when all of these wait, the tick is overdue, because a turn accepts only
    # one connection

    my @waiting = stopped(sub {
        my @all = map { connection() } 1 .. $others;
        send_bytes($_, "GET /served HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            for @all;
        select undef, undef, undef, 0.11;
        return @all;
    });

    check(scalar(grep { read_answer($_)->{status} == 204 } @waiting), $others,
          'others are served');
    $::told->($_, 'model-40"') for @feeds;

    # what happened between the slices, up to the last request

    my @lines = grep { /: slice|\/served/ } $log->();

    shift @lines while @lines && $lines[0] !~ m{/served};
    pop @lines while @lines && $lines[-1] !~ m{/served};

    my @between = split /^.*: slice.*$/m, join('', @lines);
    my $empty = grep { !m{/served} } @between;

    @found = (@between > 8 ? 'many' : scalar @between,
              $empty * 10 <= @between ? 'few' : $empty);
    last if "@found" eq 'many few';

    $cursor = $::cursor->();
}

check([ @found ], [ 'many', 'few' ], 'slices, those after which nobody was served');



=== TEST 4: many that run are told of in one tick, once
the upstream takes connections, and never looks at them; some attempts here, too
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_OTHER_PORT; }
--- client
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 512, ReuseAddr => 1,
                                   LocalPort => $ENV{TEST_NGINX_OTHER_PORT}) or die $!;
my $many = 200;
my @running = map { my $c = connection(); send_bytes($c, get("/$_")); $c } 1 .. $many;

wait_for(sub { json_value((monitor('/api/stats'))[1])->{in_flight} == $many }, 'all of them');

my ($slices, $ticks);

for my $attempt (1 .. 5) {
    my $log = $::log->();
    my $socket = $::feed->()->{socket};
    my %told;
    my $in = '';

    wait_for(sub {
        sysread $socket, $in, 65536, length $in;
        (my $text = $in) =~ s/\r\n[0-9a-f]+\r\n//g;
        %told = ();
        $told{$_}++ for $text =~ /^event: record\ndata: .*?"uri":"([^"]*)"/mg;
        return $many == keys %told;
    }, 'all of them', sub { join ' ', sort keys %told });

    my @lines = $log->();
    my ($most) = sort { $b <=> $a } values %told;

    check($most, 1, 'how often');

    $slices = grep { /: slice/ } @lines;
    $ticks = $::ticks->(@lines);
    last if $ticks <= 1;
}

check($slices >= 3 ? 'several' : $slices, 'several', 'slices');
check($ticks <= 1 ? 'few' : $ticks, 'few', 'ticks');
