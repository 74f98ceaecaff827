# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: secrets never enter the zone. Marked secrets are planted in every
# place where one can be, and sent in every way; then the memory of the zone
# itself is searched, byte by byte, in a worker, besides all that the API says,
# the logs, and the module's own variables. Each plant is looked for at the
# upstream, or at the client, too: it was really there, and passed unchanged.
#
# Seen to fail before bodies were looked through, for each place in them; when
# variables had what an answer that runs says, when an error in the middle of a
# stream was looked through only where nothing else was, and when the rest of a
# long message stood behind a shorter one.

use strict;
use warnings;

use IO::Compress::Gzip ();
use MIME::Base64 ();

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

no warnings 'portable';

# made of two parts, so that it is not found in this file

our $secret = 'hush-' . 'ThisIsNotToBeSeen';
our $key = 's' . 'k-' . 'proj-ThisIsNotToBeSeen0123456789';

our $trace = qr/(hush-|ThisIsNot|NotToBeSeen|aHVzaC1UaGlz)/;


# the file that the module is in: nginx itself where it is linked into it

our $module_file = $ENV{TEST_NGINX_LOAD_MODULES} ? qr/openai_monitor/
                                                 : qr{/nginx$};


# what worker memory holds: all that is shared and without a file is the zone's,
# and what belongs to the module's file or follows it is the module's

sub memory {
    my ($which) = @_;
    my $all = '';

    my @pids = worker_pids();

    for my $pid (@pids ? @pids : master()) {
        my $near;

        open my $maps, '<', "/proc/$pid/maps" or next;
        open my $mem, '<:raw', "/proc/$pid/mem" or die "mem of $pid: $!\n";

        while (<$maps>) {
            my ($from, $to, $rights, $file)
                = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$/;
            my $zone = $rights =~ /^rw.s/
                       && $file =~ m{^/dev/zero|/history$|^$|deleted};
            my $module = $rights =~ /^rw.p/
                         && ($file =~ $::module_file
                             || ($near && $file eq ''));

            $near = $file =~ $::module_file;

            next unless $which eq 'zone' ? $zone : $module;

            my ($start, $len) = (hex $from, hex($to) - hex($from));

            sysseek $mem, $start, 0 or next;
            my $got = 0;
            while ($got < $len) {
                my $n = sysread $mem, $all, $len - $got, length $all;
                last unless $n;
                $got += $n;
            }
        }
    }

    return $all;
}


our $said = sub {
    my ($n) = @_;
    my $all = '';

    for my $record (@{ records($n) }) {
        $all .= (monitor("/api/request/$record->{id}$_"))[1]
            for '', '/request', '/response', '/request?decoded=1',
                '/response?decoded=1', '/events', '/diff';
    }

    $all .= (monitor($_))[1]
        for '/api/requests', '/api/stats', '/metrics', '/api/info',
            '/api/export?format=har', '/api/export?format=jsonl',
            '/api/export?format=csv', '/api/requests?q=x';

    return $all;
};


our $hidden = sub {
    my ($n, $name) = @_;
    my $all = $::said->($n);

    check($all =~ $::trace ? around($all, $-[0]) : 'nothing', 'nothing',
          "$name: the API");

    my $zone = memory('zone');

    check(length $zone > 1_000_000 && $zone =~ /REDACTED-|"model"|"object"/ ? 1 : 0, 1,
          "$name: the zone was read");
    check($zone =~ $::trace ? around($zone, $-[0]) : 'nothing', 'nothing',
          "$name: the zone's memory");

    my $module = memory('module');

    check(length $module > 60_000 ? 1 : 0, 1, "$name: the module was read");
    check($module =~ $::trace ? around($module, $-[0]) : 'nothing', 'nothing',
          "$name: the module's memory");

    my $log = join '', error_log();
    check($log =~ $::trace ? around($log, $-[0]) : 'nothing', 'nothing',
          "$name: the error log");
};


sub around {
    my ($text, $at) = @_;
    my $part = substr $text, $at > 60 ? $at - 60 : 0, 140;

    $part =~ s/[^ -~]/./g;

    return $part;
}


# a chunked request whose body comes in two pieces

sub split_post {
    my ($uri, $body, $at, @headers) = @_;
    my $socket = connection();

    send_bytes($socket, "POST $uri HTTP/1.1\r\nHost: api.test\r\n"
               . join('', map { "$_\r\n" } 'Content-Type: application/json',
                      @headers)
               . "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");

    for my $piece (substr($body, 0, $at), substr($body, $at)) {
        next unless length $piece;
        send_bytes($socket, sprintf "%x\r\n%s\r\n", length $piece, $piece);
    }

    send_bytes($socket, "0\r\n\r\n");

    my $answer = read_answer($socket);
    close $socket;

    return $answer;
}


our $mcp = sub {
    return json_text({ model => 'm', input => 'hello', tools => [
        { type => 'mcp', server_label => 'x', authorization => $::secret },
        { type => 'mcp', server_label => 'y',
          headers => { Authorization => "Bearer $::secret", 'X-Key' => $::secret } },
        { type => 'function', name => 'f', parameters => { type => 'object',
          properties => { headers => { type => 'object',
                                       description => 'of the request' } } } } ] });
};

run_tests();

__DATA__

=== TEST 1: credentials of remote tools, in a body that is split anywhere
fault 41
--- zone: 16m entries=1000
--- config
location / {
    proxy_request_buffering off;
    proxy_http_version 1.1;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    $u->note($request->{body} eq $::mcp->() ? 'passed on' : 'changed');
    $u->answer(200, { id => 'r', object => 'response', output => [] });
}
--- client
my $body = $::mcp->();

split_post('/v1/responses', $body, $_) for 0 .. length $body;

my $n = 1 + length $body;
check([ upstream()->notes($n) ], [ ('passed on') x $n ], 'the upstream gets them');

my $records = records($n);
my %bodies = map { $_->{request}{body} => 1 } @$records;

check(scalar keys %bodies, 1, 'however it was split, the record is the same');
check((keys %bodies)[0], qr/"authorization":"\*{22}"/, 'what is masked');
check((keys %bodies)[0], qr/"description":"of the request"/, 'what is not');
check($records->[0], { masked => { request => true, response => false },
                       withheld => { request => undef },
                       request_bytes => length $body,
                       conversation => { tools => sub { @{ $_[0] } == 3 } } },
      'the record says so');

$::hidden->($n, 'tools');



=== TEST 2: bodies that are made to carry a key
fault 41
--- zone: 16m entries=1000
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
location = /mint { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT/v1/realtime/client_secrets; }
--- upstream
while (my $request = $u->request) {
    my $answer = json_text({ id => 'sess_1', object => 'realtime.session',
                             value => $::secret, expires_at => 1,
                             client_secret => { value => $::secret },
                             api_key => { value => $::key },
                             signing_secret => $::secret, note => $::key });

    if ($request->{uri} =~ /gzip/) {
        IO::Compress::Gzip::gzip(\$answer, \my $coded);
        $u->answer(200, $coded, 'Content-Encoding' => 'gzip');
        next;
    }

    $u->head(200, 'Content-Type' => 'application/json',
             'Transfer-Encoding' => 'chunked');
    my ($at) = $request->{uri} =~ /at=(\d+)/;
    $u->chunk($_) for $at ? (substr($answer, 0, $at), substr $answer, $at)
                          : $answer;
    $u->finish;
}
--- client
my @paths = qw{ /v1/realtime/client_secrets /v1/realtime/sessions
                /v1/realtime/transcription_sessions /v1/chatkit/sessions
                /v1/realtime/translations/client_secrets
                /v1/organization/admin_api_keys
                /v1/organization/projects/p/api_keys
                /v1/organization/projects/p/service_accounts
                /v1/webhook_endpoints /v1/vaults/v/credentials /oauth/token
                /mint };

my @uris = (@paths, (map { "$_?gzip" } @paths),
            map { "/v1/realtime/client_secrets?at=$_" } 1 .. 200);

for my $uri (@uris) {
    my $answer = http(post($uri, $uri =~ /mint/ ? {}
                           : { client_secret => $::secret, a => $::key }));
    check_like($answer->{body}, qr/\Q$::secret/, "$uri: the client gets it")
        unless $uri =~ /gzip|at=/;
}

my $records = records(scalar @uris);

check($records->[0], { masked => { request => true, response => true },
                       response => { body => qr/"expires_at":1/ } },
      'the rest is there');
check($records->[9], { withheld => { request => 'secret', response => 'secret' },
                       request => { body => undef },
                       response => { body => undef } }, 'nothing but secrets');
check($records->[@paths], { withheld => { request => undef, response => 'opaque' },
                            response => { body => undef } }, 'coded');

$::hidden->(scalar @uris, 'answers');



=== TEST 3: an upstream's error repeats the key
fault 41
--- zone: 16m entries=1000
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    my ($what, $at) = $request->{uri} =~ m{/v1/chat/completions\?(\w+)=(\d+)};
    my $error = { error => { type => 'invalid_request_error', code => 'invalid_api_key',
        message => "Incorrect API key provided: $::key. You sent $::secret." } };
    my $answer = json_text($error);

    if ($what eq 'gzstream') {
        my $text = MonitorTest::sse({ model => 'm', choices => [ { index => 0, delta => { content => 'a' } } ] })
                   . ': ' . 'x' x 4000 . "\n\n";
        my $end = MonitorTest::sse($error);
        my $z = IO::Compress::Gzip->new(\my $coded, -Minimal => 1) or die;
        $z->print($text); $z->flush(IO::Compress::Gzip::Z_SYNC_FLUSH());
        my $half = length $coded;
        $z->print($end); $z->close;
        $u->stream('Content-Encoding' => 'gzip');
        $u->chunk(substr $coded, 0, $half);
        $u->hold;
        $u->chunk(substr $coded, $half);
        $u->finish;

    } elsif ($what eq 'stream') {
        $u->stream;
        $u->event({ model => 'm', choices => [ { index => 0, delta => { content => 'a' } } ] });
        $u->event($error);
        $u->event({ error => { message => 'gone' } }) if $at == 2;
        $u->finish;

    } elsif ($what eq 'gzip') {
        IO::Compress::Gzip::gzip(\$answer, \my $coded);
        $u->answer(401, $coded, 'Content-Encoding' => 'gzip');

    } else {
        $u->head(401, 'Content-Type' => 'application/json',
                 'Transfer-Encoding' => 'chunked');
        $u->chunk($_) for substr($answer, 0, $at), substr $answer, $at;
        $u->finish;
    }
}
--- client
my @uris = ((map { "at=$_" } 1 .. 170), 'stream=2', 'gzip=1', 'stream=1',
            'gzstream=1');

for my $uri (@uris) {
    my $socket = connection();

    send_bytes($socket, post("/v1/chat/completions?$uri", { model => 'm' },
                             "Authorization: Bearer $::secret"));

    # the one half has been seen when the other comes

    if ($uri =~ /^gzstream/) {
        read_upto($socket, qr/\r\n\r\n[0-9a-f]+\r\n/);
        upstream()->release;
    }

    my $answer = read_answer($socket);
    check_like($answer->{body}, qr/\Q$::secret/, "$uri: the client gets it")
        unless $uri =~ /^gz/;
}

my $records = records(scalar @uris);

check($records->[0], { error => { code => 'invalid_api_key',
      message => qr/^Incorrect API key provided: sk-\*+ You sent \*+$/ },
      masked => { response => true } }, 'the message is left');
check($records->[-4]{error}{message}, 'gone', 'a second message');
check($records->[-3], { error => { message => qr/^Incorrect API key provided: sk-\*+/ },
                        withheld => { response => 'opaque' } }, 'coded');
check($records->[-1], { withheld => { response => 'opaque' } }, 'coded, in a stream');
check($records->[-2]{error}{message}, qr/^Incorrect API key provided: sk-\*+/,
      'in a stream');

$::hidden->(scalar @uris, 'errors');



=== TEST 4: heads
fault 41
--- config
underscores_in_headers on;
ignore_invalid_headers off;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    my $head = $request->{head};
    $u->note($head =~ /\Q$::secret/ || $head =~ /\Q$::key/ ? 'passed on'
             : "lost: $head");
    $u->answer(200, {}, 'X-Echo' => $::key,
               Link => "<http://a.test/>, <http://u:$::secret\@a.test/x>",
               Location => "//u:$::secret\@a.test/");
}
--- client
my @requests = (
    get('/', "Authorization: $::secret and more"),
    get('/', "Authorization: Bearer   $::secret"),
    get('/', "X-Portkey-Config: {\"api_key\":\"$::key\"}"),
    get('/', "X-Any: see <https://a.test/>, https://u:$::secret\@b.test/"),
    get('/', "Sec-WebSocket-Protocol: token, $::secret"),
    get('/', "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.$::secret"),
    get("/$::key/v1/models"),
    get("/v1/models?subscription-key=$::secret&my_token=$::secret&q=$::key"),
    get("/v1/models?url=http://u:$::secret\@a.test/?key=$::secret"),
);

http($_) for @requests;

my $n = @requests;
check([ upstream()->notes($n) ], [ ('passed on') x $n ], 'the upstream gets them');

my $records = records($n);
check({ map { $_->{name} => $_->{value} } @{ $records->[0]{response}{headers} } },
      { Link => qr{^<http://a\.test/>, <http://REDACTED-[0-9a-f]{10}\@a\.test/x>$} },
      'the rest of it');
check($records->[6]{uri}, qr{^/REDACTED-[0-9a-f]{10}/v1/models$}, 'the path');

$::hidden->($n, 'heads');



=== TEST 5: a WebSocket, both sides, also when they are fragmented
fault 41
--- config
location / {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
my $request = $u->request;
$u->head(101, Upgrade => 'websocket', Connection => 'Upgrade');
my $fin = $request->{uri} =~ /fragments/ ? 0x01 : 0x81;
for my $text (json_text({ type => 'session.created', session => { id => 's' } }),
              json_text({ type => 'error', error => { message => "wrong key $::key" } }),
              json_text({ type => 'done' }))
{
    $u->send(pack('CCn', $fin, 126, length $text) . $text);
}
$u->hold;
--- client
sub frame {
    my ($fin, $text) = @_;
    my $key = "\x11\x22\x33\x44";
    my $coded = $text ^ substr($key x (1 + length($text) / 4), 0, length $text);
    return pack('CCn', $fin, 0x80 | 126, length $text) . $key . $coded;
}

for my $uri ('/v1/realtime?model=m', '/v1/realtime?fragments') {
    my $fin = $uri =~ /fragments/ ? 0x01 : 0x81;
    my $socket = connection();
    send_bytes($socket, "GET $uri HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
        . "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer $::secret\r\n\r\n");
    my $in = read_upto($socket, qr/"done"/);
    check_like($in, qr/\Q$::key/, 'the client gets it');

    my $bytes = frame($fin, json_text({ type => 'session.update', session => { tools => [
        { type => 'mcp', authorization => $::secret } ] } }))
        . frame(0x81, json_text({ type => 'response.create', note => 'said-after' }));

    for my $byte (split //, $bytes) {
        send_bytes($socket, $byte);
    }

    wait_for(sub { (map { $_->{request_bytes} >= length $bytes } grep { $_->{uri} eq $uri }
                    @{ json_value((monitor('/api/requests'))[1])->{items} })[0] },
             'the frames');
    close $socket;
}

my $records = records(2);

check($records->[0], { outcome => 'upgraded',
                       masked => { request => true, response => true },
                       withheld => { request => undef, response => undef } },
      'frames');

check($records->[1], { withheld => { request => 'opaque', response => 'opaque' } },
      'fragments are not looked into');

my $raw = raw($records->[0]{id}, 'request');
my $plain = '';

while (length $raw) {
    my ($size) = unpack 'x2 n', $raw;
    my $coded = substr $raw, 8, $size;
    $plain .= $coded ^ substr(substr($raw, 4, 4) x $size, 0, $size);
    substr $raw, 0, 8 + $size, '';
}

check($plain, qr/"authorization":"\*{22}".*"said-after"/,
      'under the key of the frame');

$::hidden->(2, 'frames');



=== TEST 6: multipart, HTTP/1.0, and nginx's own refusals
fault 41
--- config
location / { client_max_body_size 1k; proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    $u->note($request->{body} =~ /\Q$::secret/ ? 'passed on' : 'lost');
    $u->answer(200, { id => 'file-1' });
}
--- client
my $line = json_text({ method => 'POST', body => { tools => [
    { type => 'mcp', authorization => $::secret } ] } });
my $part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.jsonl\"\r\n\r\n"
           . "$line\r\n--b--\r\n";

http("POST /v1/files HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
     . "Content-Length: " . length($part) . "\r\n\r\n$part");
http("POST /v1/responses HTTP/1.0\r\nHost: a\r\nContent-Length: " . length($line) . "\r\n\r\n$line");
check([ upstream()->notes(2) ], [ ('passed on') x 2 ], 'the upstream gets them');

http(post('/v1/responses', $line . ' ' x 2000, "Authorization: Bearer $::secret"));

check(records(3)->[0]{request}{body}, qr/"authorization":"\*+"/, 'multipart');
$::hidden->(3, 'others');



=== TEST 7: what nginx itself logs
fault 41
--- config
location / { proxy_pass http://127.0.0.1:1; }
--- client
http(get("/v1/models?key=$::secret&a=b", "Referer: http://u:$::secret\@a.test/?token=$::secret"));

wait_for(sub { grep { /connect\(\) failed/ } error_log() }, 'a line');
check_like(join('', error_log()), qr{request: "GET /v1/models\?key=REDACTED-[0-9a-f]{10}&a=b HTTP/1\.1"},
      'the rest of it is as ever');
$::hidden->(1, 'log');



=== TEST 8: the zone's file, and HTTP/2
fault 41
--- zone: 8m entries=100 file=logs/history
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_H2_PORT http2;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
}
--- upstream
while (my $request = $u->request) {
    $u->note(join ' ', map { $request->{$_} =~ /\Q$::secret/ ? $_ : '-' } qw/ head body /);
    $u->answer(401, { error => { message => "no: $::secret, $::key", code => 'x' } });
}
--- client
my $body = html_dir() . '/body';
open my $out, '>', $body or die $!;
print $out $::mcp->();
close $out;

system('curl', '-s', '-m', 10, '--http2-prior-knowledge', '-o', '/dev/null', '-H', "Authorization: Bearer $::secret",
       '-H', "Cookie: a=$::secret", '--data-binary', "\@$body",
       "http://127.0.0.1:$ENV{TEST_NGINX_H2_PORT}/v1/responses?key=$::secret") == 0 or die "curl: $?\n";
unlink $body;

http(post('/v1/realtime/client_secrets', $::mcp->(), "Authorization: Bearer $::secret"));

check([ upstream()->notes(2) ], [ ('head body') x 2 ], 'the upstream gets them');
check(records(2)->[0]{http_version}, '2', 'HTTP/2');

my $history = do {
    open my $file, '<:raw', "$Test::Nginx::Util::ServRoot/logs/history" or die "history: $!\n";
    local $/;
    <$file>;
};

check($history =~ /"authorization":"\*{22}"/ ? 1 : 0, 1, 'the file has the records');
check($history =~ $::trace ? around($history, $-[0]) : 'nothing', 'nothing', 'the file');
$::hidden->(2, 'file');



=== TEST 9: the module's variables, in access logs and while an answer runs
fault 41
--- http_config
log_format all '$openai_monitor_id|$openai_model|$openai_response_model|'
               '$openai_operation|$openai_provider|$openai_stream|'
               '$openai_input_tokens|$openai_output_tokens|'
               '$openai_cached_tokens|$openai_reasoning_tokens|$openai_ttft|'
               '$openai_tokens_per_second|$openai_finish_reason|'
               '$openai_outcome|$openai_cost|$openai_session|$openai_key|'
               '$openai_error|';
--- config
access_log logs/all.log all;
openai_monitor_mask_body 'hush-\w+';
location / {
    proxy_pass          http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version  1.1;
    add_trailer         X-All "$openai_error $openai_session $openai_model $openai_key" always;
}
--- upstream
while (my $request = $u->request) {
    my $error = { error => { message => "Incorrect API key provided: $::key." } };

    if ($request->{uri} =~ /stream/) {
        $u->stream;
        $u->event({ model => 'm', choices => [ { index => 0, delta => { content => 'a' } } ] });
        $u->event($error);
        $u->finish;

    } else {
        my $text = json_text($error);
        $u->head(401, 'Content-Type' => 'application/json',
                 'Transfer-Encoding' => 'chunked');
        $u->chunk($_) for substr($text, 0, 40), substr $text, 40;
        $u->finish;
    }
}
--- client
my @trailers;

for my $uri (qw{ /v1/chat/completions /v1/chat/completions?stream }) {
    my $socket = connection();

    send_bytes($socket, post("$uri", { model => "m-$::secret", user => $::secret,
                                       metadata => { session_id => $::secret },
                                       messages => [] },
                             "Authorization: Bearer $::key", 'X-Session-Id: a',
                             'TE: trailers', 'Connection: close'));

    my $all = '';
    1 while sysread $socket, $all, 65536, length $all;
    check_like($all, qr/\Q$::key/, "$uri: the client gets it");

    my ($trailer) = $all =~ /^X-All: (.*)\r$/m;
    check_like($trailer, qr/^Incorrect API key provided: \*+/,
               "$uri: what is known in the end");
    push @trailers, $trailer;
}

records(2);

open my $file, '<', "$Test::Nginx::Util::ServRoot/logs/all.log" or die "log: $!\n";
my $log = join '', <$file>;

check(scalar(() = $log =~ /\|Incorrect API key provided: \*+\.?\|$/mg), 2,
      'the log has both');
check_like($log, qr/\|[0-9a-f]{10}\|Incorrect/, 'and the fingerprint');

my $all = join ' ', $log, @trailers;
check($all =~ $::trace ? around($all, $-[0]) : 'nothing', 'nothing',
      'variables');
$::hidden->(2, 'variables');



=== TEST 10: what is secret by its name or its shape, in the bodies of any API
seen to fail when only the bodies of some endpoints were looked through
fault 41
--- zone: 16m entries=1000
--- config
location / {
    proxy_request_buffering off;
    proxy_http_version 1.1;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    $u->note($request->{body} =~ /ThisIsNotToBeSeen/ ? 'passed on' : 'lost');
    $u->answer(200, { id => 'c', model => 'm', key => $::key, token => $::key,
                      client_secret => { value => $::secret },
                      choices => [ { index => 0, message => {
                          role => 'assistant', content => "use $::key." } } ] });
}
--- client
my @messages = (messages => [ { role => 'user', content => "a\n$::key\nb" } ]);

my @bodies = map { json_text({ model => 'm', @messages, %$_ }) }
    { api_key => $::secret }, { extra_body => { apiKey => $::secret } },
    { password => $::secret, secret => $::secret },
    { dataSources => [ { parameters => { key => $::secret } } ] },
    { data_sources => [ { parameters => { authentication => {
          type => 'api_key', key => $::secret } } } ] },
    { tools => [ { type => 'mcp', server_url => "https://a.test/?key=$::secret",
                   headers => [ { name => 'X', value => $::secret } ] } ] },
    { tools => [ { type => 'mcp', headers => { default => $::secret,
                   description => "Bearer $::secret" } } ] },
    { network_policy => { domain_secrets => [ { domain => 'a.test',
          name => 'N', value => $::secret } ] } },
    { mcpServers => [ { streamableHttpTransport => { headers => {
          AUTHORIZATION => $::secret } } } ] };

my @paths = qw{ /v1/chat/completions /v1/threads/t/runs /v1/embeddings
                /v1beta/models/m:generateContent /key/generate /any };

for my $path (@paths) {
    http(post($path, $_)) for @bodies;
}

split_post($paths[0], $bodies[0], $_) for 0 .. length $bodies[0];

http("POST /any HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
     . "Content-Length: " . length("a=b&client_secret=$::secret") . "\r\n\r\n"
     . "a=b&client_secret=$::secret");

my $n = @paths * @bodies + 1 + length($bodies[0]) + 1;
check([ upstream()->notes($n) ], [ ('passed on') x $n ], 'the upstream gets them');

my $records = records($n);
check($records->[0]{answer}{choices}[0]{text}, qr/^use sk-\*+\.$/,
      'an answer is understood');
check($records->[-1]{request}{body}, qr/^a=b&client_secret=\*+$/, 'a form');
check([ grep { !$_->{masked}{request} } @$records ], [], 'all say so');

$::hidden->($n, 'members');



=== TEST 11: what an error repeats, in any writing
seen to fail when six words were known, and none of nginx's own
fault 41
--- zone: 16m entries=1000
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_set_header Authorization "Bearer $arg_own";
}
location /operator {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT/x?key=own/ThisIsNotToBeSeen;
}
--- upstream
while (my $request = $u->request) {
    my ($at) = $request->{uri} =~ /at=(\d+)/;
    my $bad = $request->{head} =~ /^X-Bad: (.*?)\r$/m ? $1 : 'own/ThisIsNotToBeSeen';
    my $body = $bad =~ /^\w+\[/ ? '' : qq({"message":"bad key $bad","error":true});

    if ($request->{uri} =~ /header/) {
        $u->answer(401, {}, 'WWW-Authenticate' => qq(Bearer error="bad key $bad"));

    } elsif ($request->{uri} =~ /old/) {
        $u->send("oh no: $bad");
        $u->close if $u->can('close');
        last;

    } else {
        $u->head($request->{uri} =~ /ok/ ? 200 : 401,
                 'Content-Type' => 'application/json',
                 'Transfer-Encoding' => 'chunked');
        $u->chunk($_) for grep { length } substr($body, 0, $at // 0),
                                          substr $body, $at // 0;
        $u->finish;
    }
}
--- client
my $word = 'own/ThisIsNotToBe&Seen';
my $arg = 'own%2FThisIsNotToBe%26Seen';

# the upstream says what this header has, which is not the secret's name

my @cases = (
    map { [ "?token=first&key=$arg", $_ ] }
        $word, $arg, 'own\\\\/ThisIsNotToBe\\\\u0026Seen',
        'own/ThisIsNotToBe&amp;Seen', 'own\\/ThisIsNotToBe&Seen');

push @cases, [ "?own=$::secret", $::secret ], [ "?ok&own=$::secret", $::secret ],
     [ "?header&own=$::secret", $::secret ],
     map { [ "?ok&at=$_&own=$::secret", $::secret ] } 10 .. 50;

for my $case (@cases) {
    http(get("/v1/chat/completions$case->[0]", "X-Bad: $case->[1]"));
}

http(get('/v1/chat/completions', 'X-Bad: ' . $::secret,
         (map { "X-Key-$_-Token: other-secret-$_-abc" } 1 .. 9),
         "X-Last-Token: $::secret"));
http(get('/v1/chat/completions', "X-Bad: $::secret",
         "Cookie: a=dark; b=$::secret; c=d"));
http(get('/v1/chat/completions', "X-Bad: $::secret",
         'X-Any: Basic ' . MIME::Base64::encode_base64("user:$::secret", '')));
http(get('/operator'));

my $n = @cases + 4;
my $records = records($n);

my $all = join '', map { json_text({ error => $_->{error},
                                     body => $_->{response}{body},
                                     head => $_->{response}{headers} }) }
                   @$records;

check($all =~ /(own.{0,2}.?ThisIs|NotToBe.{0,6}Seen)/ ? $1 : 'nothing', 'nothing',
      'no error has it');
check($records->[0]{error}{message}, qr/^bad key \*+$/, 'the rest is there');



=== TEST 12: an ordinary prompt is left as it is
fault 41
--- zone: 16m entries=1000
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    $u->answer(200, $request->{body});
}
--- client
my @bodies = map { json_text($_) }
    { model => 'm', max_tokens => 5, logprobs => true,
      messages => [ { role => 'user', content => 'what is a Bearer token? key: value; sk-learn' } ],
      tools => [ { type => 'function', function => { name => 'f', parameters => {
          type => 'object', required => [ 'password', 'headers' ], properties => {
              password => { type => 'string', description => 'the password' },
              headers => { type => 'object', description => 'of the request',
                           properties => { Accept => { type => 'string' } } },
              token => { type => 'string', default => 'none' } } } } } ] },
    { choices => [ { index => 0, logprobs => { content => [
          { token => 'Hello', logprob => -0.1, bytes => [ 72 ] } ] },
      message => { role => 'assistant', tool_calls => [ { id => 'c', type => 'function',
          function => { name => 'f', arguments => '{"key":"value","password":"x y"}' } } ] } } ] },
    { object => 'list', data => [ { embedding => [ -0.5, 1e-5 ], index => 0 } ],
      usage => { prompt_tokens => 1, total_tokens => 1 } },
    { next_page_token => 'CAUQAA0123abCD45efGH', prompt_cache_key => 'k0123abCD45efGH67' };

http(post('/v1/chat/completions', $_)) for @bodies;

my $records = records(scalar @bodies);

for my $i (0 .. $#bodies) {
    check([ @{ $records->[$i] }{qw/ masked withheld /},
            $records->[$i]{request}{body}, $records->[$i]{response}{body} ],
          [ { request => false, response => false },
            { request => undef, response => undef }, $bodies[$i], $bodies[$i] ],
          "body $i");
}



=== TEST 13: compressed answers and requests
a coded body is kept when nothing in it is secret, in whatever pieces it comes;
seen to fail when the beginning of what could be a key withheld it
fault 41
--- zone: 16m entries=1000
--- config
location / {
    proxy_request_buffering off;
    proxy_http_version 1.1;
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    my $status = $request->{uri} =~ /bad/ ? 401 : 200;
    my $text = $request->{uri} =~ /key/ ? "it is $::key, so" : 'whisk-y is bad: Basic training';
    my $answer = json_text({ error => { message => $text } });

    IO::Compress::Gzip::gzip(\$answer, \my $coded);
    $u->head($status, 'Content-Type' => 'application/json', 'Content-Encoding' => 'gzip',
             'Transfer-Encoding' => 'chunked');
    $u->chunk($_) for $coded =~ /(.)/gs;
    $u->finish;
}
--- client
for my $what (qw/ plain key badplain badkey /) {
    my $text = json_text({ model => 'm', messages => [ { role => 'user',
        content => $what =~ /key/ ? $::key : 'whisk-y' } ] });
    IO::Compress::Gzip::gzip(\$text, \my $coded);
    split_post("/v1/chat/completions?$what", $coded, 20, 'Content-Encoding: gzip',
               "Authorization: Bearer $::secret");
}

my $records = records(4);

for my $i (0 .. 3) {
    my $withheld = $i & 1 ? 'opaque' : undef;
    check($records->[$i]{withheld}, { request => $withheld, response => $withheld },
          "withheld $i");
}

check($records->[0]{response}{body}, qr/whisk-y is bad/, 'what is kept');
check($records->[2]{request}{body}, qr/whisk-y/, 'on both sides');
$::hidden->(4, 'compressed');



=== TEST 14: a coding that is not true, on both sides
text is looked at as text, whatever its head says, and so are the facts that the
list has of it; seen to fail when the trouble of both sides was one fact of the
exchange, and when the id of an answer was no place for a key
fault 41
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    my ($coding) = $request->{uri} =~ /\?([\w-]+)/;
    $u->answer(200, json_text({ model => 'm', id => $::key,
                   choices => [ { index => 0, message => { tool_calls => [ {
                       function => { name => $::key } } ] } } ] }),
               'Content-Encoding' => $coding,
               'Content-Type' => 'application/json');
}
--- client
my @codings = qw/ gzip br zstd deflate utf-8 /;

for my $coding (@codings) {
    for my $at (1, 14, 20) {
        split_post("/v1/chat/completions?$coding",
                   json_text({ model => $coding, api_key => $::secret }), $at,
                   "Content-Encoding: $coding");
    }
}

my $n = 3 * @codings;

check(records($n), [ map { ({ undecoded => null, model => $_,
          response_model => 'm', masked => { request => true, response => true },
          withheld => { request => undef, response => undef } }) x 3 } @codings ],
      'both sides are read');
$::hidden->($n, 'not coded');



=== TEST 15: a coding that is broken, on both sides
what the module could not decode of the request does not excuse the answer; seen
to fail when the trouble of both sides was one fact of the exchange
fault 41
--- config
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    $u->answer(200, "\x80" . json_text({ model => 'm', id => $::key }),
               'Content-Encoding' => 'gzip',
               'Content-Type' => 'application/json');
}
--- client
split_post('/v1/chat/completions',
           "\x80" . json_text({ model => 'm', api_key => $::secret }), 20,
           'Content-Encoding: gzip');

check(records(1)->[0], { undecoded => 'broken',
          masked => { request => true, response => true },
          withheld => { request => undef, response => undef } },
      'both sides are searched');
$::hidden->(1, 'broken');



=== TEST 16: a key that nginx adds, of an upload that passes as it comes
seen to fail when the head was looked for where nginx had put other bytes
fault 41
--- config
location / {
    proxy_request_buffering off;
    proxy_http_version 1.1;
    proxy_set_header Authorization "Bearer own/ThisIsNotToBeSeen";
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
$u->note('began');
my $head = $u->take(sub { s/^(.*?\r\n\r\n)//s ? $1 : undef });

# nginx passes the body on in the pieces in which the client sends it

for my $i (1 .. 5) {
    $u->take(sub { length >= 1000 ? substr $_, 0, 1000, '' : undef });
    $u->note("piece $i");
}

my ($own) = $head =~ /^Authorization: Bearer (.*?)\r$/m;
$u->answer(200, { object => 'text', text => "you sent $own" });
--- client
my $body = json_text({ model => 'm', input => 'a' x 4976 });
my $socket = connection();

send_bytes($socket, "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\n"
                    . "Content-Length: 5000\r\n\r\n");
upstream()->notes(1);

for my $i (1 .. 5) {
    send_bytes($socket, substr $body, 1000 * ($i - 1), 1000);
    upstream()->notes(1 + $i);
}

check_like(read_answer($socket)->{body}, qr/own.*ThisIsNotToBeSeen/,
           'the client gets it');
check(length $body, 5000, 'the upload is as long as it says');

my $records = records(1);
check($records->[0]{response}{body}, qr/"text":"you sent \*+"/, 'it is masked');
$::hidden->(1, 'an upload in pieces');
