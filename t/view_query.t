# The promise: a search finds words in the bodies as people know them: decoded,
# whatever JSON escaped, and put together when a stream scattered them.  A long
# search holds up nobody, and ends when its client leaves.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use Compress::Zlib ();
use MonitorTest;
use Time::HiRes qw/ time /;

# how many match, or the error

sub found {
    my ($q) = @_;
    $q =~ s/([^A-Za-z0-9.])/sprintf '%%%02X', ord $1/ge;

    my ($status, $body) = monitor("/api/requests?q=$q");
    my $answer = json_value($body);

    return $status == 200 ? $answer->{total} : $answer->{error}{message};
}

# without their bodies, which are large

sub settled {
    my ($n) = @_;

    wait_for(sub { found('-is:running') == $n }, "$n records");
}

sub finds {
    while (my ($q, $want) = splice @_, 0, 2) { check(found($q), $want, $q) }
}

run_tests();

__DATA__

=== TEST 1: words in bodies, however they travelled
--- upstream
while (my $r = $u->request) {
    if ($r->{uri} =~ /stream/) {
        $u->stream('X-Trace' => 'Alpha beta');
        $u->event({ choices => [ { index => 0, delta => { content => $_ } } ] })
            for 'Straw', 'ber', 'ry ', 'cake';
        $u->event('[DONE]'); $u->finish;
    } elsif ($r->{uri} =~ /gzip/) {
        $u->answer(200,
        Compress::Zlib::memGzip('{"text":"compressed treasure"}'),
                   'Content-Encoding' => 'gzip');
    } else {
        $u->answer(200, completion());
    }
}
--- client
http(post('/v1/chat/completions?stream', { model => 'asked-1', stream => true,
     messages => [ { role => 'user', content => "say \"this\"\nplease" } ] }));
http(post('/v1/gzip', '{"q":"\u4e2d\u6587 escaped"}', 'X-Trace: gamma'));
http(post('/v1/plain', "{\"q\":\"\xe4\xb8\xad\xe6\x96\x87 raw\"}"));
records(3);

finds('strawberry cake' => 1, '"Strawberry cake"' => 1, 'treasure' => 1,
      'TREASURE' => 1,
      '"say \\"this\\""' => 1, "\xe4\xb8\xad\xe6\x96\x87" => 2, 'nowhere' => 0,
      'in:request treasure' => 0, 'in:response treasure' => 1,
      'in:request please' => 1, 'in:response please' => 0,
      'asked-1' => 1, '/v1/plain' => 1, '-treasure' => 2,
      '-treasure -cake' => 1,
      '(treasure OR cake)' => 2, 'header.x-trace:beta' => 1,
      'header.X-TRACE:A' => 2,
      'header.x-trace:delta' => 0, '~/straw.erry/' => 1,
      '~/compressed\s+t/' => 1,
      '~/^nothing$/' => 0, '~/v1\/pl/' => 1, 'is:stream strawberry' => 1,
      '-is:stream strawberry' => 0);

finds('~/(/' => qr/not a regular expression/, '~/(*LIMIT_MATCH=9999999)a/' =>
      qr/not a regular/,
      'modle:x' => qr/unknown key "modle", did you mean "model"\?/,
      'is:runing' => qr/did you mean "running"\?/, '(a' =>
      qr/nothing closes "\("/);



=== TEST 2: a search through large bodies lets others work
--- zone: 96m
--- http_config
client_max_body_size 2m;
client_body_buffer_size 2m;
openai_monitor_body_max 1m;
--- upstream
while ($u->request) { $u->answer(200, completion()) }
--- client
my $c = connection();

for (1 .. 60) {
    send_bytes($c, post('/v1/chat/completions', { model => 'm',
               messages => [ { role => 'user', content =>
               'lorem ipsum ' x 80_000 } ] }));
    read_answer($c);
}

settled(60);

# many searches at once; meanwhile each list must come quickly

my @search = map {
    my $s = connection(port => $ENV{TEST_NGINX_MONITOR_PORT});
    send_bytes($s, "GET /api/requests?q=absent-$_ HTTP/1.1\r\nHost: a\r\n\r\n");
    $s;
} 1 .. 4;

my $longest = 0;

for (1 .. 20) {
    my $from = time;
    check(json_value((monitor('/api/requests?page_size=1'))[1]),
          { total => 60 }, 'a list');
    $longest = time - $from if time - $from > $longest;
}

check($longest < 0.5 ? 1 : $longest, 1, 'none of them waited for the searches');

# one leaves, the others get their answer

close pop @search;
check(json_value(read_answer($_)->{body}), { total => 0 }, 'a search')
      for @search;

# catastrophic backtracking is cut, and the worker lives

my $from = time;
check(found('~/(l*)*(o*)*(r*)*x9/ in:request'), 0, 'a slow expression');
check(found('lorem'), 60, 'after it');
