#!/usr/bin/env bash
# gpu.sh build DIR | run DIR [MODEL] - what stands to be shown on a GPU, in one table
# of demands and figures. build puts the programs into DIR, where Go is; run builds
# nothing, needs DIR and NVIDIA's driver alone, and begins no model after five
# minutes. It has the contract of a backend, bits of every type and family included, run
# on each device; where compute-sanitizer is, it looks at the accesses of a part of
# that; runs of MODEL, which is SmolLM2 in DIR if it is there, are compared with the
# processor's, fingerprints included; then bench/gpu measures.
set -euo pipefail
what=${1-} dir=${2-}
[ -n "$dir" ] || { echo 'usage: gpu.sh build DIR | run DIR [MODEL]' >&2; exit 2; }
case $what in
build)
	cd "$(dirname "$0")/../.."
	mkdir -p "$dir"
	export CGO_ENABLED=0
	go test -c -o "$dir/cuda.test" ./engine/cuda
	go build -o "$dir/gpu" ./scripts/bench/gpu
	;;
run)
	export ASSAY_CUDA=1
	tests=kept sanitizer='not here'
	"$dir/cuda.test" -test.v -test.run TheDevice || tests=BROKEN
	if command -v compute-sanitizer >/dev/null; then
		sanitizer=clean
		for tool in memcheck racecheck; do
			compute-sanitizer --tool "$tool" --error-exitcode 1 "$dir/cuda.test" -test.run 'TheDevice//company' || sanitizer="$tool COMPLAINS"
		done
	fi
	model=${3-$dir/smollm2.gguf}
	[ -f "$model" ] || model=
	models=$(mktemp -d)
	trap 'rm -rf "$models"' EXIT
	"$dir/gpu" -models "$models" -real "$model" -tests "$tests" -sanitizer "$sanitizer"
	[ "$tests $sanitizer" = 'kept clean' ] || [ "$tests $sanitizer" = 'kept not here' ]
	;;
*)
	echo "gpu.sh: $what: build or run" >&2
	exit 2
	;;
esac
