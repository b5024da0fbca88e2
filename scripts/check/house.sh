#!/usr/bin/env bash
# house.sh - rules of the house that the linter cannot see.
set -eu
cd "$(dirname "$0")/../.."
fail=0
say() {
	printf '%s\n%s\n' "$1" "$2" >&2
	fail=1
}

# cgo has one home.
found=$(go list -f '{{if .CgoFiles}}{{.ImportPath}}{{end}}' ./... | grep -vE '/engine/native$' | grep . || true)
[ -z "$found" ] || say 'cgo outside engine/native:' "$found"

# A rule about packages that are gone holds for nothing.
there() { git ls-files -- "$1" | grep -q . || say "a rule in $2 about what is not there:" "$1"; }

# The core starts no goroutine.
core='protocol/ledger protocol/wire protocol/key protocol/params protocol/task scoring/fixed scoring/yuma scoring/preference'
found=$(grep -rnE '(^|[[:space:]{;])go[[:space:]]+(func|[A-Za-z_][A-Za-z0-9_.]*\()' --include='*.go' --exclude='*_test.go' $core || true)
[ -z "$found" ] || say 'goroutine in the core:' "$found"

# What is agreed on holds no float.
agreed='protocol/ledger protocol/wire protocol/task scoring'
found=$(grep -rnE '\bfloat(32|64)\b' --include='*.go' --exclude='*_test.go' $agreed | grep -v 'math.Float32frombits' || true)
[ -z "$found" ] || say 'float in agreed arithmetic:' "$found"

for package in $core $agreed; do
	there "$package" scripts/check/house.sh
done

# The linter's globs, the beginnings of its regular expressions, and its imports;
# {a,b} is written out.
rules=$({
	grep -oE '\$\{base-path\}/[^"]+' .golangci.yml | sed 's|.*base-path}/||; s|/\*.*||'
	grep -oE '\^[a-z(][a-z/(|)]*/' .golangci.yml | tr -d '^' | sed 's|/$||' | tr '(|)' '{,}'
	grep -oE 'github.com/assaynet/assay/[a-z/]+' .golangci.yml | sed 's|.*/assay/||'
} | tr '\n' ' ')
for path in $(set -f && eval "printf '%s\n' $rules" | sort -u); do
	there "$path" .golangci.yml
done

# Files stay small enough to read.
found=$(git ls-files '*.go' '*.c' '*.h' | grep -v '_gen\.go$' | xargs wc -l | awk '$1>600 && $2!="total"{print $1" "$2}')
[ -z "$found" ] || say 'files above 600 lines:' "$found"

# Comments have one width: 80 columns of text, tables and directives apart.
found=$(git ls-files '*.go' | python3 -c '
import re, sys
wide = re.compile(r"\s*// .{82}")
for name in sys.stdin.read().split():
    for n, line in enumerate(open(name, encoding="utf-8"), 1):
        if wide.match(line):
            print(f"{name}:{n}")
')
[ -z "$found" ] || say 'comments wider than 80 columns:' "$found"

# Only the fixed names stand at the top.
found=$(git ls-files | cut -d/ -f1 | sort -u | grep -vE '^(miner|validator|protocol|scoring|engine|cmd|scripts|go\.mod|go\.sum|Makefile|README\.md|\..*)$' || true)
[ -z "$found" ] || say 'unexpected names at the top level:' "$found"

# scripts/README.md says what each script is for.
for name in $(git ls-files scripts | cut -d/ -f2-3 | grep -v '^simtest/.*\.go$' | sort -u); do
	grep -qF "\`$name" scripts/README.md || [ "$name" = README.md ] || say 'a script without a line in scripts/README.md:' "$name"
done

# README.md names tests that there are.
for name in $(grep -oE '\`Test[A-Za-z]+' README.md | tr -d '\`'); do
	git grep -q "^func $name(" -- '*_test.go' || say 'a test that README.md names and nobody has:' "$name"
done

# Every document that is cited is here. Test data may speak of what it likes, but
# for its README.
for name in $(git grep -ohIE '[A-Za-z0-9_./-]*[A-Za-z0-9_-]\.md\b' -- '*.go' '*.c' '*.h' '*.sh' '*.py' '*.yml' '*.md' Makefile .ci | sed 's|^\(\.*/\)*||' | sort -u); do
	git ls-files -- "$name" "**/$name" | grep -q . || say 'a document that is cited and not here:' "$(git grep -nIF "$name" -- ':!*testdata/*.txt' ':!*testdata/*.json')"
done

exit $fail
