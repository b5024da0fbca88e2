#!/usr/bin/env bash
# agents.sh ASSAY SCRIPTED VOCABULARY NPM DIR - coding agents from npm, offline, each of
# which has a task to do with a tool of its own, against assay serve over models
# that say what they are told to (SCRIPTED makes them, from the tokens of the
# model VOCABULARY). NPM has the packages; DIR is for homes and work.
set -euo pipefail

assay=$1 scripted=$2 vocabulary=$3 npm=$4 dir=$5
served=
trap '[ -z "$served" ] || { kill "$served" && wait "$served" || true; }' EXIT
mkdir -p "$dir/models" "$dir/home" "$dir/opencode" "$dir/codex"

version() { node -p "require('$npm/node_modules/$1/package.json').version"; }

# made NAME CALL - a model that makes one call, and is done when it hears what came of it.
made() { "$scripted" -vocabulary "$vocabulary" -call "$2" -end "It is done." "$dir/models/$1.gguf"; }

made opencode '{"name": "bash", "arguments": {"command": "echo 12 > made.txt", "description": "Make the file"}}'
made codex '{"name": "exec_command", "arguments": {"cmd": "echo 34 > made.txt"}}'
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
"$assay" serve --listen "127.0.0.1:$port" --model "$dir/models" 2>"$dir/log" &
served=$!
url=http://127.0.0.1:$port/v1
end=$((SECONDS + 300))
while kill -0 "$served" && [ $SECONDS -lt $end ]; do
	if curl -sf "http://127.0.0.1:$port/health" >/dev/null; then break; fi
	sleep 0.1
done

# Nothing of the user's is seen, and nothing outside this machine is asked.
export HOME=$dir/home XDG_CONFIG_HOME=$dir/home/config XDG_DATA_HOME=$dir/home/data XDG_CACHE_HOME=$dir/home/cache XDG_STATE_HOME=$dir/home/state
export CODEX_HOME=$dir/home/codex OPENAI_API_KEY=none
export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9 HTTPS_PROXY=http://127.0.0.1:9 no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
export OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_LSP_DOWNLOAD=1 OPENCODE_DISABLE_DEFAULT_PLUGINS=1
mkdir -p "$CODEX_HOME"

# did NAME VALUE COMMAND... - runs an agent in its folder; the file that it was to
# make is there, and it has said that it is done.
did() {
	local name=$1 value=$2
	cd "$dir/$name"
	git init --quiet 2>/dev/null || true
	timeout 600 "${@:3}" >"$dir/$name.out" 2>&1 </dev/null || { tail -n 40 "$dir/$name.out" "$dir/log" >&2; echo "agents.sh: $name failed" >&2; exit 1; }
	if [ "$(cat made.txt 2>/dev/null)" != "$value" ] || ! grep -q "It is done" "$dir/$name.out"; then
		tail -n 40 "$dir/$name.out" "$dir/log" >&2
		echo "agents.sh: $name did not do its task" >&2
		exit 1
	fi
}

cat >"$dir/opencode/opencode.json" <<END
{"\$schema": "https://opencode.ai/config.json", "autoupdate": false, "share": "disabled", "permission": {"bash": "allow"},
 "provider": {"assay": {"npm": "@ai-sdk/openai-compatible", "name": "Assay", "options": {"baseURL": "$url", "apiKey": "none"},
  "models": {"opencode": {"name": "scripted", "limit": {"context": 65536, "output": 4096}}}}},
 "model": "assay/opencode", "small_model": "assay/opencode"}
END
did opencode 12 "$npm/node_modules/.bin/opencode" run "Write 12 to made.txt."
echo "opencode-ai $(version opencode-ai): was asked for a file, called its tool bash, heard what came of it, and said that it is done"

cat >"$CODEX_HOME/config.toml" <<END
model = "codex"
model_provider = "assay"
model_context_window = 65536
check_for_update_on_startup = false
[model_providers.assay]
name = "Assay"
base_url = "$url"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
[analytics]
enabled = false
END
did codex 34 "$npm/node_modules/.bin/codex" exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox "Write 34 to made.txt."
echo "@openai/codex $(version @openai/codex): the same by its tool exec_command, over /v1/responses"
