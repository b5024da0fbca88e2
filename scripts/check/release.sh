#!/usr/bin/env bash
# release.sh [ARCH…] - a release is the same to the byte when all of this module, Go
# and C, is compiled and linked again in another directory, its programs run, and its
# package is installed, upgraded and removed (package.sh). ARCH is amd64 and arm64.
# Only what the modules and Go itself compile to is kept from the first build: their
# sources are the same files for both, and take most of the time. The second build
# has links to the cache, so that no other build misses what is taken away from it.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
cache=$(go env GOCACHE)
mkdir -p "$cache"
links=$(mktemp -d "$cache.XXXXXX") # in the same file system
trap 'chmod -R u+w "$dir"; rm -rf "$dir" "$links"' EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
[ $# -gt 0 ] || set -- amd64 arm64
own=$(go env GOHOSTARCH)

./scripts/release/build.sh 1.0.0~check1 "$dir/one" "$@"
mkdir "$dir/elsewhere"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$dir/elsewhere"
cp -al "$cache/." "$links/" || true # what was dropped meanwhile is compiled again
(cd "$dir/elsewhere" && GOCACHE=$links AGAIN=1 ./scripts/release/build.sh 1.0.0~check1 "$dir/two" "$@")
diff -r "$dir/one" "$dir/two" || { echo 'release.sh: two builds differ' >&2; exit 1; }
[ "$(ls "$dir/one" | wc -l)" = $((2 * $# + 1)) ] || { echo 'release.sh: want an archive and a package of each ARCH, and SHA256SUMS' >&2; exit 1; }
echo "release.sh: two builds are the same, $((2 * $# + 1)) files"

for arch in "$@"; do
	tar -C "$dir" -xf "$dir/one/assay_1.0.0~check1_linux_$arch.tar.gz"
	for name in assay miner validator; do
		program=$dir/assay_1.0.0~check1_linux_$arch/$name
		[[ $(readelf -W --program-headers "$program") != *INTERP* ]] || { echo "release.sh: $program is not static" >&2; exit 1; }
		run=("$program")
		if [ "$arch" != "$own" ]; then
			./scripts/check/need.sh "qemu-${arch/arm64/aarch64}" qemu-user
			run=("qemu-${arch/arm64/aarch64}" "$program")
		fi
		[ "$("${run[@]}" --version)" = "$name version 1.0.0~check1" ]
	done
	[ "$arch" != "$own" ] || ./scripts/check/container.sh "$dir/assay_1.0.0~check1_linux_$arch"
	rm -rf "$dir/assay_1.0.0~check1_linux_$arch"
done

case " $* " in *" $own "*) ;; *) exit 0 ;; esac
./scripts/release/build.sh 1.0.0~check2 "$dir/next" "$own" >/dev/null
./scripts/check/package.sh "$dir/one/assay_1.0.0~check1_$own.deb" "$dir/next/assay_1.0.0~check2_$own.deb" zsh fish
