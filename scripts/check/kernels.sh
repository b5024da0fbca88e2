#!/usr/bin/env bash
# kernels.sh [--write] - the PTX of engine/cuda/ptx is what clang 19 makes of
# engine/cuda/kernels, byte for byte; with --write it becomes so. clang is installed
# where it is missing (need.sh).
#
# Contraction stays off: left to itself, clang writes operations without .rn, which
# an assembler may fuse. sm_61 is the first with dp4a; drivers compile it for all
# newer devices. PTX 6.0 is the first with shuffles that name their lanes.
set -euo pipefail
cd "$(dirname "$0")"
./need.sh clang++-19 clang-19
cd ../../engine/cuda
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
printf '%s\n' kernels/*.cu | xargs -P "$(nproc)" -I{} sh -c 'clang++-19 -x cuda --cuda-device-only -nocudainc -nocudalib -std=c++20 -O3 \
	-ffp-contract=off -fno-fast-math -Wall -Wextra -Werror -S --cuda-gpu-arch=sm_61 --cuda-feature=+ptx60 "$2" -o "$1/$(basename "$2" .cu).ptx"' sh "$out" {}
if [ "${1-}" = --write ]; then
	rm -f ptx/*.ptx
	cp "$out"/*.ptx ptx/
elif ! diff -rq "$out" ptx; then
	echo 'kernels.sh: ptx is not what kernels give; hint: make kernels, and commit it' >&2
	exit 1
fi
