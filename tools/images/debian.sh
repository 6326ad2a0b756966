# Sourced by tools/images/NAME/build: turns Debian packages into a container image without any registry. The packages
# and what they depend on come by apt, which checks their signatures, into build/images/packages; they are unpacked, not
# installed, so no maintainer script runs, and `docker import` makes one layer of them. DOCKER_HOST says which engine.
set -euo pipefail
images_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
images_cache=$images_top/build/images
recipe=$(basename "$(cd "$(dirname "$0")" && pwd)")
image=muster/$recipe:1
tree=$images_cache/tree/$recipe

say() { printf '%s: %s\n' "$image" "$*" >&2; }

# apt as if nothing were installed, with its archives in our cache. The machine's package lists are used when they know
# the packages; else lists of our own are fetched, which needs no root.
apt_here() {
    apt-get -qq -o Dir::State::status="$images_cache/none-installed" -o Dir::Cache::archives="$images_cache/packages" \
        -o Debug::NoLocking=true -o APT::Sandbox::User= -o Acquire::Retries=3 "${apt_lists[@]}" "$@"
}

# closure PACKAGE... [-- LEFT_OUT...]: sets `archives` to the packages' files and those of what they need, without those
# that only maintainer scripts use.
closure() {
    local wanted=() left_out=() list uri name package
    while (($#)) && [ "$1" != -- ]; do wanted+=("$1"); shift; done
    shift || true
    left_out=("$@")
    mkdir -p "$images_cache/packages/partial"
    : >"$images_cache/none-installed"
    apt_lists=()
    if ! list=$(apt_here --no-install-recommends --print-uris -y install "${wanted[@]}" 2>/dev/null); then
        mkdir -p "$images_cache/lists/partial"
        apt_lists=(-o "Dir::State::lists=$images_cache/lists")
        say "fetching package lists"
        apt_here update
        list=$(apt_here --no-install-recommends --print-uris -y install "${wanted[@]}")
    fi
    archives=()
    local missing=()
    while read -r uri name _; do
        package=${name%%_*}
        [[ " ${left_out[*]-} " == *" $package "* ]] && continue
        archives+=("$name")
        [ -e "$images_cache/packages/$name" ] || missing+=("$package=$(version_of "$name")")
    done < <(grep "^'" <<<"$list")
    if ((${#missing[@]})); then
        say "downloading ${#missing[@]} packages"
        (cd "$images_cache/packages" && apt_here download "${missing[@]}")
    fi
}

# The version in an archive's file name, where a colon is written %3a.
version_of() {
    local version=${1#*_}
    version=${version%_*}
    printf '%s' "${version//%3a/:}"
}

# Ends the script when the engine has the image already, made by this recipe from these archives.
stop_if_current() {
    recipe_hash=$( (cat "$0" "${BASH_SOURCE[0]}" && printf '%s\n' "${archives[@]}") | sha256sum | cut -c1-32)
    if [ "$(docker image inspect --format '{{index .Config.Labels "muster.recipe"}}' "$image" 2>/dev/null)" = "$recipe_hash" ]; then
        say "is there"
        exit 0
    fi
}

# Unpacks the archives into $tree, with Debian's merged /usr, one user `game` (1000) and without manuals and translations.
unpack() {
    local archive folder
    rm -rf "$tree"
    mkdir -p "$tree"/{usr/{bin,sbin,lib,lib64},etc,tmp,data,proc,sys,dev,run,var/tmp}
    for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$tree/$folder"; done
    for archive in "${archives[@]}"; do
        dpkg-deb --fsys-tarfile "$images_cache/packages/$archive" |
            tar -x -C "$tree" --keep-directory-symlink --no-same-owner --exclude='./usr/share/man' \
                --exclude='./usr/share/locale' --exclude='./usr/share/info' --exclude='./usr/share/lintian' \
                --exclude='./usr/share/doc/*/changelog*' --exclude='./usr/share/doc/*/NEWS*' \
                --exclude='./usr/share/bug' --exclude='./usr/share/perl5' --exclude='./usr/share/zoneinfo'
    done
    printf 'root:x:0:0::/root:/bin/false\ngame:x:1000:1000::/data:/bin/false\n' >"$tree/etc/passwd"
    printf 'root:x:0:\ngame:x:1000:\n' >"$tree/etc/group"
    chmod 1777 "$tree/tmp" "$tree/var/tmp" "$tree/data"
}

# import CHANGE...: makes the image of $tree; each change is a Dockerfile instruction.
import() {
    local changes=() change
    for change in "USER 1000:1000" "WORKDIR /data" "ENV HOME=/data" "LABEL muster.recipe=$recipe_hash" "$@"; do
        changes+=(--change "$change")
    done
    tar -C "$tree" --owner=0 --group=0 --numeric-owner -c . | docker import "${changes[@]}" - "$image" >/dev/null
    say "made, $(du -sm "$tree" | cut -f1) MB"
    rm -rf "$tree"
}
