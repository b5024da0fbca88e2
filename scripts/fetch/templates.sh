#!/usr/bin/env bash
# templates.sh - puts the chat templates that come with the source of
# llama-cpp-python into the user's cache, once, and prints their folder as the
# last line of standard output. They are other people's, so they are not kept
# in this repository: engine/chattemplate/testdata/peers.json has their hashes.
set -euo pipefail

package=llama-cpp-python==0.3.36
dir=${XDG_CACHE_HOME:-$HOME/.cache}/assay/templates/${package/==/-}

say() { printf '%s\n' "$*" >&2; }

# die MESSAGE HINT
die() {
	say "templates.sh: $1"
	say "hint: $2"
	exit 1
}

if [ -d "$dir" ]; then
	printf '%s\n' "$dir"
	exit
fi
mkdir -p "${dir%/*}" 2>/dev/null || die "${dir%/*} cannot be made" "set XDG_CACHE_HOME to a directory that you can write"
tmp=$(mktemp -d "${dir%/*}/.fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

say "fetching $package (77 MB, two minutes) into ${dir%/*}"
python3 -m pip --version >/dev/null 2>&1 ||
	die "python3 has no pip, which fetches the templates" "install it (Debian, Ubuntu: apt-get install python3-pip)"
python3 -m pip download --disable-pip-version-check --no-input --no-deps --no-cache-dir --no-binary :all: \
	--retries 3 --timeout 20 --progress-bar off --quiet --dest "$tmp" "$package" >&2 ||
	die "pip could not download $package (its own words are above)" "check the connection to your Python package index, and try again"
mkdir "$tmp/templates"
tar -xzf "$tmp"/*.tar.gz -C "$tmp/templates" --strip-components 5 --wildcards '*/vendor/llama.cpp/models/templates/*.jinja' ||
	die "$package holds no templates" "it has changed: change the version here, and run make peers"
mv "$tmp/templates" "$dir"
printf '%s\n' "$dir"
