#!/usr/bin/env bash
# ./dev bench [NAME...]: measures, and prints one JSON object a line.
#   brain   decisions over 10,000 nodes and 200,000 servers
#   link    a command and its answer over 1,000 real gRPC sessions
#   fleet   the same through the coordinator, with 20,000 containers listed meanwhile
#   master  a list of 1,000 world servers, and how many connects a coordinator takes
#   engine  start and stop through Muster against Docker directly, and the memory of both roles
#   world        whole ticks of crowded worlds, with the snapshots of their clients
#   replication  bytes and freshness of what clients are told
#   rtc          data channels against a server on libdatachannel, by turns
#   load         a world with a thousand real clients
#   spread       a world on one server and on four, by turns
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/dev/steps.sh

install_packages build test
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(brain link fleet master engine world replication rtc load spread)
for name in "${names[@]}"; do
    case "$name" in
        brain) build_preset release muster_brain_bench >&2 && build/release/bin/muster_brain_bench ;;
        link) build_preset release muster_link_bench >&2 && build/release/bin/muster_link_bench ;;
        fleet) build_preset release muster_coordinator_bench >&2 && build/release/bin/muster_coordinator_bench ;;
        master) build_preset release muster_master_bench >&2 && build/release/bin/muster_master_bench ;;
        engine)
            build_preset release muster >&2
            folder=$PWD/build/bench/engine
            engine=$(engine_folder bench)
            [ ! -d "$engine" ] || tools/engine/stop "$engine" --purge >/dev/null 2>&1 || true
            rm -rf "$folder"
            mkdir -p "$folder"
            tools/engine/start "$engine" >&2
            tools/images/build testgame "unix://$engine/docker.sock" >&2
            python3 tools/bench/engine.py --muster build/release/bin/muster --folder "$folder" --engine "$engine"
            ;;
        world | replication) build_preset release muster_world_bench >&2 && build/release/bin/muster_world_bench "$name" ;;
        rtc)
            build_preset release muster_echo >&2
            install_npm tools/bench/peers >&2
            python3 tools/bench/rtc.py --echo build/release/bin/muster_echo --peers tools/bench/peers
            ;;
        load)
            build_preset release muster muster-load >&2
            python3 tools/bench/load.py --bin build/release/bin
            ;;
        spread)
            build_preset release muster muster-load >&2
            rm -rf build/bench/spread
            python3 tools/bench/spread.py --bin build/release/bin --folder build/bench/spread
            ;;
        *) die "there is no benchmark '$name' (brain link fleet master engine world replication rtc load spread)" ;;
    esac
done
