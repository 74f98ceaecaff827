# The promise: nobody but the page itself reads records or changes anything:
# not another site's script or form, not a name that was bound anew to this
# address.  What was recorded never becomes markup.

use strict;
use warnings;

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
