#!/usr/bin/perl

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# A file that another version left is never misread, because a change of what
# lies in the zone raises NGX_OPENAI_LAYOUT.  The test compiles the headers and
# asks the compiler for each number: sizes, offsets, constants.  Comments and
# spacing are free.  Seen to fail when two members of the record changed places.

use warnings;
use strict;

use Cwd qw/ abs_path /;
use Digest::MD5 qw/ md5_hex /;
use File::Basename qw/ dirname /;
use File::Temp qw/ tempdir /;
use POSIX qw/ uname /;
use Test::More;

# the sizes of locks and of pointers are those of this processor

plan(skip_all => 'the numbers are those of x86-64')
    if (uname())[4] ne 'x86_64';

# the layout, and the hash of its numbers

my ($layout, $hash) = (16, 'fef6f077ea784e4cef6ca06d4f69dfcb');

my $root = abs_path(dirname(__FILE__) . '/../..');
my $module = "$root/ngx_http_openai_monitor_module";
my @headers = qw{digest/facts.h store/record.h store/stats.h store/undo.h store/shared.h};

my $text = '';

for my $path (@headers) {
    open my $file, '<', "$module/$path" or die "$path: $!\n";
    local $/;
    $text .= <$file>;
}

$text =~ s{/\*.*?\*/}{}gs;
$text =~ s{[ \t]+}{ }g;

# What the zone is made of: constants, and the members of structures.  A bit that
# is new changes nothing.  A bit field has no offset; the sizes show it.

my @numbers;

push @numbers, grep { !/^NGX_OPENAI_LAYOUT$|_(?:FACT|REC)_/ }
               $text =~ /^\#define[ ](\w+)[ ]+[-(]*(?:0x)?[0-9]/gmx;

for my $enum ($text =~ /\benum\b[^;{]*\{(.*?)\}/gs) {
    push @numbers, $enum =~ /^\s*([A-Z]\w+)/gm;
}

while ($text =~ /^(?:typedef )?struct(?:\s+(\w+))?\s*\{(.*?)^\}\s*(\w*)[^;]*;/gms)
{
    my ($members, $type) = ($2, $3 || "struct $1");

    push @numbers, "sizeof($type)";

    for my $line (split /;/, $members) {
        next if $line =~ /:/;
        push @numbers, map { "offsetof($type, $_)" }
            $line =~ /(\w+)\s*(?:\[[^\]]*\]\s*)*(?:,|$)/g;
    }
}

my $dir = tempdir(CLEANUP => 1);

open my $program, '>', "$dir/layout.c" or die "layout.c: $!\n";
print $program "#include <stddef.h>\n#include <stdio.h>\n",
    map({ qq{#include "$_"\n} } @headers), "int\nmain(void)\n{\n",
    map({ qq{    printf("$_ %lld\\n", (long long) $_);\n} } @numbers),
    qq!    fprintf(stderr, "%d", NGX_OPENAI_LAYOUT);\n    return 0;\n}\n!;
close $program or die "layout.c: $!\n";

my $said = `gcc -std=gnu11 -I$module -I$root/t/store/nginx -I$root/t/unit/nginx -o $dir/layout $dir/layout.c 2>&1`;

is($?, 0, 'the headers compile by themselves') or diag($said);

my $is = `$dir/layout 2>&1 > $dir/numbers`;

open my $file, '<', "$dir/numbers" or die "numbers: $!\n";
my @lines = <$file>;

cmp_ok(scalar @lines, '>', 300, 'with their numbers');
is("$is " . md5_hex(join '', @lines), "$layout $hash",
   'the layout has its number: if it changed, raise NGX_OPENAI_LAYOUT in '
   . 'store/shared.h, and write both here');

done_testing();
