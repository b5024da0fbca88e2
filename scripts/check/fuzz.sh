#!/usr/bin/env bash
# fuzz.sh TIME - runs every fuzz target of the tree for TIME, one after another.
#
# Go's fuzzer may report the end of TIME as a failure of the target, "context
# deadline exceeded" and nothing else (go.dev/issue/75804, mended in Go 1.27).
# A target that ended so, without an input that fails, is run again; a third
# time counts as a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:?usage: fuzz.sh TIME, for example 5s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# only_time_ended - does the log hold Go's mistake, and no finding?
only_time_ended() {
	grep -qx '    context deadline exceeded' "$log" &&
		! grep -qE 'Failing input written|^panic:|_test\.go:[0-9]+:|hung or terminated' "$log"
}

# fuzz PACKAGE NAME
fuzz() {
	local try
	for try in 1 2 3; do
		if go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" "$1" 2>&1 | tee "$log"; then
			return 0
		fi
		if [ "$try" = 3 ] || ! only_time_ended; then
			return 1
		fi
		echo "fuzz $1 $2: the time ended between two inputs; once more"
	done
}

count=0
while IFS=: read -r file line; do
	name=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/' <<<"$line")
	pkg=./$(dirname "$file")
	echo "fuzz $pkg $name for $time"
	fuzz "$pkg" "$name"
	count=$((count + 1))
done < <(git ls-files '*_test.go' | xargs grep -HE '^func Fuzz[A-Za-z0-9_]*\(' | sed -E 's/^([^:]*):/\1:/')
echo "fuzzed $count targets"
[ "$count" -gt 0 ]
