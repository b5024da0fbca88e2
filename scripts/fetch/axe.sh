#!/usr/bin/env bash
# axe.sh - puts axe-core, whose rules tell whether a page can be used by all, into
# the user's cache, once, and prints its path as the last line of standard output.
# It is other people's (Mozilla Public License 2.0), so it is not kept in this
# repository: its hash is here.
set -euo pipefail

package=axe-playwright-python==0.1.8 # carries axe-core 4.12.1
member=axe_playwright_python/axe.min.js
hash=84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc
dir=${XDG_CACHE_HOME:-$HOME/.cache}/assay/axe
out=$dir/axe-4.12.1.min.js

say() { printf '%s\n' "$*" >&2; }

# die MESSAGE HINT
die() {
	say "axe.sh: $1"
	say "hint: $2"
	exit 1
}

# good FILE - whether it is the file that is meant.
good() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$hash" ]; }

if good "$out"; then
	printf '%s\n' "$out"
	exit
fi
mkdir -p "$dir" 2>/dev/null || die "$dir cannot be made" "set XDG_CACHE_HOME to a directory that you can write"
tmp=$(mktemp -d "$dir/.fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

say "fetching $package into $dir"
python3 -m pip --version >/dev/null 2>&1 ||
	die "python3 has no pip, which fetches it" "install it (Debian, Ubuntu: apt-get install python3-pip)"
python3 -m pip download --disable-pip-version-check --no-input --no-deps --no-cache-dir --only-binary :all: \
	--retries 3 --timeout 20 --progress-bar off --quiet --dest "$tmp" "$package" >&2 ||
	die "pip could not download $package (its own words are above)" "check the connection to your Python package index, and try again"
python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' "$tmp"/*.whl "$member" >"$tmp/axe.js" ||
	die "$package does not hold $member" "it has changed: change the version here, and the hash"
good "$tmp/axe.js" || die "what came is not what is meant: its hash is $(sha256sum <"$tmp/axe.js" | cut -d' ' -f1)" "try again; if it stays so, somebody changed the package"
mv "$tmp/axe.js" "$out"
printf '%s\n' "$out"
