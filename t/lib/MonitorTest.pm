package MonitorTest;

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# Test::Nginx with a monitor in every block, and these sections more:
#
#   --- upstream     Perl, run for each connection to the upstream port, with
#                    its ScriptedUpstream in $u
#   --- client       Perl, run instead of "--- request"
#   --- records      Perl that gives what the API shall tell of all records,
#                    oldest first, see differences(); the number counts too
#   --- zone         size and parameters of the zone, default "8m"
#   --- bare         the configuration is the block's own altogether
#
# Every block ends with a look into the error log, after nginx has quit too.

use strict;
use warnings;

use Exporter qw/ import /;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Socket qw/ SOL_SOCKET SO_LINGER SO_RCVBUF IPPROTO_TCP TCP_NODELAY /;
use Time::HiRes qw/ time sleep /;

my $base;

# before Test::Nginx reads them; and whatever the machine has, curl asks no proxy
# for what is on loopback, and nobody complains of a locale that is not there

BEGIN {
    delete @ENV{ grep { /_proxy$/i || /^(?:LC_|LANG)/ } keys %ENV };

    $base = $ENV{TEST_NGINX_PORT} // 24400;

    $ENV{TEST_NGINX_PORT} = $base;
    $ENV{TEST_NGINX_MONITOR_PORT} = $base + 1;
    $ENV{TEST_NGINX_UPSTREAM_PORT} = $base + 2;
    $ENV{TEST_NGINX_OTHER_PORT} = $base + 3;
    $ENV{TEST_NGINX_CLOSED_PORT} = $base + 4;
    $ENV{TEST_NGINX_H2_PORT} = $base + 5;
    $ENV{TEST_NGINX_STREAM_PORT} //= $base + 6;
    $ENV{TEST_NGINX_H3_PORT} = $base + 7;
}

use ScriptedUpstream;
use Test::Nginx::Socket;
use Test::Nginx::Util qw/ $RunTestHelper $CheckErrorLog $ServRoot $ConfFile
                          $PidFile /;

our @EXPORT = qw/ true false null
                  json_text json_value post get sse completion
                  connection send_bytes read_answer read_upto
                  reset_connection
                  http monitor records record answered raw wait_for
                  random_bytes seed
                  upstream master worker_pids stopped reload edit_conf
                  error_log edit_log access_log
                  differences check check_like check_same /;

# fault 52: nothing that a correct module writes, at any time

my $complaint = qr/\[(?:alert|crit|emerg)\]|Sanitizer|runtime error:/;

# nginx is slower by some times when sanitizers or valgrind look on

my $slow = $ENV{OPENAI_MONITOR_CHECKED} ? 6 : 1;

my $upstream;


sub true  { JSON::PP::true }
sub false { JSON::PP::false }
sub null  { undef }

sub json_text { JSON::PP->new->canonical->utf8->encode($_[0]) }
sub json_value { JSON::PP->new->utf8->decode($_[0]) }


server_port("127.0.0.1:$base");
server_port_for_client($base);
log_level('info');
no_shuffle();
no_root_location();
no_long_string();
worker_connections(512);

my $helper = $RunTestHelper;
$RunTestHelper = \&run_block;

add_block_preprocessor(\&prepare_block);

add_test_cleanup_handler(sub { stop_upstream() });
add_cleanup_handler(sub { stop_upstream() });


sub prepare_block {
    my ($block) = @_;

    $block->set_value(config => <<'END') unless defined $block->config;
location / {
    proxy_pass          http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
    proxy_http_version  1.1;
    proxy_set_header    Connection "";
}
END

    return if defined $block->must_die;

    $block->set_value(no_shutdown_error_log => $complaint);

    return if defined $block->bare;

    my $zone = $block->zone // '8m';
    my $own = $block->http_config // '';
    chomp $zone;

    # the monitor inherits capture, as it must not matter

    $block->set_value(http_config => <<"END");
openai_monitor_zone zone=monitor:$zone;
openai_monitor zone=monitor;

server {
    listen 127.0.0.1:\$TEST_NGINX_MONITOR_PORT;
    location / { openai_monitor_view zone=monitor; }
}
$own
END
}


sub run_block {
    my ($block, $dry_run, $index) = @_;
    my $name = $block->name;

    if (defined $block->upstream) {
        $upstream = ScriptedUpstream->start($ENV{TEST_NGINX_UPSTREAM_PORT},
                                            code($block, 'upstream', '$u'));
    }

    if (defined $block->client) {
        my $client = code($block, 'client', '$block');

        my $limit = 120 * $slow;

        eval {
            local $SIG{ALRM} = sub { die "it took more than $limit s\n" };
            alarm $limit;
            $client->($block);
            1;
        } or Test::More::fail("$name - client: $@");
        alarm 0;

        $CheckErrorLog->($block, undef, $dry_run, $index, 0);

    } else {
        $helper->($block, $dry_run, $index);
    }

    check_records($block) if defined $block->records;

    my @lines = grep { /$complaint/ } error_log();
    Test::More::is(join('', @lines), '', "$name - error log");

    stop_upstream();
}


sub stop_upstream {
    $upstream->stop if $upstream;
    undef $upstream;
}


sub code {
    my ($block, $section, $argument, $prefix) = @_;
    my $text = ($prefix // '') . $block->$section;

    my $code = eval "package main; sub { my ($argument) = \@_;\n"
                    . "# line 1 \"$section of " . $block->name . "\"\n"
                    . "$text\n}";

    return $code // Test::More::BAIL_OUT($block->name . " - $section: $@");
}


# Expectations.  A hash names the members that count, an array all elements; a
# regular expression and a function (true when content, or what is wrong as
# text) look at a value; undef is JSON's null.

sub differences {
    my ($got, $want, $path) = @_;
    my $is = defined $got ? (ref $got ? json_text([$got]) : "\"$got\"") : 'null';

    if (JSON::PP::is_bool($want)) {
        return if JSON::PP::is_bool($got) && !!$got == !!$want;
        return "$path is $is, not a boolean " . ($want ? 'true' : 'false');
    }

    if (ref $want eq 'HASH') {
        return "$path is $is, not an object" unless ref $got eq 'HASH';
        return map { exists $got->{$_}
                     ? differences($got->{$_}, $want->{$_}, "$path.$_")
                     : "$path.$_ is missing" } sort keys %$want;
    }

    if (ref $want eq 'ARRAY') {
        return "$path is $is, not an array" unless ref $got eq 'ARRAY';
        return "$path has " . @$got . ' elements, not ' . @$want . ": $is"
            unless @$got == @$want;
        return map { differences($got->[$_], $want->[$_], "$path\[$_]") }
                   0 .. $#$want;
    }

    if (ref $want eq 'CODE') {
        my $verdict = $want->($got);
        return if $verdict && $verdict eq '1';
        return "$path is $is" . ($verdict ? ": $verdict" : '');
    }

    return defined $got ? "$path is $is, not null" : () unless defined $want;
    return "$path is null" unless defined $got;

    if (ref $want eq 'Regexp') {
        return !ref $got && $got =~ $want ? () : "$path is $is, not $want";
    }

    return if !ref $got && $got eq $want;
    return "$path is $is, not \"$want\"" if length $want < 200;
    return "$path differs: " . length($got) . ' bytes, not ' . length $want;
}


sub check {
    my ($got, $want, $name) = @_;

    Test::More::is(join("\n", differences($got, $want, '')), '', $name);
}


sub check_like { Test::More::like($_[0], $_[1], $_[2]) }

# for long strings: does not print them

sub check_same {
    my ($got, $want, $name) = @_;

    Test::More::ok($got eq $want, $name)
        or Test::More::diag(length($got) . ' bytes, not the ' . length($want)
                            . ' wanted');
}


sub check_records {
    my ($block) = @_;
    my $want = code($block, 'records', '$block', 'return ')->($block);

    $want = [$want] if ref $want eq 'HASH';
    Test::More::BAIL_OUT($block->name . ' - records: no array')
        unless ref $want eq 'ARRAY';

    my $got = eval { records(scalar @$want) };
    my $wrong = $@ || join "\n", differences($got, $want, 'records');

    Test::More::is($wrong, '', $block->name . ' - records');
}


# The monitor's API.

# (status, body, head) of a GET, or of another method

sub monitor {
    my ($uri, $method, @headers) = @_;

    my $answer = http(($method // 'GET') . " $uri HTTP/1.1\r\n"
                      . "Host: 127.0.0.1:$ENV{TEST_NGINX_MONITOR_PORT}\r\n"
                      . join('', map { "$_\r\n" } @headers)
                      . "Connection: close\r\n\r\n",
                      port => $ENV{TEST_NGINX_MONITOR_PORT});

    die "no answer to $uri\n" unless $answer->{status};

    return @$answer{qw/ status body head /};
}


# all records in detail, oldest first, once at least n are there and none runs

sub records {
    my ($n, %option) = @_;
    my $list;

    wait_for(sub {
        my ($status, $body) = monitor('/api/requests?page_size=1000'
                                      . ($option{query} // ''));
        die "the list answers $status: $body\n" unless $status == 200;

        $list = json_value($body);

        return $list->{total} >= $n
               && ($option{running}
                   || !grep { $_->{outcome} eq 'running' } @{ $list->{items} });
    }, "$n records that have ended", sub {
        # what was dropped is said there
        json_text(json_value((monitor('/api/stats'))[1])->{zone})
            . ' ' . json_text($list)
    });

    return [ map { record($_->{id}) } reverse @{ $list->{items} } ];
}


# a record says how its answer began within 100 ms

sub answered {
    my ($uri) = @_;

    wait_for(sub {
        my ($status, $body) = monitor('/api/requests');

        return $status == 200
               && grep { $_->{uri} eq $uri && defined $_->{status} }
                       @{ json_value($body)->{items} };
    }, "the status of $uri");
}


sub record {
    my ($id, $arguments) = @_;

    my ($status, $body) = monitor("/api/request/$id" . ($arguments // ''));
    die "record $id answers $status: $body\n" unless $status == 200;

    return json_value($body);
}


# a body's bytes as they travelled

sub raw {
    my ($id, $which) = @_;

    my ($status, $body) = monitor("/api/request/$id/$which");
    die "$which of $id answers $status: $body\n" unless $status == 200;

    return $body;
}


# n bytes that hold every value; the same for the same seed

sub random_bytes {
    my ($n) = @_;

    return join '', map { chr int rand 256 } 1 .. $n;
}


# said with the test's result, so that a failure can be had again

sub seed {
    my $seed = $ENV{TEST_SEED} // int(time * 1000) % 1000000;

    Test::More::diag("seed: TEST_SEED=$seed");
    srand $seed;
}


sub wait_for {
    my ($condition, $what, $state) = @_;
    my $limit = 10 * $slow;
    my $end = time + $limit;

    while (1) {
        my $result = $condition->();
        return $result if $result;

        last if time > $end;
        sleep 0.01;
    }

    die "waited $limit s in vain for $what" . ($state ? ': ' . $state->() : '')
        . "\n";
}


sub upstream { $upstream }


# A client of HTTP/1.

sub post {
    my ($uri, $body, @headers) = @_;

    $body = json_text($body) if ref $body;

    return "POST $uri HTTP/1.1\r\nHost: api.test\r\n"
           . "Content-Type: application/json\r\n"
           . join('', map { "$_\r\n" } @headers)
           . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
}


sub get {
    my ($uri, @headers) = @_;

    return "GET $uri HTTP/1.1\r\nHost: api.test\r\n"
           . join('', map { "$_\r\n" } @headers) . "\r\n";
}


sub sse { join '', map { 'data: ' . (ref $_ ? json_text($_) : $_) . "\n\n" } @_ }

# a chat completion

sub completion {
    my (%more) = @_;

    return { id => 'chatcmpl-1', object => 'chat.completion', created => 1,
             model => 'test-model-1', choices => [
                { index => 0, finish_reason => 'stop',
                  message => { role => 'assistant', content => 'Hello' } } ],
             usage => { prompt_tokens => 11, completion_tokens => 3,
                        total_tokens => 14 },
             %more };
}


sub connection {
    my (%option) = @_;

    my $socket = IO::Socket::INET->new(Proto => 'tcp') or die "socket: $!";

    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, $option{receive_buffer}
        if $option{receive_buffer};

    $socket->connect(Socket::pack_sockaddr_in($option{port} // $base,
                                              Socket::inet_aton('127.0.0.1')))
        or die "connect: $!\n";
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;

    return $socket;
}


sub send_bytes {
    my ($socket, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $n = syswrite $socket, $bytes;
        return unless $n;
        substr $bytes, 0, $n, '';
    }

    return 1;
}


# one request on a connection of its own

sub http {
    my ($bytes, %option) = @_;
    my $socket = connection(%option);

    send_bytes($socket, $bytes);

    my $answer = read_answer($socket, head_only => scalar $bytes =~ /^HEAD /);
    close $socket;

    return $answer;
}


# reads until the pattern matches; all that was read

sub read_upto {
    my ($socket, $pattern) = @_;
    my $in = ${*$socket}{monitor_in} // '';
    my $limit = 10 * $slow;

    while ($in !~ $pattern) {
        IO::Select->new($socket)->can_read($limit)
            or die "waited $limit s in vain for $pattern in: $in\n";
        sysread $socket, $in, 65536, length $in
            or die "the connection ended before $pattern: $in\n";
    }

    ${*$socket}{monitor_in} = $in;

    return $in;
}


# the next answer: status, head, headers, body; complete, or cut by the end of
# the connection

sub read_answer {
    my ($socket, %option) = @_;
    my $in = \(${*$socket}{monitor_in} //= '');

    my $more = sub {
        IO::Select->new($socket)->can_read(($option{timeout} // 15) * $slow)
            or die "no answer in time: $$in\n";
        return sysread $socket, $$in, 65536, length $$in;
    };

    my $answer = { status => 0, body => '', head => '', complete => 0 };

    while (1) {
        my $end;

        while (($end = index $$in, "\r\n\r\n") < 0) {
            return $answer unless $more->();
        }

        $answer->{head} = substr $$in, 0, $end + 4, '';
        ($answer->{status}) = $answer->{head} =~ m{^HTTP/\S+ (\d+)};

        last if $answer->{status} >= 200 || $answer->{status} == 101;
        $answer->{interim}++;
    }

    my %headers;
    push @{ $headers{lc $1} }, $2
        while $answer->{head} =~ /^([^:\s]+):[ ]*(.*?)\r$/mg;
    $_ = join ', ', @$_ for values %headers;
    $answer->{headers} = \%headers;

    if ($option{head_only} || $answer->{status} =~ /^(?:101|204|304)$/) {
        $answer->{complete} = 1;
        return $answer;
    }

    read_body($answer, $in, $more);

    return $answer;
}


sub read_body {
    my ($answer, $in, $more) = @_;

    if (($answer->{headers}{'transfer-encoding'} // '') =~ /chunked/) {
        while (1) {
            my $end;

            while (($end = index $$in, "\r\n") < 0) {
                return unless $more->();
            }

            my ($digits) = substr($$in, 0, $end + 2, '') =~ /^([0-9a-fA-F]+)/;
            my $size = hex $digits;

            while (length $$in < $size + 2) {
                next if $more->();
                $answer->{body} .= $$in;
                return;
            }

            $answer->{body} .= substr $$in, 0, $size;
            substr $$in, 0, $size + 2, '';
            last unless $size;
        }

    } elsif (defined(my $size = $answer->{headers}{'content-length'})) {
        1 while length $$in < $size && $more->();

        $answer->{body} = substr $$in, 0, $size, '';
        return if length $answer->{body} < $size;

    } else {
        1 while $more->();
        $answer->{body} = $$in;
    }

    $answer->{complete} = 1;
}


sub reset_connection {
    my ($socket) = @_;

    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    close $socket;
}


# nginx itself

sub error_log {
    open my $file, '<', $Test::Nginx::Util::ErrLogFile or return ();
    return <$file>;
}


# a line for each request that is over, in their order; nobody's sleep is seen

sub access_log {
    open my $file, '<', $Test::Nginx::Util::AccLogFile or die "the log: $!\n";
    return <$file>;
}


sub master {
    open my $file, '<', $PidFile or die "no pid file: $!\n";
    return <$file> + 0;
}


# pids of the workers, oldest first; those that are shutting down too

sub worker_pids {
    my $master = master();
    my @pids;

    for my $path (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $path or next;
        my $stat = <$file> // next;
        my ($pid, $state, $parent) = $stat =~ /^(\d+) \(.*\) (\S) (\d+)/s;

        push @pids, $pid
            if $parent && $parent == $master && $state ne 'Z';
    }

    @pids = sort { $a <=> $b } @pids;

    return @pids;
}


# what the function gives, while no worker runs: what it sent waits for them

sub stopped {
    my ($function) = @_;
    my @pids = worker_pids();

    # a single process has no workers

    @pids = (master()) unless @pids;

    kill 'STOP', @pids;
    wait_for(sub { !grep { state($_) ne 'T' } @pids }, 'the stop of nginx');
    my @result = $function->();
    kill 'CONT', @pids;

    return @result;
}


sub state {
    my ($pid) = @_;

    open my $file, '<', "/proc/$pid/stat" or return '';
    return (<$file> // '') =~ /^\d+ \(.*\) (\S)/s ? $1 : '';
}


sub edit_conf {
    my ($function) = @_;

    open my $in, '<', $ConfFile or die "$ConfFile: $!\n";
    local $/;
    local $_ = <$in>;
    close $in;

    $function->();

    open my $out, '>', $ConfFile or die "$ConfFile: $!\n";
    print $out $_;
    close $out;
}


# takes out what nginx writes about what a test did on purpose

sub edit_log {
    my ($function) = @_;
    my $path = $Test::Nginx::Util::ErrLogFile;

    local $_ = join '', error_log();
    $function->();

    # in place: the workers append to it

    open my $out, '>', $path or die "$path: $!\n";
    print $out $_;
    close $out;
}


# HUP, until only new workers serve; old ones may stay to end what they have

sub reload {
    my (%option) = @_;
    my %old = map { $_ => 1 } worker_pids();

    kill 'HUP', master();

    wait_for(sub {
        my @now = worker_pids();
        my @new = grep { !$old{$_} } @now;

        return if @new < keys %old;
        return @new == @now unless $option{stay};
        return !grep { $old{$_} && !leaving($_) } @now;
    }, 'the workers of the new configuration');
}


# the title of a process says so too, but not under valgrind

sub leaving {
    my ($pid) = @_;

    return scalar grep { /\] $pid#\d+: gracefully shutting down/ } error_log();
}


1;
