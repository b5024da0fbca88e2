#!/usr/bin/env bash
# The kernels of arm64, bit for bit, on any machine: builds the tests of engine/native with a cross compiler and runs them under
# qemu-user, with the golden states of the real model. Needs aarch64-linux-gnu-gcc and qemu-aarch64 (Debian packages
# gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user).
set -euo pipefail
cd "$(dirname "$0")/.."
for need in aarch64-linux-gnu-gcc qemu-aarch64; do
	command -v "$need" >/dev/null || { echo "arm64.sh: $need is missing" >&2; exit 1; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=1 GOARCH=arm64 CC=aarch64-linux-gnu-gcc go test -c -o "$dir/native.test" ./engine/native
run=${1:-'Linear|Quantisation|Norms|Functions|Attention|Families|Company|Failures|RealModel'}
cd engine/native
qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu "$dir/native.test" -test.run "$run" -test.timeout 30m
