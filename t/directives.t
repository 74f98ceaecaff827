# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: a configuration that cannot mean anything is refused with a
# sentence that says why; one that can is accepted. The sentences are compared
# to the letter, as people look for them. Seen to fail with another least
# number of entries.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

# "http" and "location" are put into a configuration that is right otherwise;
# nginx -t says the rest

our $tested = sub {
    my (%part) = @_;
    my $file = html_dir() . '/test.conf';
    my $modules = join '', map { "load_module $_;\n" }
                  split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

    open my $out, '>', $file or die $!;
    print $out $modules, "pid logs/test.pid;\nevents {}\nhttp {\naccess_log off;\n",
               $part{http} // 'openai_monitor_zone zone=z:8m;', "\n",
               "server {\nlisten 127.0.0.1:$ENV{TEST_NGINX_OTHER_PORT};\n",
               $part{server} // '', "\n",
               $part{location} // 'location / { openai_monitor zone=z; }',
               "\n}\n}\n";
    close $out;

    my $root = server_root();
    my $binary = $ENV{TEST_NGINX_BINARY} // 'nginx';
    my $said = `$binary -t -e stderr -p $root/ -c $file 2>&1`;

    return ($? >> 8, $said);
};

our $refused = sub {
    my ($text, %part) = @_;
    my ($code, $said) = $::tested->(%part);
    my ($why) = $said =~ /\[emerg\](?: \d+#\d+:)? (.*?)(?: in \S+:\d+)?\n/;

    check($why // $said, $text, 'refused: ' . join ' ', values %part);
    check($code, 1, '... exit code');
};

our $accepted = sub {
    my (%part) = @_;
    my ($code, $said) = $::tested->(%part);

    check($code ? $said : '', '', 'accepted: ' . join ' ', values %part);
    check($said =~ /\[(warn|alert|crit|emerg)\]|Sanitizer/ ? $said : '', '',
          '... quietly');
};

run_tests();

__DATA__

=== TEST 1: openai_monitor_zone
fault 50
--- client
$::accepted->(http => "$_;", location => '') for
    'openai_monitor_zone zone=z:8m',
    'openai_monitor_zone zone=z:8m entries=16',
    'openai_monitor_zone zone=z:8388608',
    'openai_monitor_zone entries=100 zone=a_b-c.d:2M',
    'openai_monitor_zone zone=z:8m; openai_monitor_zone zone=y:8m entries=17',
    'openai_monitor_zone zone=z:8m file=x',
    'openai_monitor_zone zone=z:8m file=x; openai_monitor_zone zone=y:8m file=y';

$::refused->($_->[1], http => "$_->[0];", location => '') for
    [ 'openai_monitor_zone' =>
      'invalid number of arguments in "openai_monitor_zone" directive' ],
    [ 'openai_monitor_zone zone=z' => 'invalid zone size "zone=z"' ],
    [ 'openai_monitor_zone zone=:8m' => 'invalid zone size "zone=:8m"' ],
    [ 'openai_monitor_zone zone=z:' => 'invalid zone size "zone=z:"' ],
    [ 'openai_monitor_zone zone=z:x' => 'invalid zone size "zone=z:x"' ],
    [ 'openai_monitor_zone zone=z:-8m' => 'invalid zone size "zone=z:-8m"' ],
    [ 'openai_monitor_zone zone=z:8mm' => 'invalid zone size "zone=z:8mm"' ],
    [ 'openai_monitor_zone zone=z:8m entries=' =>
      'invalid entries value "entries=", it must be between 16 and 1000000' ],
    [ 'openai_monitor_zone zone=z:8m entries=x' =>
      'invalid entries value "entries=x", it must be between 16 and 1000000' ],
    [ 'openai_monitor_zone zone=z:8m entries=15' =>
      'invalid entries value "entries=15", it must be between 16 and 1000000' ],
    [ 'openai_monitor_zone zone=z:8m entries=1000001' =>
      'invalid entries value "entries=1000001", it must be between 16 and '
      . '1000000' ],
    [ 'openai_monitor_zone zone=z:8m entries=-1' =>
      'invalid entries value "entries=-1", it must be between 16 and 1000000' ],
    [ 'openai_monitor_zone zone=z:8m file=' => 'invalid parameter "file="' ],
    [ 'openai_monitor_zone zone=z:8m file=x; '
      . 'openai_monitor_zone zone=y:8m file=x' =>
      qr/^zones "z" and "y" have the same file "\/.*\/x"$/ ],
    [ 'openai_monitor_zone z:8m' => 'invalid parameter "z:8m"' ],
    [ 'openai_monitor_zone entries=100' =>
      '"openai_monitor_zone" must have "zone" parameter' ],
    [ 'openai_monitor_zone zone=z:8m; openai_monitor_zone zone=z:8m' =>
      'duplicate zone "z"' ],
    [ 'openai_monitor_zone zone=z:8m; openai_monitor_zone zone=z:9m' =>
      'the size 9437184 of shared memory zone "z" conflicts with already '
      . 'declared size 8388608' ],
    [ 'openai_monitor_zone zone=z:1k' =>
      qr/^zone "z" is too small, it needs at least \d+k$/ ],
    [ 'openai_monitor_zone zone=z:8m entries=100000' =>
      qr/^zone "z" is too small, it needs at least \d+k$/ ],
    [ 'limit_req_zone $uri zone=z:1m rate=1r/s; openai_monitor_zone zone=z:1m' =>
      'the shared memory zone "z" is already declared for a different use' ];

$::refused->('"openai_monitor_zone" directive is not allowed here',
             location => 'location / { openai_monitor_zone zone=y:8m; }');



=== TEST 2: the size that a refusal names is enough, one less is not
fault 28
--- client
for my $entries (16, 1000) {
    my $zone = "openai_monitor_zone zone=z:%s entries=$entries;";
    my ($code, $said) = $::tested->(http => sprintf $zone, '100k');
    my ($least) = $said =~ /needs at least (\d+)k/ or die $said;

    $::accepted->(http => sprintf $zone, "${least}k");
    $::refused->(qr/^zone "z" is too small/, http => sprintf $zone, $least - 1 . 'k');
}



=== TEST 3: openai_monitor
fault 50
--- client
$::accepted->(location => "location / { $_; }") for
    'openai_monitor zone=z', 'openai_monitor off', 'openai_monitor zone=z if=1',
    'openai_monitor if=$arg_a$uri zone=z', 'openai_monitor zone=z if=$http_x',
    'if ($arg_a) { openai_monitor off; } root html';
$::accepted->(http => 'openai_monitor zone=z; openai_monitor_zone zone=z:8m;',
              server => 'openai_monitor off;');

$::refused->($_->[1], location => "location / { $_->[0]; }") for
    [ 'openai_monitor' =>
      'invalid number of arguments in "openai_monitor" directive' ],
    [ 'openai_monitor zone=z if=1 x' =>
      'invalid number of arguments in "openai_monitor" directive' ],
    [ 'openai_monitor on' => 'invalid parameter "on"' ],
    [ 'openai_monitor z' => 'invalid parameter "z"' ],
    [ 'openai_monitor zone=' => 'invalid parameter "zone="' ],
    [ 'openai_monitor zone=z if=' => 'invalid parameter "if="' ],
    [ 'openai_monitor if=1' =>
      '"openai_monitor" must have "zone" parameter or "off"' ],
    [ 'openai_monitor off zone=z' => 'invalid parameter "zone=z"' ],
    [ 'openai_monitor zone=z off' => 'invalid parameter "off"' ],
    [ 'openai_monitor zone=z; openai_monitor off' =>
      '"openai_monitor" directive is duplicate' ],
    [ 'openai_monitor off; openai_monitor zone=z' =>
      '"openai_monitor" directive is duplicate' ],
    [ 'openai_monitor zone=z if=$no_such_variable_x' =>
      'unknown "no_such_variable_x" variable' ],
    [ 'openai_monitor zone=unknown' =>
      'zero size shared memory zone "unknown"' ];



=== TEST 4: openai_monitor_body_max
fault 50
--- client
$::accepted->(server => "openai_monitor_body_max $_;")
    for '0', '1', '512', '64k', '1m', '16M';

$::refused->($_->[1], server => "$_->[0];") for
    [ 'openai_monitor_body_max' =>
      'invalid number of arguments in "openai_monitor_body_max" directive' ],
    [ 'openai_monitor_body_max x' =>
      '"openai_monitor_body_max" directive invalid value' ],
    [ 'openai_monitor_body_max -1' =>
      '"openai_monitor_body_max" directive invalid value' ],
    [ 'openai_monitor_body_max 1k; openai_monitor_body_max 2k' =>
      '"openai_monitor_body_max" directive is duplicate' ];



=== TEST 5: openai_monitor_redact_header and openai_monitor_redact_arg
--- client
for my $directive ('openai_monitor_redact_header', 'openai_monitor_redact_arg') {
    $::accepted->(server => "$directive $_;")
        for 'off', 'X-One', 'X-One x_two', "X-One; $directive X-Two",
            'x' x 64;

    $::refused->($_->[1], server => "$_->[0];") for
        [ $directive =>
          "invalid number of arguments in \"$directive\" directive" ],
        [ "$directive ''" => 'invalid name ""' ],
        [ "$directive " . 'x' x 65 => 'invalid name "' . 'x' x 65 . '"' ],
        [ "$directive off X-One" =>
          "\"$directive\" directive has \"off\" beside other names" ],
        [ "$directive X-One; $directive off" =>
          "\"$directive\" directive has \"off\" beside other names" ],
        [ "$directive off; $directive X-One" =>
          "\"$directive\" directive is used with \"off\" in the same context" ];
}



=== TEST 6: openai_monitor_view
fault 50
--- client
$::accepted->(location => "location $_") for
    '/ { openai_monitor_view zone=z; }',
    '/monitor/ { openai_monitor_view zone=z proxy=http://127.0.0.1:8080; }',
    '= /exact { openai_monitor_view zone=z; }';

$::refused->($_->[1], location => "location $_->[0]") for
    [ '/ { openai_monitor_view; }' =>
      'invalid number of arguments in "openai_monitor_view" directive' ],
    [ '/ { openai_monitor_view z; }' => 'invalid parameter "z"' ],
    [ '/ { openai_monitor_view zone=; }' => 'invalid parameter "zone="' ],
    [ '/ { openai_monitor_view proxy=x; }' =>
      '"openai_monitor_view" must have "zone" parameter' ],
    [ '/ { openai_monitor_view zone=z; openai_monitor_view zone=z; }' =>
      '"openai_monitor_view" directive is duplicate' ],
    [ '/ { openai_monitor_view zone=unknown; }' =>
      'zero size shared memory zone "unknown"' ],
    [ '/monitor { openai_monitor_view zone=z; }' =>
      '"openai_monitor_view" directive cannot be used inside a location without '
      . 'slash at the end' ],
    [ '@named { openai_monitor_view zone=z; }' =>
      '"openai_monitor_view" directive cannot be used inside named locations or '
      . '"if"' ];

$::refused->('"openai_monitor_view" directive is not allowed here', @$_) for
    [ server => 'openai_monitor_view zone=z;' ],
    [ location => 'location / { if ($uri) { openai_monitor_view zone=z; } }' ];



=== TEST 7: openai_monitor_page_size
fault 50
--- client
$::accepted->(server => "openai_monitor_page_size $_;") for 1, 20, 1000;

$::refused->($_->[1], server => "$_->[0];") for
    [ 'openai_monitor_page_size' =>
      'invalid number of arguments in "openai_monitor_page_size" directive' ],
    [ 'openai_monitor_page_size 0' => 'value must be between 1 and 1000' ],
    [ 'openai_monitor_page_size 1001' => 'value must be between 1 and 1000' ],
    [ 'openai_monitor_page_size x' =>
      '"openai_monitor_page_size" directive invalid number' ],
    [ 'openai_monitor_page_size 1; openai_monitor_page_size 2' =>
      '"openai_monitor_page_size" directive is duplicate' ];



=== TEST 8: openai_monitor_price
--- client
my $zone = 'openai_monitor_zone zone=z:8m;';

$::accepted->(http => "$zone openai_monitor_price $_;") for
    'gpt-x input=1 output=2', 'gpt-* input=0.5 cached=0.1 output=1.5',
    'gpt-x input=0 output=0; openai_monitor_price gpt-y input=1 output=1';

$::refused->($_->[1], http => "$zone openai_monitor_price $_->[0];") for
    [ 'gpt-x' =>
      'invalid number of arguments in "openai_monitor_price" directive' ],
    [ 'gpt-x input=x' => 'invalid parameter "input=x"' ],
    [ 'gpt-x input=-1' => 'invalid parameter "input=-1"' ],
    [ 'gpt-x nothing=1' => 'invalid parameter "nothing=1"' ];



=== TEST 9: nginx itself does not start either
--- http_config
openai_monitor_zone zone=z:1k;
--- config
location / { return 200; }
--- must_die
--- suppress_stderr
--- error_log eval
qr/\[emerg\] .*zone "z" is too small, it needs at least \d+k in /



=== TEST 10: openai_monitor_store_bodies
--- client
$::accepted->(server => "openai_monitor_store_bodies $_;")
    for 'on', 'off', 'request', 'response';

$::refused->($_->[1], server => "$_->[0];") for
    [ 'openai_monitor_store_bodies' =>
      'invalid number of arguments in "openai_monitor_store_bodies" directive' ],
    [ 'openai_monitor_store_bodies none' => 'invalid value "none"' ],
    [ 'openai_monitor_store_bodies on; openai_monitor_store_bodies off' =>
      '"openai_monitor_store_bodies" directive is duplicate' ];



=== TEST 11: openai_monitor_mask_body
--- client
$::accepted->(server => "openai_monitor_mask_body $_;")
    for 'off', 'a', 'a b', 'a; openai_monitor_mask_body b', "'(?i)x{3}'";

$::refused->($_->[1], server => "openai_monitor_mask_body $_->[0];") for
    [ "'a('" => qr/^pcre2_compile\(\) failed: missing closing parenthesis in "a\("/ ],
    [ "''" => qr/^"openai_monitor_mask_body" directive has an empty pattern/ ],
    [ "'(*UTF)a'" => qr/ or one that begins with "\(\*"$/ ],
    [ 'off a' => '"openai_monitor_mask_body" directive has "off" beside patterns' ],
    [ 'a; openai_monitor_mask_body off' =>
      '"openai_monitor_mask_body" directive has "off" beside patterns' ],
    [ 'off; openai_monitor_mask_body a' =>
      '"openai_monitor_mask_body" directive is used with "off" in the same context' ];
