# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: what shall be recorded is recorded and nothing else: by
# location, inherited or switched off, by a condition; and never the monitor's
# own requests, though capture is inherited there in every block. Seen to fail
# when a condition's value did not matter, and when the monitor recorded
# itself.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

run_tests();

__DATA__

=== TEST 1: by a map of the method and the path
--- http_config
map "$request_method $uri" $wanted {
    default        0;
    "~^POST /v1/"  1;
    "~^POST /no"   "";
    "~^PUT"        yes;
}
--- config
location / { openai_monitor zone=monitor if=$wanted; return 200 "here"; }
--- client
http(get('/v1/models'));
http(post('/v1/wanted', '{}'));
http(post('/no', '{}'));
http("PUT /else HTTP/1.1\r\nHost: a\r\n\r\n");
--- records
[ { uri => '/v1/wanted' }, { uri => '/else', method => 'PUT' } ]



=== TEST 2: by several variables
--- config
location / { openai_monitor zone=monitor if=$arg_a$arg_b; return 200 "here"; }
--- client
http(get("/?$_")) for 'a=0', 'a=&b=', 'a=0&b=0', 'b=1', 'c=1';
--- records
[ { uri => '/?a=0&b=0' }, { uri => '/?b=1' } ]



=== TEST 3: by chance, decided once for each exchange
--- http_config
split_clients $arg_n $sample {
    50%  1;
    *    0;
}
log_format sample '$arg_n $sample';
--- config
access_log logs/sample.log sample;
openai_monitor zone=monitor if=$sample;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_CLOSED_PORT;
    error_page 502 = @other;
}
location @other { return 200 "here"; }
--- client
http(get("/?n=$_")) for 1 .. 100;

my @lines;
wait_for(sub {
    open my $log, '<', server_root() . '/logs/sample.log' or die $!;
    @lines = <$log>;
    return @lines == 100;
}, 'the log of the last one');

my @wanted = map { /^(\d+) 1$/ ? { uri => "/?n=$1" } : () } @lines;

check(scalar(@wanted) > 20 && scalar(@wanted) < 80, 1, 'about half of them');
check(records(scalar @wanted), \@wanted, 'these');



=== TEST 4: switched off, and on again
--- config
location / { return 200 "on"; }
location /off { openai_monitor off; return 200 "off"; }
location /off/on { openai_monitor zone=monitor; return 200 "on"; }
--- client
http(get($_)) for '/', '/off', '/off/on';
--- records
[ { uri => '/' }, { uri => '/off/on' } ]



=== TEST 5: inherited by nested locations and "if"
--- config
openai_monitor off;
location / {
    openai_monitor zone=monitor;
    location /nested { return 200 "nested"; }
    if ($arg_off) { openai_monitor off; }
    root html;
}
location /off {
    if ($arg_on) { openai_monitor zone=monitor; }
    root html;
}
--- client
http(get($_)) for '/nested', '/?off=1', '/?off=', '/off?on=1', '/off';
--- records
[ { uri => '/nested' }, { uri => '/?off=' }, { uri => '/off?on=1' } ]



=== TEST 6: a condition is inherited with its zone, and goes with it
--- config
openai_monitor zone=monitor if=$arg_a;
location / { return 200 "inherited"; }
location /own { openai_monitor zone=monitor; return 200 "own"; }
--- client
http(get($_)) for '/', '/?a=1', '/own', '/own?a=1';
--- records
[ { uri => '/?a=1' }, { uri => '/own' }, { uri => '/own?a=1' } ]



=== TEST 7: two zones and two monitors are apart
--- http_config
openai_monitor_zone zone=second:4m;
server {
    listen 127.0.0.1:$TEST_NGINX_OTHER_PORT;
    server_name api.test;
    location / { openai_monitor_view zone=second; }
}
--- config
location / { return 200 "first"; }
location /second { openai_monitor zone=second; return 200 "second"; }
--- client
http(get($_)) for '/', '/second';

my $answer = http(get('/api/requests'), port => $ENV{TEST_NGINX_OTHER_PORT});
my $list = json_value($answer->{body});
check($list, { total => 1, items => [ { uri => '/second' } ] }, 'the second');

my $id = $list->{items}[0]{id};
check((monitor("/api/request/$id"))[0], 404, 'unknown to the first');
--- records
[ { uri => '/' } ]



=== TEST 8: the monitor's own requests, those it refuses too
--- client
monitor($_) for '/', '/api/requests', '/api/stats', '/api/none',
                '/api/request/none', '/metrics', '/x?y=z';
monitor('/api/requests', 'POST');
http(get('/api/requests', 'Range: bytes=0-1'),
     port => $ENV{TEST_NGINX_MONITOR_PORT});
check(json_value((monitor('/api/stats'))[1]),
      { requests => 0, in_flight => 0 }, 'statistics');
--- records
[]



=== TEST 9: no module's directive at all
fault 45
--- bare
--- config
location / { return 200 "plain"; }
--- request
GET /
--- response_body chomp
plain
