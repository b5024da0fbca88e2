#!/usr/bin/env bash
# run.sh - clients of others, as their users start them, against assay serve on
# loopback: installs them in a virtual environment, serves the real model, and has
# each do its work.
set -euo pipefail
cd "$(dirname "$0")/../.."

model=$(./scripts/fetch/model.sh smollm2-135m | tail -n 1)
mkdir -p build && go build -buildvcs=auto -o build/ ./cmd/assay
tmp=$(mktemp -d)
served=
trap '[ -z "$served" ] || { kill "$served" && wait "$served" || true; }; rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r scripts/clients/requirements.txt
port=$("$tmp/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
key=$(build/assay serve --api-key-file "$tmp/keys" --new-key client 2>/dev/null)
build/assay serve --listen "127.0.0.1:$port" --api-key-file "$tmp/keys" --model "$model" 2>"$tmp/log" &
served=$!
export OPENAI_BASE_URL="http://127.0.0.1:$port/v1" OPENAI_API_KEY="$key" ANTHROPIC_BASE_URL="http://127.0.0.1:$port" ANTHROPIC_API_KEY="$key"
export OLLAMA_HOST="http://127.0.0.1:$port" OLLAMA_API_KEY="$key" CLIENTS="$tmp"

# client NAME COMMAND... - has one do its work, or shows what the server said.
client() {
	"${@:2}" || {
		printf 'run.sh: %s failed; the server said:\n' "$1" >&2
		cat "$tmp/log" >&2
		exit 1
	}
}

python=("$tmp/venv/bin/python" -B)
client openai "${python[@]}" scripts/clients/openai_client.py build/assay "$model"
client anthropic "${python[@]}" scripts/clients/anthropic_client.py
client ollama "${python[@]}" scripts/clients/ollama_client.py
if command -v npm >/dev/null; then
	cp scripts/clients/package.json "$tmp/"
	npm install --prefix "$tmp" --no-audit --no-fund --silent
	client npm node scripts/clients/ai_sdk.mjs
else
	echo "npm is not there: its clients were not tried" >&2
fi
