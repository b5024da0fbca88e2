#!/usr/bin/env bash
# build.sh [LEVEL] - builds llama.cpp in its strongest form into the user's
# cache, once for each version, compiler and kind of CPU, and prints the
# directory of its programs as the last line of standard output. Everything else
# goes to standard error.
#
# LEVEL is native (the default: every instruction of this CPU), avx512, avxvnni
# or avx2: what a CPU that stops there would run. With source it builds nothing,
# and prints the directory of the source.
#
# The source is the one that the Python package llama-cpp-python carries. The
# strongest form found: clang 19, every instruction, ggml's own threads instead
# of OpenMP. CLANG=clang-16 takes another compiler, JOBS=1 one compiler at a time.
set -euo pipefail

version=0.3.36
sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
clang=${CLANG:-clang-19}
level=${1:-native}
targets=(llama-bench llama-batched-bench llama-quantize llama-server)

cache=${XDG_CACHE_HOME:-$HOME/.cache}/assay/peers
sdist=$cache/llama_cpp_python-$version.tar.gz

say() { printf '%s\n' "$*" >&2; }

# die MESSAGE HINT
die() {
	say "build.sh: $1"
	say "hint: $2"
	exit 1
}

# need PROGRAM DEBIAN-PACKAGE - installs the package where we may.
need() {
	command -v "$1" >/dev/null && return
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		say "installing $2"
		{ apt-get update -q && apt-get install -qy "$2"; } >"$cache/apt.log" 2>&1 && command -v "$1" >/dev/null && return
		say "$(tail -n 3 "$cache/apt.log")"
	fi
	die "$1 is not installed" "install it (Debian: apt-get install $2)$3"
}

# fetch - the package's source; its name and version are all that pip is told.
fetch() {
	local tmp
	mkdir -p "$cache"
	[ -f "$sdist" ] && return
	python3 -m pip --version >/dev/null 2>&1 || die "python3 has no pip, which fetches llama.cpp's source" "install it (Debian: apt-get install python3-pip)"
	tmp=$(mktemp -d "$cache/.fetch.XXXXXX")
	say "fetching the source of llama-cpp-python $version (77 MB)"
	if ! python3 -m pip download --disable-pip-version-check --no-input --no-deps --no-cache-dir --quiet \
		--no-binary llama-cpp-python --dest "$tmp" "llama-cpp-python==$version" >&2; then
		rm -rf "$tmp"
		die "pip could not download llama-cpp-python $version (its own words are above)" "check the connection to your Python package index and try again"
	fi
	if [ "$(sha256sum <"$tmp/${sdist##*/}" | cut -d' ' -f1)" != "$sha256" ]; then
		rm -rf "$tmp"
		die "what pip fetched for llama-cpp-python $version has another SHA-256 than this script says" "the source has changed or something tampers with the connection; do not use it"
	fi
	mv "$tmp/${sdist##*/}" "$sdist"
	rm -rf "$tmp"
}

# unpack DIRECTORY - llama.cpp alone out of the package.
unpack() {
	[ -d "$1" ] && return
	rm -rf "$1.part"
	mkdir -p "$1.part"
	tar -xzf "$sdist" -C "$1.part" --strip-components=3 "llama_cpp_python-$version/vendor/llama.cpp"
	mv "$1.part" "$1"
}

if [ "$level" = source ]; then
	[ -d "$cache/llama.cpp-$version" ] || fetch
	unpack "$cache/llama.cpp-$version"
	printf '%s\n' "$cache/llama.cpp-$version"
	exit
fi

avx2=(-DGGML_NATIVE=OFF -DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_BMI2=ON -DGGML_FMA=ON -DGGML_F16C=ON)
case $level in
native) instructions=(-DGGML_NATIVE=ON) ;;
avx2) instructions=("${avx2[@]}") ;;
avxvnni) instructions=("${avx2[@]}" -DGGML_AVX_VNNI=ON) ;;
avx512) instructions=("${avx2[@]}" -DGGML_AVX512=ON -DGGML_AVX512_VBMI=ON -DGGML_AVX512_VNNI=ON -DGGML_AVX512_BF16=ON) ;;
*) die "level $level is unknown" "the levels are native, avx512, avxvnni, avx2 and source" ;;
esac

mkdir -p "$cache"
need python3 python3 ""
need cmake cmake ""
need c++ g++ " for its headers"
need "$clang" "$clang" ", or name a version that your system has, like CLANG=clang-16; the table will say so"
clangxx=${clang/clang/clang++}
command -v "$clangxx" >/dev/null || die "$clangxx is not installed, though $clang is" "install the C++ half of the compiler"

# A build with GGML_NATIVE runs on this kind of CPU only.
cpu=$(sed -n 's/^\(flags\|Features\|model name\)[[:space:]]*: //p' /proc/cpuinfo | sort -u | sha256sum | cut -c1-8)
compiler=$("$clang" -dumpversion)
dir=$cache/llama.cpp-$version-clang$compiler-$cpu
[ "$level" = native ] || dir=$dir-$level
mkdir -p "$dir/bin"
loop=$(dirname "$0")/readloop.c.in # Go takes no .c beside its own
if [ ! "$dir/bin/readloop" -nt "$loop" ]; then
	"$clang" -O3 -march=native -pthread -o "$dir/bin/readloop" -x c "$loop" >&2 || die "the read loop did not compile" "its own words are above"
fi
if [ -f "$dir/built" ] && [ -x "$dir/bin/llama-server" ]; then
	printf '%s\n' "$dir/bin"
	exit
fi

fetch
unpack "$cache/llama.cpp-$version"
say "building llama.cpp with clang $compiler at low priority (ten minutes or more); log: $dir/build.log"
make_args=()
command -v ninja >/dev/null && make_args=(-G Ninja)
if ! {
	cmake "${make_args[@]}" -S "$cache/llama.cpp-$version" -B "$dir" -DCMAKE_BUILD_TYPE=Release \
		-DCMAKE_C_COMPILER="$clang" -DCMAKE_CXX_COMPILER="$clangxx" \
		"${instructions[@]}" -DGGML_OPENMP=OFF -DGGML_CCACHE=OFF -DBUILD_SHARED_LIBS=OFF \
		-DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_SERVER=ON -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF &&
		nice -n 19 cmake --build "$dir" -j"${JOBS:-2}" --target "${targets[@]}"
} >"$dir/build.log" 2>&1; then
	say "$(grep -m 5 -iE 'error|failed' "$dir/build.log")"
	die "llama.cpp did not build" "read $dir/build.log"
fi
printf '%s\n' "$("$clang" --version | head -n 1)" >"$dir/built"
printf '%s\n' "$dir/bin"
