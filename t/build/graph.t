#!/usr/bin/perl

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# t/lint/graph finds a circle and an arrow that points upwards, in the C code and
# in the page, and accepts what nginx itself does.  Each case plants one line in
# a small tree that is clean before.

use warnings;
use strict;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;
use File::Path qw/ make_path /;
use File::Temp qw/ tempdir /;
use Test::More;

my $graph = abs_path(dirname(__FILE__) . '/../lint/graph');
my $module = 'ngx_http_openai_monitor_module';

my %tree = (
    "$module/$module.c" => <<'END',
#include <ngx_core.h>
#include "capture/capture.h"

ngx_module_t  ngx_http_openai_monitor_module = { capture_init };
END
    "$module/$module.h" => "#define CONF  ngx_http_openai_monitor_module\n",
    "$module/capture/capture.h" => <<'END',
#include <ngx_http_openai_monitor_module.h>
#include "store/store.h"

void capture_init(void);
END
    "$module/capture/capture.c" => <<'END',
#include "capture/capture.h"

static void capture_one(void);


void
capture_init(void)
{
    /* store_end() is told by the log */
    capture_one();
}


static void
capture_one(void)
{
    void  *conf;

    conf = CONF;
    capture_log("store_end");
    store_begin(conf);
}
END
    "$module/capture/log.c" => <<'END',
#include "capture/capture.h"

void
capture_log(char *text)
{
    write(2, text, 1);
}
END
    "$module/store/store.h" => <<'END',
#include <ngx_core.h>
#include "digest/facts.h"

#define store_open()                                                          \
    store_begin(NULL)

END
    "$module/store/store.c" => <<'END',
#include "store/store.h"

static int  store_count;
int         store_limit = 3;

void
store_begin(void *conf)
{
    store_pages(conf);
}
END
    "$module/store/pages.c" => <<'END',
#include "store/store.h"

void
store_pages(void *conf)
{
    (void) conf;
}
END
    "$module/view/view.c" => "#include \"store/store.h\"\n\n"
                             . "void\nview(void)\n{\n    answer();\n}\n",
    "$module/view/live/feed.c" => "void\nfeed(void)\n{\n    answer();\n}\n",
    "$module/view/answer/call.c" => "void\nanswer(void)\n{\n}\n",
    "$module/digest/facts.h" => "#include <stdint.h>\n",
    "$module/digest/digest.h" => "#include \"digest/facts.h\"\n",
    "$module/digest/meter/meter.c" => "void\nmeter(void)\n{\n    parse();\n"
                                      . "    openai_dialects();\n}\n",
    "$module/digest/json/json.c" => "void\nparse(void)\n{\n}\n",
    "$module/digest/dialects/dialects.c" =>
        "void\nopenai_dialects(void)\n{\n    meter();\n}\n",
    'html/src/app/main.ts' => "import { list } from '../list/list';\n",
    'html/src/list/list.ts' => "import { bytes } from '../text/format';\n",
    'html/src/text/format.ts' => "import { lang } from '../state/prefs';\n",
    'html/src/text/words.ts' => "import { bytes } from './format';\n",
    'html/src/state/prefs.ts' => "export const lang = 'en';\n",
);


# what the check says of the tree with these files changed

sub graph {
    my (%planted) = @_;

    my $dir = tempdir(CLEANUP => 1);

    for my $path (keys %tree) {
        my $text = $tree{$path};

        if (my $change = delete $planted{$path}) {
            $text .= $change;
        }

        make_path(dirname("$dir/$path"));
        open my $file, '>', "$dir/$path" or die "$path: $!";
        print $file $text;
        close $file or die "$path: $!";
    }

    die "no such file: @{[ keys %planted ]}" if %planted;

    my $said = `$^X $graph $dir 2>&1`;

    return ($? >> 8, $said);
}


sub function {
    my ($name, $calls) = @_;

    return "\n\nint\n$name(void)\n{\n    return $calls;\n}\n";
}


my ($code, $said) = graph();

is($code, 0, 'a clean tree passes') or diag($said);
is($said, '', 'without a word');

for (['a circle of calls',
      "$module/store/pages.c", function('more', 'store_begin(0)'),
      qr{circle of calls: store/pages\.c store/store\.c}],
     ['a circle through a macro of a header',
      "$module/store/pages.c", function('more', 'store_open()'),
      qr{circle of calls: store/pages\.c store/store\.c}],
     ['a circle through a variable',
      "$module/store/pages.c", function('more', 'store_limit'),
      qr{circle of calls: store/pages\.c store/store\.c}],
     ['a circle through a pointer to a function',
      "$module/store/pages.c", "\nvoid  *more[] = { store_begin };\n",
      qr{circle of calls: store/pages\.c store/store\.c}],
     ['a circle of headers',
      "$module/digest/facts.h", qq{#include "digest/digest.h"\n},
      qr{circle of headers: digest/digest\.h digest/facts\.h}],
     ['a call to a higher floor',
      "$module/store/pages.c", function('more', 'capture_init()'),
      qr{not in the table: store/pages\.c -> capture/capture\.c}],
     ['a call from a floor to its neighbour',
      "$module/view/view.c", function('more', 'capture_log(0)'),
      qr{not in the table: view/view\.c -> capture/log\.c}],
     ['a header of a higher floor',
      "$module/store/store.h", qq{#include "capture/capture.h"\n},
      qr{not in the table: store/store\.h -> capture/capture\.h}],
     ['a header of the digest that the store must not know',
      "$module/store/store.c", qq{#include "digest/digest.h"\n},
      qr{not in the table: store/store\.c -> digest/digest\.h}],
     ['a call to a higher room',
      "$module/view/answer/call.c", function('more', 'feed()'),
      qr{not in the table: view/answer/call\.c -> view/live/feed\.c}],
     ['a call to a higher room of the digest',
      "$module/digest/json/json.c", function('more', 'meter()'),
      qr{not in the table: digest/json/json\.c -> digest/meter/meter\.c}],
     ['nginx in the digest',
      "$module/digest/json/json.c", "#include <ngx_core.h>\n",
      qr{digest/json/json\.c includes <ngx_core\.h>}],
     ['HTTP in the store',
      "$module/store/pages.c", "#include <ngx_http.h>\n",
      qr{store/pages\.c includes <ngx_http\.h>}],
     ['the module in the store',
      "$module/store/pages.c", "#include <$module.h>\n",
      qr{not in the table: store/pages\.c -> $module\.h}],
     ['a circle of imports',
      'html/src/text/format.ts', "import './words';\n",
      qr{circle of imports: text/format\.ts text/words\.ts}],
     ['a circle of types alone',
      'html/src/text/format.ts', "import type { Word } from './words.ts';\n",
      qr{circle of imports: text/format\.ts text/words\.ts}],
     ['an import from a higher room of the page',
      'html/src/text/words.ts', "export * from '../app/main.ts';\n",
      qr{arrow upwards: html/src/text/words\.ts -> html/src/app/main\.ts}])
{
    my ($name, $path, $text, $expected) = @$_;

    ($code, $said) = graph($path => $text);

    is($code, 1, "$name fails");
    like($said, $expected, "$name is named");
}

for (['a comment', "\n/* see capture_init() */\n"],
     ['a string', function('more', '"capture_init"')],
     ['a function of the file itself', function('capture_init', '0')],
     ['a variable that only its file sees', "\nint  store_count;\n"])
{
    my ($name, $text) = @$_;

    ($code, $said) = graph("$module/store/pages.c" => $text);
    is($code, 0, "$name is no arrow") or diag($said);
}

done_testing();
