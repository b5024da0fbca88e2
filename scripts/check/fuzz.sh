#!/usr/bin/env bash
# fuzz.sh TIME [PACKAGE …] - runs every fuzz target of the tree, or of these
# packages, for TIME: each on one core, as many at once as there are. A package
# is built once for all of its targets.
#
# Go's fuzzer may report the end of TIME as a failure of the target, "context
# deadline exceeded" and nothing else (go.dev/issue/75804, mended in Go 1.27).
# A target that ended so, without an input that fails, is run again; a third
# time counts as a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:?usage: fuzz.sh TIME, for example 5s}
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cache=$(go env GOCACHE)/fuzz
export time work cache

# only_time_ended LOG - does it hold Go's mistake, and no finding?
only_time_ended() {
	grep -qx '    context deadline exceeded' "$1" &&
		! grep -qE 'Failing input written|^panic:|_test\.go:[0-9]+:|hung or terminated' "$1"
}

# fuzz PACKAGE NAME BINARY - in the package's folder, where its corpus is.
fuzz() {
	local try log="$3.$2"
	for try in 1 2 3; do
		if (cd "$1" && "$3" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$time" -test.parallel 1 -test.fuzzcachedir "$cache/$1") >"$log" 2>&1; then
			echo "fuzz $1 $2 for $time: $(grep '^fuzz: elapsed' "$log" | tail -n 1 | sed 's/.*execs: //')"
			return 0
		fi
		if [ "$try" = 3 ] || ! only_time_ended "$log"; then
			echo "fuzz $1 $2 for $time:"
			cat "$log"
			return 255 # xargs begins no other
		fi
		echo "fuzz $1 $2: the time ended between two inputs; once more"
	done
}
export -f fuzz only_time_ended

git ls-files '*_test.go' | xargs grep -HE '^func Fuzz[A-Za-z0-9_]*\(' |
	sed -E 's,^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*).*,./\1 \2,' >"$work/all"
while read -r pkg name; do
	if [ $# -gt 0 ] && [[ " $* " != *" $pkg "* ]]; then
		continue
	fi
	echo "$pkg $name $work/${pkg//[.\/]/_}"
done <"$work/all" >"$work/targets"
# The first alone: most of what the others need is compiled with it.
cut -d ' ' -f 1,3 "$work/targets" | uniq >"$work/builds"
head -n 1 "$work/builds" | xargs -L 1 bash -c 'go test -c -fuzz . -o "$1" "$0"'
xargs -P "$(nproc)" -L 1 bash -c 'test -e "$1" || go test -c -fuzz . -o "$1" "$0" || exit 255' <"$work/builds"
xargs -P "$(nproc)" -L 1 bash -c 'fuzz "$@"' fuzz <"$work/targets"
echo "fuzzed $(wc -l <"$work/targets") targets"
