# The promise: the exchanges of one run of an agent belong together, and those of
# two runs do not, whatever API, order of members and ids the client uses.
# Sub-agents stand under the call that started them, titles and counts of tokens
# apart, and a compacted history goes on.  Seen to fail before run.c had its
# rules: sub-agents and strangers were one conversation.

use strict;
use warnings;

use Test::Nginx::Socket 'no_plan';

use AgentRuns;
use MonitorTest;

our @steps;

# plays the exchanges, and compares what the list says of them

sub played {
    my ($what, @runs) = @_;
    @steps = interleaved(@runs);

    for my $i (0 .. $#steps) {
        http(post($steps[$i]{uri}, $steps[$i]{body}, @{ $steps[$i]{headers} },
                  'X-Answer: ' . json_text({ status => $steps[$i]{status},
                                             body => $steps[$i]{answer} })));
    }

    my $n = @steps;
    my $list = wait_for(sub {
        my $list = json_value((monitor("/api/requests?page_size=$n"))[1]);

        return $list->{total} >= $n
               && !grep({ $_->{outcome} eq 'running' } @{ $list->{items} })
               && [ reverse @{ $list->{items} } ];
    }, "$n records");

    $steps[$_]{record} = $list->[$_] for 0 .. $#steps;

    for my $run (@runs) {
        compared($what, $run);
    }

    my %runs = map { $_->[-1]{record}{run} => 1 } @runs;
    check(scalar keys %runs, scalar @runs, "$what: runs are apart");
}

sub compared {
    my ($what, $run) = @_;
    my $first = (grep { $_->{who} eq 'main' } @$run)[0];
    my (%thread, %run);

    for my $step (@$run) {
        my $record = $step->{record};
        my $name = "$what: $step->{who} of $run->[0]{record}{id}";

        if ($step->{who} eq 'title' || $step->{who} eq 'count') {
            check($record->{role}, 'utility', $name);
            next;
        }

        $run{ $record->{run} }++;
        $thread{ $step->{who} }{ $record->{thread} }++;

        check($record, { change => $step->{change},
              parent => $step->{parent} && $step->{parent}{record}{id},
              caller => $step->{caller} && $step->{caller}{record}{id},
              role => $step->{who} eq 'main' ? 'main' : 'agent' }, $name);
    }

    check(scalar keys %run, 1, "$what: one run");

    my %all = map { %$_ } values %thread;
    check([ map { scalar keys %$_ } values %thread ], [ (1) x keys %thread ],
          "$what: a conversation for each agent");
    check(scalar keys %all, scalar keys %thread,
          "$what: agents are apart");
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(config => <<'EOF');
client_body_buffer_size 256k;
large_client_header_buffers 4 64k;
location / {
    proxy_pass http://127.0.0.1:$TEST_NGINX_UPSTREAM_PORT;
}
EOF
    $block->set_value(upstream => <<'EOF');
while (my $r = $u->request) {
    my $answer = json_value($r->{headers}{'x-answer'});
    $u->answer($answer->{status}, $answer->{body});
}
EOF
});

run_tests();

__DATA__

=== TEST 1: every API, with a session and without one, in both orders
--- zone: 16m entries=1000
--- client
my $seed = seed();

for my $dialect (qw{ anthropic chat responses }) {
    for my $late (0, 1) {
        for my $session ('', "0199-$dialect-$late-000000000000") {
            played("$dialect, late $late, session \"$session\"",
                   [ agent_run(dialect => $dialect, turns => 5, agents => [ 2 ],
                               retry => [ 3 ], late => $late, seed => $seed,
                               session => $session,
                               prompt => "Fix $dialect $late $session",
                               system => "You are $dialect $late $session") ]);
        }
    }
}



=== TEST 2: two runs of the same command are apart
--- zone: 16m entries=1000
--- client
my $seed = seed();

for my $dialect (qw{ anthropic chat responses }) {
    my @same = (dialect => $dialect, turns => 4,
                prompt => "Fix all of $dialect", system => "Agent of $dialect");

    played("$dialect, one after the other",
           [ agent_run(@same, seed => $seed) ]);
    played("$dialect, at the same time", map {
        [ agent_run(@same, seed => $seed + $_) ] } 1, 2);
    played("$dialect, of two sessions", map {
        [ agent_run(@same, seed => $seed, agents => [ 1 ],
                    session => "0199aaaa-bbbb-cccc-dddd-$dialect$_") ] } 1, 2);
}



=== TEST 3: one prompt of several people, and for several models
--- zone: 16m entries=1000
--- client
my $seed = seed();

played('of two people', map {
    [ agent_run(dialect => 'chat', key => 'key-of-' . $_ x 20, seed => $seed) ]
} 'a', 'b');

played('for three models', map {
    [ agent_run(dialect => 'chat', model => "model-$_", seed => $seed,
                prompt => 'Who are you?') ]
} 1 .. 3);

played('of two agents', map {
    [ agent_run(dialect => 'responses', seed => $seed, prompt => 'Hello',
                system => "You are $_.") ]
} 'Alice', 'Bob');



=== TEST 4: titles, counts of tokens, and a compacted history
--- zone: 16m entries=1000
--- client
my $seed = seed();

for my $session ('', '0199aaaa-bbbb-cccc-dddd-eeeeeeee0001') {
    played("session \"$session\"",
           [ agent_run(turns => 7, title => 1, count => 1, compact => 5,
                       agents => [ 2, 6 ], session => $session, seed => $seed,
                       prompt => "Fix it $session") ]);
}

my @found = map { json_value((monitor("/api/requests?q=$_"))[1])->{total} }
                'role:utility', 'role:agent', "run:$main::steps[-1]{record}{run}";

# the first run's title has nothing that tells its run

check([ @found ], [ 4, 8, 13 ], 'found by role and run');



=== TEST 5: the name of the agent and the ids of a trace
Seen to fail before the two headers were read.
--- zone: 8m
--- client
my @trace = ('0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331');
my ($step) = agent_run(dialect => 'anthropic', turns => 1);

for my $more ([ "traceparent: 00-$trace[0]-$trace[1]-01" ], []) {
    http(post($step->{uri}, $step->{body}, @{ $step->{headers} }, @$more,
              'X-Answer: ' . json_text({ status => 200,
                                         body => $step->{answer} })));
}

my ($one, $two) = @{ records(2) };

check($one, { agent => 'Claude Code', trace_id => $trace[0],
      span_id => $trace[1] }, 'in the record');
check($two, { agent => 'Claude Code', trace_id => null, span_id => null },
      'without a trace');

my $total = sub { json_value((monitor("/api/requests?q=$_[0]"))[1])->{total} };

check([ map { $total->($_) } "trace:$trace[0]", 'agent:claude*', 'agent:codex' ],
      [ 1, 2, 0 ], 'found');



=== TEST 6: a run as one thing: its row, and its tree
The sums are those of its records, the gaps are between an answer and the request
that continues it.  Seen to fail without the two paths.
--- zone: 16m entries=1000
--- client
my $seed = seed();
my $session = '0199aaaa-bbbb-cccc-dddd-eeeeeeee0002';

my @run = agent_run(turns => 6, title => 1, agents => [ 2 ], retry => [ 3 ],
                    compact => 5, session => $session, seed => $seed);
my @other = agent_run(dialect => 'chat', turns => 2, seed => $seed);

played('two runs', \@run, \@other);

my $api = sub { json_value((monitor("/api/$_[0]"))[1]) };
my $id = $run[0]{record}{id};

my $list = $api->('sessions');
my ($row) = grep { $_->{id} eq $id } @{ $list->{items} };

check($list, { total => 2, page => 1, pages => 1 }, 'two runs');
check($list->{items}[0]{started_at} ge $list->{items}[1]{started_at}, 1,
      'the newest first');
check($row, { session => $session, agent => 'Claude Code',
      title => 'Fix the build', state => 'ok', models => [ 'model-1' ],
      requests => 10, turns => 7, agents => 1, utilities => 1, errors => 1,
      retries => 1, compactions => 1, input_tokens => 180, output_tokens => 45,
      largest_context => 20, tool_calls => 6, cache_hit_rate => null,
      cost_usd => null, unpriced_requests => 9 }, 'its sums');

my $tree = $api->("session/$id");
my @main = grep { $_->{who} eq 'main' } @run;
my @sub = grep { $_->{who} eq 'agent 2' } @run;
my ($calling) = grep { @{ $_->{agents} } } @{ $tree->{main} };

check([ map { $_->{id} } @{ $tree->{main} } ],
      [ map { $_->{record}{id} } @main ], 'the turns, in their order');
check($calling->{id}, $sub[0]{caller}{record}{id}, 'who started the sub-agent');
check([ map { $_->{id} } @{ $calling->{agents}[0]{turns} } ],
      [ map { $_->{record}{id} } @sub ], 'and its turns');
check([ map { $_->{id} } @{ $tree->{utility} } ], [ $id ], 'the title');
check($tree->{others}, [], 'nobody without a caller');
check([ map { $_->{gap} } @{ $tree->{main} } ],
      [ null, 'tools', 'tools', 'idle', 'tools', 'tools', 'tools' ],
      'what the time between the turns was');

# of the compacted turn, the parent is the last one before it

my %gaps = (tools => 0, idle => 0);
$gaps{ $_->{gap} } += $_->{gap_ms} for grep { $_->{gap} } @{ $tree->{main} };
check([ $tree->{tools_ms}, $tree->{idle_ms} ], [ $gaps{tools}, $gaps{idle} ],
      'added up');

check($api->("session/$_")->{id}, $id, "found by $_")
    for $sub[1]{record}{id}, $session;
check($api->('session/nobody')->{error}, { code => 'not_found' }, 'no such run');
check($api->("sessions?q=$_->[0]")->{total}, $_->[1], "runs with $_->[0]")
    for [ 'agent:claude*', 1 ], [ 'role:agent', 1 ], [ 'model:model-1', 2 ],
        [ 'is:error', 1 ], [ 'model:other', 0 ];
check([ map { $_->{id} } @{ $api->('sessions?sort=-turns&page_size=1')->{items} } ],
      [ $id ], 'in another order');
check($api->('sessions?sort=colour')->{error}, { code => 'bad_request' },
      'in none');
