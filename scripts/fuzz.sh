#!/usr/bin/env bash
# fuzz.sh TIME - runs every fuzz target of the tree for TIME, one after another.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?usage: fuzz.sh TIME, for example 5s}
count=0
while IFS=: read -r file line; do
	name=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/' <<<"$line")
	pkg=./$(dirname "$file")
	echo "fuzz $pkg $name for $time"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "$pkg"
	count=$((count + 1))
done < <(git ls-files '*_test.go' | xargs grep -HE '^func Fuzz[A-Za-z0-9_]*\(' | sed -E 's/^([^:]*):/\1:/')
echo "fuzzed $count targets"
[ "$count" -gt 0 ]
