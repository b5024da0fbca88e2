#!/usr/bin/env bash
# need.sh PROGRAM PACKAGE… - makes sure that a program is there: installs Debian
# packages where that is allowed, else ends with a message that says what to do.
set -euo pipefail
program=${1:?usage: need.sh PROGRAM PACKAGE…}
shift
command -v "$program" >/dev/null && exit

# die REASON PACKAGE…
die() {
	local why=$1
	shift
	printf 'need.sh: %s is missing, and %s\nhint: install it (Debian: apt-get install %s) and try again\n' "$program" "$why" "$*" >&2
	exit 1
}

as_root=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null && sudo -n true 2>/dev/null || die 'this user may not install packages' "$@"
	as_root=(sudo -n)
fi
command -v apt-get >/dev/null || die 'this system has no apt-get to install it with' "$@"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "need.sh: installing $* for $program" >&2
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
if ! { "${install[@]}" update -q && "${install[@]}" install -qy --no-install-recommends "$@"; } >"$log" 2>&1; then
	tail -n 5 "$log" >&2
	die 'its packages could not be installed (see above)' "$@"
fi
command -v "$program" >/dev/null || die 'its packages did not bring it' "$@"
