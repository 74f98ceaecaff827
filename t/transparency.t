# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: clients and upstreams cannot tell whether they are recorded.
# Each exchange runs twice, with and without the monitor in its location. Both
# ends must see the same bytes, for random bodies, sizes and pieces, and
# through every filter of nginx. Seen to fail with a changed byte, a lost
# header, a delayed piece, and when a call without buffers was not passed on.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use Digest::MD5 qw/ md5_hex /;
use MonitorTest;

seed();

# two servers with the same locations; only one records

our $both = sub {
    my ($locations) = @_;

    return join '', map {
        my ($port, $capture) = @$_;
        "server {\nlisten 127.0.0.1:\$$port;\nclient_max_body_size 30m;\n"
        . "$capture\n$locations\n}\n";
    } [ TEST_NGINX_OTHER_PORT => 'openai_monitor off;' ],
      [ TEST_NGINX_H2_PORT => 'openai_monitor zone=monitor;' ];
};

our @ports = @ENV{qw/ TEST_NGINX_OTHER_PORT TEST_NGINX_H2_PORT /};

# answers as the URI says (size, pieces, end), and notes the request

our $answer = sub {
    my ($u) = @_;

    while (my $request = $u->request) {
        my ($id, $size, $way) = $request->{uri} =~ m{/(\d+)/(\d+)/(\w+)};

        $u->note(md5_hex($request->{head} . $request->{body}));
        srand $id;

        my $body = random_bytes($size);
        my @headers = ('X-One' => 'a', 'X-One' => 'b', ETag => '"x"',
                       'Content-Type' => $id % 2 ? 'application/json'
                                                 : 'text/event-stream');

        if ($way eq 'length') {
            $u->answer(200 + $id % 3, $body, @headers);

        } elsif ($way eq 'close') {
            $u->send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n$body");
            $u->close;
            last;

        } else {
            $u->head(200, @headers, 'Transfer-Encoding' => 'chunked');
            $u->chunk(substr $body, 0, 1 + int rand 9000, '') while length $body;

            if ($way eq 'cut') {
                $u->close;
                last;
            }

            $u->finish;
        }
    }
};

# returns what both ends see, without fields that always differ

our $seen = sub {
    my ($port, $bytes, $noted) = @_;

    my $answer = http($bytes, port => $port);
    my @notes = $noted ? upstream()->notes($noted) : ('');
    my $head = $answer->{head} =~ s/^(Date|Expires):[^\n]*/$1/mgr;
    my $body = $answer->{body};

    # nginx counts up the boundary of several ranges

    if ($head =~ s/boundary=(\d+)/boundary=/) {
        $body =~ s/^--$1/--/mg;
    }

    return ($head, $body, $answer->{complete}, $notes[-1]);
};

our $compare = sub {
    my ($name, $bytes, $noted) = @_;

    my @plain = $::seen->($ports[0], $bytes, $noted ? ++$$noted : 0);
    my @recorded = $::seen->($ports[1], $bytes, $noted ? ++$$noted : 0);

    check($recorded[0], $plain[0], "$name: head");
    check_same($recorded[1], $plain[1], "$name: body");
    check([ @recorded[2, 3] ], [ @plain[2, 3] ], "$name: end, and upstream");
};

our $random_exchange = sub {
    my ($uri) = @_;
    my $size = (0, 1, 100, 5000, 50_000, 200_000)[rand 6];
    my $way = qw/ length chunked close cut /[rand 4];
    my $id = int rand 1_000_000;
    my $body = random_bytes((0, 1, 1000, 20_000, 100_000)[rand 5]);

    $uri .= "/$id/$size/$way";

    return (get($uri), $uri) if rand > 0.7;
    return (post($uri, $body, 'X-Api-Key: some key'), $uri) if rand > 0.4;

    my $chunks = '';
    while (length $body) {
        my $chunk = substr $body, 0, 1 + int rand 9000, '';
        $chunks .= sprintf "%x\r\n%s\r\n", length $chunk, $chunk;
    }

    return ("POST $uri HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            . "${chunks}0\r\n\r\n", "$uri chunked");
};

run_tests();

__DATA__

=== TEST 1: random bodies in random pieces
fault 45, fault 46, fault 47
--- http_config eval
$::both->(<<'END')
proxy_http_version 1.1;
proxy_set_header Connection "";
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
location /direct {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_buffering off;
    proxy_request_buffering off;
}
location /small {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_buffers 3 1k;
    proxy_buffer_size 1k;
    proxy_busy_buffers_size 1k;
    client_body_buffer_size 1k;
    output_buffers 1 512;
    postpone_output 0;
}
END
--- zone: 64m
--- upstream
$::answer->($u);
--- client
my $noted = 0;
for my $n (1 .. 60) {
    my ($bytes, $name) = $::random_exchange->(('', '/direct', '/small')[rand 3]);
    $::compare->("$n: $name", $bytes, \$noted);
}
check(scalar(@{ records(60) }), 60, 'one of each two is recorded');



=== TEST 2: through nginx's own filters
fault 47
--- http_config eval
$::both->(<<'END')
location / { root html; }
location /gzip { alias html/; gzip on; gzip_types *; gzip_min_length 1; }
location /sub { alias html/; sub_filter_types *; sub_filter 0 zero;
                sub_filter_once off; add_header X-Added yes; expires 1h; }
location /aio { alias html/; directio 1; aio threads; sendfile on; }
location /sendfile { alias html/; sendfile on; tcp_nopush on; }
location /ssi { alias html/; ssi on; ssi_types *; }
location /slow { alias html/; limit_rate 1m; }
location /error { error_page 404 = /file; return 404; }
location /redirect { absolute_redirect off; return 301 /else; }
location /denied { deny all; }
location /small-limit { client_max_body_size 1; proxy_pass http://127.0.0.1:1; }
END
--- user_files eval
[ [ file => CORE::join('', map { "line $_ 0123456789\n" } 1 .. 5000) ],
  [ page => 'before <!--# include virtual="/file" --> after' ] ]
--- client
$::compare->("GET $_", get($_)) for
    '/file', '/sub/file', '/aio/file', '/sendfile/file', '/ssi/page', '/slow/file',
    '/error', '/redirect', '/denied', '/none', '/gzip/file';

$::compare->($_->[0], get(@$_)) for
    [ '/gzip/file', 'Accept-Encoding: gzip' ],
    [ '/file', 'Range: bytes=5-10' ], [ '/file', 'Range: bytes=-10' ],
    [ '/file', 'Range: bytes=1-2,5-6' ], [ '/file', 'Range: bytes=999999-' ],
    [ '/sendfile/file', 'Range: bytes=100-70000' ],
    [ '/file', 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT' ],
    [ '/file', 'Connection: close' ];

$::compare->('too large', post('/small-limit', 'xx'));
$::compare->('not allowed', post('/file', 'x'));
$::compare->($_, "$_\r\n\r\n") for
    'HEAD /file HTTP/1.0', 'HEAD /gzip/file HTTP/1.0', 'GET /file HTTP/1.0',
    'GET / HTTP/1.1', 'garbage', 'GET / HTTP/7.0';



=== TEST 3: a cache, filled by the one and read by the other
--- http_config eval
"proxy_cache_path cache_cache keys_zone=cache:1m;\n" . $::both->(<<'END')
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_cache cache;
    proxy_cache_key $uri;
    proxy_cache_valid 200 1m;
}
END
--- upstream
$::answer->($u);
--- client
my $n = 0;
for my $turn ([ 0, 1 ], [ 1, 0 ]) {
    for my $size (0, 1, 5000, 200_000) {
        my $uri = '/' . 3 * ++$n . "/$size/length";
        my @seen = map { [ $::seen->($::ports[$_], get($uri), $n) ] } @$turn, @$turn;
        my ($first, @others) = map { CORE::join "\n", @$_ } @seen;
        check_same($_, $first, "$uri: the same") for @others;
    }
}



=== TEST 4: events reach the client when they come, not later
fault 46
--- http_config eval
$::both->(<<'END')
proxy_http_version 1.1;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
location /direct {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_buffering off;
}
END
--- upstream
$u->request; $u->stream;
for my $n (1 .. 5) { $u->event("event $n"); $u->hold; }
$u->finish;
--- client
for my $port (@::ports) {
    for my $uri ('/', '/direct') {
        my $socket = connection(port => $port);
        send_bytes($socket, get($uri));

        # the upstream goes on when the client has all bytes so far

        for my $n (1 .. 5) {
            read_upto($socket, qr/event $n\n\n/);
            upstream()->release;
        }

        check(read_answer($socket), { complete => 1,
              body => join '', map { "data: event $_\n\n" } 1 .. 5 }, $uri);
    }
}
