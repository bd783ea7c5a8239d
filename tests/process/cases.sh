#!/bin/bash
# Runs the streaming queries with known answers that live beside the repository, in ../shared (or
# $THALWEG_SHARED), each in four layouts; and those that say so stopped in the middle and gone on
# with. Exits 77, which ctest shows as skipped, where they are not.
# usage: cases.sh BINARY
set -euo pipefail

binary=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
shared=${THALWEG_SHARED:-$root/../shared}
if [ ! -e "$shared/tools/run_cases.py" ]; then
    echo "no cases at $shared: skipped"
    exit 77
fi

# The ids that must pass, as Python sets; '#' begins a comment.
expected=$root/tests/process/cases_expected.txt
as_set() { tr -d ' ' | sed "s/.*/'&',/" | tr -d '\n'; }
ids=$(sed -e 's/#.*//' -e '/^ *$/d' -e '/one-thread/d' -e 's/ whole$//' "$expected" | as_set)
ids_one_thread=$(sed -n -e 's/ one-thread$//p' "$expected" | as_set)
ids_restored=$(sed -e 's/#.*//' -e '/^ *$/d' -e '/ whole$/d' -e 's/ .*//' "$expected" | as_set)
zone="(config or {}).get('table.local-time-zone')"

# run IDS WHERE ARGS: the cases among IDS for which WHERE holds.
run() {
    echo "cases where $2, with '$3'"
    local option="--args=$3"
    if [ "$3" = --restore ]; then option=--restore; fi
    python3 "$shared/tools/run_cases.py" "$binary" "$shared/cases" --jobs 2 --timeout 60 \
        --where "id in {$1} and $2" "$option" --failures "$scratch/failures" > "$scratch/out" || {
        cat "$scratch/out" "$scratch/failures"
        exit 1
    }
    tail -1 "$scratch/out"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
run "$ids_one_thread" True ""
run "$ids_restored" True --restore
for layout in "" "--shards 4 --ingest-threads 2" "--batch-rows 1" "--shards 2"; do
    run "$ids" "$zone != 'Asia/Shanghai'" "$layout"
    run "$ids" "$zone == 'Asia/Shanghai'" "$layout --set table.local-time-zone=Asia/Shanghai"
done
