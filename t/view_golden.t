# The promise: what the API writes stays as it is, byte for byte, until somebody
# changes it on purpose.
#
# The test sends a fixed set of exchanges and compares the list, the details,
# the exports and the metrics with view_golden.txt.  Times, ids, ports and byte
# counts that depend on them differ from run to run, so each becomes a word in
# capitals first.
#
# After a change on purpose, OPENAI_GOLDEN=write writes the file anew; its diff
# then shows what the change does to the API.
#
# Seen to fail when two members of the summary changed places.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use File::Basename qw(dirname);
use MonitorTest;

our $file = dirname(__FILE__) . '/view_golden.txt';

our $agent = 'User-Agent: OpenAI/Python 1.99.9';

our %usage = (prompt_tokens => 20, completion_tokens => 5, total_tokens => 25,
             prompt_tokens_details => { cached_tokens => 8 },
             completion_tokens_details => { reasoning_tokens => 2 });

our $call = { id => 'call_1', type => 'function',
             function => { name => 'look', arguments => '{"at":"sky"}' } };

sub chunk {
    my ($delta, $finish, %more) = @_;

    return { id => 'c1', object => 'chat.completion.chunk', model => 'gpt-4o',
             choices => [ { index => 0, delta => $delta,
                            finish_reason => $finish } ], %more };
}

# an answer for each path: status, body, headers

our %answers = (
    chat => sub { 200, completion(model => 'gpt-4o-2024-08-06',
        service_tier => 'default', usage => \%usage, choices => [
            { index => 0, finish_reason => 'tool_calls',
              message => { role => 'assistant', content => 'Let me look.',
                           tool_calls => [ $call ] } } ]),
        'x-request-id' => 'req_1', 'openai-processing-ms' => '12',
        'x-ratelimit-remaining-requests' => '9' },
    stream => sub { 200, sse(
        chunk({ role => 'assistant', reasoning_content => 'Hm.' }),
        chunk({ content => "Gr\x{fc}n" }),
        chunk({ tool_calls => [ { index => 0, %$call } ] }),
        chunk({}, 'tool_calls', usage => \%usage), '[DONE]'),
        'Content-Type' => 'text/event-stream' },
    refused => sub { 429, { error => { message => 'Slow "down"', code => 42,
                                       type => 'rate_limit' } },
        'Retry-After' => '3' },
    responses => sub { 200, { id => 'resp_1', object => 'response',
        status => 'completed', model => 'gpt-5', service_tier => 'flex',
        output => [ { type => 'message', role => 'assistant', content => [
            { type => 'output_text', text => 'Hi', annotations => [] } ] } ],
        usage => { input_tokens => 7, output_tokens => 2, total_tokens => 9,
                   input_tokens_details => { cached_tokens => 4 },
                   output_tokens_details => { reasoning_tokens => 0 } } } },
    refusal => sub { 200, completion(choices => [
            { index => 0, finish_reason => 'stop',
              message => { role => 'assistant', content => undef,
                           refusal => 'I cannot do that.' } } ]) },
    embeddings => sub { 200, { object => 'list', model => 'embed-1', data => [
            { object => 'embedding', index => 0, embedding => [ 0.5, 1 ] } ],
        usage => { prompt_tokens => 3, total_tokens => 3 } } },
    anthropic => sub { 200, { id => 'msg_1', type => 'message',
        role => 'assistant', model => 'claude-sonnet-4-5',
        content => [ { type => 'text', text => 'Bonjour' } ],
        stop_reason => 'end_turn',
        usage => { input_tokens => 9, output_tokens => 4,
                   cache_read_input_tokens => 100,
                   cache_creation_input_tokens => 50 } } },
    audio => sub { 200, "\0\1\2\xff", 'Content-Type' => 'audio/mpeg' },
    models => sub { 200, { object => 'list', data => [
            { id => 'gpt-4o', object => 'model' } ] } },
    teapot => sub { 418, 'short and stout', 'Content-Type' => 'text/plain' },
);

# what differs from run to run

sub normal {
    my ($text) = @_;

    $text =~ s/\b[0-9]{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z\b/TIME/g;
    $text =~ s/(?<=127\.0\.0\.1:)\d+/PORT/g;

    # ids in order of their first use

    my ($nids, %ids) = 0;
    $text =~ s/\b(0[0-9a-z]{23})\b/$ids{$1} \/\/= 'ID' . ++$nids/ge;

    # fingerprints, whose salt belongs to the zone

    $text =~ s/(REDACTED-|"key":")[0-9a-f]{10}\b/$1PRINT/g;

    $text =~ s/("(?:\w+_)?ms":)[\d.]+/$1MS/g;
    $text =~ s/("tokens_per_second":)[\d.]+/$1RATE/g;
    $text =~ s/("(?:send|wait|receive|time)":)[\d.]+/$1MS/g;
    $text =~ s/("pieces":)\d+/$1N/g;
    $text =~ s/("pieces_timeline":)\[(?:\[[\d.]+,\d+\],?)*\]/$1TIMELINE/g;

    return $text;
}

# the columns of times and of fingerprints, in lines whose cells have no line end

sub normal_csv {
    my ($text) = @_;
    my ($head, @lines) = split /\r\n/, normal($text);
    my @names = split /,/, $head;

    for my $line (@lines) {
        my @cells = $line =~ /\G("(?:[^"]|"")*"|[^,]*)(?:,|$)/g;

        for my $n (0 .. $#names) {
            $cells[$n] =~ s/^[\d.]+$/MS/ if $names[$n] =~ /_ms$/;
            $cells[$n] =~ s/\w+/PRINT/ if $names[$n] eq 'key';
        }

        $line = join ',', @cells[0 .. $#names];
    }

    return join "\\r\n", $head, @lines, '';
}

# without buckets, and without values that depend on time or memory

sub normal_metrics {
    my ($text) = @_;

    $text =~ s/^\S+_bucket\{.*\n//mg;
    $text =~ s/^(\w*(?:seconds|bytes|pages|duration|time_to|time_per)
                 [^#\n]*)\ \S+$/$1 N/xgm;

    return normal($text);
}

run_tests();

__DATA__

=== TEST 1: list, detail, exports and metrics of a fixed set of exchanges
--- config
location / {
    proxy_pass          http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version  1.1;
    proxy_set_header    Connection "";
}
location /off/ {
    openai_monitor_store_bodies off;
    proxy_pass          http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT/v1/;
}
location /nowhere/ {
    proxy_pass          http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
}
--- http_config
openai_monitor_price gpt-4o* input=2.5 output=10 cached=1.25;
--- upstream
our %answers;

while (my $r = $u->request) {
    my ($what) = $r->{uri} =~ /[?&]what=(\w+)/;

    $u->answer($answers{$what}->());
}
--- client
our ($agent, $call, $file);

my @hello = (messages => [ { role => 'user', content => 'Hello' } ]);
my @more = (messages => [
    { role => 'system', content => 'Be brief.' },
    { role => 'user', content => 'Look at the sky.' } ]);
my @tools = (tools => [ { type => 'function', function =>
                        { name => 'look', parameters => {} } } ]);

sub chat {
    my ($what, $body, @headers) = @_;

    http(post("/v1/chat/completions?what=$what", $body, $agent, @headers));
}

chat(chat => { model => 'gpt-4o', @more, @tools, user => 'u-1' },
     'Authorization: Bearer sk-' . 'x' x 20, 'session-id: s-1',
     'x-stainless-retry-count: 1');
chat(stream => { model => 'gpt-4o', stream => true, @more });
chat(chat => { model => 'gpt-4o', messages => [ @{ $more[1] },
     { role => 'assistant', content => 'Let me look.',
       tool_calls => [ $call ] },
     { role => 'tool', tool_call_id => 'call_1', content => 'blue' },
     { role => 'user', content => [ { type => 'text', text => 'And now?' },
       { type => 'image_url', image_url => { url => 'data:image/png;base64,' } }
     ] } ] });
chat(refused => { model => "m\"1\n", @hello });
chat(refusal => { model => "\x{3d}1+1", @hello });
chat(teapot => { model => 'm', @hello });
http(post('/v1/responses?what=responses', { model => 'gpt-5', input => 'Hi' },
     $agent));
http(post('/v1/embeddings?what=embeddings', { model => 'e', input => 'x' }));
http(post('/v1/messages?what=anthropic', { model => 'claude-sonnet-4-5',
     max_tokens => 10, @hello }, 'anthropic-version: 2023-06-01',
     'x-api-key: ' . 'k' x 20));
http(post('/v1/audio/speech?what=audio', { model => 'tts-1', input => 'x' }));
http(get('/v1/models?what=models&api_key=' . 'k' x 20));
http(post('/off/chat/completions?what=chat', { model => 'gpt-4o', @hello }));
http(post('/nowhere/v1/chat/completions', { model => 'm', @hello }));

my @records = @{ records(13) };
my $dump = '';

my @parts = (
    [ '/api/requests?page_size=4', \&normal ],
    [ '/api/requests?q=is:error', \&normal ],
    [ "/api/request/$records[0]{id}?body=none", \&normal ],
    [ "/api/request/$records[1]{id}/events", \&normal ],
    [ '/api/export?format=jsonl', \&normal ],
    [ '/api/export?format=har&q=path:/v1/chat*', \&normal ],
    [ '/api/export?format=csv', \&normal_csv ],
    [ '/metrics', \&normal_metrics ],
);

for my $part (@parts) {
    my ($uri, $normal) = @$part;
    my ($status, $body) = monitor($uri);

    # a record a line, so that a diff can be read

    $body =~ s/\},\{"id"/},\n{"id"/g;
    $dump .= '== GET ' . normal($uri) . ": $status\n"
             . $normal->($body) . "\n";

    next unless $uri =~ /jsonl/;

    # the detail of a record is its line

    my @lines = split /\n/, $body;

    check_same((monitor("/api/request/$records[$_]{id}"))[1], $lines[$_],
               "detail of record $_")
        for 0 .. $#records;
}

if (($ENV{OPENAI_GOLDEN} // '') eq 'write') {
    open my $out, '>:raw', $file or die "$file: $!\n";
    print $out $dump;
    close $out or die "$file: $!\n";
}

open my $in, '<:raw', $file or die "$file: $!\n";
my $golden = do { local $/; <$in> };

my @got = split /\n/, $dump;
my @want = split /\n/, $golden;
my ($line) = grep { ($got[$_] // '') ne ($want[$_] // '') }
             0 .. ($#got > $#want ? $#got : $#want);

Test::More::is(defined $line ? "line " . ($line + 1) . ": $got[$line]" : '',
               defined $line ? "line " . ($line + 1) . ": $want[$line]" : '',
               'as it was');
