#!/usr/bin/env bash
# peers.sh [OPTION…] [MODEL…] - measures our engine against llama.cpp on
# this machine, in alternation, and prints a table for each model: medians of
# ours and theirs, and the ratio.
#
# MODEL is a GGUF file, or one of
#   smollm2-135m         Q4_1, fetched (the default); any name of models.txt is
#   smollm2-135m-q8_0    the same, stored again as Q8_0 by llama.cpp's llama-quantize
#   random-1b-q8_0       random weights in the shape of a model with 10⁹ of them,
#   random-1b-q4_1       where memory rules
#   random-tiny-q4_1     the same of four heads and 512 words, to try long prompts with
#   all                  the two SmolLM2 and the two random ones, and gemma3-270m if models.txt has it
#
# --level LEVEL   native (the default), avx512, avxvnni or avx2: build theirs for
#                 no more than that, and force ours there (ASSAY_ISA)
# other options   -threads 2, -repeat 5, -backend native|arith, -parts speed,batch,verify,load
#                 (and long, longest: prompts of 8,192 and 32,768),
#                 -patience 0 (a time like 20m, to spend on each model on waiting for an
#                 idle machine and measuring again what others disturbed)
#
# The first run takes ten minutes or more, in which llama.cpp is built
# (peers/build.sh); everything made is kept in ~/.cache/assay/peers.
set -euo pipefail
cd "$(dirname "$0")"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/assay/peers
level=native
options=()
models=()

say() { printf '%s\n' "$*" >&2; }

# die MESSAGE HINT
die() {
	say "peers.sh: $1"
	say "hint: $2"
	exit 1
}

while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${0##*/}"
		exit
		;;
	--level | --level=*)
		if [ "$1" = --level ]; then shift; fi
		level=${1#--level=}
		;;
	-*=*) options+=("$1") ;;
	-*)
		options+=("$1" "${2:?an option needs a value}")
		shift
		;;
	all)
		models+=(smollm2-135m smollm2-135m-q8_0)
		if grep -q '^gemma3-270m ' ../fetch/models.txt; then models+=(gemma3-270m); fi
		models+=(random-1b-q8_0 random-1b-q4_1)
		;;
	*) models+=("$(if [ -f "$OLDPWD/$1" ]; then realpath "$OLDPWD/$1"; else printf '%s' "$1"; fi)") ;;
	esac
	shift
done
[ ${#models[@]} -gt 0 ] || models=(smollm2-135m)

llama=$(./peers/build.sh "$level" | tail -n 1)
say "building ours"
# Go's own build cache makes this quick when nothing changed.
ours=$cache/bench-peers
go build -o "$ours" ./peers

# made OUT COMMAND… - makes a model with a command that gets the file's name last, once.
made() {
	local out=$1
	shift
	if [ ! -f "$out" ]; then
		say "making ${out##*/}"
		"$@" "$out.part" >"$out.log" 2>&1 || die "$out could not be made: $(tail -n 1 "$out.log")" "read $out.log"
		mv "$out.part" "$out"
	fi
	printf '%s\n' "$out"
}

# requantized FROM OUT - FROM stored as Q8_0.
requantized() { "$llama/llama-quantize" --allow-requantize "$1" "$2" q8_0; }

# path_of MODEL - prints where a model is, after making or fetching it.
path_of() {
	case $1 in
	smollm2-135m-q8_0) made "$cache/SmolLM2-135M-Instruct.Q8_0.gguf" requantized "$(../fetch/model.sh smollm2-135m | tail -n 1)" ;;
	random-tiny-*) made "$cache/$1.gguf" "$ours" random -shape tiny -context 65536 -type "${1#random-tiny-}" ;;
	random-1b-*) made "$cache/$1.gguf" "$ours" random -shape llama-1b -context 65536 -type "${1#random-1b-}" ;;
	/*) printf '%s\n' "$1" ;;
	*) ../fetch/model.sh "$1" | tail -n 1 ;;
	esac
}

paths=()
for m in "${models[@]}"; do
	path=$(path_of "$m")
	[ -f "$path" ] || die "there is no model $m" "give a GGUF file or a name that --help lists"
	paths+=("$path")
done

if [ "$level" != native ]; then export ASSAY_ISA=$level; fi
exec "$ours" compare -llama "$llama" -level "$level" "${options[@]}" "${paths[@]}"
