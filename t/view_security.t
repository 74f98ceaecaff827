# The promise: only the page itself, and programs, read records or change
# anything.  A script or a form of another site cannot, also when its name was
# bound to this address.  Recorded text never becomes markup.

use strict;
use warnings;

use IO::Socket::INET;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

sub port { $ENV{TEST_NGINX_MONITOR_PORT} }

sub readable {
    return qw{ /api/requests /api/stats /api/events /api/info /api/export
               /metrics /api/request/x };
}

sub status_of { (monitor(@_))[0] }

run_tests();

__DATA__

=== TEST 1: requests of other sites
fault 39
--- client
my $port = port();

for my $uri (readable()) {
    for my $header ('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Site: same-site',
                    'Origin: https://evil.example', 'Origin: null',
                    "Origin: http://127.0.0.1:1$port",
                    "Origin: http://127.0.0.2:$port", 'Origin: 127.0.0.1',
                    "Origin: http://127.0.0.1:$port.evil.example")
    {
        my ($status, $body, $head) = monitor($uri, 'GET', $header);
        check([ $status, json_value($body)->{error}{code} ],
        [ 403, 'forbidden' ], "$uri, $header");
        check($head =~ /^Access-Control-/m ? 1 : 0, 0, 'no CORS');
    }
}

check(status_of('/api/requests', 'GET', $_), 200, $_)
    for "Origin: http://127.0.0.1:$port", 'Sec-Fetch-Site: same-origin',
        'Sec-Fetch-Site: none', 'X-Nothing: 1';

check(status_of('/', 'GET', 'Sec-Fetch-Site: cross-site',
      'Sec-Fetch-Mode: navigate'),
      200, 'a link to the page works from elsewhere');

# without a Host header, as in HTTP/3, nginx knows the name without its port

for my $uri ("http://localhost:$port/api/info", '/api/info') {
    check(http("GET $uri HTTP/1.0\r\nOrigin: $_\r\n\r\n", port => $port)->{status}, 403, "$uri, $_")
        for 'http://localhost.evil.example', 'http://localhostile', "http://evil.example:$port";
}

check(http("GET http://localhost:$port/api/info HTTP/1.0\r\nOrigin: $_\r\n\r\n", port => $port)->{status},
      200, $_) for 'http://localhost', "http://localhost:$port";



=== TEST 2: changes need proof
fault 39
--- client
my $port = port();

for my $uri ('/api/clear', '/api/stats/reset') {
    check(status_of($uri, 'POST'), 403, "$uri without the header");
    check(status_of($uri, 'POST', 'X-OpenAI-Monitor: 0'), 403,
          'with another value');
    check(status_of($uri, 'POST', 'X-OpenAI-Monitor: 1',
          'Origin: http://evil.example'), 403, 'of another site');
    check(status_of($uri, 'POST', 'X-OpenAI-Monitor: 1',
          'Sec-Fetch-Site: cross-site'), 403, 'of another site');
    check(status_of($uri, 'GET', 'X-OpenAI-Monitor: 1'), 405,
          'GET changes nothing');
    check(status_of($uri, 'POST', 'X-OpenAI-Monitor: 1',
          "Origin: http://127.0.0.1:$port"), 204, 'the page itself');
    check(status_of($uri, 'POST', 'X-OpenAI-Monitor: 1', 'Content-Length: 0'),
          204, 'a program');
}

my $answer = http("POST /api/clear HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n"
                  . "X-OpenAI-Monitor: 1\r\n"
                  . "Content-Length: 100000\r\nConnection: close\r\n\r\n"
                  . 'x' x 100000, port => $port);
check($answer->{status}, 204, 'a body is thrown away');



=== TEST 3: the monitor does not record itself, and errors are not markup
fault 37
--- client
monitor('/api/requests') for 1 .. 3;
check(json_value((monitor('/api/requests'))[1]), { total => 0 },
      'no record of its own');
check(json_value((monitor('/api/stats'))[1]), { requests => 0, in_flight => 0 },
      'nor in the statistics');

for my $uri ('/<script>alert(1)</script>', '/api/request/<script>',
      '/api/requests?q=modle:<b>',
             '/api/requests?sort=<script>')
{
    my ($status, $body, $head) = monitor($uri);
    check_like($head, qr{^Content-Type: application/json\r$}m, $uri);
    check_like($head, qr{^X-Content-Type-Options: nosniff\r$}m, $uri);
    check($status >= 400 ? 1 : 0, 1, $uri);
}



=== TEST 4: hostile records stay data
--- upstream
while ($u->request) {
    $u->answer(200, completion(model => '<img src=x onerror=alert(1)>'),
               'X-Evil' => '</script><script>alert(1)</script>');
}
--- client
http(post('/v1/chat/completions?a=</script><script>',
      { model => "=cmd|' /C calc'!A0\"\n",
     messages => [ { role => 'user',
           content => '</script><script>alert(1)</script>' } ] }));
my $r = records(1)->[0];

check($r, { model => "=cmd|' /C calc'!A0\"\n", response_model =>
      '<img src=x onerror=alert(1)>' }, 'as it was');

my (undef, $metrics) = monitor('/metrics');
check_like($metrics, qr/gen_ai_request_model="=cmd\|' \/C calc'!A0\\"\\n"/,
      'escaped in a label');

my (undef, $csv) = monitor('/api/export?format=csv');
check_like($csv, qr/,"'=cmd\|' \/C calc'!A0""\n",/, 'no formula in a cell');

my (undef, $body, $head) = monitor('/');
check_like($head, qr/default-src 'none'; script-src 'self'/, 'a strict policy');
check($body =~ /<script(?![^>]*\bsrc=)/ ? 1 : 0, 0, 'no inline script');



=== TEST 5: names that are bound anew to this address
fault 38
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_OTHER_PORT;
    server_name mon.test *.wild.test .both.test pre.* ~^re\d+\.test$;
    location / { openai_monitor_view zone=monitor; }
}
--- client
sub named {
    my ($host, $port, $uri, @headers) = @_;

    return http("GET $uri HTTP/1.1\r\nHost: $host\r\n" . join('', map { "$_\r\n" } @headers)
                . "Connection: close\r\n\r\n", port => $port)->{status};
}

my ($plain, $other) = (port(), $ENV{TEST_NGINX_OTHER_PORT});

for my $host ('evil.example', "evil.example:$plain", '127.0.0.1.evil.example', 'localhost.evil.example',
              'mon.test', 'a')
{
    check(named($host, $plain, $_, "Origin: http://$host", 'Sec-Fetch-Site: same-origin'), 421, "$host$_")
        for '/', readable();
}

check(named($_, $plain, '/api/info'), 200, $_)
    for '127.0.0.1', "127.0.0.1:$plain", 'localhost', "LOCALHOST:$plain", 'a.localhost',
        '[::1]', '192.0.2.7';
check(named($_, $other, '/api/info'), 200, $_)
    for 'mon.test', 'MON.test:1', 'a.wild.test', 'both.test', 'a.both.test', 'pre.x', 're7.test';
check(named($_, $other, '/api/info'), 421, $_)
    for 'wild.test', 'amon.test', 'mon.test.evil', 're7.test.evil', 'xboth.test', 'pre';



=== TEST 6: the monitor is not reached through the proxy that it records
fault 40
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_MONITOR_PORT; }
location /any/ { proxy_set_header Host $arg_host; proxy_pass http://$arg_host/$arg_path$is_args$args; }
location /err/ { error_page 403 = @again; proxy_pass http://127.0.0.1:$TEST_NGINX_MONITOR_PORT/; }
location @again { proxy_pass http://127.0.0.1:$TEST_NGINX_MONITOR_PORT; }
--- client
my $port = port();
my @uris = (readable(), '/', "/any/?host=127.0.0.1:$port&path=api/requests", '/err/api/requests', '/app.js');

for my $uri (@uris) {
    my $answer = http(get($uri));
    check($answer->{status}, 403, "$uri through the proxy");
    check($answer->{body} =~ /"items"|"name"|"requests"|doctype/ ? $answer->{body} : 'nothing', 'nothing', 'says nothing');
}

http(get('/api/requests', "X-Marker: it-was-here"));
check(http("POST /api/clear HTTP/1.1\r\nHost: a\r\nX-OpenAI-Monitor: 1\r\nContent-Length: 0\r\n\r\n")->{status},
      403, 'nor changed');

my $n = @uris + 2;
check(records($n)->[$n - 2]{status}, 403, 'all of it is recorded, and nothing cleared');
check_like(join('', error_log()), qr/the upstream is an openai_monitor_view/, 'it is logged');



=== TEST 7: what a client says of its address counts for nothing
fault 40
--- http_config
server {
    listen 127.0.0.1:$TEST_NGINX_OTHER_PORT;
    allow 127.0.0.1;
    deny all;
    location / { openai_monitor_view zone=monitor; }
}
--- client
sub from {
    my ($address) = @_;
    my $socket = IO::Socket::INET->new(Proto => 'tcp', LocalAddr => $address,
                                       PeerAddr => '127.0.0.1', PeerPort => $ENV{TEST_NGINX_OTHER_PORT})
        or die "connect from $address: $!\n";

    send_bytes($socket, "GET /api/info HTTP/1.1\r\nHost: 127.0.0.1\r\n"
               . join('', map { "$_: 127.0.0.1\r\n" } qw/ X-Forwarded-For X-Real-IP Forwarded
                                                        X-Client-IP True-Client-IP /)
               . "Connection: close\r\n\r\n");
    my $answer = read_answer($socket);

    return $answer->{status};
}

check(from('127.0.0.1'), 200, 'who may');
check(from('127.0.0.2'), 403, 'who says so only');
