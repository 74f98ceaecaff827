package HttpClients;

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# What tests of HTTP/2, HTTP/3 and TLS share: a certificate, the server that
# they talk to, curl, and a client that gives up one of several requests.

use strict;
use warnings;

use Exporter qw/ import /;
use File::Basename qw/ dirname /;
use File::Temp;
use IPC::Open2;
use Test::Nginx::Socket;

our @EXPORT = qw/ certificate proxy_server curl curl_all curl_body
                  have_http3_client http3_client /;

my $dir;


# for $TEST_NGINX_CERT_DIR of a configuration

sub certificate {
    my ($name) = @_;

    $dir = File::Temp->newdir;

    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -batch"
           . " -subj /CN=$name -keyout $dir/key -out $dir/cert"
           . " 2>/dev/null") == 0
        or die "openssl makes no certificate\n";

    $ENV{TEST_NGINX_CERT_DIR} = "$dir";
}


# bodies are buffered, or not

sub proxy_server {
    my ($listen) = @_;

    return <<"END";
server {
    $listen
    client_body_buffer_size 1k;
    location / { proxy_pass http://127.0.0.1:\$TEST_NGINX_UPSTREAM_PORT; }
    location /direct {
        proxy_pass http://127.0.0.1:\$TEST_NGINX_UPSTREAM_PORT;
        proxy_http_version 1.1;
        proxy_buffering off;
        proxy_request_buffering off;
    }
}
END
}


# what curl prints, as it comes, and its pid

sub curl {
    my $pid = open my $out, '-|', 'curl', '--silent', '--no-buffer',
                   '--max-time', $ENV{OPENAI_MONITOR_CHECKED} ? 120 : 20, @_
        or die "curl: $!\n";

    return ($out, $pid);
}


# all that curl prints

sub curl_all {
    my ($out) = curl(@_);

    local $/;
    return scalar(<$out>) // '';
}


# curl's arguments for a body

sub curl_body {
    my ($bytes) = @_;
    my $file = html_dir() . '/body';

    open my $out, '>', $file or die "$file: $!\n";
    print $out $bytes;
    close $out;

    return ('--data-binary', "\@$file");
}


sub have_http3_client {
    return system("python3 -c 'import aioquic' 2>/dev/null") == 0;
}


# where to write commands to, see http3.py; a function that reads what comes of
# a stream until it matches; and one that ends the connection

sub http3_client {
    my ($port) = @_;
    my $pid = open2(my $out, my $in, 'python3', dirname(__FILE__) . '/http3.py',
                    $port);
    my %seen;

    $in->autoflush;

    my $read = sub {
        my ($stream, $pattern) = @_;

        while (($seen{$stream} //= '') !~ $pattern) {
            my $line = <$out> // die "the client ended before $pattern\n";
            my ($n, $what, $value) = split ' ', $line;

            $seen{$n} .= $what eq 'data' ? pack 'H*', $value
                                         : join ' ', $what, $value // '';
        }

        return $seen{$stream};
    };

    return ($in, $read, sub { close $in; waitpid $pid, 0 });
}


1;
