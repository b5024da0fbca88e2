#!/usr/bin/env bash
# kernels.sh [--write] - the PTX of engine/cuda/ptx is what clang 19 makes of
# engine/cuda/kernels, byte for byte; with --write it becomes so. clang is installed
# where it is missing (need.sh).
#
# Contraction stays off: left to itself, clang writes operations without .rn, which
# an assembler may fuse. sm_61 is the first with dp4a; drivers compile it for all
# newer devices. PTX 6.0 is the first with shuffles that name their lanes. matrix.cu
# and chunks.cu need matrix instructions for bytes: of sm_75, in PTX 6.5, and of
# sm_80, in 7.0. The kernels of a step of one token may begin early (early.cuh) from
# sm_90 on, in PTX 7.8.
set -euo pipefail
cd "$(dirname "$0")"
./need.sh clang++-19 clang-19
cd ../../engine/cuda
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for kernel in kernels/*.cu; do
	case $kernel in
	*/matrix.cu | */chunks.cu) printf '%s\n' "$kernel 75 65" "$kernel 80 70" ;;
	*/single.cu | */norm.cu | */rope.cu | */attention.cu) printf '%s\n' "$kernel 61 60" "$kernel 90 78" ;;
	*) echo "$kernel 61 60" ;;
	esac
done | xargs -P "$(nproc)" -L 1 sh -c 'mkdir -p "$0/sm_$2" && clang++-19 -x cuda --cuda-device-only -nocudainc -nocudalib -std=c++20 -O3 \
	-ffp-contract=off -fno-fast-math -Wall -Wextra -Werror -S --cuda-gpu-arch=sm_$2 --cuda-feature=+ptx$3 "$1" -o "$0/sm_$2/$(basename "$1" .cu).ptx"' "$out"
if [ "${1-}" = --write ]; then
	rm -rf ptx
	cp -r "$out" ptx
	chmod 755 ptx
elif ! diff -rq "$out" ptx; then
	echo 'kernels.sh: ptx is not what kernels give; hint: make kernels, and commit it' >&2
	exit 1
fi
