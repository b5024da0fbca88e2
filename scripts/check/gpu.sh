#!/usr/bin/env bash
# gpu.sh build FILE | run FILE - the contract of a backend, bits of every type and
# family included, on the GPUs of a machine. build makes FILE, a test's program,
# where Go is; run needs nothing but FILE and NVIDIA's driver. Where
# compute-sanitizer is, it looks at the accesses of a part of the tests, too.
set -euo pipefail
what=${1-} file=${2-}
[ -n "$file" ] || { echo 'usage: gpu.sh build FILE | run FILE' >&2; exit 2; }
case $what in
build)
	cd "$(dirname "$0")/../.."
	CGO_ENABLED=0 go test -c -o "$file" ./engine/cuda
	;;
run)
	export ASSAY_CUDA=1
	"$file" -test.v -test.run TheDevice
	if command -v compute-sanitizer >/dev/null; then
		for tool in memcheck racecheck; do
			compute-sanitizer --tool "$tool" --error-exitcode 1 "$file" -test.run 'TheDevice//company'
		done
	fi
	;;
*)
	echo "gpu.sh: $what: build or run" >&2
	exit 2
	;;
esac
