package ScriptedUpstream;

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# An HTTP server for tests that does what a test wants, to the byte and to the
# moment: it sends half an answer, resets the connection, or holds until the
# test says "go on".  Each connection is a process of its own.

use strict;
use warnings;

use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Socket qw/ SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY /;
use Time::HiRes qw/ time /;

my $slow = $ENV{OPENAI_MONITOR_CHECKED} ? 6 : 1;

my $LIFETIME = 120 * $slow;


# the socket listens when this returns

sub start {
    my ($class, $port, $script) = @_;

    my $listen = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => $port, Proto => 'tcp',
        Listen => 128, ReuseAddr => 1,
    ) or die "cannot listen on $port: $!";

    pipe my $gate_out, my $gate_in or die "pipe: $!";
    pipe my $journal_out, my $journal_in or die "pipe: $!";

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        close $gate_in;
        close $journal_out;

        my $self = bless {
            listen => $listen, gate => $gate_out, journal => $journal_in,
            script => $script,
        }, $class;

        eval { $self->serve; 1 } or print STDERR "# upstream: $@";
        POSIX::_exit(0);
    }

    close $gate_out;
    close $journal_in;
    $gate_in->autoflush(1);

    return bless {
        pid => $pid, owner => $$, gate => $gate_in, journal => $journal_out,
        lines => [], part => '',
    }, $class;
}


sub serve {
    my ($self) = @_;
    my %kids;

    local $SIG{TERM} = sub {
        kill 'KILL', keys %kids;
        POSIX::_exit(0);
    };
    local $SIG{ALRM} = $SIG{TERM};
    local $SIG{CHLD} = sub {
        while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) {
            delete $kids{$pid};
        }
    };

    alarm $LIFETIME;

    while (1) {
        my $socket = $self->{listen}->accept or next;
        my $pid = fork() // die "fork: $!";

        if ($pid) {
            $kids{$pid} = 1;
            close $socket;
            next;
        }

        @SIG{qw/ TERM ALRM CHLD PIPE /} = qw/ DEFAULT DEFAULT DEFAULT IGNORE /;
        alarm $LIFETIME;
        close $self->{listen};
        setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;

        @$self{qw/ socket in /} = ($socket, '');

        eval { $self->{script}->($self); 1 } or print STDERR "# upstream: $@";
        POSIX::_exit(0);
    }
}


# of the test's process

# lets n connections that hold go on

sub release {
    my ($self, $n) = @_;

    syswrite $self->{gate}, 'x' x ($n // 1);
}


# the first n lines that the scripts noted, waited for

sub notes {
    my ($self, $n) = @_;
    my $select = IO::Select->new($self->{journal});
    my $end = time + 10 * $slow;

    while (@{ $self->{lines} } < $n) {
        my $left = $end - time;
        last if $left <= 0 || !$select->can_read($left);
        last unless sysread $self->{journal}, $self->{part}, 65536,
                            length $self->{part};

        while ($self->{part} =~ s/^([^\n]*)\n//) {
            push @{ $self->{lines} }, $1;
        }
    }

    return @{ $self->{lines} };
}


# there are more to be read

sub noted {
    my ($self) = @_;

    return IO::Select->new($self->{journal})->can_read(0);
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid};
    return unless $pid && $self->{owner} == $$;

    local $?;
    kill 'TERM', $pid;
    waitpid $pid, 0;
    close $self->{$_} for qw/ gate journal /;
}


# of a connection's process

# reads a whole request; undef when the connection ended before one

sub request {
    my ($self) = @_;

    my $head = $self->take(sub { s/^(.*?\r\n\r\n)//s ? $1 : undef });
    return unless defined $head;

    my ($line) = $head =~ /^([^\r\n]*)/;
    my %headers;
    push @{ $headers{lc $1} }, $2 while $head =~ /^([^:\s]+):[ ]*(.*?)\r$/mg;
    $_ = join ', ', @$_ for values %headers;

    my $body = '';

    if (($headers{'transfer-encoding'} // '') =~ /chunked/i) {
        while (1) {
            my $size = $self->take(
                sub { s/^([0-9a-fA-F]+)[^\r\n]*\r\n// ? hex $1 : undef });
            return unless defined $size;

            my $chunk = $self->take(
                sub { length >= $size + 2 ? substr $_, 0, $size + 2, '' : undef }
            );
            return unless defined $chunk;

            last unless $size;
            $body .= substr $chunk, 0, $size;
        }

    } elsif (my $size = $headers{'content-length'}) {
        $body = $self->take(
            sub { length >= $size ? substr $_, 0, $size, '' : undef });
        return unless defined $body;
    }

    my ($method, $uri) = split / /, $line;

    return { line => $line, method => $method, uri => $uri, head => $head,
             headers => \%headers, body => $body };
}


# what the function takes off the front of $_, the bytes read; undef at the end

sub take {
    my ($self, $function) = @_;

    while (1) {
        for ($self->{in}) {
            my $taken = $function->();
            return $taken if defined $taken;
        }

        return unless sysread $self->{socket}, $self->{in}, 65536,
                              length $self->{in};
    }
}


sub send {
    my ($self, @bytes) = @_;
    my $bytes = join '', @bytes;

    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes;
        return unless $n;
        substr $bytes, 0, $n, '';
    }

    return 1;
}


sub head {
    my ($self, $status, @headers) = @_;
    my $head = "HTTP/1.1 $status Scripted\r\n";

    $head .= shift(@headers) . ': ' . shift(@headers) . "\r\n" while @headers;

    return $self->send("$head\r\n");
}


# one whole answer

sub answer {
    my ($self, $status, $body, @headers) = @_;

    # two of them would be read differently by versions of nginx

    unshift @headers, 'Content-Type' => 'application/json'
        unless grep { $_ eq 'Content-Type' } @headers;

    $body = JSON::PP->new->canonical->utf8->encode($body) if ref $body;

    $self->head($status, @headers, 'Content-Length' => length $body)
        && $self->send($body);
}


# the head of a chunked stream of events

sub stream {
    my ($self, @headers) = @_;

    $self->head(200, 'Content-Type' => 'text/event-stream', @headers,
                'Transfer-Encoding' => 'chunked');
}


sub chunk {
    my ($self, $data) = @_;

    $self->send(sprintf "%x\r\n%s\r\n", length $data, $data);
}


# an event, its data given as text or as what becomes JSON

sub event {
    my ($self, $data) = @_;

    $data = JSON::PP->new->canonical->utf8->encode($data) if ref $data;
    $self->chunk("data: $data\n\n");
}


# the end of a chunked answer

sub finish {
    my ($self) = @_;

    $self->send("0\r\n\r\n");
}


sub hold {
    my ($self) = @_;
    my $byte;

    sysread $self->{gate}, $byte, 1;
}


sub note {
    my ($self, $text) = @_;

    syswrite $self->{journal}, "$text\n";
}


# until the peer closes

sub drain {
    my ($self) = @_;

    1 while sysread $self->{socket}, $self->{in}, 65536;
}


sub close {
    my ($self) = @_;

    shutdown $self->{socket}, 1;
    CORE::close($self->{socket});
}


sub reset {
    my ($self) = @_;

    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    CORE::close($self->{socket});
}


1;
