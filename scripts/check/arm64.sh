#!/usr/bin/env bash
# arm64.sh - the kernels of arm64, bit for bit, on any machine: compiles them with
# warnings as errors, builds the tests with a cross compiler, and runs them under
# qemu-user: every operation and tiny models at each level, and the golden vectors
# of the real models, in Go too, whose compiler fuses operations on arm64 where it
# may; and the sandbox's programs, on both of its engines. The tools are installed
# where they are missing (need.sh).
set -euo pipefail
cd "$(dirname "$0")/../.."
run=()
cc=gcc
if [ "$(uname -m)" != aarch64 ]; then
	cc=aarch64-linux-gnu-gcc
	./scripts/check/need.sh "$cc" gcc-aarch64-linux-gnu libc6-dev-arm64-cross
	./scripts/check/need.sh qemu-aarch64 qemu-user
	run=(qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu)
fi
dir=$(mktemp -d)
native=
trap '[ -z "$native" ] || kill "$native" 2>/dev/null || true; rm -rf "$dir"' EXIT

echo "arm64.sh: $("$cc" --version | head -n 1): -Wall -Wextra -Werror"
printf '%s\n' engine/native/*.c | xargs -P "$(nproc)" -I{} "$cc" -std=c11 -O3 -Wall -Wextra -Werror -c {} -o /dev/null

# emulate PACKAGE TESTS - runs tests of a package on arm64.
emulate() {
	local to="$dir/${1//\//-}"
	CGO_ENABLED=1 GOARCH=arm64 CC=$cc go test -c -o "$to" "./$1"
	(cd "$1" && "${run[@]}" "$to" -test.run "$2" -test.timeout 30m -test.v >"$to.log" 2>&1) || { cat "$to.log" >&2; return 1; }
	echo "arm64.sh: $1: $2"
	grep -E 'instructions:|^--- PASS' "$to.log" | sed 's/.*: \(instructions: \)/\1/'
}
# Most of these have one thread, and take as long as all others together.
emulate engine/native 'NoLevel|Linear|Quantisation|Norms|Functions|Attention|Families|Company|Failures|RealModel' &
native=$!
emulate engine/arith 'IndependentProgram|FMA|TheirVectors'
# Of the golden runs those that sample: greedy ones are RealModel's, pages of long
# ones Attention's and Families', at each level, and a verification is GemmasRun's.
emulate engine 'GoldenRunsBeside/company/[23]|GemmasRun'
emulate scoring/synthetic/sandbox 'NothingGetsOut|EveryProblem' # fuel and output are those of amd64
wait "$native"
