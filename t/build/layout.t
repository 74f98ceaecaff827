#!/usr/bin/perl

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# A file that another version left is never misread: whoever changes what lies in
# the zone raises NGX_OPENAI_LAYOUT. Here every definition that has a part in it
# is known by its hash. Seen to fail when a member of the record was moved.

use warnings;
use strict;

use Cwd qw/ abs_path /;
use Digest::MD5 qw/ md5_hex /;
use File::Basename qw/ dirname /;
use Test::More tests => 1;

# the layout, and the hash of the definitions that it has

my ($layout, $hash) = (13, 'a23f7519d055b4e11adabdfa009c706c');

my $module = abs_path(dirname(__FILE__) . '/../..')
             . '/ngx_http_openai_monitor_module';

my $text = '';

for my $path (qw{ digest/facts.h store/record.h
                  store/stats.h store/undo.h
                  store/shared.h })
{
    open my $file, '<', "$module/$path" or die "$path: $!\n";
    local $/;
    $text .= <$file>;
}

my ($is) = $text =~ /^#define NGX_OPENAI_LAYOUT\s+(\d+)/m;

# comments and spacing are free

$text =~ s{/\*.*?\*/}{}gs;

my @parts = $text =~ /^(\#define[ ]\w+[ ]+[-(]*(?:0x)?[0-9a-fA-F][^\n]*
                       |(?:typedef[ ])?(?:struct|enum)\b[^;]*?\{.*?^\}.*?;)/gmsx;

s{\s+}{ }g, s{ \z}{} for @parts;

# a bit that is new changes nothing

@parts = grep { !/NGX_OPENAI_LAYOUT|^#define \w+_(?:FACT|REC)_/ } @parts;

my $got = md5_hex(join "\n", @parts);

is("$is $got", "$layout $hash",
   'the layout has its number: if it changed, raise NGX_OPENAI_LAYOUT in '
   . 'store/shared.h, and write both here');
