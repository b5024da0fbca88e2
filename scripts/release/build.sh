#!/usr/bin/env bash
# build.sh VERSION OUT [ARCH…] - the files of a release, equal to the byte wherever
# they are built by the same compilers:
#
#   assay_VERSION_linux_ARCH.tar.gz   static programs, which run on any Linux and open no GPU
#   assay_VERSION_ARCH.deb            programs that open NVIDIA's driver, units of systemd, man pages
#   SHA256SUMS
#
# ARCH is amd64 and arm64, both where none is given. Times in the files are that of
# the last commit (SOURCE_DATE_EPOCH says another). AGAIN=1 compiles what is this
# module's once more, though GOCACHE has it, which no other build may use then.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:?usage: build.sh VERSION OUT [ARCH…]}
[[ $version =~ ^[0-9][A-Za-z0-9.+~]*$ ]] || { echo "build.sh: version \"$version\"; a release's begins with a digit, such as 1.2.0, and a Debian package bears letters, digits and . + ~ alone" >&2; exit 2; }
mkdir -p "${2:?usage: build.sh VERSION OUT [ARCH…]}"
out=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- amd64 arm64
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export TZ=UTC LC_ALL=C GOFLAGS= GOAMD64=v1 GOARM64=v8.0 GOTOOLCHAIN=local CGO_ENABLED=1 GOOS=linux
umask 022
[ -z "${AGAIN:-}" ] || : "${GOCACHE:?AGAIN takes packages away from it: name one that no other build uses}"
./scripts/check/need.sh dpkg-deb dpkg
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# target ARCH - has Go build for it.
target() {
	export GOARCH=$1 CC=gcc
	if [ "$1" = arm64 ] && [ "$(uname -m)" != aarch64 ]; then
		CC=aarch64-linux-gnu-gcc
		./scripts/check/need.sh "$CC" gcc-aarch64-linux-gnu libc6-dev-arm64-cross
	elif [ "$1" = amd64 ] && [ "$(uname -m)" != x86_64 ]; then
		CC=x86_64-linux-gnu-gcc
		./scripts/check/need.sh "$CC" gcc-x86-64-linux-gnu libc6-dev-amd64-cross
	fi
}
names=(./cmd/miner ./cmd/validator ./cmd/assay)

# programs ARCH DIR TAGS LINKER - miner, validator and assay into DIR.
programs() {
	target "$1"
	go build -trimpath -buildvcs=false -tags "netgo,osusergo$3" \
		-ldflags "-s -w -linkmode=external -extldflags '-Wl,--build-id=none $4' -X github.com/assaynet/assay/cmd/internal/usage.release=$version" \
		-o "$2/" "${names[@]}"
}

# compiled ARCH TAGS - what this module's packages are compiled to, files of the
# cache; not that of modules and of Go itself, whose sources lie in one place.
compiled() {
	target "$1"
	go list -deps -export -trimpath -buildvcs=false -tags "netgo,osusergo$2" -f '{{with .Module}}{{if .Main}}{{$.Export}}{{end}}{{end}}' "${names[@]}"
}

# pages DIR BIN - what the programs themselves write, the same on any machine.
pages() {
	local name
	for name in assay miner validator; do
		env -i HOME=/nonexistent "$host/$name" extras --bin "$2" "$1" >/dev/null
	done
}

# archive ARCH DIR - the programs in DIR with their pages.
archive() {
	local name=assay_${version}_linux_$1
	mkdir -p "$work/$name/extras"
	cp "$2"/* README.md validator/OPERATING.md scripts/release/Containerfile "$work/$name/"
	pages "$work/$name/extras" /usr/local/bin
	tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu -c "$name" |
		gzip -9n >"$out/$name.tar.gz"
}

if [ -n "${AGAIN:-}" ]; then # all are listed before one goes, for to list compiles
	for arch in "$@"; do
		compiled "$arch" ,static
		compiled "$arch" ''
	done >"$work/compiled"
	xargs -d '\n' rm -f <"$work/compiled"
fi
host=$work/host
for arch in "$@"; do
	echo "build.sh: $arch, static"
	programs "$arch" "$work/static-$arch" ,static -static
	echo "build.sh: $arch, with GPUs"
	programs "$arch" "$work/gpu-$arch" '' ''
done
own=$(go env GOHOSTARCH)
[ -d "$work/static-$own" ] && host=$work/static-$own || programs "$own" "$host" ,static -static
mkdir "$work/pages"
pages "$work/pages" /usr/bin
for arch in "$@"; do
	archive "$arch" "$work/static-$arch"
	./scripts/release/deb.sh "$version" "$arch" "$work/gpu-$arch" "$work/pages" "$out/assay_${version}_$arch.deb"
done
(cd "$out" && sha256sum assay_"$version"_* >SHA256SUMS && cat SHA256SUMS)
