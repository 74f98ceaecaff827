#!/usr/bin/env bash

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# Builds the module, runs it before an API, tests it.  See ./auto-build.sh help
# and docs/build.md.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
OUT=$ROOT/build
NAME=ngx_http_openai_monitor_module
POLICY=/usr/sbin/policy-rc.d
NODE_SECONDS=1200
FUZZ_SECONDS=8
STORE_KILLS=1000
VERSIONS="1.22 1.26 1.30 1.22-static 1.26-static"
PARTS="quick publish plain scaling streams open viewers peers floor"
STEPS="unit store lint fuzz nginx e2e page load faults conformance demo"

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
unset CDPATH

command=
words=()            # what follows the command
nginx_src=
static=no
asan=no
debug=no
valgrind=no
install_only=no

faults_so=          # the module with places where it may be killed
nginx_dir=          # its sources, or the headers of the installed one
nginx_bin=          # the nginx that "run" and "test" start
module_so=          # the module, empty when it is linked into nginx_bin
nginx_pid=
demo_pid=
bench_pid=
policy_set=no
apt_updated=no


say()
{
    echo "auto-build: $*"
}

die()
{
    echo "auto-build: error: $*" >&2
    exit 1
}

usage_error()
{
    echo "auto-build: $*; try ./auto-build.sh help" >&2
    exit 2
}

# the last lines of a log, and the reason in one line

die_with_log()
{
    local log=$1

    shift
    tail -n 25 "$log" >&2 || true
    die "$*; all of it is in ${log#"$ROOT"/}"
}

cleanup()
{
    if [ "$policy_set" = yes ]; then
        restore_policy
    fi

    if [ -n "$nginx_pid" ]; then
        kill -TERM "$nginx_pid" 2> /dev/null || true
    fi

    if [ -n "$demo_pid" ]; then
        kill -TERM "$demo_pid" 2> /dev/null || true
        wait "$demo_pid" 2> /dev/null || true
    fi
}


help()
{
    cat <<END
Usage: ./auto-build.sh COMMAND [OPTIONS]

  run      install what is missing, build, start nginx in the foreground
  demo     the same with an API and sample traffic of its own: needs no key
  build    install what is missing, build the module
  test     install what the tests need, build, run all tests, or only these
           steps: $STEPS
  lint     gcc's and clang's warnings, clang-tidy, cppcheck, shellcheck, tsc
  matrix   build and test with other versions of nginx, or only these:
           $VERSIONS
  bench    measure what the module costs, in a table; after it a word or more:
           $PARTS
  install  put the module where the installed nginx looks for modules
  clean    remove build/
  help     this text

  --nginx-src DIR|TARBALL  build nginx too, from these sources
  --static                 link the module into that nginx
  --with-asan              with the address and undefined behaviour sanitizers
  --with-debug             with nginx's debug log, and less optimised
  --with-valgrind          the tests' nginx runs under valgrind
  --install-only           "test" installs, builds, and runs nothing

Settings of "run" and "demo", from the environment:

  PROXY_HOST=127.0.0.1  PROXY_PORT=8080       where clients connect
  WEB_HOST=127.0.0.1    WEB_PORT=8081         where the monitor is read
  OPENAI_API_BASE=https://api.openai.com      the API, perhaps with a path
  MAX_REQUESTS_HISTORY=1000  ZONE_SIZE=64m    history: requests, memory
  PAGE_SIZE=20                                requests on a page of the list
END
}


parse_command_line()
{
    local word

    while [ $# -gt 0 ]; do
        case $1 in
            --nginx-src)
                [ $# -gt 1 ] || usage_error "--nginx-src needs a directory" \
                                            "or a tarball"
                nginx_src=$2
                shift
                ;;
            --nginx-src=*)  nginx_src=${1#*=} ;;
            --static)       static=yes ;;
            --with-asan)    asan=yes ;;
            --with-debug)   debug=yes ;;
            --with-valgrind) valgrind=yes ;;
            --install-only) install_only=yes ;;
            -h | --help)    command=help ;;
            -*)             usage_error "unknown option \"$1\"" ;;
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

    case $command in
        run | demo | build | test | lint | matrix | bench | install | clean \
            | help) ;;
        "") usage_error "a command is missing" ;;
        *)  usage_error "unknown command \"$command\"" ;;
    esac

    for word in "${words[@]}"; do
        case $command in
            test)   [[ " $STEPS " == *" $word "* ]] ;;
            bench)  [[ " $PARTS " == *" $word "* ]] ;;
            matrix) [[ " $VERSIONS " == *" $word "* ]] ;;
        esac || usage_error "\"$command\" does not know \"$word\""
    done

    if [ $static = yes ] && [ -z "$nginx_src" ]; then
        usage_error "--static needs --nginx-src"
    fi

    if [ $asan = yes ] && [ $valgrind = yes ]; then
        usage_error "--with-asan or --with-valgrind"
    fi

    if [ $static = yes ] && [ "$command" = install ]; then
        usage_error "--static leaves nothing to install"
    fi

    if [ -n "$nginx_src" ]; then
        [ -e "$nginx_src" ] || usage_error "there is no $nginx_src"
        nginx_src=$(realpath "$nginx_src")
    fi
}


# --- what is missing, and how to get it ---

have()
{
    command -v "$1" > /dev/null
}

have_header()
{
    have cc && echo "#include <$1>" | cc -E -o /dev/null - 2> /dev/null
}

# Installing a package must not start or restart a server: the package nginx
# would, on port 80.

set_policy()
{
    if [ -e "$POLICY" ]; then
        mv "$POLICY" "$POLICY.auto-build"
    fi

    policy_set=yes
    printf '#!/bin/sh\nexit 101\n' > "$POLICY"
    chmod 755 "$POLICY"
}

restore_policy()
{
    rm -f "$POLICY"

    if [ -e "$POLICY.auto-build" ]; then
        mv "$POLICY.auto-build" "$POLICY"
    fi

    policy_set=no
}

apt_update()
{
    if [ $apt_updated = no ]; then
        apt-get update > "$OUT/apt.log" 2>&1 \
            || die_with_log "$OUT/apt.log" "apt-get update failed"
        apt_updated=yes
    fi
}

install_packages()
{
    have apt-get || die "missing: $*; there is no apt-get to install it with"

    if [ "$(id -u)" != 0 ]; then
        die "missing: $*; run as root, or: apt-get install $*"
    fi

    say "installing $*"
    apt_update
    set_policy

    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 "$@" >> "$OUT/apt.log" 2>&1 < /dev/null \
        || die_with_log "$OUT/apt.log" "could not install $*"

    restore_policy
}

# $@: pairs of a check and the package that makes it true

need()
{
    local missing=()

    while [ $# -gt 0 ]; do
        case $1 in
            /*)  [ -e "$1" ] || missing+=("$2") ;;
            *.h) have_header "$1" || missing+=("$2") ;;
            *)   have "$1" || missing+=("$2") ;;
        esac
        shift 2
    done

    if [ ${#missing[@]} -gt 0 ]; then
        install_packages "${missing[@]}"
    fi
}

# The archive that the system uses already, asked for another suite, without
# a change to the system's package sources or lists.

archive_uri()
{
    apt-get indextargets --format "\$(REPO_URI)" "Created-By: Packages" \
        | grep -v -i security | grep -m 1 -E '/(debian|ubuntu)(-ports)?/?$'
}

apt_of_suite()
{
    local suite=$1 dir=$OUT/apt component=main uri

    shift
    uri=$(archive_uri) || return 1

    case $uri in
        *ubuntu*) component="main universe" ;;
    esac

    mkdir -p "$dir/$suite/partial" "$dir/cache/archives/partial"
    printf '%s %s %s %s\n' deb "$uri" "$suite" "$component" \
        deb-src "$uri" "$suite" "$component" > "$dir/$suite.list"

    # a mirror's copy of a moving suite may be older than it is valid

    apt-get -o Dir::Etc::sourcelist="$dir/$suite.list" \
        -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$dir/$suite" -o Dir::Cache="$dir/cache" \
        -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none \
        -o APT::Sandbox::User=root -o APT::Get::List-Cleanup=0 \
        -o Debug::NoLocking=1 "$@" >> "$OUT/apt.log" 2>&1
}

other_suites()
{
    local ID=debian VERSION_CODENAME=""

    # shellcheck source=/dev/null
    . /etc/os-release

    case $ID in
        ubuntu) echo "$VERSION_CODENAME noble plucky questing" ;;
        *)      echo "trixie sid" ;;
    esac
}

# yyjson is compiled in from its two files; the distribution's library of it
# is only a shared one, and too new for Debian 12

need_yyjson()
{
    local dir=$OUT/yyjson suite tarball

    if [ -n "${YYJSON_DIR:-}" ]; then
        [ -f "$YYJSON_DIR/yyjson.c" ] || die "no yyjson.c in YYJSON_DIR"
        YYJSON_DIR=$(realpath "$YYJSON_DIR")
        export YYJSON_DIR
        return
    fi

    export YYJSON_DIR=$dir

    if [ -f "$dir/yyjson.c" ] && [ -f "$dir/yyjson.h" ]; then
        return
    fi

    have apt-get || die "missing: yyjson's sources; set YYJSON_DIR"
    say "fetching yyjson's sources"
    mkdir -p "$OUT/apt/yyjson"

    for suite in $(other_suites); do
        apt_of_suite "$suite" update || continue

        # the files may be there even though the last of them is not

        (cd "$OUT/apt/yyjson" \
            && apt_of_suite "$suite" source --download-only yyjson) || true

        tarball=$(find "$OUT/apt/yyjson" -name 'yyjson_*.orig.tar.*' \
                      ! -name '*.asc' | head -n 1)

        if [ -n "$tarball" ]; then
            break
        fi
    done

    [ -n "${tarball:-}" ] || die_with_log "$OUT/apt.log" \
        "could not fetch yyjson's sources; set YYJSON_DIR"

    rm -rf "$dir.new"
    mkdir -p "$dir.new"
    tar -xf "$tarball" -C "$dir.new" --strip-components=1 --wildcards \
        '*/LICENSE' '*/src/yyjson.[ch]'
    mv "$dir.new/src/"yyjson.[ch] "$dir.new"
    rmdir "$dir.new/src"
    rm -rf "$dir"
    mv "$dir.new" "$dir"
}

# $1, $2: major and minor version at least

node_is()
{
    node -e 'const [a, b] = process.versions.node.split(".").map(Number),
                   [, x, y] = process.argv.map(Number);
             process.exit(a > x || (a === x && b >= y) ? 0 : 1)' "$1" "$2"
}

need_node()
{
    need node nodejs

    node_is 18 0 || die "Node $(node -v) is too old: the page needs 18 or later"
}

# Debian 12 has 18, which the SDKs and the browser driver of the tests are past

need_node_for_tests()
{
    local arch bin log=$OUT/npm.log

    need_node

    if node_is 20 15; then
        return
    fi

    arch=$(node -p process.arch)
    bin=$OUT/node/node_modules/node-linux-$arch/bin

    if [ ! -x "$bin/node" ]; then
        need npm npm
        say "fetching Node 22 for the tests, with npm"
        mkdir -p "$OUT/node"
        (cd "$OUT/node" && npm install --no-save --no-audit --no-fund \
            --prefix . "node-linux-$arch@22") > "$log" 2>&1 \
            || die_with_log "$log" "could not fetch Node 22"
    fi

    PATH=$bin:$PATH
}

# $1: a directory with a package-lock.json

need_node_modules()
{
    local dir=$1 log=$OUT/npm.log

    if [ "$dir/node_modules/.package-lock.json" -nt "$dir/package-lock.json" ]
    then
        return
    fi

    need npm npm
    say "installing what ${dir#"$ROOT"/} needs, with npm"
    (cd "$dir" && npm ci --no-audit --no-fund) > "$log" 2>&1 \
        || die_with_log "$log" "npm ci failed in ${dir#"$ROOT"/}"
    touch "$dir/node_modules/.package-lock.json"
}

build_page()
{
    local html=$ROOT/html log=$OUT/page.log stamp

    stamp=$html/dist/index.html

    if [ -f "$stamp" ] && [ -z "$(find "$html/src" "$html"/package*.json \
            "$html/build.mjs" -newer "$stamp" -type f -print -quit \
            2> /dev/null)" ]
    then
        return
    fi

    need_node
    need_node_modules "$html"
    say "building the page"
    (cd "$html" && node build.mjs) > "$log" 2>&1 \
        || die_with_log "$log" "could not build the page"
}


# --- build ---

# the installed nginx: its package nginx-dev has headers and flags that match

need_installed_nginx()
{
    local have_version dev_version

    if have nginx && [ ! -e /usr/share/nginx/src/configure ] && have apt-cache
    then
        have_version=$(nginx_version nginx)
        dev_version=$(apt-cache show --no-all-versions nginx-dev 2> /dev/null \
                          | sed -n 's/^Version: \([0-9.]*\).*/\1/p')

        if [ -n "$dev_version" ] && [ "$dev_version" != "$have_version" ]; then
            die "the installed nginx $have_version is not the distribution's" \
                "$dev_version; give its sources with --nginx-src"
        fi
    fi

    need nginx nginx /usr/share/nginx/src/configure nginx-dev
    have_version=$(nginx_version nginx)
    dev_version=$(sed -n 's/^#define NGINX_VERSION *"\(.*\)"/\1/p' \
                      /usr/share/nginx/src/src/core/nginx.h)

    [ "$dev_version" = "$have_version" ] \
        || die "nginx is $have_version, but nginx-dev is $dev_version;" \
               "give nginx's sources with --nginx-src"
}

nginx_version()
{
    "$1" -v 2>&1 | sed -n 's|.*/\([0-9.]*\).*|\1|p'
}

# A copy of --nginx-src under build/: configure writes beside its sources.

copy_nginx_src()
{
    local top

    rm -rf "$OUT/src.new"
    mkdir -p "$OUT/src.new"

    if [ -d "$nginx_src" ]; then
        cp -a "$nginx_src/." "$OUT/src.new"

    else
        tar -xf "$nginx_src" -C "$OUT/src.new" 2> /dev/null \
            || die "$nginx_src is neither a directory nor a tarball"

        # the tarball's one directory
        top=$(find "$OUT/src.new" -mindepth 1 -maxdepth 1 -type d)

        if [ -d "$top" ]; then
            mv "$top" "$OUT/src.top"
            rmdir "$OUT/src.new"
            mv "$OUT/src.top" "$OUT/src.new"
        fi
    fi

    [ -f "$OUT/src.new/src/core/nginx.c" ] \
        || die "$nginx_src does not hold nginx's sources"

    src_version=$(sed -n 's/^#define NGINX_VERSION *"\(.*\)"/\1/p' \
                      "$OUT/src.new/src/core/nginx.h")
}

# a source that is not listed would be an undefined symbol at nginx's start

check_config_lists()
{
    local file

    for file in "$ROOT/$NAME"/*.[ch] "$ROOT/$NAME"/*/*.[ch] \
        "$ROOT/$NAME"/*/*/*.[ch]; do
        grep -qF "/${file#"$ROOT/$NAME/"} " "$ROOT/config" \
            || die "config does not list ${file#"$ROOT/"}"
    done
}

# configure again when anything that it reads has changed

configure()
{
    local dir=$1 objs=$2 script=configure stamp

    shift 2

    stamp=$(printf '%s\n' "$dir" "$@" "${YYJSON_DIR}"
            cc --version | head -n 1
            sha256sum "$ROOT/config" "$YYJSON_DIR"/yyjson.[ch])

    if [ -f "$objs/Makefile" ] && [ -f "$objs/stamp" ] \
        && [ "$stamp" = "$(cat "$objs/stamp")" ]
    then
        return
    fi

    if [ ! -f "$dir/configure" ]; then
        script=auto/configure
    fi

    say "configuring in ${objs#"$ROOT"/}"
    mkdir -p "$objs"
    rm -f "$objs/stamp"

    (cd "$dir" && bash "$script" "$@" --builddir="$objs") \
        > "$objs/configure.log" 2>&1 \
        || die_with_log "$objs/configure.log" "nginx's configure failed"

    echo "$stamp" > "$objs/stamp"
}

compile()
{
    local dir=$1 objs=$2

    shift 2

    "$ROOT/html/embed.sh" "$ROOT/html/dist" "$objs/openai/ngx_openai_assets.c"

    say "compiling in ${objs#"$ROOT"/}"
    (cd "$dir" && make -f "$objs/Makefile" -j"$(nproc)" "$@") \
        > "$objs/make.log" 2>&1 \
        || die_with_log "$objs/make.log" "the build failed"
}

compiler_options()
{
    local opts="-g"

    if [ $asan = yes ]; then
        # NGX_DEBUG_PALLOC: each piece of a pool is its own block, so that the
        # sanitizer sees where it ends
        opts="$opts -O1 -fno-omit-frame-pointer -fsanitize=address,undefined"
        opts="$opts -fno-sanitize=nonnull-attribute -DNGX_DEBUG_PALLOC=1"

        # its own HTTP/2 has words at any address, where the machine allows it

        if [ -n "$nginx_src" ]; then
            opts="$opts -fno-sanitize=alignment"
        fi

    elif [ $debug = yes ]; then
        opts="$opts -Og"

    else
        opts="$opts -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2"
    fi

    echo "$opts -fPIC"
}

# With sanitizers nginx starts through a script: the runtime comes first, a
# dynamic module defines a few symbols that nginx defines too, and what nginx
# itself does not free at its end (the last TLS session with each upstream,
# among others), or at all when it only tests its configuration, is no news.

wrap_for_asan()
{
    local objs=$1 preload="" leaks=1

    printf 'leak:%s\n' ngx_regex_malloc ngx_event_process_init \
        ngx_set_environment libssl.so libcrypto.so > "$objs/lsan.supp"

    if [ -z "$nginx_src" ]; then
        # its functions have no names there to suppress
        leaks=0
        preload="$(cc -print-file-name=libasan.so)"
        preload="$preload $(cc -print-file-name=libubsan.so)"
    fi

    cat > "$objs/nginx-asan" <<END
#!/bin/sh
leaks=$leaks
case " \$* " in *" -t "* | *" -T "*) leaks=0 ;; esac
ASAN_OPTIONS=detect_odr_violation=0:detect_leaks=\$leaks:\${ASAN_OPTIONS:-}
LSAN_OPTIONS=suppressions=$objs/lsan.supp:print_suppressions=0
UBSAN_OPTIONS=print_stacktrace=1:\${UBSAN_OPTIONS:-}
LD_PRELOAD="$preload"
export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS LD_PRELOAD
exec "$nginx_bin" "\$@"
END
    chmod 755 "$objs/nginx-asan"
    nginx_bin=$objs/nginx-asan
}

# With valgrind likewise.  What it finds is in build/valgrind, not in an exit
# code: the process that starts nginx leaves it running and ends, and with such
# a code a test would take that for a start that failed, and try again.

wrap_for_valgrind()
{
    local objs=$1

    need valgrind valgrind
    rm -rf "$OUT/valgrind"
    mkdir -p "$OUT/valgrind"

    cat > "$objs/nginx-valgrind" <<END
#!/bin/sh
case " \$* " in *" -v "* | *" -V "*) exec "$nginx_bin" "\$@" ;; esac
exec valgrind -q --num-callers=40 --keep-debuginfo=yes \\
    --leak-check=full --show-leak-kinds=definite \\
    --errors-for-leak-kinds=definite --suppressions="$ROOT/t/valgrind.supp" \\
    --log-file="$OUT/valgrind/%p.log" "$nginx_bin" "\$@"
END
    chmod 755 "$objs/nginx-valgrind"
    nginx_bin=$objs/nginx-valgrind

    # all is slower
    export TEST_NGINX_TIMEOUT=${TEST_NGINX_TIMEOUT:-10}
}

suffix()
{
    local s=

    if [ $static = yes ]; then s=$s-static; fi
    if [ $asan = yes ]; then s=$s-asan; fi
    if [ $debug = yes ]; then s=$s-debug; fi

    echo "$s"
}

build_for_installed()
{
    local src=/usr/share/nginx/src objs args=() NGX_CONF_FLAGS=()

    objs=$OUT/module$(suffix)

    need_installed_nginx

    # shellcheck source=/dev/null
    . $src/conf_flags

    args=("${NGX_CONF_FLAGS[@]}" --with-cc-opt="$(compiler_options)"
          --add-dynamic-module="$ROOT")

    if [ $asan = yes ]; then
        args+=("--with-ld-opt=-fsanitize=address,undefined")
    fi

    configure $src "$objs" "${args[@]}"
    compile $src "$objs" modules

    nginx_dir=$src
    nginx_bin=$(command -v nginx)
    module_so=$objs/$NAME.so
}

build_from_source()
{
    local dir objs args=() src_version

    need openssl/ssl.h libssl-dev /usr/include/pcre2.h libpcre2-dev

    copy_nginx_src
    objs=$OUT/nginx-$src_version$(suffix)
    dir=$OUT/src-$src_version

    # configure leaves its Makefile there

    if diff -rq -x Makefile "$OUT/src.new" "$dir" > /dev/null 2>&1; then
        rm -rf "$OUT/src.new"
    else
        rm -rf "$dir" "$OUT/nginx-$src_version" "$OUT/nginx-$src_version"-*
        mv "$OUT/src.new" "$dir"
    fi

    args=(--prefix="$objs/prefix" --with-compat --with-threads
          --with-http_ssl_module --with-http_v2_module --with-http_slice_module
          --with-http_sub_module --with-http_gunzip_module
          --with-http_addition_module --with-http_stub_status_module
          --with-http_realip_module --with-http_auth_request_module
          --with-cc-opt="$(compiler_options)")

    # from nginx 1.25 on

    if grep -q -e --with-http_v3_module "$dir/auto/options"; then
        args+=(--with-http_v3_module)
    fi

    if [ $debug = yes ]; then
        args+=(--with-debug)
    fi

    if [ $asan = yes ]; then
        args+=("--with-ld-opt=-fsanitize=address,undefined")
    fi

    if [ $static = yes ]; then
        args+=(--add-module="$ROOT")
        module_so=
    else
        args+=(--add-dynamic-module="$ROOT")
        module_so=$objs/$NAME.so
    fi

    configure "$dir" "$objs" "${args[@]}"
    compile "$dir" "$objs"

    nginx_dir=$dir
    nginx_bin=$objs/nginx
}

build()
{
    mkdir -p "$OUT"

    # one build at a time in this checkout
    exec 9> "$OUT/.lock"
    flock 9

    need cc gcc stdio.h libc6-dev make make xz xz-utils \
        zlib.h zlib1g-dev brotli/decode.h libbrotli-dev zstd.h libzstd-dev
    need_yyjson
    build_page
    check_config_lists

    if [ -n "$nginx_src" ]; then
        build_from_source
    else
        build_for_installed
    fi

    if [ $asan = yes ]; then
        wrap_for_asan "$(dirname "${module_so:-$nginx_bin}")"
    fi

    exec 9>&-
}


# --- run ---

# $1: name of a setting, $2: lowest, $3: highest

check_number()
{
    local value=${!1}

    if ! [[ $value =~ ^[0-9]{1,9}$ ]] || ((10#$value < $2 || 10#$value > $3))
    then
        die "$1 is \"$value\": a number from $2 to $3 is expected"
    fi

    printf -v "$1" %d $((10#$value))
}

# leaves the address as nginx's "listen" has it

check_host()
{
    local value=${!1}

    if [[ $value =~ ^\[?([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]?$ ]]; then
        printf -v "$1" '[%s]' "${BASH_REMATCH[1]}"
        return
    fi

    [[ $value =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]] \
        || die "$1 is \"$value\": an address or a host name is expected"

    [ -n "$(addresses_of "$value")" ] \
        || die "$1 is \"$value\", which does not resolve to an address"
}

check_size()
{
    local value=${!1}

    [[ $value =~ ^([1-9][0-9]{0,8})([kKmMgG]?)$ ]] \
        || die "$1 is \"$value\": a size such as 64m is expected"

    # nginx knows no "g" here

    if [[ ${BASH_REMATCH[2]} == [gG] ]]; then
        printf -v "$1" %dm $((BASH_REMATCH[1] * 1024))
    fi
}

# into base_scheme, base_name, base_port and base_path

check_base()
{
    local value=$OPENAI_API_BASE
    local re='^(https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:([0-9]+))?'

    re=$re'(/[A-Za-z0-9._~%:@/+=,-]*)?$'

    [[ $value =~ $re ]] || die "OPENAI_API_BASE is \"$value\": a URL such as" \
                               "https://api.openai.com is expected"

    base_scheme=${BASH_REMATCH[1]}
    base_name=${BASH_REMATCH[2]}
    base_port=${BASH_REMATCH[4]}
    base_path=${BASH_REMATCH[5]}

    while [[ $base_path == */ ]]; do
        base_path=${base_path%/}
    done

    base_host=$base_name

    if [ -n "$base_port" ]; then
        ((${#base_port} < 6 && 10#$base_port >= 1 && 10#$base_port <= 65535)) \
            || die "OPENAI_API_BASE has the port \"$base_port\":" \
                   "a number from 1 to 65535 is expected"
        base_host=$base_name:$base_port
    elif [ "$base_scheme" = https ]; then
        base_port=443
    else
        base_port=80
    fi
}

check_settings()
{
    : "${PROXY_HOST:=127.0.0.1}" "${PROXY_PORT:=8080}"
    : "${WEB_HOST:=127.0.0.1}" "${WEB_PORT:=8081}"
    : "${OPENAI_API_BASE:=https://api.openai.com}"
    : "${MAX_REQUESTS_HISTORY:=1000}" "${ZONE_SIZE:=64m}" "${PAGE_SIZE:=20}"

    check_number PROXY_PORT 1 65535
    check_number WEB_PORT 1 65535
    check_number MAX_REQUESTS_HISTORY 16 1000000
    check_number PAGE_SIZE 1 1000
    check_size ZONE_SIZE
    check_base
    check_host PROXY_HOST
    check_host WEB_HOST

    [ "$PROXY_PORT" != "$WEB_PORT" ] \
        || die "PROXY_PORT and WEB_PORT are both $WEB_PORT"
}

# the addresses of a name, in the time that a person waits

addresses_of()
{
    timeout 5 getent ahosts "$1" 2> /dev/null | awk '{ print $1 }' | sort -u \
        || true
}

# The kernel's form of an address in /proc/net/tcp: four bytes turned round

hex_of_ipv4()
{
    local IFS=. a

    # shellcheck disable=SC2206
    a=($1)
    printf '%02X%02X%02X%02X' "${a[3]}" "${a[2]}" "${a[1]}" "${a[0]}"
}

# prints the inodes of listening sockets that stand in the way of $1:$2

listeners_at()
{
    local host=$1 port address any=no wanted=" "

    port=$(printf %04X "$2")

    for address in $(addresses_of "${host//[\[\]]/}"); do
        case $address in
            0.0.0.0 | ::) any=yes ;;
            *:*)          any=v6 ;;
            *)            wanted="$wanted$(hex_of_ipv4 "$address") " ;;
        esac
    done

    # an IPv6 address is taken as in use when any IPv6 listener has the port

    cat /proc/net/tcp /proc/net/tcp6 2> /dev/null \
        | awk -v port="$port" -v any=$any -v wanted="$wanted" '
            $4 == "0A" {
                split($2, at, ":")
                v6 = length(at[1]) > 8

                if (at[2] == port && (any == "yes" || (any == "v6" && v6) \
                    || at[1] ~ /^0+$/ || index(wanted, " " at[1] " ")))
                {
                    print $10
                }
            }'
}

# the process that holds the socket with this inode, where it can be seen

owner_of()
{
    local fd pid

    for fd in /proc/[0-9]*/fd/*; do
        if [ "$(readlink "$fd" 2> /dev/null)" = "socket:[$1]" ]; then
            pid=${fd#/proc/}
            pid=${pid%%/*}
            echo " by $(cat "/proc/$pid/comm" 2> /dev/null) (pid $pid)"
            return
        fi
    done
}

# $1, $2: host and port, $3: the setting to change

check_free()
{
    local inode

    inode=$(listeners_at "$1" "$2" | head -n 1)

    if [ -n "$inode" ]; then
        die "port $2 is in use$(owner_of "$inode"); set $3 to another"
    fi
}

# who runs the workers: not root, where another can reach the prefix

worker_user()
{
    local user

    for user in www-data nobody; do
        if id "$user" > /dev/null 2>&1 \
            && setpriv --reuid "$user" --clear-groups test -x "$1" 2> /dev/null
        then
            echo "user $user $(id -gn "$user");"
            return
        fi
    done

    echo "user root;"
}

ca_file()
{
    local file

    for file in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt \
                /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem
    do
        if [ -n "$file" ] && [ -r "$file" ]; then
            echo "$file"
            return
        fi
    done
}

# the name servers of this machine, as nginx's "resolver" has them

name_servers()
{
    awk '$1 == "nameserver" && $2 !~ /%/ {
             print ($2 ~ /:/) ? "[" $2 "]" : $2
         }' /etc/resolv.conf 2> /dev/null | head -n 3 | tr '\n' ' ' || true
}

# Which names the monitor answers to.  At a wildcard address that is any
# address, as a page of another origin can only come under a name.

web_names()
{
    local names="localhost 127.0.0.1 [::1]"

    case $WEB_HOST in
        0.0.0.0 | "[::]")
            names="$names $(uname -n) ~^[0-9.]+\$ ~^\\["
            ;;
        127.0.0.1 | localhost | "[::1]") ;;
        *)
            names="$names $WEB_HOST"
            ;;
    esac

    echo "$names"
}

# The upstream is an upstream{} block, for its keep-alive, when its name
# resolves now; otherwise nginx could not start, and resolves it per request.

set_upstream()
{
    local servers

    value[host]="proxy_set_header Host $base_host;"
    value[ssl_name]="proxy_ssl_name ${base_name//[\[\]]/};"

    if [[ $base_name == \[* ]] || [ -n "$(addresses_of "$base_name")" ]; then
        value[server]="server $base_name:$base_port;"
        value[proxy_pass]="proxy_pass $base_scheme://openai;"

        if [ -n "$base_path" ]; then
            # with a variable, the request's own path stays as it was written
            value[proxy_pass]="proxy_pass $base_scheme://openai$base_path"
            value[proxy_pass]+="\$request_uri;"
        fi

        return
    fi

    say "$base_name does not resolve now: requests get a 502 until it does"
    servers=$(name_servers)

    value[server]="server 127.0.0.1:1 down;"
    value[proxy_pass]="set \$openai_upstream $base_name:$base_port;"
    value[proxy_pass]+=$'\n'"proxy_pass $base_scheme://\$openai_upstream"
    value[proxy_pass]+="$base_path\$request_uri;"

    if [ -n "$servers" ]; then
        value[proxy_pass]="resolver ${servers% } valid=30s;"$'\n'$(
            )"resolver_timeout 5s;"$'\n'"${value[proxy_pass]}"
    fi
}

set_tls()
{
    local ca

    value[ssl_verify]="proxy_ssl_verify on;"
    ca=$(ca_file)

    if [ -z "$ca" ] && [ "$base_scheme" = https ]; then
        install_packages ca-certificates
        ca=$(ca_file)
    fi

    if [ -z "$ca" ]; then
        # plain http, nothing to verify, and a file that is not read
        value[ssl_verify]="proxy_ssl_verify off;"
    fi

    value[ca]="\"${ca:-/etc/ssl/certs/ca-certificates.crt}\";"
}

set_main()
{
    local prefix=$1 workers limit level=warn

    value[module]=

    if [ -n "$module_so" ]; then
        value[module]="load_module \"$module_so\";"
    fi

    workers=$(nproc)
    value[workers]="worker_processes $((workers > 2 ? workers : 2));"

    # what the hard limit allows; more is an error for all but root

    limit=$(ulimit -Hn)

    if [ "$limit" = unlimited ] || ((limit > 16384)); then
        limit=16384
    fi

    value[nofile]="worker_rlimit_nofile $limit;"

    # its upstream breaks off on purpose
    if [ "$command" = demo ]; then level=crit; fi

    value[main]="pid \"$prefix/nginx.pid\";
error_log \"$prefix/error.log\" notice;
error_log stderr $level;"

    if [ "$(id -u)" = 0 ]; then
        value[main]+=$'\n'$(worker_user "$prefix")
    fi

    value[paths]="client_body_temp_path \"$prefix/temp\";
proxy_temp_path \"$prefix/temp\";
fastcgi_temp_path \"$prefix/temp\";
uwsgi_temp_path \"$prefix/temp\";
scgi_temp_path \"$prefix/temp\";"
}

# conf/nginx.conf with the values in place of its "#=" lines, to stdout

render_configuration()
{
    local line name

    while IFS= read -r line; do
        if [[ $line =~ ^([[:space:]]*).*\#=\ ([a-z_]+)$ ]]; then
            name=${BASH_REMATCH[2]}

            if [ -z "${value[$name]+set}" ]; then
                die "conf/nginx.conf has the unknown mark \"#= $name\""
            fi

            while IFS= read -r line; do
                echo "${BASH_REMATCH[1]}$line"
            done <<< "${value[$name]}"

        else
            echo "$line"
        fi
    done < "$ROOT/conf/nginx.conf"
}

write_configuration()
{
    local prefix=$1
    local -A value=()

    mkdir -p "$prefix"

    set_main "$prefix"
    set_tls
    set_upstream

    value[zone]="openai_monitor_zone zone=openai:$ZONE_SIZE"
    value[zone]+=" entries=$MAX_REQUESTS_HISTORY"

    # what the demo shows is new each time

    if [ "$command" != demo ]; then
        value[zone]+=" file=openai.zone"
    fi

    value[zone]+=";"
    value[page_size]="openai_monitor_page_size $PAGE_SIZE;"
    value[proxy_listen]="listen $PROXY_HOST:$PROXY_PORT;"
    value[web_listen]="listen $WEB_HOST:$WEB_PORT;"
    value[web_default]="listen $WEB_HOST:$WEB_PORT default_server;"
    value[web_names]="server_name $(web_names);"
    value[view]="proxy=$proxy_url;"

    # what it includes is beside it
    cp "$ROOT"/conf/*.conf "$prefix"
    render_configuration > "$prefix/nginx.conf"
}

# an address that a client can use: not a wildcard one

url_of()
{
    case $1 in
        0.0.0.0) echo "http://127.0.0.1:$2" ;;
        "[::]")  echo "http://[::1]:$2" ;;
        *)       echo "http://$1:$2" ;;
    esac
}

test_configuration()
{
    local prefix=$1 log=$1/test.log

    # a test ends without freeing anything

    if ASAN_OPTIONS=detect_leaks=0 "$nginx_bin" -t -q -p "$prefix" \
           -c nginx.conf -e "$prefix/error.log" > "$log" 2>&1
    then
        return
    fi

    die "nginx refuses ${prefix#"$ROOT"/}/nginx.conf:" \
        "$(grep -m 1 -E '\[(emerg|alert|crit)\]|ERROR|rror' "$log" \
               || tail -n 1 "$log")"
}

print_addresses()
{
    local hint=$proxy_url/v1

    # a base that ends with /v1 has it in the client's place

    if [[ $base_path == */v1 ]]; then
        hint=$proxy_url
    fi

    say "nginx runs; Ctrl-C stops it"
    echo
    echo "    proxy    $proxy_url -> $OPENAI_API_BASE"
    echo "    monitor  $(url_of "$WEB_HOST" "$WEB_PORT")/"
    echo "    client   OPENAI_BASE_URL=$hint"
    echo

    case $WEB_HOST in
        127.* | localhost | "[::1]") ;;
        *) say "whoever reaches $WEB_HOST:$WEB_PORT reads what is recorded" ;;
    esac
}

stop_nginx()
{
    stopping=yes

    if [ -n "$demo_pid" ]; then
        kill -TERM "$demo_pid" 2> /dev/null || true
    fi

    if [ -n "$nginx_pid" ]; then
        kill -TERM "$nginx_pid" 2> /dev/null || true
    fi
}

start_nginx()
{
    local prefix=$1

    rm -f "$prefix/nginx.pid"
    ulimit -Sn "$(ulimit -Hn)" 2> /dev/null || true

    # it ends with this script, however that ends

    setpriv --pdeathsig TERM "$nginx_bin" -p "$prefix" -c nginx.conf \
        -e "$prefix/error.log" -g "daemon off;" &
    nginx_pid=$!

    # written when the sockets listen

    while [ ! -s "$prefix/nginx.pid" ] && kill -0 "$nginx_pid" 2> /dev/null; do
        sleep 0.05
    done
}

# an API on loopback in place of the real one, and clients that wait for nginx

start_demo()
{
    local port_file=$1/demo.port

    need_node_for_tests
    need_node_modules "$ROOT/demo"

    mkdir -p "$1"
    rm -f "$port_file"

    setpriv --pdeathsig TERM node "$ROOT/demo/main.mjs" "$port_file" \
        "$proxy_url" &
    demo_pid=$!

    while [ ! -s "$port_file" ] && kill -0 "$demo_pid" 2> /dev/null; do
        sleep 0.05
    done

    [ -s "$port_file" ] || die "the demo's API did not start"

    OPENAI_API_BASE=http://127.0.0.1:$(cat "$port_file")
    check_base
}

print_demo()
{
    say "the demo runs; Ctrl-C stops it"
    echo
    echo "    open $(url_of "$WEB_HOST" "$WEB_PORT")/"
    echo
    echo "    the list   answers grow while they are written; open one and read"
    echo "    an agent   search for session:keeper-1, see Diff and cached tokens"
    echo "    trouble    search for is:error, is:aborted, is:retry; then Stats"
    echo
}

run()
{
    local base_scheme base_name base_port base_path base_host
    local prefix proxy_url status=0 stopping=no

    check_settings
    check_free "$PROXY_HOST" "$PROXY_PORT" PROXY_PORT
    check_free "$WEB_HOST" "$WEB_PORT" WEB_PORT
    build

    # ports are one's own, so the prefix is
    prefix=$OUT/run/$PROXY_PORT
    proxy_url=$(url_of "$PROXY_HOST" "$PROXY_PORT")

    if [ "$command" = demo ]; then
        start_demo "$prefix"
    fi

    write_configuration "$prefix"
    test_configuration "$prefix"

    trap stop_nginx INT TERM HUP
    start_nginx "$prefix"

    if [ $stopping = no ] && [ -s "$prefix/nginx.pid" ]; then
        if [ "$command" = demo ]; then print_demo; else print_addresses; fi
    fi

    # a signal ends "wait" early, with more than 128

    while true; do
        status=0
        wait "$nginx_pid" || status=$?
        kill -0 "$nginx_pid" 2> /dev/null || break
    done

    nginx_pid=

    if [ $stopping = no ] && [ "$status" != 0 ]; then
        die "nginx ended with $status; see ${prefix#"$ROOT"/}/error.log"
    fi

    say "stopped"
}


# --- test ---

need_test_nginx()
{
    local dir=$OUT/apt/test-nginx suite deb

    export PERL5LIB=$OUT/perl5/lib/perl5${PERL5LIB:+:$PERL5LIB}

    if perl -MTest::Nginx::Socket -e 1 2> /dev/null; then
        return
    fi

    say "installing Test::Nginx"
    mkdir -p "$dir"

    # not in Debian 12, but sid's package installs there

    for suite in sid $(other_suites); do
        if [ "$(id -u)" = 0 ] && apt_of_suite "$suite" update \
            && (cd "$dir" && apt_of_suite "$suite" download libtest-nginx-perl)
        then
            deb=$(find "$dir" -name 'libtest-nginx-perl_*.deb' | head -n 1)
            install_packages "$deb"
            break
        fi
    done

    if ! perl -MTest::Nginx::Socket -e 1 2> /dev/null; then
        need make make cpanm cpanminus
        cpanm --notest --local-lib-contained "$OUT/perl5" Test::Nginx \
            > "$OUT/cpan.log" 2>&1 \
            || die_with_log "$OUT/cpan.log" "could not install Test::Nginx"
    fi
}

# what gives up one of several requests, where nginx has HTTP/3: t/http3.t says
# what it did without

need_http3_client()
{
    if "$nginx_bin" -V 2>&1 | grep -q -e --with-http_v3_module \
        && ! python3 -c "import aioquic" 2> /dev/null
    then
        (install_packages python3-aioquic) \
            || say "python3-aioquic cannot be had: a test is left out"
    fi
}

# clang, and its fuzzer's runtime, whose package is named after its version

need_fuzzer()
{
    need clang clang

    if ! echo "int LLVMFuzzerTestOneInput(char *d, long n) { return 0; }" \
        | clang -fsanitize=fuzzer,address -x c - -o "$OUT/fuzzer.try" \
            > /dev/null 2>&1
    then
        install_packages \
            "libclang-rt-$(clang -dumpversion | cut -d . -f 1)-dev"
    fi

    rm -f "$OUT/fuzzer.try"
}

# $1: a step of "test"

need_for_step()
{
    case $1 in
        fuzz)
            need_fuzzer
            return
            ;;
        lint)
            need_for_lint
            return
            ;;
        nginx)
            need perl perl prove perl ps procps curl curl \
                promtool prometheus openssl openssl valgrind valgrind
            need_test_nginx
            need_http3_client
            ;;
        e2e | page)
            need /usr/share/fonts/truetype/dejavu fonts-dejavu-core

            if ! have chromium && ! have google-chrome; then
                need chromium chromium
            fi
            ;;
        unit)
            need prove perl
            return
            ;;
    esac

    need_node_for_tests

    case $1 in
        e2e | store | load | faults | conformance)
            need_node_modules "$ROOT/t/e2e" ;;
        page)                     need_node_modules "$ROOT/t/page" ;;
    esac
}

# $1: a step's name

log_of_step()
{
    echo "$OUT/test/${1// /-}.log"
}

# $1: what to call it, the rest: the command

test_step()
{
    local name=$1 log

    shift
    log=$(log_of_step "$name")
    mkdir -p "$OUT/test"

    say "$name"
    "$@" 2>&1 | tee "$log" || failed+=("$name")
}

# what failed, of a log of node's runner, of prove, or of anything else

print_failures()
{
    local found

    found=$(awk '
        /^Test Summary Report/      { summary = 1 }
        /^ *(ok|1\.\.)/             { block = 0 }
        /^ *not ok/                 { block = 1 }
        !/^#/                       { comment = 0 }
        /^# +(Failed|Looks)/        { comment = 1 }
        summary || block || comment' "$1")

    if [ -n "$found" ]; then
        head -n 100 <<< "$found"
    else
        tail -n 40 "$1"
    fi
}

# a short run of each; a long one is made by hand, see docs/testing.md

fuzz_tests()
{
    local source fuzz

    for source in t/fuzz/*_fuzz.c; do
        fuzz=$(basename "$source" .c)
        echo "fuzzing: $fuzz"
        make --no-print-directory -C t/fuzz run FUZZ="$fuzz" \
            SECONDS="$FUZZ_SECONDS" YYJSON="$YYJSON_DIR" OUT="$OUT/fuzz" \
            FLAGS="-verbosity=0 -print_final_stats=1" \
            > "$OUT/fuzz.log" 2>&1 \
            || { tail -n 60 "$OUT/fuzz.log"; return 1; }
        grep "^stat::number_of_executed_units" "$OUT/fuzz.log"
    done
}

unit_tests()
{
    local dir=unit options=()

    if [ $asan = yes ]; then
        dir=unit-asan
        options=(SANITIZE=1)
    fi

    make --no-print-directory -C t/unit test "${options[@]}" \
        YYJSON="$YYJSON_DIR" OUT="$OUT/$dir"
}

node_tests()
{
    # a test that hangs shall not hang the others
    (cd "$1" && timeout -k 10 "$NODE_SECONDS" node --test)
}

# what valgrind wrote in the tests' logs: nothing, when all is well

valgrind_findings()
{
    local log found=0

    for log in "$OUT"/valgrind/*.log; do
        if [ -s "$log" ]; then
            head -n 40 "$log"
            found=1
        fi
    done

    return $found
}

# a longer run is made by hand, see docs/testing.md

store_tests()
{
    make --no-print-directory -C t/store test KILLS=$STORE_KILLS \
        OUT="$OUT/store" || return 1

    if [ -z "$module_so" ]; then
        echo "nginx has the module within: it is not killed"
        return
    fi

    build_faults
    OPENAI_MONITOR_MODULE=$faults_so node_tests t/store
}

# the module again, with the places where it may be killed: what has some is
# compiled anew, the rest is there

build_faults()
{
    local objs dir

    objs=$(dirname "$module_so")
    dir=$objs-faults
    faults_so=$dir/$NAME.so

    rm -rf "$dir"
    cp -a "$objs" "$dir"
    rm -f "$dir"/addon/store/*.o "$dir"/addon/capture/turn.o "$faults_so"
    sed -i "s|$objs/|$dir/|g; s|^CFLAGS = |&-DNGX_OPENAI_FAULTS=1 |" \
        "$dir/Makefile"

    (cd "$nginx_dir" && make -f "$dir/Makefile" -j"$(nproc)" modules) \
        > "$dir/make.log" 2>&1 \
        || die_with_log "$dir/make.log" "the build with faults failed"
}

run_step()
{
    case $1 in
        unit)  test_step "unit tests" unit_tests ;;
        store) test_step "store under kills" store_tests ;;
        lint)  test_step "static checks" lint ;;
        fuzz)  test_step "fuzzers" fuzz_tests ;;
        nginx) test_step "nginx tests" prove -It/lib -r t ;;
        e2e)   test_step "end-to-end test" node_tests t/e2e ;;
        page)  test_step "page tests" node_tests t/page ;;
        load)  test_step "load test" node_tests t/load ;;
        faults)
               test_step "fault tests" node_tests t/faults ;;
        conformance)
               test_step "conformance tests" node_tests t/conformance ;;
        demo)  test_step "demo" node_tests t/demo ;;
    esac
}

run_tests()
{
    local failed=() options=() steps=("${words[@]}") step name list

    if [ ${#steps[@]} = 0 ]; then
        read -r -a steps <<< "$STEPS"
    fi

    build

    for step in "${steps[@]}"; do
        need_for_step "$step"
    done

    if [ $install_only = yes ]; then
        say "installed what the tests need"
        return
    fi

    if [ $valgrind = yes ]; then
        wrap_for_valgrind "$(dirname "${module_so:-$nginx_bin}")"
    fi

    # the time and the memory of a checked nginx are not its own

    if [ $asan = yes ] || [ $valgrind = yes ]; then
        export OPENAI_MONITOR_CHECKED=1
        NODE_SECONDS=$((NODE_SECONDS * 6))
    fi

    export TEST_NGINX_BINARY=$nginx_bin
    export TEST_NGINX_LOAD_MODULES=$module_so
    export TEST_NGINX_SERVROOT=$OUT/servroot

    # what ./auto-build.sh needs to give its tests the same nginx

    [ -z "$nginx_src" ] || options+=("--nginx-src=$nginx_src")
    [ $static = no ] || options+=(--static)
    [ $asan = no ] || options+=(--with-asan)
    [ $debug = no ] || options+=(--with-debug)
    export TEST_AUTO_BUILD_OPTIONS=${options[*]:-}

    cd "$ROOT"

    for step in "${steps[@]}"; do
        run_step "$step"
    done

    if [ $valgrind = yes ]; then
        test_step "valgrind" valgrind_findings
    fi

    if [ ${#failed[@]} -gt 0 ]; then
        # again, as it may be far above

        for name in "${failed[@]}"; do
            say "what failed of $name"
            print_failures "$(log_of_step "$name")"
        done

        printf -v list ', %s' "${failed[@]}"
        die "failed: ${list#, }"
    fi

    say "all tests passed"
}


# --- lint, matrix, bench ---

need_for_lint()
{
    need gcc gcc clang clang clang-tidy clang-tidy cppcheck cppcheck \
        shellcheck shellcheck perl perl
    need_node
    need_node_modules "$ROOT/html"
}

lint()
{
    NGINX_DIR=$nginx_dir OBJS=$(dirname "${module_so:-$nginx_bin}") \
        OUT=$OUT/lint "$ROOT/t/lint/run"
}

matrix()
{
    local uri

    need debootstrap debootstrap unshare util-linux
    need_yyjson
    build_page

    # the tests with Node are taken along with what they need

    need_node_modules "$ROOT/t/e2e"

    uri=$(archive_uri) || die "no Debian archive among the package sources"

    if [ ${#words[@]} = 0 ]; then
        read -r -a words <<< "$VERSIONS"
    fi

    MIRROR=$uri OUT=$OUT/matrix "$ROOT/t/matrix/run" "${words[@]}"
}

# those that the distribution has; bench says which of them it did without

need_peers()
{
    local package

    for package in libnginx-mod-http-lua mitmproxy python3-aiohttp; do
        if ! dpkg -s "$package" > /dev/null 2>&1; then
            (install_packages "$package") \
                || say "$package cannot be had: it is left out"
        fi
    done
}

run_bench()
{
    local status=0

    build
    need wrk wrk taskset util-linux cc gcc make make
    need_node

    if [ ${#words[@]} = 0 ] || [ "${words[*]}" = publish ] \
        || [[ " ${words[*]} " == *" peers "* ]]
    then
        need_peers
    fi

    TEST_NGINX_BINARY=$nginx_bin OPENAI_MONITOR_MODULE=$module_so \
        node "$ROOT/bench/bench.mjs" "$OUT/bench" "${words[@]}" &
    bench_pid=$!
    trap 'kill -TERM $bench_pid 2> /dev/null || true' INT TERM HUP

    # a signal ends "wait" early

    while kill -0 $bench_pid 2> /dev/null; do
        status=0
        wait $bench_pid || status=$?
    done

    [ $status = 0 ] || exit $status
    say "build/bench has results.md and results.json"
}


# --- install, clean ---

install_module()
{
    local installed version dir

    build
    installed=$(command -v nginx) || die "no nginx is installed"
    version=$(nginx_version "$installed")

    [ "$(nginx_version "$nginx_bin")" = "$version" ] \
        || die "built for nginx $(nginx_version "$nginx_bin"), but $version" \
               "is installed"

    dir=$("$installed" -V 2>&1 | tr ' ' '\n' | sed -n 's/^--modules-path=//p')
    dir=${dir:-$("$installed" -V 2>&1 | tr ' ' '\n' \
                     | sed -n 's/^--prefix=//p')/modules}

    # Debian's nginx has none until a package with a module comes
    mkdir -p "$dir" 2> /dev/null || true
    [ -w "$dir" ] || die "cannot write to $dir"

    # By rename: writing into a file that nginx has mapped kills its workers.

    cp "$module_so" "$dir/.$NAME.new"
    chmod 644 "$dir/.$NAME.new"
    mv -f "$dir/.$NAME.new" "$dir/$NAME.so"

    say "installed $dir/$NAME.so"
    say "load it with: load_module $dir/$NAME.so;"
    say "restart nginx, not reload: a reload goes on with the old code"
}

clean()
{
    local pid file

    for file in "$OUT"/run/*/nginx.pid; do
        [ -s "$file" ] || continue
        pid=$(cat "$file")

        if grep -q nginx "/proc/$pid/comm" 2> /dev/null; then
            die "nginx (pid $pid) runs from build/; stop it first"
        fi
    done

    rm -rf "$OUT"
    say "removed build/"
}


parse_command_line "$@"
trap cleanup EXIT

case $command in
    run)     run ;;
    demo)    OPENAI_API_BASE=http://127.0.0.1 run ;;
    build)
        build
        say "built ${module_so:-$nginx_bin}"
        ;;
    test)    run_tests ;;
    bench)   run_bench ;;
    lint)
        need_for_lint
        build
        lint
        ;;
    matrix)  matrix ;;
    install) install_module ;;
    clean)   clean ;;
    help)    help ;;
esac
