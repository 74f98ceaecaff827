# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: a total tells the truth.  What is unknown makes it a lower bound,
# and it says so; each answer is paid once, whoever fetches it again, and
# however often; tables follow the window.  Seen to fail before the store counted
# unknown usage, and before it remembered the answers that had counted.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

master_on();
workers(2);

our $stats = sub { json_value((monitor("/api/stats" . ($_[0] // '')))[1]) };

# answers in the order of the requests

our $answer = sub {
    my ($u) = @_;

    while (my $r = $u->request) {
        my ($what) = $r->{uri} =~ /what=(\w+)/;

        $u->answer(200, json_text($main::answers{$what}));
    }
};

my $usage = { input_tokens => 100, output_tokens => 10, total_tokens => 110 };

our %answers = (
    queued => { id => 'resp_1', status => 'queued', model => 'm', output => [],
                usage => undef },
    done => { id => 'resp_1', status => 'completed', model => 'm',
              output => [], usage => $usage },
    run => { id => 'run_1', object => 'thread.run', status => 'queued',
             model => 'm', usage => undef },
    ran => { id => 'run_1', object => 'thread.run', status => 'completed',
             model => 'm', usage => { prompt_tokens => 100,
             completion_tokens => 10, total_tokens => 110 } },
    chat => { id => 'chat_1', model => 'm', choices => [],
              usage => { prompt_tokens => 100, completion_tokens => 10,
              total_tokens => 110 } },
    silent => { id => 'chat_1', model => 'm', choices => [ { index => 0,
                message => { content => 'a' } } ] },
    other => { id => 'chat_2', model => 'nobody', choices => [],
               usage => { prompt_tokens => 100, completion_tokens => 10,
               total_tokens => 110 } },
    image => { id => 'chat_3', model => 'm', choices => [],
               usage => { prompt_tokens => 100, completion_tokens => 10,
               total_tokens => 110,
               completion_tokens_details => { image_tokens => 9 } } },
);

run_tests();

__DATA__

=== TEST 1: a response in the background, polled by two workers and after a reload
--- http_config
openai_monitor_price m input=1 output=10;
--- upstream
$::answer->($u);
--- client
http(post('/v1/responses?what=queued', { model => 'm', background => true }));
http(get('/v1/responses/resp_1?what=queued'));

records(2);
check($::stats->(), { requests => 2, no_usage_requests => 0,
      usage => { input_tokens => 0 } }, 'nothing is used yet');

http(get('/v1/responses/resp_1?what=done')) for 1 .. 4;
records(6);
reload();
http(get('/v1/responses/resp_1?what=done')) for 1 .. 4;

my $all = records(10);

check([ map { $_->{usage_repeated} ? 1 : 0 } @$all ],
      [ 0, 0, 0, 1, 1, 1, 1, 1, 1, 1 ], 'only the first one counts');
check([ map $_->{cost_usd}, @$all[2, 3, 9] ], [ 0.0002, 0, 0 ],
      'the others cost nothing');

for my $query ('', '?q=model:m', '?window=5m') {
    check($::stats->($query), { requests => 10, no_usage_requests => 0,
          usage => { input_tokens => 100, output_tokens => 10 },
          cost_usd => 0.0002, models => [ { name => 'm', input_tokens => 100,
          cost_usd => 0.0002 } ] }, "and so they are summed up: '$query'");
}



=== TEST 2: an assistant's run that is polled
--- http_config
openai_monitor_price m input=1 output=10;
--- upstream
$::answer->($u);
--- client
http(post('/v1/threads/thread_1/runs?what=run', { assistant_id => 'a' }));
http(get("/v1/threads/thread_1/runs/run_1?what=$_")) for qw/ run ran ran /;
records(4);

check($::stats->(), { requests => 4, no_usage_requests => 0,
      usage => { input_tokens => 100, output_tokens => 10 },
      cost_usd => 0.0002 }, 'paid once');



=== TEST 3: an answer that is read again was paid when it was made
--- http_config
openai_monitor_price m input=1 output=10;
--- upstream
$::answer->($u);
--- client
http(post('/v1/responses?what=done', { model => 'm' }));
http(get('/v1/responses/resp_1?what=done'));
http(get('/v1/chat/completions/chat_1?what=chat'));
records(3);

check($::stats->(), { requests => 3, usage => { input_tokens => 100 },
      cost_usd => 0.0002 }, 'paid once');



=== TEST 4: nginx's own cache
--- http_config
openai_monitor_price m input=1 output=10;
proxy_cache_path cache keys_zone=c:1m;
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_cache c;
    proxy_cache_methods POST;
    proxy_cache_key $request_uri;
    proxy_cache_valid 200 1m;
}
--- upstream
$::answer->($u);
--- client
for my $n (1 .. 3) {
    http(post('/v1/chat/completions?what=chat', { model => 'm' }));
    records($n);
}

check([ map { [ $_->{from_cache}, $_->{cost_usd} ] } @{ records(3) } ],
      [ [ false, 0.0002 ], [ true, 0 ], [ true, 0 ] ], 'costs nothing');
check($::stats->(), { requests => 3, usage => { input_tokens => 100 },
      cost_usd => 0.0002, unpriced_requests => 0, no_usage_requests => 0 },
      'nor does it use tokens again');



=== TEST 5: what is unknown is told
--- http_config
openai_monitor_price m input=1 output=10;
--- upstream
$::answer->($u);
--- client
http(post('/v1/chat/completions?what=silent', { model => 'm' }));
records(1);
check($::stats->(), { cost_usd => null, no_usage_requests => 1,
      unpriced_requests => 0, partial_cost_requests => 0,
      models => [ { no_usage_requests => 1, cost_usd => null } ] },
      'nothing is known');

http(post("/v1/chat/completions?what=$_", { model => 'm' }))
    for qw/ chat other image /;

my $image = record(records(4)->[3]{id});
check($image, { cost_usd => null, cost_partial => [ 'image_tokens' ],
      cost_at_least_usd => 0.0002 }, 'a cost that leaves something out');

for my $window ('', '?window=5m', '?q=method:POST') {
    my $s = $::stats->($window);

    check($s, { cost_usd => 0.0004, no_usage_requests => 1,
          unpriced_requests => 1, partial_cost_requests => 1 },
          "in the totals: '$window'");

    for my $name (qw/ no_usage_requests unpriced_requests
                      partial_cost_requests /)
    {
        my $n = 0;
        $n += $_->{$name} for @{ $s->{series} };
        check($n, 1, "$name of the series");

        $n = 0;
        $n += $_->{$name} for @{ $s->{models} };
        check($n, 1, "$name of the models");
    }
}

my ($status, $metrics) = monitor('/metrics');

for my $name (qw/ no_usage unpriced partial_cost /) {
    check(scalar(() = $metrics =~
          /^openai_monitor_${name}_requests_total\{.*\} 1$/mg), 1,
          "$name in the metrics");
}

check_like((monitor('/api/export?format=csv'))[1],
           qr/,"image_tokens",0\.0002\b/, 'in CSV');



=== TEST 6: a stream that could have been asked for its usage
--- upstream
while (my $r = $u->request) {
    $u->answer(200, sse({ choices => [ { index => 0,
               delta => { content => 'a' } } ] }, '[DONE]'),
               'Content-Type' => 'text/event-stream');
}
--- client
http(post('/v1/chat/completions', { model => 'm', stream => true }));
http(post('/v1/chat/completions', { model => 'm', stream => true,
     stream_options => { include_usage => true } }));
http(post('/v1/responses', { model => 'm', stream => true }));

check([ map $_->{usage_hint}, @{ records(3) } ],
      [ 'stream_options.include_usage', null, null ],
      'the hint is where it helps');
