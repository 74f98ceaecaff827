# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# The promise: no secret of a request's or an answer's head is stored, whatever
# its name's writing; a fingerprint tells two keys apart. Each block looks for
# the secret in all that the API says, not only where it was sent. Seen to fail
# when names were not percent-decoded, and before fragments, nested URIs and
# lines that are no HTTP were looked at.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use MonitorTest;

# made of two parts, so that it is not found in this file

our $secret = 'hush-' . 'ThisIsNotToBeSeen';

our $everything = sub {
    my ($n) = @_;
    my $all = '';

    for my $record (@{ records($n) }) {
        $all .= (monitor("/api/request/$record->{id}$_"))[1]
            for '', '/request', '/response', '/events', '/diff';
    }

    $all .= (monitor($_))[1]
        for '/api/requests', '/api/stats', '/metrics', '/api/export?format=har',
            '/api/export?format=jsonl', '/api/export?format=csv',
            '/api/requests?q=x';

    return $all;
};

# neither the secret nor a good part of it, in any record

our $hidden = sub {
    my ($n, $name) = @_;
    my $all = $::everything->($n);

    check($all =~ /(hush-|ThisIsNot|NotToBeSeen|aHVzaC1UaGlz)/ ? $1 : 'nothing',
          'nothing', "$name: seen in $n records");
};

our $headers_of = sub {
    my ($record, $side) = @_;

    return { map { lc $_->{name} => $_->{value} }
             @{ $record->{$side}{headers} } };
};

run_tests();

__DATA__

=== TEST 1: headers of the request that are secret by themselves
fault 41
--- config
underscores_in_headers on;
ignore_invalid_headers off;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    $u->note($request->{head} =~ /\Q$::secret/ ? 'passed on' : 'lost');
    $u->answer(200, {});
}
--- client
my @names = qw/ Authorization authorization AUTHORIZATION api-key Api_Key
                x-api-key X_API_KEY x-goog-api-key Ocp-Apim-Subscription-Key
                Proxy-Authorization Cookie X-Portkey-Api-Key Helicone-Auth
                cf-aig-authorization x-session-token x-id-token
                x-amz-security-token x-litellm-api-key xi-api-key x-auth-token
                chatgpt-account-id X-Forwarded-Client-Cert /;

http(get("/$_", "$_: $::secret")) for @names;
http(get('/', "Authorization: Bearer $::secret"));
http(get('/', "Authorization: $::secret $::secret"));
http(get('/', "X-Api-Key:    $::secret   "));
http(get('/', "X-Api-Key: $::secret", "Cookie: a=$::secret; b=$::secret"));

my $n = @names + 4;
check([upstream()->notes($n)], [ ('passed on') x $n ], 'the upstream gets them');
$::hidden->($n, 'headers');

for my $record (@{ records($n) }) {
    my ($name) = $record->{uri} =~ m{/(.+)} or next;
    check($::headers_of->($record, 'request')->{lc $name},
          qr/^REDACTED-[0-9a-f]{10}$/, "$name is replaced");
}



=== TEST 2: the scheme stays, two keys are told apart, the same key is the same
--- config
location / { return 200 "here"; }
--- client
http(get('/', "Authorization: Bearer $::secret"));
http(get('/', "Authorization: Bearer $::secret-other"));
http(get('/', "Authorization: bearer $::secret"));
http(get('/', "X-Api-Key: $::secret"));
http(get('/'));
http(get("/?api_key=$::secret"));
http(get("/?api_key=other", "Api-Key: $::secret"));

my @keys = map { $_->{key} } @{ records(7) };

check(\@keys, [ qr/^[0-9a-f]{10}$/, sub { $_[0] ne $keys[0] },
                ($keys[0]) x 2, null, ($keys[0]) x 2 ], 'keys');
check($::headers_of->(records(7)->[0], 'request')->{authorization},
      "Bearer REDACTED-$keys[0]", 'header');
$::hidden->(7, 'keys');



=== TEST 3: arguments, however written
fault 41
--- config
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    $u->note($request->{uri} =~ /\Q$::secret/ ? 'passed on' : 'lost');
    $u->answer(200, {});
}
--- client
my @names = qw/ key api_key api-key apikey API_KEY %6bey api%5Fkey %61%70%69-KEY
                access_token refresh_token session_token token password secret
                client_secret sig signature X-Amz-Signature X-Amz-Credential
                X-Amz-Security-Token X-Goog-Signature code id_token /;

http(get("/v1/models?a=b&$_=$::secret&c=d")) for @names;
http(get("/v1/models?key=$::secret"));
http(get("/v1/models?key=$::secret&key=$::secret"));
http(get("/v1/models?&&key=$::secret="));

my $n = @names + 3;
check([upstream()->notes($n)], [ ('passed on') x $n ], 'the upstream gets them');
$::hidden->($n, 'arguments');
check(records($n)->[0]{uri}, qr{^/v1/models\?a=b&key=REDACTED-[0-9a-f]{10}&c=d$},
      'the rest is as it was');



=== TEST 4: in URIs that headers hold, and before an "@"
--- config
location / { return 200 "here"; }
--- client
http(get('/', "Referer: https://a.test/x?key=$::secret&b=c#d",
         "X-Forwarded-Url: http://user:$::secret\@a.test/"));
http("GET http://user:$::secret\@a.test/x?key=$::secret HTTP/1.1\r\n"
     . "Host: a.test\r\n\r\n");
http(get('/', "Origin: https://$::secret\@a.test"));
$::hidden->(3, 'URIs');
check($::headers_of->(records(3)->[0], 'request')->{referer},
      qr{^https://a\.test/x\?key=REDACTED-[0-9a-f]{10}&b=c#d$}, 'the rest');



=== TEST 5: headers of the answer
fault 41
--- upstream
$u->request;
$u->answer(302, {}, 'Set-Cookie' => "a=$::secret; Path=/",
           'Set-Cookie' => "b=$::secret", 'set_cookie' => $::secret,
           Location => "https://a.test/?token=$::secret&b=c",
           'X-Plain' => 'seen');
--- client
check_like(http(get('/'))->{head}, qr/\Q$::secret/, 'the client gets it');
$::hidden->(1, 'answer');
check($::headers_of->(records(1)->[0], 'response'),
      { 'x-plain' => 'seen', 'set-cookie' => qr/^REDACTED-[0-9a-f]{10}$/,
        location => qr{^https://a\.test/\?token=REDACTED-[0-9a-f]{10}&b=c$} },
      'the rest is as it was');



=== TEST 6: keys among the protocols of a WebSocket
--- upstream
$u->request; $u->answer(200, {});
--- client
http(get('/v1/realtime', 'Sec-WebSocket-Protocol: realtime, '
         . "openai-insecure-api-key.$::secret, openai-beta.realtime-v1"));
http(get('/v1/realtime', "sec-websocket-protocol: openai-insecure-api-key.$::secret"));
$::hidden->(2, 'protocols');
check($::headers_of->(records(2)->[0], 'request')->{'sec-websocket-protocol'},
      qr/^realtime, openai-insecure-api-key\.REDACTED-/, 'the rest is as it was');



=== TEST 7: names of one's own
--- config
underscores_in_headers on;
openai_monitor_redact_header X-Tenant_Token x-more;
openai_monitor_redact_arg    Tenant-Token session;
location / { return 200 "here"; }
location /own {
    openai_monitor_redact_header X-Own;
    openai_monitor_redact_arg    own;
    return 200 "here";
}
location /off {
    openai_monitor_redact_header off;
    openai_monitor_redact_arg    off;
    return 200 "here";
}
--- client
http(get("/?tenanttoken=$::secret&SESSION=$::secret&key=$::secret",
         "x-tenant-token: $::secret", "X_TENANT_TOKEN: $::secret",
         "X-More: $::secret", "Authorization: Bearer $::secret"));
http(get("/own?own=$::secret&key=$::secret", "x-own: $::secret",
         "Authorization: Bearer $::secret"));
http(get("/off?key=$::secret", "Authorization: Bearer $::secret"));
$::hidden->(3, 'own names');

http(get('/off?session=plain', 'X-More: plain'));
check(records(4)->[3]{uri}, '/off?session=plain', 'off: argument');
check($::headers_of->(records(4)->[3], 'request')->{'x-more'}, 'plain',
      'off: header');



=== TEST 8: a name of one's own that is long and percent-encoded
--- config
openai_monitor_redact_arg a_name_of_one_s_own_that_is_longer_than_most_of_them;
location / { return 200 "here"; }
--- client
my $name = 'a_name_of_one_s_own_that_is_longer_than_most_of_them';
my $encoded = join '', map { sprintf '%%%02x', ord } split //, $name;
http(get("/?$name=$::secret"));
http(get("/?$encoded=$::secret"));
$::hidden->(2, 'long names');



=== TEST 9: requests that nginx refuses
fault 41
--- config
location / { deny all; }
--- client
http(get("/?key=$::secret", "Authorization: Bearer $::secret"));
http("GET /?key=$::secret HTTP/1.1\r\nAuthorization: Bearer $::secret\r\n\r\n");
http("GET /?key=$::secret HTTP/9.1\r\n\r\n");
http("GET /?key=$::secret and more HTTP/1.1\r\nHost: a\r\n\r\n");
http("Authorization: Bearer $::secret\r\n\r\n");
http(get('/', "Authorization: Bearer $::secret " . 'x' x 40000));
$::hidden->(6, 'refused');



=== TEST 10: values that are cut
--- config
large_client_header_buffers 8 128k;
location / { return 200 "here"; }
--- client
my $filler = 'f' x 60000;
http(get('/', "X-Filler: $filler", "X-Filler: $filler",
         "Authorization: Bearer $::secret", "Cookie: $::secret$filler"));
http(get("/?a=$filler&key=$::secret&b=$filler", "Referer: /?a=$filler&key=$::secret"));
$::hidden->(2, 'long');



=== TEST 11: fragments
--- upstream
$u->request;
$u->answer(302, {}, Location => "https://a.test/cb#access_token=$::secret&b=c");
--- client
http(get('/'));
$::hidden->(1, 'fragment');
check($::headers_of->(records(1)->[0], 'response')->{location},
      qr{^https://a\.test/cb#access_token=REDACTED-[0-9a-f]{10}&b=c$}, 'the rest');



=== TEST 12: lines that come again in their places, or others that look alike
what the worker remembers of the last head must not speak for another one: seen
to fail when only the lengths of a key were compared, and when all locations
shared what was known of names, of headers or of arguments
--- config
location / { return 200 "here"; }
location /own { openai_monitor_redact_header x_own; return 200 "here"; }
location /arg { openai_monitor_redact_arg own; return 200 "here"; }
--- client
seed();

my @values = map { "$::secret-$_" } 'a', 'b', 'long' x 9;

http(get('/', "Api-Key: $values[0]"));
my $print = records(1)->[0]{key};

my @lines = (
    (map { "Authorization: Bearer $_" } @values, "REDACTED-$print"),
    (map { "Api-Key: $_" } @values),
    (map { "X-Own: $_" } 'one', 'two', 'and three'),
    (map { "X-Else: $_" } 'one', 'two', 'keep-alive'),
    "X-Else: /?key=$values[0]", 'X-One: two', 'X-Two: one',
    'X-Else: /?own=one', 'X-Else: /?own=two',
);

my (@asked, %print_of);

for my $i (1 .. 200) {
    my $uri = ('', '', '/own', '/arg')[rand 4] . "/$i";
    my @some = map { $lines[rand @lines] } 1 .. rand 5;

    # as a rule much of the last one comes again

    if (@asked && rand() < 0.7) {
        @some = @{ $asked[-1]{lines} };
        $some[rand @some] = $lines[rand @lines];
        pop @some if rand() < 0.2;
        push @some, $lines[rand @lines] if rand() < 0.2;
    }

    # nginx refuses two of these

    my $n = 0;
    @some = grep { !/^Authorization/ || !$n++ } @some;

    http(get($uri, @some));
    push @asked, { uri => $uri, lines => \@some };
}

my (undef, @records) = @{ records(201) };

for my $i (0 .. $#asked) {
    my ($uri, @some) = ($asked[$i]{uri}, @{ $asked[$i]{lines} });
    my (@got, @expected, $key);

    @got = map { "$_->{name}: $_->{value}" }
           grep { $_->{name} =~ /^(auth|api|x-)/i }
           @{ $records[$i]{request}{headers} };

    # each secret has one fingerprint, whatever came before it

    my $redacted = sub {
        my ($value) = @_;
        my ($seen) = ($got[@expected] // '') =~ /REDACTED-([0-9a-f]{10})/;

        $print_of{$value} //= $seen // 'none';

        return "REDACTED-$print_of{$value}";
    };

    for (@some) {
        if (/^(Authorization: Bearer|Api-Key:) (.*)/) {
            push @expected, "$1 " . $redacted->($2);
            $key //= $print_of{$2};

        } elsif ($uri =~ m{^/own} && m{^(X-Own:) (.*)}) {
            push @expected, "$1 " . $redacted->($2);

        } elsif (m{^(.*key=)(.*)}
                 || ($uri =~ m{^/arg} && m{^(.*own=)(.*)}))
        {
            push @expected, $1 . $redacted->($2);

        } else {
            push @expected, $_;
        }
    }

    check([ $records[$i]{uri}, $records[$i]{key}, @got ],
          [ $uri, $key, @expected ], "request $i");
}

my %seen;
$seen{$_}++ for values %print_of;
check([ grep { $_ ne 'none' && $seen{$_} > 1 } keys %seen ], [],
      'no two secrets have the same fingerprint');
check($print_of{$values[0]}, $print, 'and the same has the same');
$::hidden->(201, 'lines again');



=== TEST 13: other names, schemes under any name, JSON, and codings
seen to fail before each of these was looked for
fault 41
--- config
underscores_in_headers on;
location / { proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT; }
--- upstream
while (my $request = $u->request) {
    $u->note($request->{head} =~ /ThisIsNotToBeSeen/ ? 'passed on' : 'lost');
    $u->answer(200, {});
}
--- client
my @headers = (
    (map { "$_: $::secret" } qw/ apikey X-ApiKey Token Auth X-Auth DPoP
         Authentication X_Auth Secret X-Service-Credentials /),
    "X-Any: Bearer $::secret", "X-Any: basic $::secret",
    qq(X-Config: {"provider":"x","api_key":"$::secret"}),
    qq(X-Config: [{"target":"https://u:$::secret\@a.test/?key=$::secret"}]),
);

my @args = map { "$_=$::secret" }
    qw{ authorization auth jwt pass passwd pwd credential credentials
        client_assertion assertion code_verifier auth_key user_key private_key
        key[] key[0] a=b;api_key };

my $coded = $::secret =~ s/-/%2D/r;

push @args, "url=https%3A%2F%2Fh%2F%3Fapi_key%3D$::secret%26b",
     "url=https%3A%2F%2Fu%3A$coded%40h%2F",
     "url=https%253A%252F%252Fh%252F%253Fapi_key%253D$::secret",
     "url=https%3A%2F%2Fu%3A$coded%40h%2F%253Fapi_key%253D$::secret",
     "url=%252?api_key=$::secret&b%2?%2x",
     "config=%7B%22api_key%22%3A%22$::secret%22%7D";

http(get('/', $_)) for @headers;
http(get("/v1/models?x=y&$_&c=d")) for @args;
http(get('/', "Referer: https://a.test/?x=y&$_&c=d")) for @args;

my $n = @headers + 2 * @args;
check([ upstream()->notes($n) ], [ ('passed on') x $n ],
      'the upstream gets them');
$::hidden->($n, 'other names');

my $records = records($n);
check($::headers_of->($records->[@headers - 2], 'request')->{'x-config'},
      qr/^\{"provider":"x","api_key":"\*+"\}$/, 'the rest of JSON is left');
check($records->[@headers + @args - 6]{uri},
      qr{^/v1/models\?x=y&url=https%3A%2F%2Fh%2F%3Fapi_key%3DREDACTED-[0-9a-f]{10}%26b&c=d$}i,
      'and of a URI within');
check($records->[@headers + @args - 7]{uri}, qr/^\S+=b;api_key=REDACTED-[0-9a-f]{10}&c=d$/,
      'and behind a semicolon');



=== TEST 14: what looks like one of these, and is not
--- config
location / { return 200 "here"; }
--- client
my @lines = ('X-Any: basically a test', 'X-Any: bearer', 'X-Any: {"a":"b c"}',
             'X-Any: [1]', 'Accept: a/b;q=0.9, c/d;key=1',
             'X-RateLimit-Tokens: 5');

http(get('/?max_tokens=5&tokens=a&keys=b&url=a%3Fb%3Dc&q=50%25', @lines));

my $record = records(1)->[0];
check($record->{uri}, '/?max_tokens=5&tokens=a&keys=b&url=a%3Fb%3Dc&q=50%25',
      'arguments');
check([ map { "$_->{name}: $_->{value}" }
        grep { $_->{name} =~ /^(X-|Accept)/ } @{ $record->{request}{headers} } ],
      \@lines, 'headers');



=== TEST 15: a binary body that a pattern cannot settle
the worker lives, and keeps nothing that may still be a part of a match; seen to
fail when text was copied before there was room for it
fault 41
--- config
location / {
    openai_monitor_mask_body '[^@\s]{1,64}@';
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
--- upstream
while (my $request = $u->request) {
    $u->note(length $request->{body});
    $u->answer(200, {});
}
--- client
my @pids = worker_pids();

http("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n"
     . "\x80" x 60000) for 1 .. 3;

check([ upstream()->notes(3) ], [ (60000) x 3 ], 'the upstream gets them');
check([ map $_->{request_bytes}, @{ records(3) } ], [ (60000) x 3 ], 'records');
check([ worker_pids() ], \@pids, 'the worker lives');
