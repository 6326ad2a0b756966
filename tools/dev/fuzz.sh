#!/usr/bin/env bash
# ./dev fuzz [SECONDS] [NAME...]: every fuzzer (or those whose name contains a NAME) for SECONDS each, from its corpus.
# A finding stays in build/fuzz/findings/ and ends the run with 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/dev/steps.sh

seconds=60
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
fi
install_packages build test
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
mapfile -t targets < <(ninja -C build/fuzz -t targets all | grep -oE '^muster_[a-z0-9_]+_fuzz' | sort -u)
chosen=()
for target in "${targets[@]}"; do
    if [ $# -eq 0 ]; then chosen+=("$target"); fi
    for name in "$@"; do
        if [[ "$target" == *"$name"* ]]; then chosen+=("$target"); fi
    done
done
[ ${#chosen[@]} -gt 0 ] || die "no fuzzer's name contains: $*"
build_preset fuzz "${chosen[@]}"
mkdir -p build/fuzz/findings
status=0
for target in "${chosen[@]}"; do
    seeds=$(find libs -type d -path '*/corpus/*' | while read -r folder; do
        room=$(basename "$(dirname "$(dirname "$folder")")")
        if [ "muster_${room}_$(basename "$folder")_fuzz" = "$target" ]; then echo "$folder"; fi
    done)
    say "$target for $seconds s"
    mkdir -p "build/fuzz/corpus/$target"
    if ! build/fuzz/bin/"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=3000 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix=build/fuzz/findings/"$target"- "build/fuzz/corpus/$target" ${seeds:+"$seeds"} 2>&1 |
        grep -E 'stat::number_of_executed_units|ERROR|SUMMARY|Test unit written'; then
        status=1
    fi
    if ls build/fuzz/findings/"$target"-* >/dev/null 2>&1; then
        echo "FINDING: $target"
        status=1
    fi
done
exit $status
