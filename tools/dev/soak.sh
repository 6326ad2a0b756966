#!/usr/bin/env bash
# ./dev soak NAME: long runs under faults. `short` is what ./dev test runs of each, with fixed seeds.
#   brain SEEDS          the coordinator's judgement over so many seeds of random faults
#   kill TIMES [SEED]    kill -9 of coordinator, node and Docker Engine with operations in flight
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/dev/steps.sh

kill_soak() {
    local folder=build/soak/kill
    build_preset release muster
    # The engine's mounts must be gone before its folder is.
    [ ! -d $folder/engine ] || tools/engine/stop "$PWD/$folder/engine" >/dev/null 2>&1 || true
    rm -rf $folder
    mkdir -p $folder
    tools/engine/start "$PWD/$folder/engine"
    tools/images/build testgame "unix://$PWD/$folder/engine/docker.sock"
    python3 tools/soak/kill.py --muster build/release/bin/muster --folder $folder --times "$1" ${2:+--seed "$2"}
}
brain_soak() {
    build_preset release muster_brain_sim
    build/release/bin/muster_brain_sim "$1"
}

name=${1:-}
[ $# -eq 0 ] || shift
install_packages build test
case "$name" in
    brain) brain_soak "${1:-1000}" ;;
    kill) kill_soak "${1:-200}" "${2:-}" ;;
    short)
        brain_soak 50
        kill_soak 8 1
        ;;
    *) die "soak what? brain SEEDS, kill TIMES [SEED], short" ;;
esac
