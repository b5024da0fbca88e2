#!/usr/bin/env bash
# operating.sh - runs every command of validator/OPERATING.md, in their order, on a
# network of one validator in a directory of its own. A block of sh is run as it
# stands; one that runs a validator goes on in the background until the page stops it.
# Commands in sentences and tables are looked up: each must have its help.
set -euo pipefail
cd "$(dirname "$0")/../.."
page=validator/OPERATING.md
root=$PWD
tmp=$(mktemp -d)
pids=()
cleanup() {
	for pid in ${pids[@]+"${pids[@]}"}; do kill -KILL "$pid" 2>/dev/null || true; done
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() { printf '%s\n' "$*" >&2; }
die() {
	say "operating.sh: $1"
	exit 1
}

./scripts/check/need.sh curl curl

# The programs, and the model that a network pays for by default.
bin=${BIN:-$tmp/bin}
[ -n "${BIN:-}" ] || go build -o "$bin/" ./cmd/validator ./cmd/assay
model=$(./scripts/fetch/model.sh | tail -n 1)
[ -f "$model" ] || die "there is no model; make model fetches it"

export PATH="$bin:$PATH" HOME="$tmp/home" ASSAY_PASSPHRASE=correct-horse-battery XDG_CACHE_HOME="${XDG_CACHE_HOME:-$HOME/.cache}"
export ASSAY_MODEL="$model" ASSAY_NODE=http://127.0.0.1:29660
mkdir -p "$HOME" "$tmp/work" "$tmp/blocks"
cd "$tmp/work"

# Ports of its own, so that a node of this machine is left alone, below those that the
# system hands out to whatever else runs.
awk -v dir="$tmp/blocks" '
	/^```sh$/ {n++; on=1; file=sprintf("%s/%03d", dir, n); next}
	/^```$/ {on=0; next}
	on {print > file}
' "$root/$page"
sed -i -E 's/\b(96[67][0-2])\b/2\1/g' "$tmp/blocks"/*

# up HOME: waits until the validator of a home makes blocks.
up() {
	local end=$((SECONDS + 600)) # a stop-gap: a block comes in a second, or never
	while [ $SECONDS -lt $end ]; do
		height=$(validator status --home "$1" 2>/dev/null | sed -n 's/^height *\([0-9]*\).*/\1/p' || true)
		[ "${height:-0}" -gt "${2:-2}" ] && return
		kill -0 "${pids[-1]}" 2>/dev/null || break
		sleep 0.5
	done
	tail -n 20 "$tmp/log" >&2
	validator status --home "$1" >&2 || true
	die "the validator of $1 does not get past block ${2:-2}"
}

ran=0 height=0
for block in "$tmp/blocks"/*; do
	say "$ $(head -n 1 "$block")"
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		ran=$((ran + 1))
		if [[ $line == "validator run"* ]]; then
			home=$(sed -n 's/.*--home \([^ ]*\).*/\1/p' <<<"$line")
			home=${home:-\~/.assay/validator}
			home=${home/#\~/$HOME}
			bash -c "exec $line" >"$tmp/log" 2>&1 &
			pids+=($!)
			up "$home" "$height"
			continue
		fi
		bash -euo pipefail -c "$line" >"$tmp/out" 2>"$tmp/err" || {
			cat "$tmp/out" "$tmp/err" >&2
			die "a command of $page fails: $line"
		}
		if [[ $line == "kill "* ]]; then
			wait "${pids[-1]}" || die "the validator did not stop cleanly: $(tail -n 3 "$tmp/log")"
			unset 'pids[-1]'
		fi
	done <"$block"
done

# What sentences and tables name has its help, and its flags are there.
named=0
while IFS= read -r command; do
	words=() flags=() # words are a command's name up to its first flag
	for word in $command; do
		case $word in
		--*) flags+=("${word%%=*}") ;;
		[a-z]*) [ ${#flags[@]} -gt 0 ] || words+=("$word") ;;
		esac
	done
	help=$("${words[@]}" --help 2>&1) || die "$page names a command that is not there: $command"
	for flag in ${flags[@]+"${flags[@]}"}; do
		grep -qF -- "$flag" <<<"$help" || die "$page names a flag that is not there: $command"
	done
	named=$((named + 1))
done < <(sed '/^```/,/^```/d' "$root/$page" | grep -oE '`(validator|assay|miner) [^`]+`' | tr -d '`' | sort -u)
[ "$ran" -ge 25 ] && [ "$named" -ge 8 ] || die "$page has $ran commands in blocks and $named in sentences: fewer than it had"
say "ran $ran commands, and found the help of $named more"
