#!/usr/bin/perl

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# docs/reliability.md promises a test for each promise and each fault. The
# list can be followed both ways: each reference names a test that exists and
# that says "fault N", and each test that says so is in the list. Seen to fail
# for a test that was renamed, and for a number left out.

use warnings;
use strict;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use File::Find qw/ find /;
use Test::More;

my $root = abs_path(dirname(__FILE__) . '/../..');
my $faults = 54;

sub slurp {
    my ($path) = @_;

    open my $file, '<', "$root/$path" or return;
    local $/;
    return <$file>;
}


# the part of a file that is the test: a block of Test::Nginx, else all of it

sub test_of {
    my ($path, $name) = @_;
    my $text = slurp($path) // return;

    if ($text =~ /^=== TEST/m) {
        my ($block) = $text =~ /^=== TEST \d+: \Q$name\E\n(.*?)(?=^===|\z)/ms;
        return $block;
    }

    return index($text, $name) < 0 ? undef : $text;
}


my $doc = slurp('docs/reliability.md') // die 'no docs/reliability.md';
my (%rows, %listed, @order, @wrong, $n);

# a fault is "7. What happens.", and its tests are the lines below it

for my $line (split /\n/, $doc) {

    if ($line =~ /^(\d+)\. /) {
        push @order, $n = $1;

    } elsif ($line =~ /^\S/) {
        undef $n;
    }

    for ($line =~ /`(t\/[^`]+?: [^`]+)`/g) {
        my ($path, $name) = /^(\S+): (.*)$/;
        my $test = test_of($path, $name);

        if (!defined $test) {
            push @wrong, "$path has no test \"$name\"";

        } elsif ($n) {
            $rows{$n}++;
            $listed{$path}{$n} = 1;
            push @wrong, "$path: \"$name\" does not say \"fault $n\""
                unless $test =~ /\bfault $n\b/;
        }
    }

    $rows{$n}++ if $n && $line =~ /cannot occur/;
}

is_deeply(\@order, [ 1 .. $faults ], 'each fault has one line, in order');
is_deeply([ grep { !$rows{$_} } 1 .. $faults ], [], 'none is empty');
is_deeply(\@wrong, [], 'each reference leads to its test');

my @unlisted;

find({ no_chdir => 1, wanted => sub {
    return unless -f && m{/[^/]+\.(?:t|c|mjs|sh)$} && !/node_modules/;

    my ($path) = m{^\Q$root\E/(.*)};
    return if $path eq 't/build/reliability.t';

    push @unlisted, map { $listed{$path}{$_} ? () : "$path: fault $_" }
                    slurp($path) =~ /\bfault (\d+)\b/g;
} }, "$root/t");

is_deeply(\@unlisted, [], 'each test that names a fault is in the list');

done_testing();
