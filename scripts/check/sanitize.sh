#!/usr/bin/env bash
# sanitize.sh - the C of engine/native under the compilers' eyes: warnings are
# errors with gcc and with clang; then the tests of every operation and of tiny
# models run under AddressSanitizer and UndefinedBehaviorSanitizer, at every level
# of instructions of this machine. gcc and clang are installed where they are
# missing (need.sh); arm64.sh has the warnings of arm64.
set -euo pipefail
cd "$(dirname "$0")"
./need.sh gcc gcc libc6-dev
clang=
for c in clang-19 clang; do
	if [ -z "$clang" ] && { command -v "$c" >/dev/null || ./need.sh "$c" "$c"; }; then
		clang=$c
	fi
done
[ -n "$clang" ] || { echo "sanitize.sh: no clang" >&2; exit 1; }

cd ../../engine/native
# warn COMPILER FLAGS … - from the end, for isa_scalar.c takes longest.
warn() {
	echo "sanitize.sh: $("$1" --version | head -n 1): -Wall -Wextra -Werror"
	printf '%s\n' *.c | sort -r | xargs -P "$(nproc)" -I{} "$@" -std=c11 -Wall -Wextra -Werror {}
}
warn gcc -O3 -o /dev/null -c
warn "$clang" -fsyntax-only # what clang warns of, it knows before it compiles

# The kernels are one function each when inlined, and compile at -O1 here, a third
# of the time of -O3 (native_cgo.go). Undefined behaviour is a trap; that a pointer
# is not NULL and its object large enough is AddressSanitizer's to see. The
# reference in Go is not checked here, only waited for.
echo "sanitize.sh: AddressSanitizer with leaks, UndefinedBehaviorSanitizer"
flags="-g1 -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=null,object-size"
CC=gcc ASAN_OPTIONS=detect_leaks=1 CGO_CFLAGS=$flags go test -asan -count=1 -timeout 15m \
	-gcflags=github.com/assaynet/assay/engine/arith=-asan=false \
	-run 'Linear|Quantisation|Norms|Functions|Attention|Families|Company|Failures|Interleave|Closed|CutOff|Watch|Memory|Pages' .
