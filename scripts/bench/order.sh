#!/usr/bin/env bash
# order.sh [ROUNDS [LEVEL]] - what exactness costs: the kernels as they are
# beside the same kernels in a build whose sums are in free order (no chunks, and
# the compiler may reassociate), in alternation on one thread and on two. Five
# rounds at the best level of this machine unless told otherwise. Prints the median
# speeds and their ratio; free order gives other bits and is for this alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
free="-O2 -DENG_FREE_ORDER -fassociative-math -fno-signed-zeros -fno-trapping-math -freciprocal-math"
go test -c -o "$dir/exact" ./engine/native
CGO_CFLAGS=$free go test -c -o "$dir/free" ./engine/native
cd engine/native
level=${2:-$("$dir/exact" -test.run NoLevel -test.v | sed -n 's/.*tested at \(.*\); this.*/\1/p' | tr -d ' ' | tr , '\n' | grep -v emulated | tail -n 1)}
for ((i = 1; i <= rounds; i++)); do
	for build in exact free; do
		echo "order.sh: $build, $i of $rounds" >&2
		"$dir/$build" -test.run '^$' -test.bench "(Prefill|Decode)/$level/" -test.benchtime 0.5s |
			awk -v build="$build" '/^Benchmark/ { for (i = 2; i < NF; i++) if ($(i+1) == "tokens/s") print build, $1, $i }'
	done
done >"$dir/log"
awk '
	{ n[$1, $2]++; v[$1, $2, n[$1, $2]] = $3; if (!seen[$2]++) names[++count] = $2 }
	function median(b, name,   i, j, k, x) {
		k = n[b, name]
		for (i = 1; i <= k; i++) x[i] = v[b, name, i]
		for (i = 2; i <= k; i++) for (j = i; j > 1 && x[j] < x[j-1]; j--) { t = x[j]; x[j] = x[j-1]; x[j-1] = t }
		return k % 2 ? x[(k+1)/2] : (x[k/2] + x[k/2+1]) / 2
	}
	END {
		print "| benchmark | exact, tokens/s | free order | exact ÷ free |"
		print "|---|---|---|---|"
		for (i = 1; i <= count; i++) { e = median("exact", names[i]); f = median("free", names[i]); printf "| %s | %.0f | %.0f | %.3f |\n", names[i], e, f, e / f }
	}' "$dir/log"
