#!/usr/bin/env bash
# gpu.sh build DIR | run DIR [MODEL] - what stands to be shown on a GPU, in one table
# of demands and figures. build puts the programs into DIR, where Go is, for the
# GOARCH of the machine that has the GPU. run builds nothing, needs DIR and NVIDIA's
# driver alone, and ends within ten minutes whatever hangs (GPU_SECONDS, 570). It has the
# contract of a backend, bits of every type and family included, run on each device;
# where compute-sanitizer is, it looks at the accesses of a part of that; runs of MODEL,
# which is SmolLM2 in DIR if it is there, else of the first model of random weights, are
# compared with the processor's, fingerprints included; then bench/gpu measures. It
# fails where bits are wrong or something did not end; demands that are not met are
# marked in the table.
set -euo pipefail
what=${1-} dir=${2-}
[ -n "$dir" ] || { echo 'usage: gpu.sh build DIR | run DIR [MODEL]' >&2; exit 2; }

# left is how many seconds there are still, but for so many.
left() { echo $((${GPU_SECONDS:-570} - SECONDS - $1 > 1 ? ${GPU_SECONDS:-570} - SECONDS - $1 : 1)); }

# outcome SECONDS FINE BAD CMD... runs a command and says FINE, BAD, or that it did not
# end in time.
outcome() {
	local most=$1 fine=$2 bad=$3 rc=0
	shift 3
	timeout -k 10 "$most" "$@" >&2 || rc=$?
	case $rc in
	0) echo "$fine" ;;
	124 | 137) echo "NOT DONE in $most s" ;;
	*) echo "$bad" ;;
	esac
}

case $what in
build)
	cd "$(dirname "$0")/../.."
	mkdir -p "$dir"
	export CGO_ENABLED=0 GOOS=linux
	go test -c -trimpath -ldflags='-s -w' -o "$dir/cuda.test" ./engine/cuda
	go build -trimpath -ldflags='-s -w' -o "$dir/gpu" ./scripts/bench/gpu
	git rev-parse HEAD >"$dir/commit"
	;;
run)
	dir=$(cd "$dir" && pwd)
	for program in cuda.test gpu; do
		[ -x "$dir/$program" ] || { echo "gpu.sh: $dir has no $program; hint: gpu.sh build $dir where Go is" >&2; exit 1; }
	done
	model=${3-$dir/smollm2.gguf}
	if [ -f "$model" ]; then model=$(realpath "$model"); else model=; fi
	[ ! -f "$dir/commit" ] || echo "programs of $(cat "$dir/commit")"
	# In containers the driver lies where the loader does not look.
	for lib in /usr/local/nvidia/lib64 /usr/local/nvidia/lib /usr/lib/wsl/lib /run/opengl-driver/lib; do
		[ ! -e "$lib/libcuda.so.1" ] || export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$lib"
	done
	PATH=$PATH:/usr/local/cuda/bin
	# Models take up to 9 GB at a time: where the most room is.
	room=$(df --output=avail,target "${TMPDIR:-/tmp}" /dev/shm "$dir" 2>/dev/null | sort -rn | awk '$1 + 0 > 0 { $1 = ""; print substr($0, 2); exit }') || true # one of them may not be there
	case $room in
	/dev/shm) ;;
	"$(df --output=target "$dir" | tail -1)") room=$dir ;;
	*) room=${TMPDIR:-/tmp} ;;
	esac
	models=$(mktemp -d "$room/gpu-models.XXXXXX")
	trap 'rm -rf "$models"' EXIT
	# What the driver has compiled for one process the next one finds; bench/gpu finds
	# nothing, and so times a first start.
	export ASSAY_CUDA=1 CUDA_CACHE_PATH=$models/compiled CUDA_CACHE_MAXSIZE=1073741824
	cd "$models"
	tests=$(outcome 150 kept BROKEN "$dir/cuda.test" -test.v -test.timeout 140s -test.run TheDevice)
	sanitizer='not here'
	if command -v compute-sanitizer >/dev/null; then
		sanitizer=
		for tool in memcheck racecheck; do
			sanitizer+="${sanitizer:+, }$tool $(outcome 60 clean COMPLAINS compute-sanitizer --tool "$tool" --error-exitcode 1 "$dir/cuda.test" -test.run 'TheDevice//company')"
		done
	fi
	# A table of what is there comes from gpu itself; what hangs in the driver is ended.
	rc=0
	export CUDA_CACHE_PATH=$models/compiled-anew
	timeout -k 10 "$(left 10)" "$dir/gpu" -models "$models" -real "$model" -tests "$tests" -sanitizer "$sanitizer" \
		-within "$(left 180)s" -end "$(left 40)s" || rc=$?
	[ $rc = 0 ] || echo "gpu.sh: gpu ended with $rc; what it knew is above" >&2
	[ $rc = 0 ] && [ "$tests" = kept ] && case $sanitizer in *COMPLAINS* | *NOT*) false ;; esac
	;;
*)
	echo "gpu.sh: $what: build or run" >&2
	exit 2
	;;
esac
