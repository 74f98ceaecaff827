# The promise: an export has every record that matches a filter, in a format that
# other programs read, and no secret.  It needs bounded memory, however slowly
# the client reads.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MIME::Base64 ();
use MonitorTest;

sub export {
    my ($format, $q) = @_;
    my ($status, $body, $head) = monitor("/api/export?format=$format"
          . ($q ? "&q=$q" : ''));
    die "$format answers $status: $body\n" unless $status == 200;

    return wantarray ? ($body, $head) : $body;
}

# lists what a HAR 1.2 lacks, or has wrong

sub har_faults {
    my ($har) = @_;
    my $text = sub { defined $_[0] && !ref $_[0] };
    my $number = sub { defined $_[0] && $_[0] =~ /^-?[\d.]+$/ };
    my $pairs = sub { ref $_[0] eq 'ARRAY' && !grep { !defined $_->{name}
          || !defined $_->{value} } @{ $_[0] } };
    my $since = sub { defined $_[0]
          && $_[0] =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ };
    my $positive = sub { $number->($_[0]) && $_[0] >= 0 };

    my $entry = {
        startedDateTime => $since, time => $positive, cache => {},
        timings => { send => $positive, wait => $positive,
        receive => $positive },
        request => { method => $text, url => qr{^http://},
        httpVersion => qr{^HTTP/}, cookies => [],
                     headers => $pairs, queryString => $pairs,
                     headersSize => $number, bodySize => $number },
        response => { status => $number, statusText => $text,
        httpVersion => qr{^HTTP/}, cookies => [],
                      headers => $pairs, redirectURL => $text,
                      headersSize => $number, bodySize => $number,
                      content => { size => $positive, mimeType => $text } },
    };

    return differences($har->{log}, { version => '1.2',
          creator => { name => $text, version => $text },
                       entries => sub { ref $_[0] eq 'ARRAY' } }, 'log'),
           map { my $n = $_;
                 my $sum = 0;
                 $sum += $_ for values %{ $har->{log}{entries}[$n]{timings} };
                 (differences($har->{log}{entries}[$n], $entry, "entries[$n]"),
                  abs($sum - $har->{log}{entries}[$n]{time}) > 0.002
                  ? "entries[$n].time" : ()) }
               0 .. $#{ $har->{log}{entries} };
}

run_tests();

__DATA__

=== TEST 1: HAR, JSONL and CSV of the same records
--- upstream
while (my $r = $u->request) {
    if ($r->{uri} =~ /close/) { $u->close; last }
    if ($r->{uri} =~ /audio/) { $u->answer(200, "\0\1\2\xff",
          'Content-Type' => 'audio/mpeg') }
    else { $u->answer(200, completion()) }
}
--- client
http(post('/v1/chat/completions?a=1&b=%20x&api_key=SECRET-ARG',
      { model => "m\"q\n" },
          'Authorization: Bearer SECRET-KEY', 'Cookie: id=SECRET-COOKIE'));
http(post('/v1/audio', { input => 'x' }));
http(get('/close'));
http(get('/v1/models'));
records(4);

my ($text, $head) = export('har');
my $har = json_value($text);

check([ har_faults($har) ], [], 'HAR 1.2');
check([ map { $_->{request}{url} =~ m{^http://[^/]+(/[^?]*)} }
      @{ $har->{log}{entries} } ],
      [ qw{ /v1/chat/completions /v1/audio /close /v1/models } ],
      'oldest first');
check($har->{log}{entries}[0]{request}, { queryString =>
      sub { $_[0][0]{name} eq 'a' && @{ $_[0] } == 3 },
      postData => { mimeType => 'application/json', text => qr/^\{"model"/ } },
      'a request');
check($har->{log}{entries}[1]{response}{content}, { mimeType => 'audio/mpeg',
      encoding => 'base64',
      size => 4, text => MIME::Base64::encode("\0\1\2\xff", '') }, 'bytes');
check_like($head,
      qr/^Content-Disposition: attachment; filename="openai-monitor.har"\r$/m,
      'a file');

my @lines = map json_value($_), split /\n/, export('jsonl');
check([ map $_->{uri}, @lines ], [ qr/completions/, '/v1/audio', '/close',
      '/v1/models' ], 'JSONL');
check($lines[0], { response => { body => qr/chatcmpl-1/ },
      answer => { choices => [ { text => 'Hello' } ] } }, 'in detail');

my $csv = export('csv');
check_like($csv, qr/^id,started_at,method,uri,status,.*\r\n/, 'CSV');
check_like($csv, qr/,"m""q\n",/, 'quotes');
check(scalar(() = $csv =~ /\r\n/g), 5, 'lines');

for my $all ($text, $csv, join '', map json_text($_), @lines) {
    check($all =~ /SECRET/ ? 1 : 0, 0, 'no secret');
}

check(scalar @{ json_value(scalar export('har',
      'path:/v1/*'))->{log}{entries} }, 3, 'a filter');
check([ har_faults(json_value(scalar export('har', 'nothing-like-this'))) ], [],
      'nothing found');
check(export('jsonl', 'nothing-like-this') . '', '', 'no lines');
check([ (monitor('/api/export?format=har', 'HEAD'))[0, 1] ], [ 200, '' ],
      'HEAD');



=== TEST 2: a slow reader gets all of it, and the server does not grow
--- zone: 96m
--- http_config
client_max_body_size 2m;
client_body_buffer_size 2m;
openai_monitor_body_max 1m;
gzip on;
gzip_types *;
--- upstream
while ($u->request) { $u->answer(200, completion()) }
--- client
my $c = connection();

for (1 .. 60) {
    send_bytes($c, post('/v1/chat/completions', { model => 'm',
          n => 'x' x 1_000_000 }));
    read_answer($c);
}

wait_for(sub { json_value((monitor('/api/requests?page_size=1'))[1])->{total}
      == 60 }, '60 records');

my $rss = sub {
    my $n = 0;
    for my $pid (worker_pids(), master()) {
        open my $file, '<', "/proc/$pid/status" or next;
        $n += $1 for join('', <$file>) =~ /^RssAnon:\s+(\d+)/m;
    }
    return $n;
};

my $before = $rss->();
my $slow = connection(port => $ENV{TEST_NGINX_MONITOR_PORT},
      receive_buffer => 4096);
send_bytes($slow, "GET /api/export?format=jsonl HTTP/1.1\r\nHost: localhost\r\n"
                  . "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n");
read_upto($slow, qr/"body"/);

check(json_value((monitor('/api/requests?page_size=1'))[1]), { total => 60 },
      'others are served meanwhile');
my $grown = $rss->() - $before;
check($grown < 40_000 || $ENV{OPENAI_MONITOR_CHECKED} ? 1 : $grown, 1,
      'memory is bounded');

my $answer = read_answer($slow, timeout => 30);
check($answer->{complete}, 1, 'to its end');
check(scalar(() = $answer->{body} =~ /^\{"id":/mg), 60, 'all of it');

$grown = $rss->() - $before;
check($grown < 40_000 || $ENV{OPENAI_MONITOR_CHECKED} ? 1 : $grown, 1,
      'and none is left behind');

# a client that leaves in the middle

my $gone = connection(port => $ENV{TEST_NGINX_MONITOR_PORT},
      receive_buffer => 4096);
send_bytes($gone, "GET /api/export?format=har HTTP/1.1\r\nHost: localhost\r\n\r\n");
read_upto($gone, qr/"body"|"text"/);
reset_connection($gone);
check(json_value((monitor('/api/requests?page_size=1'))[1]), { total => 60 },
      'and the server is there');
