# Sourced by tools/images/NAME/build: turns Debian packages into a container image without any registry. The packages
# and what they depend on come by apt, which checks their signatures, into build/images/packages; they are unpacked, not
# installed, so no maintainer script runs, and they make one layer. The engine's address is the first argument, or
# $DOCKER_HOST.
set -euo pipefail
images_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
images_cache=$images_top/build/images
recipe=$(basename "$(cd "$(dirname "$0")" && pwd)")
image=muster/$recipe:1
tree=$images_cache/tree/$recipe
engine=${1:-${DOCKER_HOST:-unix:///var/run/docker.sock}}

# What only maintainer scripts and init systems need, or what those need.
never_used=(
    adduser debconf gcc-12-base init-system-helpers libacl1 libaudit-common libaudit1 libcap-ng0
    libfile-find-rule-perl libgdbm-compat4 libgdbm6 libnumber-compare-perl libpam-modules libpam-modules-bin
    libpam0g libselinux1 libsemanage-common libsemanage2 libsepol2 libtext-glob-perl lsb-base readline-common
    sysvinit-utils tar usrmerge
)

say() { printf '%s: %s\n' "$image" "$*" >&2; }

# apt as if nothing were installed and nothing downloaded, so that it names every archive. The machine's package lists
# are used when they know the packages; else lists of our own are fetched, which needs no root.
apt_here() {
    apt-get -qq -o Dir::State::status="$images_cache/none-installed" -o Dir::Cache::archives="$images_cache/nothing" \
        -o Debug::NoLocking=true -o APT::Sandbox::User= -o Acquire::Retries=3 "${apt_lists[@]}" "$@"
}

# closure PACKAGE... [-- LEFT_OUT...]: sets `archives` to the packages' files and those of what they need, without those
# that only maintainer scripts use.
closure() {
    local wanted=(tini) left_out=() list uri name package
    while (($#)) && [ "$1" != -- ]; do wanted+=("$1"); shift; done
    shift || true
    left_out=("${never_used[@]}" "$@")
    mkdir -p "$images_cache/packages" "$images_cache/nothing/partial"
    : >"$images_cache/none-installed"
    apt_lists=()
    if ! list=$(apt_here --no-install-recommends --print-uris -y install "${wanted[@]}" 2>/dev/null); then
        mkdir -p "$images_cache/lists/partial"
        apt_lists=(-o "Dir::State::lists=$images_cache/lists")
        if ! list=$(apt_here --no-install-recommends --print-uris -y install "${wanted[@]}" 2>/dev/null); then
            say "fetching package lists"
            apt_here update
            list=$(apt_here --no-install-recommends --print-uris -y install "${wanted[@]}")
        fi
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
    fingerprint=$( (cat "$0" "${BASH_SOURCE[0]}" && printf '%s\n' "${archives[@]}") | sha256sum | cut -c1-32)
    if "$images_top/tools/images/import" "$engine" "$image" "$fingerprint"; then
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

# make_image CHANGE...: the image of $tree; each change is a Dockerfile instruction. The first process is tini, as most
# games leave signals to the kernel, which does not end a first process by them.
make_image() {
    "$images_top/tools/images/import" "$engine" "$image" "$fingerprint" "$tree" \
        "USER 1000:1000" "WORKDIR /data" "ENV HOME=/data" "$@" >/dev/null
    say "made, $(du -sm "$tree" | cut -f1) MB"
    rm -rf "$tree"
}
