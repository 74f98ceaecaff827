# The promise: a viewer of the live feed sees records when they begin, run and
# end, and the text of an answer while it grows.  A viewer has bounded memory, it
# is told when it misses something, and it does not keep a worker from exiting.

use strict;
use warnings;

use IO::Select;
use Socket qw/ SOL_SOCKET SO_RCVBUF /;
use Test::Nginx::Socket 'no_plan';
use Time::HiRes qw/ time /;
use Time::Local qw/ timegm /;

use MonitorTest;

# opens a live feed; dies when it is refused

sub feed {
    my ($arguments, @headers) = @_;
    my $socket = connection(port => $ENV{TEST_NGINX_MONITOR_PORT},
                            (grep { ref } @headers) ? %{ pop @headers } : ());

    send_bytes($socket, 'GET /api/events' . ($arguments // '')
          . " HTTP/1.1\r\nHost: localhost\r\n"
                        . join('', map { "$_\r\n" } @headers) . "\r\n");

    my $in = read_upto($socket, qr/\r\n\r\n/);
    $in =~ s/^(.*?\r\n\r\n)//s;
    my $head = $1;

    return { socket => $socket, head => $head, in => $in, text => '',
          events => [] };
}

sub status_of { $_[0]{head} =~ m{^HTTP/1.1 (\d+)} ? $1 : 0 }

# reads what has come; false at the end of the connection

sub take {
    my ($feed, $patience) = @_;

    if (IO::Select->new($feed->{socket})->can_read($patience)) {
        sysread $feed->{socket}, $feed->{in}, 65536,
        length $feed->{in} or return;
    }

    while ($feed->{in} =~ /^([0-9a-f]+)\r\n/) {
        my ($size, $at) = (hex $1, $+[0]);
        last if length $feed->{in} < $at + $size + 2;

        $feed->{over} = 1 unless $size;
        $feed->{text} .= substr $feed->{in}, $at, $size;
        substr $feed->{in}, 0, $at + $size + 2, '';
    }

    while ($feed->{text} =~ s/^(.*?)\n\n//s) {
        my %e = $1 =~ /^(id|event|data): (.*)$/mg;
        push @{ $feed->{events} }, { %e, data => json_value($e{data}) }
        if $e{event};
        push @{ $feed->{comments} }, $1 unless $e{event};
    }

    return 1;
}

# waits for the first event that the function accepts, and drops those before it

sub next_event {
    my ($feed, $what, $likes) = @_;
    my $end = time + ($ENV{OPENAI_MONITOR_CHECKED} ? 60 : 10);

    while (time < $end) {
        while (my $event = shift @{ $feed->{events} }) {
            return $event if $event->{event} eq $what
            && (!$likes || $likes->($event->{data}));
        }

        last if $feed->{over};
        take($feed, 0.1) or last;
    }

    die "no event \"$what\" in time\n";
}

# ms since 1970

sub moment {
    my ($y, $mon, $d, $h, $m, $s, $ms) = $_[0] =~ /(\d+)/g;
    return timegm($s, $m, $h, $d, $mon - 1, $y) * 1000 + $ms;
}

sub delta { { choices => [ { index => $_[1] // 0, delta =>
      { content => $_[0] } } ] } }

sub begin {
    my ($body, $uri) = @_;
    my $c = connection();

    send_bytes($c, post($uri // '/v1/chat/completions', $body));
    return $c;
}

master_on();
workers(1);

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(config => <<'END') unless defined $block->config;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
END
});

run_tests();

__DATA__

=== TEST 1: a record begins, runs and ends
--- upstream
$u->request; $u->stream; $u->event(delta('one'));
$u->hold; $u->event(delta('two'));
$u->hold; $u->event('[DONE]'); $u->finish;
--- client
my $feed = feed();

check([ status_of($feed) ], [ 200 ], 'status');
check_like($feed->{head}, qr{^Content-Type: text/event-stream\r$}m, 'type');
check_like($feed->{head}, qr{^X-Accel-Buffering: no\r$}m, 'not to be buffered');
check(next_event($feed, 'hello'), { id => qr/^[0-9a-f]+-\d+$/,
      data => { version => qr/^\d/,
      cursor => qr/./, page_size => 20, zone => 'monitor', proxy => null,
      now => qr/Z$/ } }, 'hello');

my $c = begin({ model => 'm', stream => true });
my $event = next_event($feed, 'record', sub { $_[0]{outcome} eq 'running' });
my $id = $event->{data}{id};
check($event, { id => qr/-\d+$/, data => { duration_ms => null,
      uri => '/v1/chat/completions' } }, 'it begins');

my $first = $event->{data}{response_bytes} > 0 ? $event
      : next_event($feed, 'record', sub { $_[0]{response_bytes} > 0 });
upstream()->release;
$event = next_event($feed, 'record', sub { $_[0]{response_bytes}
      > $first->{data}{response_bytes} });
check($event->{data}, { id => $id, outcome => 'running',
      ttft_ms => sub { $_[0] > 0 } }, 'it runs');

upstream()->release;
my $end = next_event($feed, 'record', sub { $_[0]{outcome} ne 'running' });
check($end->{data}, { id => $id, outcome => 'ok', complete => true },
      'it ends');
check(next_event($feed, 'stats', sub { $_[0]{in_flight} == 0 })->{data},
      { requests => 1, errors => 0 }, 'counted');
check($end->{id} ne $first->{id} ? 1 : 0, 1, 'the cursor moves');



=== TEST 2: who comes back gets what changed since
--- upstream
while ($u->request) { $u->answer(200, completion()) }
--- client
my $feed = feed();
my $hello = next_event($feed, 'hello');
my $c = begin({ model => 'before' });
read_answer($c);
my $seen = next_event($feed, 'record', sub { $_[0]{outcome} eq 'ok' });
close $feed->{socket};

send_bytes($c, post('/v1/chat/completions', { model => "missed-$_" })),
      read_answer($c) for 1 .. 3;
records(4);

my $back = feed('', "Last-Event-ID: $seen->{id}");
check([ map { next_event($back, 'record')->{data}{model} } 1 .. 3 ],
      [ 'missed-1', 'missed-2', 'missed-3' ], 'in order');

$back = feed('', "Last-Event-ID: $hello->{id}");
check(next_event($back, 'record')->{data}, { model => 'before' },
      'from the beginning');

for my $foreign ('1-1', 'x', '-', '99999999999999999999-1',
      $hello->{data}{cursor} =~ s/-.*/-999999/r) {
    my $lost = feed('', "Last-Event-ID: $foreign");
    check(next_event($lost, 'lag')->{data}, { missed => null },
          "a cursor $foreign");
}

monitor('/api/clear', 'POST', 'X-OpenAI-Monitor: 1');
check(next_event($back, 'clear'), { id => qr/./ }, 'the history is cleared');



=== TEST 3: the text of an answer as it grows
--- upstream
$u->request; $u->stream;
$u->event(delta("Gr\x{fc}\x{df}e "));
$u->event({ choices => [ { index => 0, delta => { reasoning_content => 'hm ' } }
      ] });
$u->hold; $u->event(delta("\x{1f600} "));
$u->event(delta('second', 1));
$u->event({ choices => [ { index => 0, delta => { tool_calls => [ { index => 0,
      id => 'c1',
            function => { name => 'f', arguments => '{"a":' } } ] } } ] });
$u->hold; $u->event(delta('end'));
$u->event({ choices => [ { index => 0, delta => { tool_calls => [ { index => 0,
            function => { arguments => '1}' } } ] } } ] });
$u->event('[DONE]'); $u->finish;
--- client
my $c = begin({ model => 'm', stream => true });
read_upto($c, qr/hm /);
my $id = wait_for(sub { json_value((monitor('/api/requests'))[1])->{items}[0] },
      'a record')->{id};

my $feed = feed("?watch=$id");
my (%text, $calls);

my $collect = sub {
    my ($want, $choice) = @_;

    until (($text{$choice // 0}{text} // '') eq $want) {
        my $data = next_event($feed, 'answer')->{data};
        check($data->{id}, $id, 'its id');

        for my $c (@{ $data->{choices} }) {
            for my $part ('text', 'reasoning') {
                next unless defined $c->{$part};
                check($c->{"${part}_at"}, length($text{$c->{index}}{$part}
                // ''), "$part goes on where it was");
                $text{$c->{index}}{$part} .= $c->{$part};
            }
        }

        $calls = $data->{tool_calls} if $data->{tool_calls};
    }
};

$collect->("Gr\x{fc}\x{df}e ");
check($text{0}{reasoning}, 'hm ', 'reasoning apart');

# the upstream sends no more until then

upstream()->release;
$collect->("Gr\x{fc}\x{df}e \x{1f600} ");
$collect->('second', 1);
upstream()->release;
$collect->("Gr\x{fc}\x{df}e \x{1f600} end");
check($calls, [ { index => 0, id => 'c1', name => 'f',
      arguments => '{"a":1}' } ], 'tool calls');

check((monitor("/api/events?watch=nobody"))[0], 404,
      'a record that is not there');



=== TEST 4: a filter
--- upstream
while (my $r = $u->request) {
    if ($r->{body} =~ /slow/) { $u->hold }
    $u->answer($r->{body} =~ /bad/ ? 500 : 200, completion());
}
--- client
my $feed = feed('?q=is:error');
my $running = feed('?q=is:running');
my $words = feed('?q=needle');
next_event($_, 'hello') for $feed, $running, $words;

read_answer(begin({ model => $_ })) for 'good', 'bad', 'good needle',
      'bad again';
check([ map { next_event($feed, 'record')->{data}{model} } 1 .. 2 ],
      [ 'bad', 'bad again' ], 'errors only');
check(next_event($words, 'record', sub { $_[0]{outcome} eq 'ok' })->{data},
      { model => 'good needle' }, 'a word in a body');

my $c = begin({ model => 'slow' });
my $id = next_event($running, 'record', sub {
      ($_[0]{model} // '') eq 'slow' })->{data}{id};
select undef, undef, undef, 0.15;
upstream()->release;
check(next_event($running, 'unmatch', sub { $_[0]{id} eq $id })->{data},
      { id => $id }, 'no longer running');

my ($status, $body) = monitor('/api/events?q=modle:x');
check([ $status, json_value($body) ], [ 400, { error =>
      { code => 'bad_request' } } ], 'a bad filter');



=== TEST 5: a long answer for who comes late
--- http_config
openai_monitor_body_max 1m;
--- upstream
$u->request; $u->stream;
$u->event(delta("$_ \"quoted\" \x{4e2d}\x{6587} " x 40)) for 1 .. 300;
$u->hold;
$u->event('[DONE]'); $u->finish;
--- client
my $c = begin({ model => 'm', stream => true });
read_upto($c, qr/300 \\"quoted/);
my $want = join '', map { "$_ \"quoted\" \x{4e2d}\x{6587} " x 40 } 1 .. 300;
my $id;
wait_for(sub { my $r = json_value((monitor('/api/requests'))[1])->{items}[0];
               $id = $r->{id}; $r->{response_bytes} > 250_000 }, 'its bytes');

my $feed = feed("?watch=$id");
my $text = '';
while (length $text < length $want) {
    my $c = next_event($feed, 'answer')->{data}{choices}[0];
    check($c->{text_at}, length $text, 'in pieces');
    $text .= $c->{text};
}
check_same($text, $want, 'all of it');
upstream()->release;



=== TEST 6: viewers have a bound
fault 43
--- client
my @feeds = map { feed() } 1 .. 64;
check([ grep { status_of($_) != 200 } @feeds ], [], 'as many as there may be');

my ($status, $body) = monitor('/api/events');
check([ $status, json_value($body) ], [ 503, { error => { code => 'busy' } } ],
      'one too many');

reset_connection((pop @feeds)->{socket});
close((pop @feeds)->{socket});

my $again = wait_for(sub { my $f = feed(); status_of($f) == 200 && $f },
      'a place');
check(next_event($again, 'hello')->{data}, { zone => 'monitor' },
      'a place is free again');
check((monitor('/api/events', 'HEAD'))[0], 200, 'HEAD takes none');



=== TEST 7: who does not read costs no memory, and learns what it missed
fault 43
--- zone: 32m entries=2000
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_PORT/answer;
}
location /answer {
    openai_monitor off;
    return 200 '{"object":"list"}';
}
--- client
my $rss = sub {
    my $n = 0;
    for my $pid (worker_pids(), master()) {
        open my $file, '<', "/proc/$pid/status" or next;
        $n += $1 for join('', <$file>) =~ /^RssAnon:\s+(\d+)/m;
    }
    return $n;
};

my $idle = feed('', { receive_buffer => 2048 });
my $live = feed();
next_event($live, 'hello');

my $c = connection();
my $one = sub { send_bytes($c, post('/v1/embeddings',
      { model => 'm' . $_[0], input => 'x' x 100 })); read_answer($c) };

$one->($_) for 1 .. 50;
next_event($live, 'record', sub { ($_[0]{model} // '') eq 'm50' });
my $before = $rss->();

$one->($_), take($live, 0) for 51 .. 950;
next_event($live, 'record', sub { ($_[0]{model} // '') eq 'm950'
      && $_[0]{outcome} eq 'ok' });
my $grown = $rss->() - $before;
check($grown < 4096 || $ENV{OPENAI_MONITOR_CHECKED} ? 1 : $grown, 1,
      'no memory for the one that does not read');

# it reads now, until it is told that it lags, or has caught up.  A small window
# would make the kernel wait for its timers between the pieces

setsockopt $idle->{socket}, SOL_SOCKET, SO_RCVBUF, 1 << 20
    or die "setsockopt: $!\n";

my $select = IO::Select->new($idle->{socket});
my $last = '';

while ($last ne 'm950' && $select->can_read(60)) {
    take($idle, 0) or last;

    for my $event (splice @{ $idle->{events} }) {
        $last = $event->{data}{model} // '' if $event->{event} eq 'record';
        $last = 'm950' if $event->{event} eq 'lag';
    }
}

check($last, 'm950', 'it is told, or has caught up');



=== TEST 8: viewers do not keep a worker
fault 27
--- client
my @feeds = map { feed() } 1 .. 3;
next_event($_, 'hello') for @feeds;

# waits, with a limit, until the old worker has exited

reload();

for my $feed (@feeds) {
    wait_for(sub { $feed->{over} || !take($feed, 0.1) },
          'the end of the stream');
    check($feed->{over} // 0, 1, 'ended as HTTP wants it');
}

check(next_event(feed(), 'hello')->{data}, { zone => 'monitor' },
      'the new one serves');



=== TEST 9: all viewers are told the same of a record that has ended
--- zone
32m entries=400
--- upstream
while ($u->request) { $u->answer(200, completion()) }
--- client
my @feeds = map { feed($_) } ('', '', '?q=is:ok');
my $hello = next_event($feeds[0], 'hello');
my $c = begin({ model => 'model-1' });

read_answer($c);
send_bytes($c, post('/v1/chat/completions', { model => "model-$_" })),
      read_answer($c) for 2 .. 300;

my $told = sub {
    my ($feed) = @_;

    return [ map { json_text(next_event($feed, 'record', sub {
        $_[0]{outcome} eq 'ok' })->{data}) } 1 .. 300 ];
};

my ($one, @others) = map { $told->($_) } @feeds;

check([ map { json_value($_)->{model} } @$one ],
      [ map { "model-$_" } 1 .. 300 ], 'each of them, in order');
check_same(json_text($_), json_text($one), 'told again') for @others;

# the worker has forgotten the first texts by now

my $back = feed('', "Last-Event-ID: $hello->{data}{cursor}");
check_same(json_text($told->($back)), json_text($one), 'who comes back');



=== TEST 10: what is told of one zone is not told of another
two zones that begin in the same millisecond count their records alike
--- http_config
openai_monitor_zone zone=second:8m;
server {
    listen 127.0.0.1:$TEST_NGINX_OTHER_PORT;
    location / { openai_monitor_view zone=second; }
}
--- config
location / { return 200; }
location /second { openai_monitor zone=second; return 200; }
--- client
my @feeds = (feed(), do { local $ENV{TEST_NGINX_MONITOR_PORT} = $ENV{TEST_NGINX_OTHER_PORT}; feed() });
next_event($_, 'hello') for @feeds;

for my $uri ('/', '/second') {
    http(get("$uri?$_")) for 1 .. 20;
}

for my $at (0, 1) {
    my $want = $at ? '/second' : '/';

    check([ map { next_event($feeds[$at], 'record', sub { $_[0]{outcome} ne 'running' })
                  ->{data}{uri} } 1 .. 20 ],
          [ map { "$want?$_" } 1 .. 20 ], "of $want");
}



=== TEST 11: many that run, and say nothing, are not told of again and again
the upstream takes connections, and never looks at them
--- zone
32m entries=1000
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_OTHER_PORT; }
location /over { return 200; }
--- client
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 512, ReuseAddr => 1,
                                   LocalPort => $ENV{TEST_NGINX_OTHER_PORT}) or die $!;
my $many = 150;
my $feed = feed();
my @running = map { my $c = connection(); send_bytes($c, get("/$_")); $c } 1 .. $many;
my %told;

for my $n (1 .. 20) {
    http(get("/over?$n"));
    next_event($feed, 'record', sub { $told{$_[0]{uri}}++; $_[0]{uri} eq "/over?$n" && $_[0]{status} });
}

my ($most) = sort { $b <=> $a } @told{map { "/$_" } 1 .. $many};
check(scalar(grep { $told{"/$_"} } 1 .. $many), $many, 'all of them are told of');
check($most <= 3 ? 'once or twice' : $most, 'once or twice', 'how often');



=== TEST 12: an answer of many choices, the first of them all escapes
--- upstream
$u->request; $u->stream;
$u->event({ choices => [ map { { index => $_, delta => { content => $_ ? "choice $_" : "\x01" x 20_000 } } } 0 .. 15 ] });
$u->hold; $u->event('[DONE]'); $u->finish;
--- client
my $c = begin({ model => 'm', stream => true });
read_upto($c, qr/choice 15/);
my $id = wait_for(sub { json_value((monitor('/api/requests'))[1])->{items}[0] }, 'a record')->{id};
my $feed = feed("?watch=$id");
my %text;

until (($text{15} // '') eq 'choice 15' && length $text{0} == 20_000) {
    $text{$_->{index}} .= $_->{text} // '' for @{ next_event($feed, 'answer')->{data}{choices} };
}

check([ map { length $text{$_} } 0 .. 15 ], [ 20_000, (8) x 9, (9) x 6 ], 'all of them');
upstream()->release;



=== TEST 13: what had to make room is told of, also to who comes later
--- zone: 8m entries=16
--- config
location / { return 200 "here"; }
--- client
my $feed = feed();
my $socket = connection();
my $go = sub { send_bytes($socket, get("/$_[0]")), read_answer($socket) };

$go->($_) for 1 .. 12;
next_event($feed, 'record', sub { $_[0]{uri} eq '/12' && $_[0]{status} });
take($feed, 0.1) until grep { $_->{event} eq 'stats' && $_->{data}{requests} == 12 } @{ $feed->{events} };
check([ grep { $_->{event} eq 'gone' } @{ $feed->{events} } ], [], 'none is gone');

my @all = @{ records(12) };
$go->($_), select(undef, undef, undef, 0.002) for 13 .. 40;
push @all, map { $_->{data} } next_event($feed, 'record', sub { $_[0]{uri} eq '/40' && $_[0]{status} });

my %there = map { $_->{id} => $_ } @{ records(16) };
my ($next) = sort { $a <=> $b } map { moment($_->{started_at}) + $_->{duration_ms} } values %there;
my $told = sub { moment(next_event($_[0], 'gone', sub { moment($_[0]{before}) == int $next })->{data}{before}) };

check($told->($feed), int $next, 'up to the one that makes room next');
check([ map { (moment($_->{started_at}) + $_->{duration_ms} < int $next ? 1 : 0) } @all ],
      [ map { $there{$_->{id}} ? 0 : 1 } @all ], 'all before it, and no others');
check($told->(feed()), int $next, 'to who comes later');
check($told->(feed('?q=is:error')), int $next, 'whatever the filter');

monitor('/api/clear', 'POST', 'X-OpenAI-Monitor: 1');
next_event($feed, 'clear');
$go->(41);
next_event($feed, 'stats', sub { $_[0]{requests} == 41 });
check([ grep { $_->{event} eq 'gone' } @{ $feed->{events} } ], [], 'what is cleared is not told twice');



=== TEST 14: a long URI is whole wherever it is shown or looked for
The list, the live feed, CSV and the query language used the first 239 bytes and
did not say so.  Seen to fail before they read the head.
--- upstream
while ($u->request) { $u->answer(200, completion()) }
--- client
my $path = '/v1/chat/completions/' . join '/', map "part$_", 1 .. 60;
my $uri = "$path?first=1&" . ('x' x 900) . "&last=needle";
my $feed = feed();

next_event($feed, 'hello');
http(post($uri, { model => 'm' }));

check(next_event($feed, 'record', sub { $_[0]{outcome} eq 'ok' })->{data},
      { uri => $uri }, 'live');

my $id = records(1)->[0]{id};
my $api = sub { json_value((monitor($_[0]))[1]) };

check($api->('/api/requests'), { items => [ { uri => $uri } ] }, 'list');
check($api->("/api/request/$id"), { uri => $uri,
      request => { line => "POST $uri HTTP/1.1" } }, 'detail');
check_like((monitor('/api/export?format=csv'))[1], qr/,"\Q$uri\E",/, 'CSV');
check($api->('/api/export?format=har'), { log => { entries => [
      { _openai => { uri => $uri } } ] } }, 'HAR');

for ([ 'last%3Dneedle', 1 ], [ '~/last=NEEDLE$/', 1 ],
     [ 'path:*/part60', 1 ], [ "path:$path", 1 ], [ 'path:*/part59', 0 ],
     [ 'path:*needle', 0 ], [ 'last%3Dneedle2', 0 ])
{
    check($api->("/api/requests?q=$_->[0]"), { total => $_->[1] }, $_->[0]);
}
