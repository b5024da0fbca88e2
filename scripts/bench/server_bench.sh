#!/usr/bin/env bash
# server_bench.sh [ROUNDS] - llama.cpp's own load generator (its scripts/server-bench.py)
# before our server and before llama.cpp's, by turns (two ROUNDS unless said): sixteen
# clients that stream, prompts of 128 to 1,024 random tokens, answers of 128, over
# SmolLM2-135M-Instruct Q4_1, two threads each. It prints what the generator says, a
# line for each of its figures with both and their ratio.
#
# It builds llama.cpp once (peers/build.sh), and installs what the generator imports.
# load/ measures the same with prompts of text, and has the waits between tokens.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-2} clients=16 answer=128
cache=${XDG_CACHE_HOME:-$HOME/.cache}/assay
packages=$cache/clients/server-bench
tmp=$(mktemp -d)
served=
trap '[ -z "$served" ] || { kill "$served" && wait "$served" || true; }; rm -rf "$tmp"' EXIT

model=$(./scripts/fetch/model.sh smollm2-135m | tail -n 1)
llama=$(./scripts/bench/peers/build.sh | tail -n 1)
generator=$(./scripts/bench/peers/build.sh source)/scripts/server-bench.py
mkdir -p build && go build -buildvcs=auto -o build/ ./cmd/assay
if [ ! -f "$packages/installed" ]; then
	echo "installing what server-bench.py imports into $packages" >&2
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$packages" \
		datasets==5.2.0 matplotlib requests==2.34.2 tqdm
	touch "$packages/installed"
fi

# measured WHO COMMAND... - starts a server, has it asked, and notes the figures.
measured() {
	local end=$((SECONDS + 300))
	"${@:2}" >"$tmp/log" 2>&1 &
	served=$!
	until python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/health')" 2>/dev/null; do
		if ! kill -0 "$served" || [ $SECONDS -gt $end ]; then cat "$tmp/log" >&2; exit 1; fi
		sleep 0.1
	done
	(cd "$tmp" && PYTHONPATH=$packages LLAMA_ARG_N_PARALLEL=$clients python3 -B "$generator" --path_server "http://127.0.0.1:$port" \
		--prompt_source rng-128-1024 --n_prompts $clients --n_predict $answer --n_predict_min $answer --seed_offset "$round" 2>&1) | grep -E '^[A-Z].*:  ' >>"$tmp/$1"
	kill "$served" && wait "$served" || true
	served=
}

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ours=(measured ours build/assay serve --listen "127.0.0.1:$port" --threads 2 --log-level warn --model "$model")
theirs=(measured theirs "$llama/llama-server" -m "$model" --host 127.0.0.1 --port "$port" -t 2 -tb 2 -np $clients -c $((clients * 1280)) -cb -fa on --cache-ram 0)
for round in $(seq "$rounds"); do
	if [ $((round % 2)) = 1 ]; then "${ours[@]}"; "${theirs[@]}"; else "${theirs[@]}"; "${ours[@]}"; fi
done
python3 - "$tmp/ours" "$tmp/theirs" <<'END'
import re, statistics, sys
sides = []
for path in sys.argv[1:]:
    side = {}
    for line in open(path):
        name, value = line.split(":", 1)
        side.setdefault(name, []).append(float(re.search(r"[0-9.]+", value).group()))
    sides.append(side)
for name, ours in sides[0].items():
    a, b = statistics.median(ours), statistics.median(sides[1][name])
    print(f"{name:34} ours {a:10.2f}  theirs {b:10.2f}  ratio {a / b:.2f}")
END
