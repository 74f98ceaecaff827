#!/usr/bin/perl

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: no change makes recording cost more by accident.
#
# An exchange and a piece of a stream make no system call more than they make
# without the module, and no allocation more than the few that are listed.  The
# instructions that the module adds do not grow by more than 15 % of all.
#
#     RECORD=1 prove t/cost.t         writes the instructions anew to t/cost.json
#
# valgrind counts.  What matters to a user is time: "./auto-build.sh bench"
# measures that.

use warnings;
use strict;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use File::Temp qw/ tempdir /;
use IO::Socket::INET;
use JSON::PP;
use Socket qw/ IPPROTO_TCP TCP_NODELAY /;
use Test::More;
use Time::HiRes qw/ sleep /;

my $here = abs_path(dirname(__FILE__));
my $file = "$here/cost.json";

my $nginx = $ENV{TEST_NGINX_BINARY} // 'nginx';
my $module = $ENV{TEST_NGINX_LOAD_MODULES} // '';
my $port = $ENV{TEST_NGINX_PORT} // 24400;
my $dir = tempdir(CLEANUP => 1);

plan skip_all => 'there is no valgrind' if system('valgrind --version '
                                                  . '> /dev/null 2>&1') != 0;
plan skip_all => 'a checker has a price of its own'
    if $ENV{OPENAI_MONITOR_CHECKED} || $nginx =~ /asan/;

my $self_pid = $$;
my $child;

# what a failed test leaves ends with it

END {
    if (defined $self_pid && $$ == $self_pid && $child) {
        local $?;
        kill 'KILL', $child;
        waitpid $child, 0;
    }
}

$SIG{ALRM} = sub { die "it took more than five minutes\n" };
$SIG{PIPE} = 'IGNORE';


# --- nginx, and both of its neighbours ---

sub configuration {
    my ($captured) = @_;
    my ($proxy, $view, $upstream) = ($port, $port + 1, $port + 2);

    my $load = ($captured && $module) ? "load_module $module;" : '';
    my $zone = $captured ? 'openai_monitor_zone zone=cost:16m entries=64;' : '';
    my $monitor = $captured ? 'openai_monitor zone=cost;' : '';
    my $user = $> == 0 ? 'user root;' : '';
    my $page = $captured ? <<"END" : '';
    server {
        listen 127.0.0.1:$view;
        location / { openai_monitor_view zone=cost; }
    }
END

    return <<"END";
$load
$user
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log $dir/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    client_body_buffer_size 1m;
    keepalive_requests 100000;
    $zone
    upstream api {
        server 127.0.0.1:$upstream;
        keepalive 4;
        keepalive_requests 100000;
    }
    server {
        listen 127.0.0.1:$proxy;
        location / {
            $monitor
            proxy_pass http://api;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_request_buffering off;
        }
    }
    $page
}
END
}


sub start {
    my ($captured, @options) = @_;

    open my $conf, '>', "$dir/nginx.conf" or die $!;
    print $conf configuration($captured);
    close $conf;

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        delete @ENV{grep { /^(?:GLIBCXX|MALLOC)/ } keys %ENV};
        open STDERR, '>', "$dir/valgrind.err";
        exec 'valgrind', "--log-file=$dir/valgrind.log", @options, $nginx,
             '-p', $dir, '-c', "$dir/nginx.conf", '-e', "$dir/error.log"
            or POSIX::_exit(127);
    }

    $child = $pid;
}


sub stop {
    kill 'QUIT', $child;
    waitpid $child, 0;
    undef $child;
}


sub lines_of {
    my ($name) = @_;

    open my $in, '<', "$dir/$name" or die "no $dir/$name: $!";
    my @lines = <$in>;
    close $in;

    return @lines;
}


sub instructions {
    my @totals = grep { /^(?:totals|summary):/ } lines_of('out');
    my ($total) = $totals[-1] =~ /(\d+)/ or die 'no total';

    return $total;
}


# by name; a call that waits has a second line.  Of the clock nginx asks the
# kernel here only, because valgrind hides the vDSO.

sub system_calls {
    my %calls;

    for (lines_of('valgrind.log')) {
        $calls{$1}++ if /^SYSCALL\[.*?\]\(\s*\d+\)\s+sys_(\w+)/;
    }

    delete @calls{qw/ clock_gettime gettimeofday time /};

    return \%calls;
}


sub allocations {
    my ($total) = map { /total heap usage: ([\d,]+) allocs/ } lines_of(
        'valgrind.log') or die 'no total';
    $total =~ tr/,//d;

    return $total;
}


sub connected {
    my ($at) = @_;

    for (1 .. 500) {
        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                           PeerPort => $at);

        if ($socket) {
            setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
            return $socket;
        }

        sleep 0.02;
    }

    die "nothing listens on $at\n";
}


# reads until the condition holds of all that was read since the last time

sub read_until {
    my ($socket, $enough) = @_;
    my $all = '';

    until ($enough->($all)) {
        sysread $socket, $all, 65536, length $all or die "closed: $all\n";
    }

    return $all;
}


sub whole {
    my ($message) = @_;

    return 0 unless $message =~ /\r\n\r\n/;
    my $body = length($message) - $+[0];
    my ($length) = $message =~ /^Content-Length: (\d+)/mi;

    return $body >= ($length // 0);
}


# --- what is measured: each goes step by step, so that nginx sees the same
#     pieces each time ---

my $listener = IO::Socket::INET->new(
    LocalAddr => '127.0.0.1', LocalPort => $port + 2, Listen => 16,
    ReuseAddr => 1) or die "listen: $!";

my ($client, $upstream);

sub body {
    my ($size) = @_;
    my $frame = '{"model":"gpt-4o-mini","messages":[{"role":"user",'
                . '"content":"%s"}]}';
    my $words = 'some words that are asked of the model, ' x ($size / 40 + 1);

    return sprintf $frame, substr $words, 0, $size - length($frame) + 2;
}


sub head {
    my ($size) = @_;

    return "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
           . "Authorization: Bearer " . 'x' x 40 . "\r\n"
           . "User-Agent: OpenAI/Python 1.50.0\r\n"
           . "Content-Type: application/json\r\n"
           . "Content-Length: $size\r\n\r\n";
}


my $text = substr 'an answer of the model, which has some words, ' x 40, 0,
                  1060;
my $answer = '{"id":"chatcmpl-1","object":"chat.completion","created":1,'
    . '"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":'
    . '{"role":"assistant","content":"' . $text . '","refusal":null},'
    . '"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":200,'
    . '"completion_tokens":300,"total_tokens":500,"prompt_tokens_details":'
    . '{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":'
    . '{"reasoning_tokens":0}},"service_tier":"default"}';

$answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
          . 'Content-Length: ' . length($answer) . "\r\n\r\n$answer";


sub upstream {
    if (!$upstream) {
        $upstream = $listener->accept;
        setsockopt $upstream, IPPROTO_TCP, TCP_NODELAY, 1;
    }

    return $upstream;
}


# a request in pieces of this size, each of which the upstream has had before
# the next is sent

sub ask {
    my ($body, $piece) = @_;
    my $size = length $body;

    syswrite $client, head($size) . substr($body, 0, $piece);

    my $got = read_until(upstream(), sub { $_[0] =~ /\r\n\r\n/ });
    my $have = length($got) - index($got, "\r\n\r\n") - 4;

    for (my $sent = $piece; $sent < $size; $sent += $piece) {
        $have += length read_until($upstream, sub {
            $have + length($_[0]) >= $sent
        }) if $have < $sent;
        syswrite $client, substr $body, $sent, $piece;
    }

    read_until($upstream, sub { $have + length($_[0]) >= $size });
}


sub exchange {
    ask($_[0], $_[1]);
    syswrite $upstream, $answer;
    read_until($client, \&whole);
}


sub stream {
    my ($body, $events) = @_;

    ask($body, length $body);
    syswrite $upstream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"
                        . "\r\nTransfer-Encoding: chunked\r\n\r\n";

    # of two that are the same the second is only compared: real ones differ

    my @words = ('some', ' words', ' of', ' the', ' model', ', and', ' longer');

    for (1 .. $events) {
        my $word = $words[$_ % @words];
        my $event = 'data: {"id":"chatcmpl-1","object":'
            . '"chat.completion.chunk","created":1790000000,"model":'
            . '"gpt-4o-mini-2024-07-18","service_tier":"default",'
            . '"system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,'
            . '"delta":{"content":"' . $word . '"},"logprobs":null,'
            . "\"finish_reason\":null}],\"usage\":null}\n\n";

        syswrite $upstream, sprintf "%x\r\n%s\r\n", length $event, $event;
        read_until($client, sub { $_[0] =~ /"usage":null\}\n\n\r\n/ });
    }

    syswrite $upstream, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
    read_until($client, sub { $_[0] =~ /\r\n0\r\n\r\n/ });
}


sub view {
    my ($path) = @_;

    my $socket = connected($port + 1);

    syswrite $socket, "GET $path HTTP/1.1\r\nHost: localhost:" . ($port + 1)
                      . "\r\nConnection: close\r\n\r\n";

    my $got = '';
    1 while sysread $socket, $got, 65536, length $got;

    $got =~ m{^HTTP/1.1 200} or die "$path: $got\n";
}


my ($small, $large) = (body(1024), body(65536));
my $filled = 0;

# the zone is full before: what is evicted belongs to the cost

sub fill {
    my ($body) = @_;

    $filled = 1;
    exchange($body, length $body) for 1 .. 64;
}


# "counted" begins when the zone is full, because only then its pages are no
# longer new; once in many exchanges nginx itself reads or allocates once more

my $slack = 0.2;

my @cases = (
    { name => 'exchange_1k', what => 'an exchange of 1 KB', n => [100, 500],
      counted => [80, 120], allocations => 0,
      run => sub { exchange($small, 1024) } },

    { name => 'exchange_64k', what => 'a request of 64 KB', n => [70, 270],
      counted => [80, 120], allocations => 1,
      run => sub { exchange($large, 16384) } },

    { name => 'event', what => 'an event of a stream', n => [2000, 6000],
      counted => [200, 600], steps => 2000, allocations => 0,
      run => sub { stream($small, $_[0]) } },

    { name => 'list', what => 'the list', n => [10, 60], view => 1,
      run => sub { fill($small) if !$filled; view('/api/requests') } },

    { name => 'search', what => 'a search in 4 MB of bodies', n => [2, 12],
      view => 1, within => 'ngx_openai_search_next',  # the rest is slices' own
      run => sub { fill($large) if !$filled;
                   view('/api/requests?q=nowheretobefound') } },
);


# runs nginx under valgrind with these options, and the case n times; a stream
# brings so many steps at once

sub run_case {
    my ($case, $captured, $n, $steps, @options) = @_;

    alarm 300;
    $filled = 0;
    undef $upstream;

    start($captured, @options);
    $client = connected($port);
    $case->{run}->($steps) for 1 .. $n / $steps;

    close $client;
    close $upstream if $upstream;

    stop();
    alarm 0;
}


# what one more of the case takes; what begins and ends nginx is in neither

sub instructions_of {
    my ($case, $captured) = @_;
    my @options = ('--tool=callgrind', "--callgrind-out-file=$dir/out");
    my @total;

    push @options, "--toggle-collect=$case->{within}" if $case->{within};

    for my $n (@{$case->{n}}) {
        run_case($case, $captured, $n, $case->{steps} // 1, @options);
        push @total, instructions();
    }

    return int(($total[1] - $total[0]) / ($case->{n}[1] - $case->{n}[0])
               + 0.5);
}


sub counts_of {
    my ($case, $captured) = @_;
    my $more = $case->{counted}[1] - $case->{counted}[0];
    my (@calls, @allocations, %each);

    for my $n (@{$case->{counted}}) {
        run_case($case, $captured, $n, $case->{steps} ? $n : 1,
                 '--tool=memcheck', '--leak-check=no',
                 '--undef-value-errors=no', '--trace-syscalls=yes');
        push @calls, system_calls();
        push @allocations, allocations();
    }

    for (keys %{$calls[1]}) {
        my $added = $calls[1]{$_} - ($calls[0]{$_} // 0);
        $each{$_} = $added / $more if $added > 0;
    }

    return (\%each, ($allocations[1] - $allocations[0]) / $more);
}


# --- system calls and allocations ---

for my $case (grep { !$_->{view} } @cases) {
    my ($plain, $plain_allocations) = counts_of($case, 0);
    my ($calls, $allocations) = counts_of($case, 1);

    for (sort keys %$calls) {
        cmp_ok($calls->{$_}, '<=', ($plain->{$_} // 0) + $slack,
               sprintf '%s calls %s %.2f times, %.2f without the module',
                       $case->{what}, $_, $calls->{$_}, $plain->{$_} // 0);
    }

    cmp_ok($allocations, '<=', $plain_allocations + $case->{allocations}
                               + $slack,
           sprintf '%s makes %.2f allocations, %.2f without the module',
                   $case->{what}, $allocations, $plain_allocations);
}


# --- instructions ---

my $room = 0.15;

my ($version) = `"$nginx" -v 2>&1` =~ m{/([0-9.]+)};
my ($compiler) = `cc -dumpversion` =~ /^(\d+)/;
my $key = "nginx $version, gcc " . ($compiler // '?');

my $json = JSON::PP->new->canonical->pretty->indent_length(1);
my $recorded = {};

if (open my $in, '<', $file) {
    local $/;
    $recorded = $json->decode(<$in>);
}

# another nginx or compiler is held to the first of those recorded

my ($like) = exists $recorded->{$key} ? $key : sort keys %$recorded;
my %found;

for my $case (@cases) {
    my $plain = $case->{view} ? 0 : instructions_of($case, 0);
    my $all = instructions_of($case, 1);
    my $was = defined $like ? $recorded->{$like}{$case->{name}} : undef;

    $found{$case->{name}} = { plain => $plain, all => $all };

    my $text = "$case->{what}: $all instructions"
               . ($plain ? ", $plain without the module" : '');

    if ($ENV{RECORD} || !defined $was) {
        pass("recorded: $text");
        next;
    }

    my $more = ($all - $plain) - ($was->{all} - $was->{plain});

    cmp_ok($more, '<=', $room * $was->{all}, $text)
        or diag("$was->{all} were recorded, $was->{plain} without the module",
                " ($like)");
}

if ($ENV{RECORD}) {
    $recorded->{$key} = \%found;
    open my $out, '>', $file or die "$file: $!";
    print $out $json->encode($recorded);
    close $out;
}

done_testing();
