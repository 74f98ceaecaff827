package AgentRuns;

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# Makes the traffic of agents: what a client sends, turn by turn, and what the
# upstream answers.  The same seed makes the same bytes.
#
#   agent_run(dialect => 'anthropic', turns => 4, agents => [ 2 ])
#
# returns the exchanges in their order, each a hash:
#
#   uri, headers, body     the request; the body is JSON text
#   status, answer         of the upstream; the answer is a hash
#   who                    "main", "agent 2", "title", "count"
#   parent, caller         exchanges of the same run, or undef
#   change                 how it differs from its parent
#
# Options:
#
#   dialect    chat, anthropic or responses
#   turns      of the main agent; each but the last calls a tool
#   agents     turns whose call starts a sub-agent of two turns
#   title      the client asks for a title first
#   count      the client counts its tokens first
#   retry      turns that the upstream refuses once
#   compact    a turn that begins with a summary in place of the history
#   session    an id, sent as the dialect's clients do
#   prompt, system, model, key, size, seed
#   late       tools and system stand behind the messages
#   text       a function that returns words, for the sizes of results

use strict;
use warnings;

use Exporter qw/ import /;
use JSON::PP;

our @EXPORT = qw/ agent_run interleaved /;

my $json = JSON::PP->new->canonical->utf8;
my $number = 0;


# numbers that are the same in every Perl

sub numbers {
    my $state = shift || 1;

    return sub {
        $state = ($state * 1103515245 + 12345) % 2147483648;
        return int($state / 65536) % $_[0];
    };
}


sub agent_run {
    my (%run) = (dialect => 'anthropic', turns => 3, agents => [], retry => [],
                 prompt => 'Fix the build', system => 'You are an agent.',
                 model => 'model-1', key => '', size => 20, seed => 1, @_);

    $run{random} = numbers($run{seed});
    $run{id} = ++$number;
    $run{steps} = [];

    title(\%run) if $run{title};
    count(\%run) if $run{count};
    turns(\%run, who => 'main', turns => $run{turns}, system => $run{system},
          prompt => $run{prompt}, tools => [ 'Edit', 'Task' ]);

    return @{ $run{steps} };
}


sub title {
    my ($run) = @_;

    add($run, who => 'title', system => 'You are a title generator.',
        tools => [], messages => [ { role => 'user',
                                     text => $run->{prompt} } ],
        says => { text => 'Mending a build' });
}


sub count {
    my ($run) = @_;

    add($run, who => 'count', system => $run->{system},
        tools => [ 'Edit', 'Task' ], messages => [
            { role => 'user', text => $run->{prompt} } ],
        says => { text => '' });
}


# the turns of one agent

sub turns {
    my ($run, %agent) = @_;
    my $main = $agent{who} eq 'main';
    my @messages = ({ role => 'user', text => $agent{prompt} });
    my ($parent, $change) = ($agent{parent}, 'initial');

    for my $turn (1 .. $agent{turns}) {

        if ($main && $turn == ($run->{compact} // 0)) {
            @messages = ({ role => 'user', text => 'This session is being '
                           . 'continued from a previous conversation. '
                           . words($run, 12) });
            $change = 'compacted';
        }

        my $starts = $main && grep { $_ == $turn } @{ $run->{agents} };
        my $id = "call_$run->{id}_" . ($main ? '' : 'a') . $turn;

        my $says = $turn == $agent{turns} ? { text => words($run, 6) }
                   : { call => { id => $id, name => $starts ? 'Task' : 'Edit',
                                 arguments => $starts
                                     ? { prompt => "Look at part $turn: "
                                                   . words($run, 5) }
                                     : { path => words($run, 1) . '.c' } } };

        my @step = (who => $agent{who}, system => $agent{system},
                    tools => $agent{tools}, messages => [ @messages ],
                    caller => $turn == 1 ? $agent{caller} : undef);

        if ($main && grep { $_ == $turn } @{ $run->{retry} }) {
            $parent = add($run, @step, parent => $parent, change => $change,
                          status => 529);
            $change = 'identical';
        }

        $parent = add($run, @step, parent => $parent, change => $change,
                      says => $says);
        $change = 'append-only';

        last if $turn == $agent{turns};

        turns($run, who => "agent $turn", turns => 2, caller => $parent,
              system => 'You are a sub-agent.', tools => [ 'Grep' ],
              prompt => $says->{call}{arguments}{prompt})
            if $starts;

        push @messages, { role => 'assistant', %$says },
             { role => 'tool', id => $id, name => $says->{call}{name},
               text => words($run, $run->{size}) };
    }
}


sub words {
    my ($run, $n) = @_;
    my @words = qw{ a build of parts that no compiler knows file line error
                    missing header loop index bytes copy zone page };

    return join ' ', map { $words[ $run->{random}->(scalar @words) ] } 1 .. $n;
}


sub add {
    my ($run, %step) = @_;
    my $make = __PACKAGE__->can($run->{dialect}) or die $run->{dialect};

    $step{parent} //= undef;
    $step{change} //= 'initial';
    $step{caller} //= undef;
    $step{status} //= 200;
    $step{headers} = [ $run->{key} ? "Authorization: Bearer $run->{key}" : () ];

    $make->($run, \%step);

    push @{ $run->{steps} }, \%step;

    return \%step;
}


# the members in the order of names; what grows comes first with "late"

sub body {
    my ($run, %members) = @_;
    my @order = $run->{late}
        ? qw{ model messages input system instructions tools metadata max_tokens }
        : qw{ model system instructions tools messages input metadata max_tokens };

    return '{' . join(',', map { $json->encode([ $_ ]) =~ s/^\[|\]$//gr . ':'
                                 . $json->encode([ $members{$_} ])
                                   =~ s/^\[|\]$//gr }
                           grep { defined $members{$_} } @order) . '}';
}


sub answered {
    my ($step, $answer) = @_;

    $step->{answer} = $step->{status} == 200 ? $answer
        : { type => 'error', error => { type => 'overloaded_error',
                                        message => 'Overloaded' } };
}


sub anthropic {
    my ($run, $step) = @_;
    my $says = $step->{says} || {};
    my $count = $step->{who} eq 'count';

    my $content = sub {
        my ($m) = @_;
        return $m->{call}
            ? [ { type => 'tool_use', id => $m->{call}{id},
                  name => $m->{call}{name}, input => $m->{call}{arguments} } ]
            : $m->{role} eq 'tool'
            ? [ { type => 'tool_result', tool_use_id => $m->{id},
                  content => $m->{text} } ]
            : [ { type => 'text', text => $m->{text} } ];
    };

    push @{ $step->{headers} }, 'anthropic-version: 2023-06-01',
         'User-Agent: claude-cli/2.1.332 (external, cli)';
    push @{ $step->{headers} }, "X-Claude-Code-Session-Id: $run->{session}"
        if $run->{session};

    $step->{uri} = '/v1/messages' . ($count ? '/count_tokens' : '');
    $step->{body} = body($run,
        model => $run->{model}, system => $step->{system},
        tools => @{ $step->{tools} }
            ? [ map { { name => $_, input_schema => { type => 'object' } } }
                    @{ $step->{tools} } ] : undef,
        messages => [ map { { role => $_->{role} eq 'assistant'
                                      ? 'assistant' : 'user',
                              content => $content->($_) } }
                          @{ $step->{messages} } ],
        max_tokens => $count ? undef : 1000);

    answered($step, $count ? { input_tokens => 20 } :
        { id => 'msg_' . (1 + @{ $run->{steps} }), type => 'message',
          role => 'assistant', model => $run->{model},
          content => $content->({ role => 'assistant', %$says }),
          stop_reason => $says->{call} ? 'tool_use' : 'end_turn',
          usage => { input_tokens => 20, output_tokens => 5 } });
}


sub chat {
    my ($run, $step) = @_;

    my $message = sub {
        my ($m) = @_;
        return $m->{call}
            ? { role => 'assistant', content => undef, tool_calls => [
                  { id => $m->{call}{id}, type => 'function', function =>
                    { name => $m->{call}{name},
                      arguments => $json->encode($m->{call}{arguments}) } } ] }
            : $m->{role} eq 'tool'
            ? { role => 'tool', tool_call_id => $m->{id},
                content => $m->{text} }
            : { role => $m->{role}, content => $m->{text} };
    };

    push @{ $step->{headers} }, "X-Session-Id: $run->{session}"
        if $run->{session};

    $step->{uri} = '/v1/chat/completions';
    $step->{body} = body($run, model => $run->{model},
        tools => @{ $step->{tools} }
            ? [ map { { type => 'function', function => { name => $_ } } }
                    @{ $step->{tools} } ] : undef,
        messages => [ { role => 'system', content => $step->{system} },
                      map { $message->($_) } @{ $step->{messages} } ]);

    answered($step, { id => 'chatcmpl-1', object => 'chat.completion',
        created => 1, model => $run->{model}, choices => [ { index => 0,
            message => $message->({ role => 'assistant',
                                    %{ $step->{says} || {} } }),
            finish_reason => $step->{says}{call} ? 'tool_calls' : 'stop' } ],
        usage => { prompt_tokens => 20, completion_tokens => 5,
                   total_tokens => 25 } });
}


sub responses {
    my ($run, $step) = @_;

    my $item = sub {
        my ($m) = @_;
        return $m->{call}
            ? { type => 'function_call', call_id => $m->{call}{id},
                name => $m->{call}{name},
                arguments => $json->encode($m->{call}{arguments}) }
            : $m->{role} eq 'tool'
            ? { type => 'function_call_output', call_id => $m->{id},
                output => $m->{text} }
            : { type => 'message', role => $m->{role}, content => [
                { type => $m->{role} eq 'user' ? 'input_text' : 'output_text',
                  text => $m->{text} } ] };
    };

    if ($run->{session}) {
        my $thread = $step->{who} eq 'main' ? $run->{session}
                     : "$run->{session}-$step->{who}" =~ tr/ /-/r;

        push @{ $step->{headers} }, 'User-Agent: codex_exec/0.171.0',
             "session-id: $run->{session}", "thread-id: $thread",
             $thread ne $run->{session}
             ? ("x-codex-parent-thread-id: $run->{session}",
                'x-openai-subagent: collab_spawn') : ();
    }

    $step->{uri} = '/v1/responses';
    $step->{body} = body($run, model => $run->{model},
        instructions => $step->{system},
        tools => [ map { { type => 'function', name => $_,
                           parameters => { type => 'object' } } }
                       @{ $step->{tools} } ],
        input => [ map { $item->($_) } @{ $step->{messages} } ]);

    answered($step, { id => "resp_$run->{id}_" . @{ $run->{steps} },
        object => 'response', created_at => 1, status => 'completed',
        model => $run->{model}, output => [
            $item->({ role => 'assistant', %{ $step->{says} || {} } }) ],
        usage => { input_tokens => 20, output_tokens => 5,
                   total_tokens => 25 } });
}


# the exchanges of several runs, one of each in turn

sub interleaved {
    my (@runs) = map { [ @$_ ] } @_;
    my @all;

    while (@runs = grep { @$_ } @runs) {
        push @all, map { shift @$_ } @runs;
    }

    return @all;
}

1;
