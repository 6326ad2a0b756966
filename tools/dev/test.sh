#!/usr/bin/env bash
# ./dev test [PART...]: everything that must pass, part by part. What fails is named in the last lines; the
# closing line counts the parts.
set -uo pipefail
cd "$(dirname "$0")/../.."
source tools/dev/steps.sh

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(unit service contract web system package soak)
engine_was_up=yes
passed=()
failed=()

unit() {
    python3 tools/tidy.py . && python3 tools/protocol.py --check && check_format && build_preset dev &&
        ctest --test-dir build/dev -L unit --output-on-failure --parallel "$(nproc)"
}
# A room and its real neighbours in one process.
service() {
    build_preset dev && ctest --test-dir build/dev -L service --output-on-failure --parallel "$(nproc)"
}
contract() {
    start_engine && tools/images/build testgame && build_preset dev &&
        ctest --test-dir build/dev -L contract --output-on-failure
}
web() {
    install_web && (cd sdk/typescript && npm run --silent check && npm test --silent && npm run --silent build) &&
        (cd web && npm run --silent check && npm test --silent) && build_web
}
system() {
    start_engine && tools/images/build testgame && tools/images/build teeworlds && build_web && build_preset dev muster muster-load &&
        packaging/image/build >/dev/null &&
        install_npm tests/system &&
        (cd tests/system && MUSTER_BIN="$PWD/../../build/dev/bin/muster" npm test --silent)
}
package() { tools/dev/package_test.sh; }
soak() {
    end_engine  # the soak has its own, and this machine few cores
    tools/dev/soak.sh short
}
# An engine that this run started ends with it.
end_engine() {
    local folder
    folder=$(engine_folder test)
    [ "$engine_was_up" = yes ] || [ ! -d "$folder" ] || tools/engine/stop "$folder" --purge
}

run_part() {
    local started=$SECONDS
    say "test: $1"
    if "$1"; then passed+=("$1"); else failed+=("$1"); fi
    say "test: $1 took $((SECONDS - started)) s"
}

install_packages build test || die "not all packages could be installed"
curl -sf --max-time 5 --unix-socket "$(engine_folder test)/docker.sock" http://engine/_ping >/dev/null || engine_was_up=no
for part in "${parts[@]}"; do
    case "$part" in
        unit | service | contract | web | system | package | soak) run_part "$part" ;;
        *) die "there is no part '$part' (unit service contract web system package soak)" ;;
    esac
done
end_engine

for part in "${failed[@]}"; do echo "FAILED: $part"; done
echo "parts: ${#passed[@]} passed, ${#failed[@]} failed"
[ ${#failed[@]} -eq 0 ]
