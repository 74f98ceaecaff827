# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: what SECURITY.md tells to write does what it says there. The
# configuration is taken out of that file; only paths and ports are others.
# Seen to fail with a recipe that did not have its "deny".

use strict;
use warnings;

use File::Basename qw/ dirname /;
use File::Temp qw/ tempdir /;
use IO::Socket::INET;
use IO::Socket::UNIX;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

our @recipes = do {
    open my $file, '<', dirname(__FILE__) . '/../SECURITY.md' or die "SECURITY.md: $!\n";
    local $/;
    <$file> =~ /^```nginx\n(.*?)^```/msg;
};

our $root = tempdir(CLEANUP => 1);
chmod 0755, $root;

sub recipe {
    my ($n) = @_;
    my $text = $recipes[$n];

    $text =~ s/0\.0\.0\.0:\d+/0.0.0.0:$ENV{TEST_NGINX_OTHER_PORT}/;
    $text =~ s{unix:\S+?;}{unix:$root/m.sock;};
    $text =~ s{ (monitor\.(?:crt|key|htpasswd))}{ $root/$1}g;
    $text =~ s/zone=openai/zone=monitor/;

    return $text;
}

# a certificate of its own, and the user "ann" with the password "pass"

sub files {
    return if -e "$root/monitor.crt";

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=monitor.example.com"
           . " -keyout $root/monitor.key -out $root/monitor.crt > $root/openssl.log 2>&1") == 0
        or die "openssl: see $root/openssl.log\n";

    open my $out, '>', "$root/monitor.htpasswd" or die $!;
    print $out "ann:{PLAIN}pass\n";
    close $out;
}

sub curl {
    my (@arguments) = @_;

    open my $pipe, '-|', 'curl', '-s', '-m', 10, '-o', '/dev/null', '-w', '%{http_code}',
                         @arguments or die "curl: $!\n";

    return scalar <$pipe>;
}

add_block_preprocessor(sub {
    my ($block) = @_;
    files();
    my $http = $block->http_config // '';
    $http =~ s/RECIPE (\d)/recipe($1)/e;
    $block->set_value(http_config => $http);
});

run_tests();

__DATA__

=== TEST 1: a password, over TLS
--- http_config
RECIPE 0
--- client
my $port = $ENV{TEST_NGINX_OTHER_PORT};
my @with = ('-k', '--resolve', "monitor.example.com:$port:127.0.0.1");
my $url = "https://monitor.example.com:$port/api/requests";

check(curl(@with, $url), 401, 'nobody');
check(curl(@with, '-u', 'ann:other', $url), 401, 'a wrong password');
check(curl(@with, '-u', 'ann:pass', $url), 200, 'ann');
check(curl(@with, '-u', 'ann:pass', "https://monitor.example.com:$port/"), 200, 'her page');
check(curl(@with, '-u', 'ann:pass', '-H', 'Host: evil.example', $url), 421, 'under another name');
check(curl(@with, '-u', 'ann:pass', '-H', "Origin: https://monitor.example.com:$port",
           '-X', 'POST', '-H', 'X-OpenAI-Monitor: 1', "https://monitor.example.com:$port/api/clear"),
      204, 'changes');
check(curl("http://127.0.0.1:$port/api/requests"), 400, 'not without TLS');

edit_log(sub { s/^.*(password mismatch|user "ann").*\n//mg });



=== TEST 2: some addresses
--- http_config
RECIPE 1
--- client
my $url = "http://127.0.0.1:$ENV{TEST_NGINX_OTHER_PORT}/api/requests";

check(curl($url), 200, 'one of them');
check(curl('--interface', '127.0.0.2', $url), 403, 'another');
check(curl('--interface', '127.0.0.2', '-H', 'X-Forwarded-For: 127.0.0.1', $url), 403,
      'that says it is');



=== TEST 3: a file
--- http_config
RECIPE 2
--- client
my $file = "$::root/m.sock";

check(curl('--unix-socket', $file, 'http://localhost/api/requests'), 200, 'through it');
check(curl('--unix-socket', $file, 'http://evil.example/api/requests'), 421,
      'under another name');
