#!/usr/bin/env bash
# The Debian package and the container image: both are made, and what is in them runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/dev/steps.sh

install_packages build test
build_web
build_preset release muster muster-load muster-shim muster_client_shared
(cd build/release && rm -f ./*.deb && cpack -G DEB >cpack.log 2>&1) || {
    tail -20 build/release/cpack.log
    die "the Debian package could not be made"
}
package=$(ls build/release/muster_*.deb)
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
dpkg-deb -x "$package" "$unpacked"
for file in usr/bin/muster usr/bin/muster-load usr/share/muster/web/index.html usr/share/muster/games/valheim.toml lib/systemd/system/muster-node.service etc/muster/muster.toml usr/include/muster/client.h; do
    [ -f "$unpacked/$file" ] || die "$package has no $file"
done
dpkg-deb --ctrl-tarfile "$package" | tar -xO ./conffiles | grep -q /etc/muster/muster.toml || die "its configuration would be overwritten by an upgrade"
"$unpacked/usr/bin/muster" --version

# What is unpacked serves: the page, the games, a token.
mkdir "$unpacked/data"
"$unpacked/usr/bin/muster" coordinator --data-dir "$unpacked/data" --http 127.0.0.1:0 --grpc 127.0.0.1:0 >"$unpacked/log" 2>&1 &
server=$!
for _ in $(seq 100); do
    [ -f "$unpacked/data/ready.json" ] && break
    kill -0 $server 2>/dev/null || die "it ended at once: $(cat "$unpacked/log")"
    sleep 0.1
done
url=$(jq -r .http "$unpacked/data/ready.json")
curl -sf "$url/" | grep -q '<div id="app"' || die "the package's page is not served"
games=$("$unpacked/usr/bin/muster" games list --names --url "$url" --token "$(cat "$unpacked/data/admin.token")" | wc -l)
[ "$games" -ge 15 ] || die "the package knows $games games"
kill $server
wait $server || die "it did not end cleanly"

start_engine
made=$(packaging/image/build | tail -1)
archive=build/image/muster-${made#muster:}.tar
before=$(sha256sum <"$archive")
(umask 077 && packaging/image/build --archive-only >/dev/null)
[ "$before" = "$(sha256sum <"$archive")" ] || die "the same files gave another image"
name=muster-image-test-$$
docker run -d --name "$name" muster:latest coordinator --http 0.0.0.0:8080 --grpc 0.0.0.0:50051 >/dev/null
trap 'docker rm -f "$name" >/dev/null 2>&1 || true; rm -rf "$unpacked"' EXIT
for _ in $(seq 100); do
    docker logs "$name" 2>&1 | grep -q 'muster ready' && break
    sleep 0.1
done
docker exec "$name" muster games list --names | grep -q '^valheim$' || die "the image does not serve: $(docker logs "$name" 2>&1 | tail -5)"
echo "package tests: 4 passed, 0 failed"
