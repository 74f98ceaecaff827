#!/usr/bin/env bash

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# Builds the module, runs it in front of an API, tests it.  This file reads the
# command line.  The Makefile and the scripts in tools/ do the work.
# ./auto-build.sh help lists the commands; docs/build.md describes them.

set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/tools/lib.sh"

COMMANDS="run demo build test lint matrix bench install clean help"
command=
words=()            # the words after the command

help() {
    cat <<END
Usage: ./auto-build.sh COMMAND [OPTIONS]

  run      install what is missing, build, start nginx in the foreground
  demo     like run, with an API and traffic of its own; needs no key
  build    install what is missing, build the module
  test     install what the tests need, build, run all tests, or some steps:
           $STEPS
  lint     gcc's and clang's warnings, clang-tidy, cppcheck, shellcheck, tsc
  matrix   build and test with other versions of nginx, or only with some:
           $VERSIONS
  bench    measure the cost of the module and print tables, or only parts:
           $PARTS
  install  copy the module to the module directory of the installed nginx
  clean    remove build/
  help     print this text

  --nginx-src DIR|TARBALL  build nginx too, from these sources
  --static                 link the module into that nginx
  --with-asan              build with address and undefined behaviour sanitizers
  --with-debug             build with nginx's debug log and less optimisation
  --with-valgrind          run the nginx of the tests under valgrind
  --install-only           let "test" install and build, and run nothing

"run" and "demo" read their settings from the environment:

  PROXY_HOST=127.0.0.1  PROXY_PORT=8080       address of the proxy
  WEB_HOST=127.0.0.1    WEB_PORT=8081         address of the monitor
  OPENAI_API_BASE=https://api.openai.com      the API, with or without a path
  MAX_REQUESTS_HISTORY=1000  ZONE_SIZE=64m    number of records, and memory
  PAGE_SIZE=20                                records on a page of the list
END
}

usage_error() {
    echo "auto-build: $*; try ./auto-build.sh help" >&2
    exit 2
}

parse_command_line() {
    while [ $# -gt 0 ]; do
        case $1 in
            --nginx-src)
                [ $# -gt 1 ] || usage_error "--nginx-src needs a path"
                NGINX_SRC=$2
                shift
                ;;
            --nginx-src=*)   NGINX_SRC=${1#*=} ;;
            --static)        STATIC=yes ;;
            --with-asan)     ASAN=yes ;;
            --with-debug)    DEBUG=yes ;;
            --with-valgrind) VALGRIND=yes ;;
            --install-only)  INSTALL_ONLY=yes ;;
            -h | --help)     command=help ;;
            -*)              usage_error "unknown option \"$1\"" ;;
            *)
                case $command in
                    "")                    command=$1 ;;
                    test | matrix | bench) words+=("$1") ;;
                    *)  usage_error "one command at a time:" \
                                    "\"$command\" or \"$1\"" ;;
                esac
                ;;
        esac
        shift
    done
}

check_command_line() {
    local word
    [ -n "$command" ] || usage_error "a command is missing"
    [[ " $COMMANDS " == *" $command "* ]] \
        || usage_error "unknown command \"$command\""

    for word in "${words[@]}"; do
        case $command in
            test)   [[ " $STEPS " == *" $word "* ]] ;;
            bench)  [[ " $PARTS " == *" $word "* ]] ;;
            matrix) [[ " $VERSIONS " == *" $word "* ]] ;;
        esac || usage_error "\"$command\" does not know \"$word\""
    done

    case $STATIC$ASAN$VALGRIND in
        ?*yesyes) usage_error "--with-asan excludes --with-valgrind" ;;
        yes*) [ -n "$NGINX_SRC" ] || usage_error "--static needs --nginx-src"
              [ "$command" != install ] \
                  || usage_error "--static leaves nothing to install" ;;
    esac

    [ -n "$NGINX_SRC" ] || return 0
    [ -e "$NGINX_SRC" ] || usage_error "there is no $NGINX_SRC"
    NGINX_SRC=$(realpath "$NGINX_SRC")
}

main() {
    parse_command_line "$@"
    check_command_line

    case $command in
        help)       help ;;
        run | demo) exec "$ROOT/tools/run" "$command" ;;
        *)          run_make "$command" "WORDS=${words[*]}" ;;
    esac
}

main "$@"
