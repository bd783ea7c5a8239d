# Sourced by tools/setup, tools/test, tools/demo and .ci/run: one line a step, noise into a log.
#
#   say TEXT...                  one line about what happens now
#   fail TEXT...                 one line about what went wrong; ends the script
#   step LOG TITLE COMMAND...    runs a command with its output in LOG, prints how long it took, and
#                                on failure the end of LOG
#   build PRESET [TARGET...]     configures when needed and builds, counting edges as they are done
#
# All of them expect to be called from the root of the repository.

name=${name:-$(basename "$0")}

# With these, clones of the repository share what ccache has compiled, and what it has not is read
# once only, by the compiler, and not by a preprocessor before it.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1

say() { printf '%s: %s\n' "$name" "$*"; }

fail() {
    printf '%s: %s\n' "$name" "$*" >&2
    exit 1
}

step() {
    local log=$1 title=$2 started=$SECONDS
    shift 2
    printf '%s: %s ...' "$name" "$title"
    if "$@" >>"$log" 2>&1; then
        printf ' %d s\n' $((SECONDS - started))
        return
    fi
    printf ' failed after %d s; the end of %s:\n\n' $((SECONDS - started)) "$log"
    tail -n 30 "$log"
    return 1
}

# Turns ninja's "[12/345] ..." into one running line on a terminal and into quarters elsewhere.
count_edges() {
    local terminal=0
    [ -t 1 ] && terminal=1
    awk -v terminal=$terminal -v title="$1" '
        match($0, /^\[[0-9]+\/[0-9]+\]/) {
            split(substr($0, 2, RLENGTH - 2), edge, "/")
            quarter = int(4 * edge[1] / edge[2])
            if (terminal) printf "\r%s %d/%d", title, edge[1], edge[2]
            else if (quarter > shown && edge[2] >= 20) printf "%s %d/%d\n", title, edge[1], edge[2]
            if (quarter > shown) shown = quarter
            fflush()
        }
        END { if (terminal && edge[2]) printf "\r\033[K" }'
}

build() {
    local preset=$1 log=build/$1.log started=$SECONDS targets=()
    shift
    [ $# -gt 0 ] && targets=(--target "$@")
    mkdir -p build
    : >"$log"
    if [ ! -f "build/$preset/build.ninja" ]; then
        step "$log" "configuring build/$preset" cmake --preset "$preset" || return 1
    fi
    # Each line of ninja's goes to the log and to the counter; pipefail keeps ninja's own status.
    if ! (set -o pipefail
          cmake --build --preset "$preset" "${targets[@]}" 2>&1 |
              tee -a "$log" | count_edges "$name: building build/$preset"); then
        printf '%s: building build/%s failed; the first error of %s:\n\n' "$name" "$preset" "$log"
        grep -m 1 -A 40 -E '^FAILED:|error:|CMake Error' "$log" || tail -n 30 "$log"
        return 1
    fi
    say "build/$preset is up to date, $((SECONDS - started)) s"
}
