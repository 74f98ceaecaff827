#!/usr/bin/perl

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The module exports the three symbols that nginx looks up, and no others: all
# dynamic modules share one namespace.  Seen to fail without the script of the
# linker that config writes: the module exported 492 symbols.

use warnings;
use strict;

use Test::More;

my $module = $ENV{TEST_NGINX_LOAD_MODULES};

plan(skip_all => 'nginx has the module within')
    if defined $module && $module eq '';
die "set TEST_NGINX_LOAD_MODULES\n" if !defined $module;

my @lines = `nm -D --defined-only $module`;

is($?, 0, 'nm reads the module');
is(join(' ', sort map { (split)[-1] } @lines),
   'ngx_module_names ngx_module_order ngx_modules',
   'and the module exports what nginx looks up');

done_testing();
