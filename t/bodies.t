# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: bytes of a body that must not be kept are nowhere in the monitor.
# The exchange passes and is measured as ever, and the record says that the body
# was withheld or masked. Seen to fail when the flag was not checked, and when a
# match could begin after a backslash that was already stored.

use strict;
use warnings;

use IO::Compress::Gzip ();

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



=== TEST 4: patterns, over pieces of any size
--- zone: 16m entries=1000
--- config
location / {
    openai_monitor_mask_body 'hidden-\w{4,}' '[\w.]+@[\w.]+\w';
    openai_monitor_mask_body 'n0-\d+';
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_http_version 1.1;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    my ($at) = $request->{uri} =~ /at=(\d+)/;
    $u->note($request->{body} =~ /hidden-word/ ? 'passed on' : 'lost');
    my $answer = json_text({ id => 'c', object => 'chat.completion', model => 'm',
        choices => [ { index => 0, finish_reason => 'stop', message => {
            role => 'assistant',
            content => "write to\nann\@example.test or hidden-word, n0-123; \"hidden-x\"" } } ],
        usage => { prompt_tokens => 11, completion_tokens => 3, total_tokens => 14 } });
    $u->head(200, 'Content-Type' => 'application/json', 'Transfer-Encoding' => 'chunked');
    $u->chunk($_) for grep { length } map { $_ // '' }
        substr($answer, 0, $at), $at < length $answer ? substr $answer, $at : '';
    $u->finish;
}
--- client
my $said = { model => 'm', user => 'ann@example.test', messages => [
    { role => 'user', content => "I am ann\@example.test,\nhidden-word" } ] };

http(post("/v1/chat/completions?at=$_", $said)) for 1 .. 280;

my $records = records(280);

check([ upstream()->notes(280) ], [ ('passed on') x 280 ], 'it passes unchanged');
my %bodies = map { $_->{response}{body} => 1 } @$records;

check(scalar keys %bodies, 1, 'however it is split, the record is the same');
check($records->[0], { masked => { request => true, response => true },
    user => qr/^\*+$/, usage => { input_tokens => 11 }, complete => true,
    withheld => { request => undef, response => undef },
    answer => { choices => [ { text =>
        sub { $_[0] eq 'write to' . '*' x 18 . ' or ***********, ******; "hidden-x"' } } ] },
    conversation => { messages => [ { parts => [ { text => qr/^I am \*{16},/ } ] } ] } },
      'record');

my $all = $::everything->(280);
check($all =~ /(example\.test|hidden-word|n0-123)/ ? $1 : 'nothing', 'nothing',
      'nowhere');



=== TEST 5: patterns and what they cannot look into, or not in time
--- config
location / {
    openai_monitor_mask_body hidden-word;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
location /slow {
    openai_monitor_mask_body '(a+)+[bc]';
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
location /off {
    openai_monitor_mask_body off;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    my $plain = "hidden-word\n";
    IO::Compress::Gzip::gzip(\$plain, \my $coded);
    $u->answer(200, $coded, 'Content-Encoding' => 'gzip');
}
--- client
http(post('/v1/x', 'hidden-word', 'Content-Encoding: gzip'));
http(post('/slow', 'a' x 3000));
http(post('/off', 'hidden-word'));
http(post('/long', 'x' x 20000 . 'hidden-word' . 'y' x 20000));
--- records
[ { withheld => { request => 'opaque', response => 'opaque' },
    request => { body => undef }, response => { body => undef } },
  { withheld => { request => 'opaque' } },
  { request => { body => 'hidden-word' }, masked => { request => false },
    response => { body => "hidden-word\n" } },
  { request => { body => sub { $_[0] eq 'x' x 20000 . '*' x 11 . 'y' x 20000 } },
    truncated => { request => false }, masked => { request => true } } ]
