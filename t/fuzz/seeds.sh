#!/bin/sh

# Copyright (C) 2026 ngx_http_openai_monitor_module contributors

# seeds.sh FIXTURES SEEDS: makes a seed of each recorded answer and its request.
# The bytes in front choose what digest_fuzz.c makes of them.

set -eu

fixtures=$1
seeds=$2

mkdir -p "$seeds"

cut -f 1,2,8 "$fixtures/MANIFEST.tsv" | tail -n +2 |
while IFS="$(printf '\t')" read -r file api request
do
    case $api in
        openai-completions) uri='\001' ;;
        openai-responses)   uri='\002' ;;
        openai-misc)        uri='\005' ;;
        openai-assistants)  uri='\016' ;;
        anthropic)          uri='\012' ;;
        gemini)             uri='\013' ;;
        ollama)             uri='\014' ;;
        *)                  uri='\000' ;;
    esac

    case $file in
        *.sse)    type='\010' ;;
        *.ndjson) type='\020' ;;
        *)        type='\000' ;;
    esac

    seed=$seeds/$(basename "$fixtures")_$(echo "$file" | tr / _)

    # shellcheck disable=SC2059
    printf "$uri$type"'\000\004\007' > "$seed"

    if [ -n "$request" ]; then
        head -c 20000 "$fixtures/$request" >> "$seed"
    fi

    printf '\000' >> "$seed"
    head -c 40000 "$fixtures/$file" >> "$seed"
done
