# The promise: a search finds words as people read them: it decodes bodies, undoes
# JSON's escapes, and assembles streamed answers.  A long search delays nobody,
# and it ends when its client leaves.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use Compress::Zlib ();
use MonitorTest;

# how many records match, or the error

sub found {
    my ($q) = @_;
    $q =~ s/([^A-Za-z0-9.])/sprintf '%%%02X', ord $1/ge;

    my ($status, $body) = monitor("/api/requests?q=$q");
    my $answer = json_value($body);

    return $status == 200 ? $answer->{total} : $answer->{error}{message};
}

# waits for n records; does not read their bodies, which are large

sub settled {
    my ($n) = @_;

    wait_for(sub { found('-is:running') == $n }, "$n records");
}

sub finds {
    while (my ($q, $want) = splice @_, 0, 2) { check(found($q), $want, $q) }
}

# asks for a list, and leaves the answer unread

sub asked {
    my ($arguments) = @_;
    my $socket = connection(port => $ENV{TEST_NGINX_MONITOR_PORT});

    send_bytes($socket, "GET /api/requests?$arguments HTTP/1.1\r\n"
                        . "Host: localhost\r\n\r\n");
    return $socket;
}

# how many lines of the access log match the second expression before the first
# line that matches the first one

sub before {
    my ($late, $early) = @_;
    my $n = 0;

    for (access_log()) {
        last if /$late/;
        $n++ if /$early/;
    }

    return $n;
}

run_tests();

__DATA__

=== TEST 1: words in bodies, however they travelled
--- upstream
while (my $r = $u->request) {
    if ($r->{uri} =~ /stream/) {
        $u->stream('X-Trace' => 'Alpha beta');
        $u->event({ choices => [ { index => 0, delta => { content => $_ } } ] })
            for 'Straw', 'ber', 'ry ', 'cake';
        $u->event('[DONE]'); $u->finish;
    } elsif ($r->{uri} =~ /gzip/) {
        $u->answer(200,
        Compress::Zlib::memGzip('{"text":"compressed treasure"}'),
                   'Content-Encoding' => 'gzip');
    } else {
        $u->answer(200, completion());
    }
}
--- client
http(post('/v1/chat/completions?stream', { model => 'asked-1', stream => true,
     messages => [ { role => 'user', content => "say \"this\"\nplease" } ] }));
http(post('/v1/gzip', '{"q":"\u4e2d\u6587 escaped"}', 'X-Trace: gamma'));
http(post('/v1/plain', "{\"q\":\"\xe4\xb8\xad\xe6\x96\x87 raw\"}"));
http(post('/v1/go', '{"q":"\u003cb\u003E x \u0026\u0026 y main\/App.kt",'
                    . '"arguments":"{\"cmd\":\"ls \\u003c in\"}"}'));
records(4);

finds('strawberry cake' => 1, '"Strawberry cake"' => 1, 'treasure' => 1,
      'TREASURE' => 1,
      '"say \\"this\\""' => 1, "\xe4\xb8\xad\xe6\x96\x87" => 2, 'nowhere' => 0,
      'in:request treasure' => 0, 'in:response treasure' => 1,
      'in:request please' => 1, 'in:response please' => 0,
      '"<b>"' => 1, '"x && y"' => 1, 'main/App.kt' => 1, '"ls < in"' => 1,
      'asked-1' => 1, '/v1/plain' => 1, '-treasure' => 3,
      '-treasure -cake' => 2,
      '(treasure OR cake)' => 2, 'header.x-trace:beta' => 1,
      'header.X-TRACE:A' => 2,
      'header.x-trace:delta' => 0, '~/straw.erry/' => 1,
      '~/compressed\s+t/' => 1,
      '~/^nothing$/' => 0, '~/v1\/pl/' => 1, 'is:stream strawberry' => 1,
      '-is:stream strawberry' => 0);

finds('~/(/' => qr/invalid regular expression "\("/,
      '~/(*LIMIT_MATCH=9999999)a/' => qr/invalid regular expression/,
      'modle:x' => qr/unknown key "modle", did you mean "model"\?/,
      'is:runing' => '"q": unknown value "runing" for "is:", did you mean'
                     . ' "running"?',
      'in:body' => '"q": unknown value "body" for "in:"; use one of request,'
                   . ' response',
      'a)' => '"q": unmatched ")"', '(a' => '"q": unmatched "("');



=== TEST 2: a search through large bodies lets others work
--- zone: 96m
--- http_config
client_max_body_size 2m;
client_body_buffer_size 2m;
openai_monitor_body_max 1m;
--- upstream
while ($u->request) { $u->answer(200, completion()) }
--- client
my $c = connection();

for (1 .. 60) {
    send_bytes($c, post('/v1/chat/completions', { model => 'm',
               messages => [ { role => 'user', content =>
               'lorem ipsum ' x 80_000 } ] }));
    read_answer($c);
}

settled(60);

# many searches at once, and lists that are asked for later

my (@search, @list);

stopped(sub {
    @search = map { asked("q=absent-$_") } 1 .. 4;
    @list = map { asked('page_size=1') } 1 .. 20;
});

# one client leaves, and the others get their answers

close pop @search;
check(json_value(read_answer($_)->{body}), { total => 60 }, 'a list') for @list;
check(json_value(read_answer($_)->{body}), { total => 0 }, 'a search')
      for @search;
check(before(qr/absent-[123]/, qr/page_size=1 /), 20,
      'none of them waited for the searches');

# catastrophic backtracking ends early, and the worker lives

check(found('~/(l*)*(o*)*(r*)*x9/ in:request'), 0, 'a slow expression');
check(found('lorem'), 60, 'after it');



=== TEST 3: a range of time, the same for all that take a query
--- upstream
while (my $r = $u->request) {
    $u->hold if $r->{uri} =~ /held/;
    $u->answer($r->{uri} =~ /fail/ ? 503 : 200, completion());
}
--- client
my $c = connection();

for my $uri (qw/ first second fail last /) {
    http(post("/$uri", { model => $uri }));
    select undef, undef, undef, 0.02;
}

my @at = map { $_->{started_at} } @{ records(4) };
my $range = "time:$at[1]..$at[3]";

finds($range => 2, "-$range" => 2, "time:>$at[1]" => 2, "time:>=$at[1]" => 3,
      "time:<$at[1]" => 1, "$range is:error" => 1, 'age:<1h' => 4,
      'age:>1h' => 0, 'time:' . substr($at[0], 0, 4) . '-01-01..2200-01-01' => 4,
      'time:<5m' => '"q": invalid moment "<5m"; use a form such as'
                    . ' 2026-11-25T10:00, did you mean "age"?',
      'tiem:1' => '"q": unknown key "tiem", did you mean "time"?');

$range =~ s/:/%3A/g;

my ($status, $csv) = monitor("/api/export?format=jsonl&q=$range");
check([ map { json_value($_)->{uri} } split /\n/, $csv ], [ '/second', '/fail' ],
      'export');

# statistics, slices and tables cover the records that match

send_bytes($c, post('/held', { model => 'first' }));
wait_for(sub { found('is:running') == 1 }, 'a running record');

my $stats = sub { json_value((monitor("/api/stats?q=$_[0]"))[1]) };
my $want = {
    requests => 2, in_flight => 0, success_rate => 0.5,
    by_outcome => { ok => 1, upstream_error => 1 },
    by_status => { '2xx' => 1, '5xx' => 1 },
    models => sub { @{ $_[0] } == 2 },
    endpoints => sub { @{ $_[0] } == 2 },
    since => $at[1], tables_since => $at[1],
    series => sub { my $n = 0; $n += $_->{requests} for @{ $_[0] }; $n == 2 },
    zone => { records => 5 },
};

check($stats->($range), $want, 'statistics');

for my $window (qw/ 5m 1h 24h /) {
    check($stats->("$range&window=$window"), { %$want,
          since => qr/^20/ }, "statistics of $window");
}

check($stats->('path:/held'), { requests => 0, in_flight => 1, models => [] },
      'what runs');
check($stats->('path:/nowhere'), { requests => 0, in_flight => 0,
      success_rate => null, duration_ms => { p50 => null } }, 'nothing');
check((monitor('/api/stats?q=modle:x'))[0], 400, 'a query that is none');

upstream()->release;
read_answer($c);



=== TEST 4: an expression within a long line
JSON is one, as a rule; what a star takes too much of it is to be given back
--- upstream
while ($u->request) { $u->answer(200, completion()) }
--- client
http(post('/v1/chat/completions', { model => 'm', messages => [ { role => 'user',
     content => 'alpha ' . 'x' x 1000 . ' beta' . 'y' x 1500 } ] }));
http(post('/deep', 'a' x 4096));
settled(2);

finds('~/alpha.*beta/' => 1, '~/alpha .*? beta/' => 1, '~/"content":"\w+ x+ .*y{9}/' => 1,
      '~/alpha.*gamma/' => 0);

finds('~/a (?:[^"\\\\\\\\]|\\\\\\\\.)*y{800}/' => 1, '~/\bx{9}/' => 1, '~/(?<= )beta/' => 1,
      '~/(?<![axy])y{9}/' => 0, '~/^y/' => 0, '~/(?x) alp ha # comment/' => 1,
      '~/\Qalpha x/' => 1, '~/alpha)|(?:x/' => '"q": invalid regular expression'
                                               . ' "alpha)|(?:x"');

# hundreds of levels at each place take 0.5 s; others are served meanwhile

my ($c, @others) = stopped(sub {
    map { asked("q=$_") } '~/(?:a%7Cb)%7B0,365%7D%5Bqz%5D/+in:request', ('path:/deep') x 3
});

check(read_answer($_)->{status}, 200, 'others') for @others;
check(read_answer($c)->{body}, qr/"total":0,/, 'and it is not there');
check(before(qr/365/, qr/path:/), 3, 'they were served first');

# every route refuses an expression that takes too long

my $why = '"q": matching takes too long for "(a*)*[qz]"';
my $query = 'q=~/(a*)*%5Bqz%5D/+in:request';

for my $uri ('requests?', 'stats?', 'export?', 'export?format=har&') {
    my ($status, $body) = monitor("/api/$uri$query");
    check($status == 400 && json_value($body)->{error}, { code => 'bad_request',
          message => $why }, $uri);
}

finds('~/(a*)*[qz]/ is:error' => 0, '~/(a*)*[qz]/ path:/v1' => 0);
