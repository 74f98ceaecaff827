# shellcheck shell=bash disable=SC2034
# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# Sourced by auto-build.sh, the Makefile and the scripts in tools/: places,
# options, messages.  Options travel in the environment.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=$ROOT/build
NAME=ngx_http_openai_monitor_module
STEPS="unit store lint fuzz nginx e2e page load faults conformance demo"
VERSIONS="1.22 1.26 1.30 1.22-static 1.26-static"
PARTS="quick publish plain scaling streams open viewers peers floor"

export NGINX_SRC=${NGINX_SRC:-} STATIC=${STATIC:-no} ASAN=${ASAN:-no}
export DEBUG=${DEBUG:-no} VALGRIND=${VALGRIND:-no}
export INSTALL_ONLY=${INSTALL_ONLY:-no} YYJSON_DIR=${YYJSON_DIR:-$OUT/yyjson}
export PERL5LIB=$OUT/perl5/lib/perl5${PERL5LIB:+:$PERL5LIB}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# "tools/dependencies node-tests" fetches this Node if the system's is too old.
for bin in "$OUT"/node/node_modules/node-linux-*/bin; do
    if [ -x "$bin/node" ]; then PATH=$bin:$PATH; fi
done

# The makes of nginx and of the tests have options of their own.
unset CDPATH MAKEFLAGS MFLAGS MAKELEVEL bin

say() { echo "auto-build: $*"; }
die() { echo "auto-build: error: $*" >&2; exit 1; }
have() { command -v "$1" > /dev/null; }
nginx_version() { "$1" -v 2>&1 | sed -n 's|.*/\([0-9.]*\).*|\1|p'; }

die_with_log() {
    tail -n 25 "$1" >&2 || true
    die "$2; see ${1#"$ROOT"/}"
}

# $1: a log, $2: the error if the command fails, the rest: the command.
logged() {
    local log=$1 reason=$2
    shift 2
    "$@" > "$log" 2>&1 < /dev/null || die_with_log "$log" "$reason"
}

run_make() {
    have make || "$ROOT/tools/dependencies" module
    make -s --no-print-directory -C "$ROOT" "$@"
}

# The options that tell builds apart, as part of a name.
suffix() {
    local s=
    [ "$STATIC" = no ] || s=-static
    [ "$ASAN" = no ] || s=$s-asan
    [ "$DEBUG" = no ] || s=$s-debug
    echo "$s"
}

built_file() { echo "$OUT/built${NGINX_SRC:+-src}$(suffix)"; }

# Sets nginx_dir (nginx's sources, or the installed headers), nginx_bin (to start),
# objs (the directory of the build), module_so (empty if nginx_bin has the module).
load_build() {
    nginx_dir='' nginx_bin='' objs='' module_so=''
    # shellcheck source=/dev/null
    . "$(built_file)"
}
