# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: what is not to be kept of a body is nowhere in the monitor, the
# exchange and what is measured of it are the same as ever, and the record says
# that it was withheld. Seen to fail when the flag was not looked at, and when a
# withheld body counted as a truncated one.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

our $everything = sub {
    my ($n) = @_;
    my $all = '';

    for my $record (@{ records($n) }) {
        $all .= (monitor("/api/request/$record->{id}$_"))[1]
            for '', '/request', '/response', '/events', '/diff';
    }

    $all .= (monitor($_))[1]
        for '/api/requests', '/api/stats', '/metrics', '/api/export?format=har',
            '/api/export?format=jsonl', '/api/export?format=csv';

    return $all;
};

our $chat = { model => 'test-model', stream => JSON::PP::false,
              messages => [ { role => 'user', content => 'asked-of-it' } ] };

our $stream = MonitorTest::sse(
    (map { { id => 'c', object => 'chat.completion.chunk', model => 'test-model-1',
             choices => [ { index => 0, delta => { content => $_ } } ] } }
         'said-', 'by-it'),
    { id => 'c', object => 'chat.completion.chunk', model => 'test-model-1',
      choices => [ { index => 0, delta => {}, finish_reason => 'stop' } ] },
    { id => 'c', object => 'chat.completion.chunk', model => 'test-model-1', choices => [],
      usage => { prompt_tokens => 11, completion_tokens => 3, total_tokens => 14 } },
    '[DONE]');

run_tests();

__DATA__

=== TEST 1: off keeps no body, and all that is measured
--- config
location / {
    openai_monitor_store_bodies off;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    $u->note($request->{body} =~ /asked-of-it/ ? 'asked' : 'lost');
    $u->stream;
    $u->chunk($::stream);
    $u->finish;
}
--- client
my $answer = http(post('/v1/chat/completions', $::chat));

check_same($answer->{body}, $::stream, 'the client has the answer');

my ($record) = @{ records(1) };

check($record, { outcome => 'ok', model => 'test-model',
                 response_model => 'test-model-1', complete => true,
                 finish_reason => 'stop', message_count => 1,
                 usage => { input_tokens => 11, output_tokens => 3 },
                 request_bytes => length(json_text($::chat)),
                 response_bytes => length $::stream,
                 ttft_ms => qr/\d/,
                 truncated => { request => false, response => false },
                 withheld => { request => 'off', response => 'off' },
                 request => { body => undef, body_kept_bytes => 0,
                              body_bytes => length(json_text($::chat)) },
                 response => { body => undef, body_kept_bytes => 0 },
                 conversation => sub { !defined $_[0]
                                       || !@{ $_[0]{messages} } },
                 pieces_timeline => sub { @{ $_[0] } > 0 } }, 'record');

my $all = $::everything->(1);

check($all =~ /(asked-of-it|said-|by-it)/ ? $1 : 'nothing', 'nothing',
      'neither side is anywhere');

check(scalar(() = (monitor('/api/export?format=har'))[1]
                  =~ /bodies are not stored/g),
      2, 'the HAR says so, of both sides');



=== TEST 2: one direction
--- config
location /in/  { openai_monitor_store_bodies request;
                 proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
location /out/ { openai_monitor_store_bodies response;
                 proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
location /both/ { openai_monitor_store_bodies on;
                 proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    $u->answer(200, 'answered-it');
}
--- client
http(post("/$_/x", 'asked-of-it')) for qw/ in out both /;

--- records
[ { request => { body => 'asked-of-it' }, response => { body => undef },
    withheld => { request => undef, response => 'off' } },
  { request => { body => undef }, response => { body => 'answered-it' },
    withheld => { request => 'off', response => undef } },
  { request => { body => 'asked-of-it' }, response => { body => 'answered-it' },
    withheld => { request => undef, response => undef } } ]



=== TEST 3: marks stay bounded where nothing is kept
--- config
location / {
    openai_monitor_store_bodies off;
    openai_monitor_body_max 100;
    proxy_buffering off;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    $u->answer(200, 'x' x 5000);
}
--- client
http(post('/v1/x', 'y' x 5000));

--- records
{ response_bytes => 5000, request_bytes => 5000,
  truncated => { request => false, response => false },
  pieces_timeline => sub { @{ $_[0] } == 1 } }
