#!/usr/bin/env bash
# ./dev soak NAME: long runs under faults. `short` is what ./dev test runs of each, with fixed seeds.
#   brain SEEDS          the coordinator's judgement over so many seeds of random faults
#   territory SEEDS      who owns which region of a world, over so many seeds of random faults
#   mesh SEEDS           players who cross between the servers of one world, over so many seeds of random faults
#   kill TIMES [SEED]    kill -9 of coordinator, node and Docker Engine with operations in flight
#   partition TIMES [SEED]  the network between node and coordinator cut, both ways or one, with operations in flight
#   worlds MINUTES       players who come and go, and others who stay: memory must not grow, nobody is left behind
#   walk MINUTES [FLAG...]  players who walk over the borders of a world on four world servers, over NATS; --fault kill|nats|coordinator|postgres|partition
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/dev/steps.sh

fleet_soak() { # NAME TIMES SEED [FLAG...]: one of tools/soak, with an engine of its own
    local folder=build/soak/$1 engine
    engine=$(engine_folder "$1")
    build_preset release muster
    # The engine's mounts must be gone before its folder is.
    [ ! -d "$engine" ] || tools/engine/stop "$engine" --purge >/dev/null 2>&1 || true
    rm -rf "$folder"
    mkdir -p "$folder"
    tools/engine/start "$engine"
    tools/images/build testgame "unix://$engine/docker.sock"
    python3 "tools/soak/$1.py" --muster build/release/bin/muster --folder "$folder" --engine "$engine" --times "$2" ${3:+--seed "$3"} "${@:4}"
}
brain_soak() {
    build_preset release muster_brain_sim
    build/release/bin/muster_brain_sim "$1"
}
territory_soak() {
    build_preset release muster_territory_sim
    build/release/bin/muster_territory_sim "$1"
}
mesh_soak() {
    build_preset release muster_mesh_sim
    build/release/bin/muster_mesh_sim "$1"
}
worlds_soak() { # MINUTES
    build_preset release muster muster-load
    rm -rf build/soak/worlds
    python3 tools/soak/worlds.py --bin build/release/bin --folder build/soak/worlds --minutes "$1"
}
walk_soak() { # MINUTES [FLAG...]
    build_preset release muster muster-load
    rm -rf build/soak/walk
    python3 tools/soak/walk.py --bin build/release/bin --folder build/soak/walk --minutes "$@"
}

name=${1:-}
[ $# -eq 0 ] || shift
install_packages build test
case "$name" in
    brain) brain_soak "${1:-1000}" ;;
    territory) territory_soak "${1:-10000}" ;;
    mesh) mesh_soak "${1:-10000}" ;;
    kill) fleet_soak kill "${1:-200}" "${2:-}" ;;
    partition) fleet_soak partition "${1:-100}" "${2:-}" ;;
    worlds) worlds_soak "${1:-30}" ;;
    walk) walk_soak "${@:-10}" ;;
    short)
        brain_soak 50
        territory_soak 500
        mesh_soak 40
        worlds_soak 1
        walk_soak 0.4 --clients 24
        # Docker 20.10 itself loses what it was killed in the middle of starting; `kill` kills it too.
        fleet_soak kill 8 1 --victims coordinator,node
        fleet_soak partition 4 2
        ;;
    *) die "soak what? brain SEEDS, territory SEEDS, mesh SEEDS, kill TIMES [SEED], partition TIMES [SEED], worlds MINUTES, walk MINUTES, short" ;;
esac
