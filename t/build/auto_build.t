#!/usr/bin/perl

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# auto-build.sh promises one clear line for whatever is wrong, a proxy and a
# monitor that answer when the addresses are printed, a recorded 502 and never
# a hang for an upstream that is not there, and nothing left behind however it
# ends.

use warnings;
use strict;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use File::Temp qw/ tempdir tempfile /;
use IO::Socket::INET;
use JSON::PP;
use POSIX qw/ :sys_wait_h /;
use Test::More;
use Time::HiRes qw/ time sleep /;

my $root = abs_path(dirname(__FILE__) . '/../..');
my $script = "$root/auto-build.sh";
my @options = split ' ', $ENV{TEST_AUTO_BUILD_OPTIONS} // '';

my $port = $ENV{TEST_AUTO_BUILD_PORT} // 24101;
my ($proxy, $web, $upstream, $nobody) = ($port .. $port + 3);

my @settings = qw/ PROXY_HOST PROXY_PORT WEB_HOST WEB_PORT OPENAI_API_BASE
                   MAX_REQUESTS_HISTORY ZONE_SIZE PAGE_SIZE /;

my %base = (PROXY_PORT => $proxy, WEB_PORT => $web,
            OPENAI_API_BASE => "http://127.0.0.1:$nobody");

$SIG{PIPE} = 'IGNORE';
# an nginx with sanitizers takes its time

my $slow = $ENV{OPENAI_MONITOR_CHECKED} ? 6 : 1;

$SIG{ALRM} = sub { die 'all of it took too long' };
alarm 600 * $slow;

# the script by its process id; what a failed test leaves ends with this one

my %running;
my $self_pid = $$;

END {
    if (defined $self_pid && $$ == $self_pid) {
        local $?;
        kill 'TERM', keys %running;
        waitpid $_, 0 for keys %running;
    }
}


# runs the script to its end, which comes soon: exit code, stdout, stderr

sub script {
    my ($env, @args) = @_;

    my ($out, $out_name) = tempfile(UNLINK => 1);
    my ($err, $err_name) = tempfile(UNLINK => 1);

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', $out_name or die;
        open STDERR, '>', $err_name or die;
        enter($env, @args);
    }

    $running{$pid} = 1;

    my $code = reap($pid, 60);

    if (!defined $code) {
        kill 'TERM', $pid;
        reap($pid, 10);
    }

    return ($code, slurp($out_name), slurp($err_name));
}


sub enter {
    my ($env, @args) = @_;

    # a locale that is not there would have a line more

    delete @ENV{@settings, grep { /^(?:LC_|LANG)/ } keys %ENV};
    @ENV{keys %$env} = values %$env;
    exec $script, @args or POSIX::_exit(127);
}


sub slurp {
    my ($name) = @_;

    open my $fh, '<', $name or return '';
    local $/;

    return scalar(<$fh>) // '';
}


# a running "auto-build.sh run" whose addresses have been printed

sub start {
    my (%env) = (%base, @_);

    unlink "$root/build/run/$proxy/error.log";

    pipe my $reader, my $writer or die "pipe: $!";
    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        # whose runner ignores it gives it to children, for good

        $SIG{INT} = 'DEFAULT';
        close $reader;
        open STDOUT, '>&', $writer or die;
        open STDERR, '>&', $writer or die;
        enter(\%env, 'run', @options);
    }

    close $writer;
    $running{$pid} = 1;

    my $self = { pid => $pid, output => '', reader => $reader };

    while ($self->{output} !~ /OPENAI_BASE_URL=\S+\n/) {
        my $n = sysread $reader, $self->{output}, 4096, length $self->{output};

        if (!$n) {
            diag($self->{output});
            die 'it did not start';
        }
    }

    ($self->{hint}) = $self->{output} =~ /OPENAI_BASE_URL=(\S+)/;

    return $self;
}


# exit code of a child, or undef when it is still there after the time

sub reap {
    my ($pid, $seconds) = @_;

    my $end = time() + $seconds;

    while (time() < $end) {
        if (waitpid($pid, WNOHANG) == $pid) {
            delete $running{$pid};
            return WIFEXITED($?) ? WEXITSTATUS($?) : "signal " . WTERMSIG($?);
        }

        sleep 0.02;
    }

    return undef;
}


sub stop {
    my ($self, $signal) = @_;

    kill $signal, $self->{pid};

    return reap($self->{pid}, 10 * $slow);
}


sub listens {
    my ($port) = @_;

    return defined IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                         PeerPort => $port, Timeout => 5);
}


# true when the port gets free in time

sub gets_free {
    my ($port, $seconds) = @_;

    my $end = time() + $seconds;

    while (time() < $end) {
        return 1 if !listens($port);
        sleep 0.02;
    }

    return 0;
}


# GET in HTTP/1.0, so that the body is what comes until the end

sub get {
    my ($port, $uri, %headers) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $port, Timeout => 5) or return { status => 0 };

    %headers = (Host => "127.0.0.1:$port", %headers);
    print $socket "GET $uri HTTP/1.0\r\n",
        map({ "$_: $headers{$_}\r\n" } sort keys %headers), "\r\n";

    my $answer = do { local $/; <$socket> } // '';
    my ($head, $body) = split /\r\n\r\n/, $answer, 2;

    return { status => (split ' ', $head // '0 0')[1], head => $head,
             body => $body };
}


sub get_json {
    my $answer = get(@_);

    return decode_json($answer->{status} eq '200' ? $answer->{body} : '{}');
}


# an upstream that answers with the request that it got

sub echo_server {
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $upstream, Listen => 5, ReuseAddr => 1)
        or die "cannot listen at $upstream: $!";

    my $pid = fork() // die "fork: $!";

    if ($pid) {
        $running{$pid} = 1;
        return $pid;
    }

    alarm 120;
    $SIG{ALRM} = 'DEFAULT';

    while (my $client = $listener->accept()) {
        my $request = '';

        while ($request !~ /\r\n\r\n/) {
            sysread($client, $request, 4096, length $request) or last;
        }

        print $client "HTTP/1.1 200 OK\r\nContent-Length: ", length($request),
                      "\r\nConnection: close\r\n\r\n", $request;
        close $client;
    }

    POSIX::_exit(0);
}


# --- the command line ---

my ($code, $out, $err) = script({}, 'help');

is($code, 0, 'help succeeds');
like($out, qr/^\s+\Q$_\E\s/m, "help names $_")
    for qw/ run build test lint matrix bench install clean --static /;
like($out, qr/\b\Q$_\E=/, "help names $_") for @settings;

for ([[], qr/command is missing/],
     [['brew'], qr/unknown command "brew"/],
     [['build', '--fast'], qr/unknown option "--fast"/],
     [['build', 'clean'], qr/one command at a time/],
     [['test', 'speed'], qr/"test" does not know "speed"/],
     [['matrix', '0.1'], qr/"matrix" does not know "0.1"/],
     [['bench', 'speed'], qr/"bench" does not know "speed"/],
     [['bench', 'publish', 'speed'], qr/"bench" does not know "speed"/],
     [['build', '--nginx-src'], qr/--nginx-src needs/],
     [['build', '--nginx-src=/no/such/path'], qr/there is no/],
     [['build', '--static'], qr/--static needs --nginx-src/])
{
    my ($args, $expected) = @$_;
    my $name = join ' ', 'command line:', @$args;

    ($code, $out, $err) = script({}, @$args);

    is($code, 2, "$name fails");
    like($err, qr/\Aauto-build: [^\n]*$expected[^\n]*\n\z/, "$name: one line");
}


# --- config ---

# a source that is not listed is an undefined symbol at nginx's start, and a
# header that is not is a build from old parts

my $config = slurp("$root/config");
my @sources = glob "$root/ngx_http_openai_monitor_module/{,*/,*/*/}*.[ch]";

cmp_ok(scalar @sources, '>', 100, 'sources are found');
is(join(' ', grep { my ($f) = m{_module/(.*)$}; $config !~ m{/\Q$f\E } }
             @sources), '', 'config lists all of them');


# --- settings ---

for (['PROXY_PORT', '0'], ['PROXY_PORT', '65536'], ['PROXY_PORT', 'http'],
     ['PROXY_PORT', '-1'], ['WEB_PORT', '99999999999'],
     ['WEB_PORT', '8081; return 200'], ['WEB_PORT', $proxy],
     ['MAX_REQUESTS_HISTORY', '0'], ['MAX_REQUESTS_HISTORY', 'many'],
     ['PAGE_SIZE', '1001'], ['PAGE_SIZE', '2.5'],
     ['ZONE_SIZE', 'big'], ['ZONE_SIZE', '0'], ['ZONE_SIZE', '64m;'],
     ['OPENAI_API_BASE', 'api.openai.com'],
     ['OPENAI_API_BASE', 'ftp://api.openai.com'],
     ['OPENAI_API_BASE', 'https://api.openai.com/v1;'],
     ['OPENAI_API_BASE', 'https://api.openai.com/$host'],
     ['OPENAI_API_BASE', 'https://api.openai.com:99999'],
     ['OPENAI_API_BASE', 'https://user@api.openai.com'],
     ['PROXY_HOST', 'a b'], ['PROXY_HOST', "127.0.0.1;\n"],
     ['WEB_HOST', 'no-such-host.invalid'])
{
    my ($name, $value) = @$_;

    ($code, $out, $err) = script({ %base, $name => $value }, 'run', @options);

    is($code, 1, "$name=$value fails");
    like($err, qr/\Aauto-build: error: [^\n]*$name\b[^\n]*\n?[^\n]*\n\z/,
         "$name=$value is named");
}

SKIP: {
    my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $web, Listen => 1, ReuseAddr => 1)
        or die "cannot listen at $web: $!";

    ($code, $out, $err) = script(\%base, 'run', @options);

    is($code, 1, 'a port in use fails');
    like($err, qr/\Aauto-build: error: port $web is in use[^\n]*WEB_PORT/,
         'a port in use is named, with its setting');

    skip 'no /proc', 1 if !-d "/proc/$$/fd";

    like($err, qr/\(pid $$\)/, 'and the process that has it');
}


# --- an upstream that refuses connections ---

# what an earlier test left
unlink glob "$root/build/run/*/openai.zone*";

my $run = start();

is($run->{hint}, "http://127.0.0.1:$proxy/v1", 'the hint for clients');
ok(-d "$root/build/run/$proxy", 'its files are in build/');
unlike(slurp("$root/build/run/$proxy/nginx.conf"), qr/^\s*[^#\s].*#=/m,
       'no mark is left in the configuration');

like(slurp("$root/build/run/$proxy/nginx.conf"),
     qr/^\s*openai_monitor_zone .* file=openai\.zone;$/m, 'with a file');
is((stat "$root/build/run/$proxy/openai.zone")[2] & 07777, 0600,
   'which only its owner reads');

my $page = get($web, '/');

is($page->{status}, 200, 'the page');
like($page->{head}, qr{^Content-Type: text/html}m, 'is HTML');

is(get($web, '/', Host => 'rebound.example')->{status}, 421,
   'the monitor does not answer under a foreign name');
is(get($web, '/api/requests', Host => "localhost:$web")->{status}, 200,
   'but under its own');

is(get($proxy, '/v1/models')->{status}, 502,
   'an upstream that refuses is a 502');

my $list = get_json($web, '/api/requests');

is($list->{total}, 1, 'which is recorded');
is($list->{items}[0]{status}, 502, 'with its status');
is($list->{items}[0]{uri}, '/v1/models', 'and its URI');

($code, $out, $err) = script(\%base, 'run', @options);

is($code, 1, 'a second one at the same ports fails');
like($err, qr/port $proxy is in use by nginx/, 'as nginx has them');

is(stop($run, 'TERM'), 0, 'SIGTERM ends it in time and without an error');
ok(!listens($proxy) && !listens($web), 'and its ports are free');
unlike(slurp("$root/build/run/$proxy/error.log"), qr/\[(alert|crit|emerg)\]/,
       'no alert is logged');


# --- a name that does not resolve ---

$run = start(OPENAI_API_BASE => 'https://no-such-host.invalid');

is(get($proxy, '/v1/models')->{status}, 502,
   'an upstream without an address is a 502');

$list = get_json($web, '/api/requests');
is($list->{items}[0]{status}, 502, 'which is recorded');
is($list->{items}[0]{outcome}, 'upstream_error',
   'as the fault of the upstream, although none was tried');

is(stop($run, 'INT'), 0, 'SIGINT ends it as well');


# --- an upstream with a path of its own ---

my $echo = echo_server();
$run = start(OPENAI_API_BASE => "http://127.0.0.1:$upstream/openai/v1/");

is($run->{hint}, "http://127.0.0.1:$proxy", 'the hint when the base has /v1');

my $seen = get($proxy, '/a%2Fb//c?q=%41&r=+',
               'Accept-Encoding' => 'br, zstd')->{body};

like($seen, qr{^GET /openai/v1/a%2Fb//c\?q=%41&r=\+ HTTP/1\.1\r\n},
     'the path is put before, and nothing rewritten');
like($seen, qr/^Host: 127\.0\.0\.1:$upstream\r$/m, 'Host is the upstream\'s');
like($seen, qr/^Accept-Encoding: br, zstd\r$/m, 'and the client\'s encodings');
unlike($seen, qr/^Upgrade:/mi, 'and no upgrade');

kill 'KILL', $run->{pid};
is(reap($run->{pid}, 10), 'signal 9', 'killed');
ok(gets_free($proxy, 10), 'nginx does not outlive the script');

kill 'TERM', $echo;
reap($echo, 10);


# --- conf/nginx.conf, as someone would copy it ---

SKIP: {
    my $nginx = $ENV{TEST_NGINX_BINARY};
    my $module = $ENV{TEST_NGINX_LOAD_MODULES};

    skip 'needs TEST_NGINX_BINARY and TEST_NGINX_LOAD_MODULES, and root', 1
        if !$nginx || !$module || $> != 0;

    my $dir = tempdir(CLEANUP => 1);
    my $conf = slurp("$root/conf/nginx.conf");

    # the names of this machine: its module, and an upstream without a resolver
    $conf =~ s/^load_module .*/load_module $module;/m;
    $conf =~ s/api\.openai\.com:443/127.0.0.1:443/;
    $conf =~ s{include  openai}{include  $root/conf/openai}g;

    open my $fh, '>', "$dir/nginx.conf" or die;
    print $fh "pid $dir/nginx.pid;\n$conf";
    close $fh or die;

    # a test ends without freeing anything
    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';

    my $said = `$nginx -t -q -p $dir -c $dir/nginx.conf -e $dir/error.log 2>&1`;

    is($said, '', 'nginx accepts conf/nginx.conf as it is');
}

done_testing();
