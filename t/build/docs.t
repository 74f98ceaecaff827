#!/usr/bin/perl

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: documents can be followed and read. Each link leads to a file,
# and to a heading that is there; each function and each file of the module that
# docs/internals.md and CONTRIBUTING.md name exists; no line but a table's is
# longer than 120 characters, and no cell has more than 15 words. Seen to fail
# for a heading that was renamed, a function that was gone, a long line and a
# long cell.

use warnings;
use strict;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use File::Find qw/ find /;
use Test::More;

my $root = abs_path(dirname(__FILE__) . '/../..');

my @docs = ('README.md', 'README.zh-CN.md', 'SECURITY.md', 'CONTRIBUTING.md',
            map { s{^\Q$root\E/}{}r } glob "$root/docs/*.md");

sub slurp {
    my ($path) = @_;

    open my $file, '<:encoding(UTF-8)', "$root/$path" or return;
    local $/;
    return <$file>;
}


# what GitHub makes of the headings

sub anchors {
    my ($text) = @_;

    $text =~ s/^```.*?^```//gms;

    return map { my $h = lc; $h =~ s/[^\w\- ]//g; $h =~ tr/ /-/; ($h => 1) }
           $text =~ /^#+ (.*)$/gm;
}


sub wrong_links {
    my ($doc, $text) = @_;
    my @wrong;

    for ($text =~ /\]\(([^)\s]+)\)/g) {
        next if /^https?:/;

        my ($path, $anchor) = /^([^#]*)#?(.*)$/;
        my $at = $path eq '' ? $doc
                             : (dirname($doc) . "/$path") =~ s{^\./}{}r;

        $at =~ s{[^/]+/\.\./}{};

        if (!-e "$root/$at") {
            push @wrong, "$doc: no file $path";
            next;
        }

        next if $anchor eq '';

        my %there = anchors(slurp($at));

        push @wrong, "$doc: no heading #$anchor in $at" if !$there{$anchor};
    }

    return @wrong;
}


sub wide {
    my ($doc, $text) = @_;
    my ($n, $code, @wrong) = (0, 0);

    for my $line (split /\n/, $text) {
        $n++;
        $code ^= 1 if $line =~ /^```/;

        if ($code || $line !~ /^\|/) {
            push @wrong, "$doc:$n: a line of " . length($line)
                if length($line) > 120;
            next;
        }

        for my $cell (split /(?<!\\)\|/, $line) {
            my $words = () = $cell =~ /\S+/g;
            push @wrong, "$doc:$n: a cell of $words words" if $words > 15;
        }
    }

    return @wrong;
}


my (@sources, @files);

find({ no_chdir => 1, wanted => sub {
    $File::Find::prune = 1, return
        if m{/(?:node_modules|\.git)$} || $_ eq "$root/build";
    push @files, s{^\Q$root\E}{}r if -f;
    push @sources, $_ if m{/ngx_http_openai_monitor_module/.*\.[ch]$};
} }, $root);

my $code = join '', map { slurp(s{^\Q$root\E/}{}r) } @sources;

my (@links, @names, @wide);

for my $doc (@docs) {
    my $text = slurp($doc) // next;

    push @links, wrong_links($doc, $text);
    push @wide, wide($doc, $text) if $doc ne 'SECURITY.md';
}

for my $doc ('docs/internals.md', 'docs/store.md', 'CONTRIBUTING.md') {
    my $text = slurp($doc) // next;

    push @names, map { $code =~ /\b$_\(/ ? () : "$doc: no function $_()" }
                 $text =~ /`((?:ngx_(?:http_)?)?openai_\w+)\(\)`/g;

    push @names, map { my $f = $_; (grep { m{/\Q$f\E$} } @files) ? ()
                                   : "$doc: no file $f" }
                 $text =~ /`([\w\/]+\.[ch])`/g;
}

is(join("\n", @links), '', 'each link leads somewhere');
is(join("\n", @names), '', 'functions and files that documents name exist');
is(join("\n", @wide), '', 'lines and cells are short');

done_testing();
