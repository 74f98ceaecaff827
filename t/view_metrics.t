# The promise: Prometheus can read /metrics, whatever names the traffic has:
# promtool accepts it, buckets add up, and labels are bounded and escaped.

use strict;
use warnings;

use File::Temp ();
use Test::Nginx::Socket 'no_plan';

use MonitorTest;

sub metrics {
    my ($status, $body) = monitor('/metrics');
    die "/metrics answers $status\n" unless $status == 200;

    return $body;
}

# the complaints of promtool; none when it accepts the text

sub promtool {
    my ($text) = @_;

    return 'promtool is not installed, the package is prometheus'
        unless grep { -x "$_/promtool" } split /:/, $ENV{PATH};

    my $file = File::Temp->new;
    print $file $text;
    close $file;

    my $said = `promtool check metrics < $file 2>&1`;
    return $? ? $said || "status $?" : '';
}

# in every histogram buckets grow, and +Inf is the count

sub wrong_buckets {
    my ($text) = @_;
    my (%last, @wrong);

    my $sample = qr/^(\w+?)_(bucket|count)\{(.*?)(?:le="[^"]+")?\} (\S+)$/m;

    while ($text =~ /$sample/g) {
        my ($key, $value) = ("$1\{$3}", $4);

        push @wrong, "$key: $value" if $2 eq 'bucket'
        && $value < ($last{$key} // 0);
        push @wrong, "$key: $value is not $last{$key}"
            if $2 eq 'count' && $value != ($last{$key} // -1);
        $last{$key} = $value;
    }

    return %last ? @wrong : 'no histogram';
}

# samples that come twice, of which Prometheus keeps one

sub twice {
    my ($text) = @_;
    my %n;

    $n{$_}++ for $text =~ /^(\w+(?:\{.*\})?) \S+$/mg;

    return grep { $n{$_} > 1 } sort keys %n;
}


# one line of a metric of chats

sub series {
    my ($name, $model, $answered, $error, $more, $value) = @_;

    return qr/^gen_ai_${name}\{gen_ai_operation_name="chat",
              gen_ai_provider_name="\w*",
              gen_ai_request_model="$model",
              gen_ai_response_model="$answered",
              error_type="$error",\Q$more\E\}\ $value$/mx;
}

run_tests();

__DATA__

=== TEST 1: nothing has happened yet
--- client
my $text = metrics();
check_like($text, qr/^openai_monitor_requests_total\{outcome="ok",\} 0$/m,
      'counters are there');
check(promtool($text), '', 'promtool');



=== TEST 2: every kind of exchange
--- upstream
while (my $r = $u->request) {
    if ($r->{uri} =~ /fail/) { $u->answer(503, { error => { message => 'x',
          type => 'y' } }) }
    elsif ($r->{body} =~ /"stream":true/) {
        $u->stream;
        $u->event({ model => 'answered', choices => [ { index => 0,
        delta => { content => $_ } } ] })
            for qw/ a b c /;
        $u->event({ choices => [], usage => { prompt_tokens => 1000,
        completion_tokens => 3,
                    total_tokens => 1003, prompt_tokens_details =>
                    { cached_tokens => 512 } } });
        $u->event('[DONE]'); $u->finish;
    } else { $u->answer(200, completion()) }
}
--- client
http(post('/v1/chat/completions', { model => 'plain' }));
http(post('/v1/chat/completions', { model => 'streams', stream => true }));
http(post('/v1/chat/completions?fail', { model => 'fails' }));
http(post('/v1/embeddings', { model => "odd\\\"\n\xe4\xb8\xad\xff{}," }));
records(4);

my $text = metrics();
check(promtool($text), '', 'promtool');
check([ wrong_buckets($text) ], [], 'buckets');

check_like($text, series('server_request_duration_seconds_count',
      'plain', 'test-model-1', '', '', 1), 'duration');
check_like($text, series('server_time_to_first_token_seconds_bucket',
      'streams', 'answered', '', 'le="60"', 1), 'first token, up to 60 s');
check_like($text, series('client_token_usage_sum',
      'streams', 'answered', '', 'gen_ai_token_type="input",', 1000), 'tokens');
check_like($text, series('client_token_usage_bucket', 'streams', 'answered',
      '', 'gen_ai_token_type="output",le="67108864"', 1), 'the last bound');
check_like($text, series('server_request_duration_seconds_count',
      'fails', '', '503', '', 1), 'an error by its status');
check_like($text,
      qr/^openai_monitor_cached_input_tokens_total\{.*"streams".*\} 512$/m,
      'cached tokens');
check_like($text,
      qr/^openai_monitor_requests_total\{outcome="upstream_error",\} 1$/m,
      'outcomes');
check_like($text, qr/^openai_monitor_zone_records 4$/m, 'the zone');

my (undef, undef, $head) = monitor('/metrics');
check_like($head,
      qr{^Content-Type: text/plain; version=0.0.4; charset=utf-8\r$}m,
      'its type');



=== TEST 3: more names than there is room for
--- zone: 32m
--- upstream
while ($u->request) { $u->answer(200, completion()) }
--- client
my $c = connection();

for my $n (1 .. 300) {
    send_bytes($c, post('/v1/chat/completions', { model => "model-$n" }));
    read_answer($c);
}

wait_for(sub { metrics() =~ /^openai_monitor_zone_records 300$/m },
      '300 records');

my $text = metrics();
check(promtool($text), '', 'promtool');
check([ wrong_buckets($text) ], [], 'buckets');

my %models = map { $_ => 1 } $text =~ /gen_ai_request_model="([^"]*)"/g;
check(keys %models <= 64 && $models{other} ? 1 : 0, 1, 'names are bounded');

my $sum = 0;
my $count = qr/^gen_ai_server_request_duration_seconds_count\{.*\} (\d+)$/m;
$sum += $1 while $text =~ /$count/g;
check($sum, 300, 'no request is lost');
check(length $text < 2_000_000 ? 1 : 0, 1, 'the page is bounded');



=== TEST 4: names that read the same
--- zone: 32m
--- upstream
while ($u->request) { $u->answer(200, completion()) }
--- client
my $c = connection();

for my $model (('other') x 5, (map { "model-$_" } 1 .. 67), ('odd%ff') x 2,
               ('odd%fe') x 2)
{
    send_bytes($c, post("/v1beta/models/$model:generateContent", '{}'));
    read_answer($c);
}

for my $model ("odd\xff", "odd\xfe", "odd\xef\xbf\xbd") {
    send_bytes($c, post('/v1/chat/completions',
                        qq({"model":"$model","messages":[]})));
    read_answer($c);
}

wait_for(sub { metrics() =~ /^openai_monitor_zone_records 79$/m },
         '79 records');

my $text = metrics();
check([ twice($text) ], [], 'each sample is there once');
check(promtool($text), '', 'promtool');
check([ wrong_buckets($text) ], [], 'buckets');

my $sum = 0;
my $count = qr/^gen_ai_server_request_duration_seconds_count\{.*\} (\d+)$/m;
$sum += $1 while $text =~ /$count/g;
check($sum, 79, 'no request is lost');

# the tables of the statistics merge such names too, with a query or without

my %stats = map { $_ => json_value((monitor("/api/stats$_"))[1]) }
                '', '?q=status:200';

for my $table (qw/ models endpoints keys peers /) {
    for my $query (sort keys %stats) {
        my (%n, %requests);

        for (@{ $stats{$query}{$table} }) {
            $n{$_->{name}}++;
            $requests{$_->{name}} += $_->{requests};
        }

        check([ grep { $n{$_} > 1 } sort keys %n ], [], "$table$query");
        check($requests{"odd\x{fffd}"}, 4, "as one$query")
            if $table eq 'models';
    }
}
