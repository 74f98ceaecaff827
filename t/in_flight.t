# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: the monitor lists and shows an exchange while it runs, byte for
# byte as far as it came. A record says where its body is cut, and the monitor
# can end a running exchange. Seen to fail when a request's body was not
# published.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

our $direct = <<'END';
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
    proxy_buffering off;
}
END

our $piece = sub {
    my ($text, %more) = @_;

    return { id => 'c', object => 'chat.completion.chunk', model => 'm-1',
             choices => [ { index => 0, delta => { content => $text }, %more } ] };
};

# waits until the only record is as wanted, and returns it

our $becomes = sub {
    my ($want, $name) = @_;
    my ($record, @wrong);

    eval {
        wait_for(sub {
            ($record) = @{ records(1, running => 1) };
            @wrong = MonitorTest::differences($record, $want, '');
            return !@wrong;
        }, $name);
    };

    check(join("\n", @wrong), '', $name);

    return $record;
};

run_tests();

__DATA__

=== TEST 1: from the request to the last token
--- config eval: $::direct
--- upstream
$u->request; $u->note('there'); $u->hold;
$u->stream; $u->hold;
$u->event($::piece->('Hel')); $u->hold;
$u->event($::piece->('lo', finish_reason => 'stop')); $u->event('[DONE]');
$u->finish;
--- client
my $socket = connection();
send_bytes($socket, post('/v1/chat/completions',
                         { model => 'test-model', stream => true }));
upstream()->notes(1);

my $record = $::becomes->(
    { outcome => 'running', status => null, model => 'test-model',
      stream_requested => true, response_bytes => 0, ttft_ms => null,
      attempts => [ { peer => qr/^127/, status => null, header_ms => null } ],
      request => { body => '{"model":"test-model","stream":true}' },
      response => { body => null } }, 'before the answer');
my $id = $record->{id};

check(json_value((monitor('/api/stats'))[1]), { in_flight => 1, requests => 0 },
      'statistics');

upstream()->release;
read_upto($socket, qr/\r\n\r\n/);
$::becomes->({ id => $id, outcome => 'running', status => 200, complete => null,
               response => { headers => sub { @{ $_[0] } > 0 } } },
             'the header');

upstream()->release;
read_upto($socket, qr/Hel/);
$::becomes->({ id => $id, outcome => 'running', streamed => true,
               ttft_ms => qr/^[1-9]/, response => { body => qr/Hel/ },
               answer => { choices => [ { text => 'Hel' } ] } },
             'the first token');
check_like(raw($id, 'response'), qr/^data: \{.*Hel.*\}\n\n$/, 'its bytes');

upstream()->release;
read_answer($socket);
$::becomes->({ id => $id, outcome => 'ok', complete => true,
               finish_reason => 'stop',
               answer => { choices => [ { text => 'Hello' } ] } }, 'the end');

check(json_value((monitor('/api/stats'))[1]), { in_flight => 0, requests => 1 },
      'statistics');



=== TEST 2: an upload, as it grows
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_request_buffering off;
    proxy_http_version 1.1;
}
--- upstream
$u->drain;
--- client
my $socket = connection();
send_bytes($socket, "POST /v1/files HTTP/1.1\r\nHost: a\r\n"
                    . "Content-Length: 30\r\n\r\n0123456789");
$::becomes->({ outcome => 'running', request => { body => '0123456789' } }, 'ten');
send_bytes($socket, 'abcdefghij');
$::becomes->({ outcome => 'running',
               request => { body => '0123456789abcdefghij' } }, 'twenty');



=== TEST 3: cancelled in the monitor
--- config eval: $::direct
--- upstream
$u->request; $u->stream; $u->event($::piece->('Hel')); $u->drain; $u->note('told');
--- client
my $socket = connection();
send_bytes($socket, post('/v1/chat/completions', '{"model":"m"}'));
read_upto($socket, qr/Hel/);

my $id = records(1, running => 1)->[0]{id};
my ($status, $body) = monitor("/api/request/$id/cancel", 'POST',
                              'X-OpenAI-Monitor: 1', 'Content-Length: 0');
check($status, 202, $body);
check(read_answer($socket)->{complete}, 0, 'the client is cut off');
check([upstream()->notes(1)], ['told'], 'the upstream is told');

records(1);
($status) = monitor("/api/request/$id/cancel", 'POST', 'X-OpenAI-Monitor: 1',
                    'Content-Length: 0');
check($status, 409, 'once more');
--- records
{ outcome => 'client_aborted', status => 200, complete => false,
  response => { body => qr/Hel/ } }



=== TEST 4: cancelled before there is an answer
--- upstream
$u->request; $u->note('there'); $u->drain; $u->note('told');
--- client
my $socket = connection();
send_bytes($socket, post('/v1/chat/completions', '{"model":"m"}'));
upstream()->notes(1);

my $id = records(1, running => 1)->[0]{id};
my ($status) = monitor("/api/request/$id/cancel", 'POST', 'X-OpenAI-Monitor: 1',
                       'Content-Length: 0');
check($status, 202, 'accepted');
check([upstream()->notes(2)], [qw/ there told /], 'the upstream is told');
--- records
{ outcome => 'client_aborted', complete => false, response => { body => null } }



=== TEST 5: what is kept of a body
--- config
openai_monitor_body_max 1k;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
location /none {
    openai_monitor_body_max 0;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) { $u->answer(200, $request->{body}); }
--- client
for my $size (1023, 1024, 1025, 5000, 300_000) {
    my $body = 'x' x $size;
    check_same(http(post('/', $body))->{body}, $body, "$size: passes whole");
}
http(post('/none', 'x'));
check(json_value((monitor('/api/stats'))[1])->{zone}{truncated}, 4, 'counted');
--- records
[ (map { my $kept = $_ < 1024 ? $_ : 1024;
         my $part = { body => 'x' x $kept, body_bytes => $_,
                      body_kept_bytes => $kept };
         { outcome => 'ok', complete => true, request_bytes => $_,
           response_bytes => $_, request => $part, response => $part,
           truncated => { request => $_ > 1024 ? true : false,
                          response => $_ > 1024 ? true : false } } }
       1023, 1024, 1025, 5000, 300_000),
  { uri => '/none', request_bytes => 1, truncated => { request => true },
    request => { body_kept_bytes => 0 } } ]



=== TEST 6: the text of a stream is whole behind the limit of its bytes
--- config
openai_monitor_body_max 2k;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
}
--- upstream
my $request = $u->request;
$u->stream;
$u->event($::piece->("t$_ ")) for 1 .. 200;
$u->event($::piece->('', finish_reason => 'stop'));
$u->event('[DONE]');
$u->finish;
--- client
http(post('/v1/chat/completions', { stream => true }));
--- records
{ outcome => 'ok', joined => true,
  truncated => { request => false, response => true },
  response => { body_kept_bytes => sub { $_[0] > 2048 && $_[0] <= 4096 } },
  answer => { choices => [ { text => join('', map { "t$_ " } 1 .. 200),
                             finish_reason => 'stop' } ] } }



=== TEST 7: what is not kept is metered all the same
--- config
openai_monitor_body_max 1k;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version 1.1;
}
--- upstream
my $request = $u->request;
my $usage = { prompt_tokens => 1000, completion_tokens => 2000,
              total_tokens => 3000 };
if ($request->{uri} =~ /stream/) {
    $u->stream;
    $u->event($::piece->('text ' x 10)) for 1 .. 100;
    $u->event($::piece->('', finish_reason => 'length'));
    $u->event({ id => 'c', object => 'chat.completion.chunk', model => 'm-1',
                choices => [], usage => $usage });
    $u->event('[DONE]');
    $u->finish;
} else {
    $u->answer(200, completion(id => 'x' x 5000, usage => $usage));
}
--- client
http(post("/v1/chat/completions$_", { messages => [ { role => 'user',
     content => 'x' x 5000 } ], model => 'test-model' })) for '', '?stream';
--- records
[ map { { outcome => 'ok', complete => true, model => 'test-model',
          finish_reason => $_, truncated => { request => true, response => true },
          usage => { input_tokens => 1000, output_tokens => 2000,
                     total_tokens => 3000 } } } 'stop', 'length' ]



=== TEST 8: the variables, final in the access log
--- http_config
log_format monitor escape=json '$openai_monitor_id|$openai_model|'
    '$openai_response_model|$openai_stream|$openai_input_tokens|'
    '$openai_output_tokens|$openai_finish_reason|$openai_outcome|$openai_key|'
    '$openai_error|$openai_ttft';
--- config
access_log logs/monitor.log monitor;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
location /off { openai_monitor off; return 200 "off"; }
--- upstream
while (my $request = $u->request) {
    $request->{uri} =~ /error/
        ? $u->answer(400, { error => { message => 'No', code => 'no_such' } })
        : $u->answer(200, completion());
}
--- client
http(post('/v1/chat/completions', { model => 'test-model' }));
http(post('/v1/chat/completions?error', { model => 'test-model' }));
http(get('/off'));

my @lines;
wait_for(sub {
    open my $log, '<', server_root() . '/logs/monitor.log' or die $!;
    @lines = map { [ split /\|/, $_ =~ s/\n//r, -1 ] } <$log>;
    return @lines == 3;
}, 'the log');

my @ids = map { $_->{id} } @{ records(2) };
check(\@lines, [
    [ $ids[0], 'test-model', 'test-model-1', 0, 11, 3, 'stop', 'ok', '', '',
      qr/^(?:\d+\.\d\d\d)?$/ ],
    [ $ids[1], 'test-model', '', 0, '', '', '', 'upstream_error', '', 'no_such',
      '' ],
    [ ('') x 11 ] ], 'lines');



=== TEST 9: the variables, when what was asked is passed on
the same turn of the event loop brings the body and makes the upstream's request
--- config
location /v1/ {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_set_header X-Asked "$openai_stream";
}
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_set_header X-Asked "$openai_model";
}
--- upstream
while (my $request = $u->request) {
    $u->note($request->{headers}{'x-asked'});
    $u->answer(200, completion());
}
--- client
for my $path ('/v1', '/other') {
    http(post("$path/chat/completions", { model => 'test-model', stream => $_ }))
        for true, false;
}
check([upstream()->notes(4)], [1, 0, ('test-model') x 2], 'asked');
