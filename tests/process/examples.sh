#!/bin/bash
# Runs the examples that tools/demo does not, through the real binary and real sockets.
#
#   examples.sh BINARY PORT    from the root of the repository
set -euo pipefail
binary=$1 port=$2
work=$(mktemp -d)
engine=
clean_up() {
    if [ -n "$engine" ]; then kill -KILL "$engine" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap clean_up EXIT

die() {
    echo "examples: $*"
    for file in "$work"/*; do echo "--- $file"; head -n 30 "$file"; done
    exit 1
}

# Starts a query, sends it lines over one connection, stops it once it has read them.
run_with_input() {
    local query=$1 input=$2 tries=0
    sed -E "s/127\.0\.0\.1:[0-9]+/127.0.0.1:$port/" "$query" >"$work/query.sql"
    "$binary" run "$work/query.sql" --drain >"$work/out" 2>"$work/log" &
    engine=$!
    until (exec 3<>"/dev/tcp/127.0.0.1/$port" && cat "$input" >&3) 2>/dev/null; do
        kill -0 $engine 2>/dev/null || die "$query: the engine ended early"
        tries=$((tries + 1))
        [ $tries -lt 200 ] || die "$query: nobody listens on port $port"
        sleep 0.1
    done
    # Established, or closed by us and not yet by the engine: it is still reading.
    tries=0
    while awk -v port="$(printf '%04X' "$port")" '
        { split($2, local, ":") }
        local[2] == port && ($4 == "01" || $4 == "08") { busy = 1 }
        END { exit !busy }' /proc/net/tcp; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || die "$query: the engine does not read its input"
        sleep 0.1
    done
    kill -TERM $engine
    wait $engine || die "$query: exit status $?"
    engine=
}

expect() {
    LC_ALL=C sort "$work/found" >"$work/found.sorted"
    LC_ALL=C sort >"$work/expected"
    cmp -s "$work/expected" "$work/found.sorted" || die "$1: not what was expected"
    echo "examples: $1: as expected"
}

printf '7\n21\n10\n11\n-40\n1000\n' >"$work/numbers"
run_with_input examples/double.sql "$work/numbers"
tr -d '"\r' <"$work/out" >"$work/found"
expect double.sql <<'END'
42
22
2000
END

printf 'the water is wide\nThe water  is deep\n' >"$work/text"
run_with_input examples/word_count.sql "$work/text"
# A window may end between the two lines: what counts is each word's sum.
awk '
    match($0, /"word" *: *"[^"]*"/) {
        split(substr($0, RSTART, RLENGTH), word, "\"")
        match($0, /"occurrences" *: *[0-9]+/)
        count = substr($0, RSTART, RLENGTH)
        sub(/.*: */, "", count)
        sum[word[4]] += count
    }
    END { for (w in sum) print w, sum[w] }' "$work/out" >"$work/found"
expect word_count.sql <<'END'
deep 1
is 2
the 2
water 2
wide 1
END
