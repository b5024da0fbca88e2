#!/usr/bin/env bash
# The C of engine/native under the compilers' eyes: warnings are errors with each compiler there is, then the tests of every
# operation and of tiny models run under AddressSanitizer and UndefinedBehaviorSanitizer, at every level that the machine has.
set -euo pipefail
cd "$(dirname "$0")/../engine/native"
compilers=()
for cc in gcc clang clang-19 aarch64-linux-gnu-gcc; do
	command -v "$cc" >/dev/null && compilers+=("$cc")
done
for cc in "${compilers[@]}"; do
	echo "sanitize.sh: $cc -Wall -Wextra -Werror"
	for f in *.c; do
		"$cc" -std=c11 -O3 -Wall -Wextra -Werror -c "$f" -o /dev/null
	done
done
run='Linear|Quantisation|Norms|Functions|Attention|Families|Company|Failures|Closed'
echo "sanitize.sh: AddressSanitizer"
ASAN_OPTIONS=detect_leaks=0 go test -asan -count=1 -timeout 15m -run "$run" .
echo "sanitize.sh: UndefinedBehaviorSanitizer"
CGO_CFLAGS="-g -O1 -fsanitize=undefined -fno-sanitize-recover=all" CGO_LDFLAGS="-fsanitize=undefined" go test -count=1 -timeout 15m -run "$run" .
