# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: a process without a master survives a reload that takes a zone
# away, and who looks at that zone has the end of the feed.  (nginx itself
# answers nobody after such a reload: it is one of developers.)  Seen to fail
# when the next tick of the viewers read memory that had gone.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

our $monitor = $ENV{TEST_NGINX_MONITOR_PORT};

our $feed = sub {
    my ($port) = @_;
    my $socket = connection(port => $port);

    send_bytes($socket, "GET /api/events HTTP/1.1\r\n"
                        . "Host: localhost\r\n\r\n");
    read_upto($socket, qr/event: hello/);

    return $socket;
};

run_tests();

__DATA__

=== TEST 1: a reload takes a zone away
--- config
location / { return 200 "here"; }
--- client
my $feed = $::feed->($::monitor);

http(get('/one'));
read_upto($feed, qr/one.*?"outcome":"ok".*?\n\n/s);

edit_conf(sub { s/zone=monitor\b/zone=second/g });
kill 'HUP', my $pid = master();

my $rest = '';
1 while sysread $feed, $rest, 4096, length $rest;
check_like($rest, qr/^(?!.*event: record)/s, 'the feed has its end');

kill 'USR1', $pid;
wait_for(sub { grep { /reopening logs/ } error_log() }, 'the process');
