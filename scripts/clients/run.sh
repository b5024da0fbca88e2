#!/usr/bin/env bash
# run.sh [PART...] - clients of others, as their users start them, against assay serve on
# loopback: installs them once into the user's cache, serves the real model, and has
# each do its work. Without a PART all of them:
#
#   openai anthropic ollama langchain litellm   Python's packages
#   npm            the AI SDK and npm's openai
#   agents         opencode and codex, each of which does a task with a tool
#   lm-eval        lm-evaluation-harness, beside the engine alone
#   schemathesis   random requests by the server's own description
#   openai-tests   the tests in the source of Python's openai
#   llama-tests    the tests in the source of llama.cpp's server
#
# The first three alone install those three packages, beside no other and without a
# virtual environment: `.ci/run` has them do their work.
#
# What each does and what is excepted is in README.md.
set -euo pipefail
cd "$(dirname "$0")/../.."

parts=${*:-openai anthropic ollama langchain litellm npm agents lm-eval schemathesis openai-tests llama-tests}
here=scripts/clients
cache=${XDG_CACHE_HOME:-$HOME/.cache}/assay/clients
venv=$cache/venv-$(sha256sum <$here/requirements.txt | cut -c1-8)
npm=$cache/npm-$(sha256sum <$here/package.json | cut -c1-8)
python=("$venv/bin/python" -B)
mkdir -p "$cache"

say() { printf '%s\n' "$*" >&2; }

model=$(./scripts/fetch/model.sh smollm2-135m | tail -n 1)
tmp=$(mktemp -d)
served=
trap '[ -z "$served" ] || { kill "$served" && wait "$served" || true; }; rm -rf "$tmp"' EXIT
mkdir -p build && go build -buildvcs=auto -o build/ ./cmd/assay
if [[ " $parts " =~ ^(\ (openai|anthropic|ollama))+\ $ ]]; then
	light=$cache/light-$(sha256sum <$here/requirements.txt | cut -c1-8)
	python=(python3 -B)
	export PYTHONPATH=$light
	if [ ! -f "$light/installed" ]; then
		say "installing the Python packages of openai, anthropic and ollama into $light"
		grep -E '^(openai|anthropic|ollama)==' $here/requirements.txt >"$tmp/light.txt"
		python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$light" -r "$tmp/light.txt"
		touch "$light/installed"
	fi
elif [ ! -f "$venv/installed" ]; then
	say "installing the Python packages of requirements.txt into $venv (minutes)"
	python3 -m venv "$venv"
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r $here/requirements.txt
	touch "$venv/installed"
fi

# source PACKAGE==VERSION - a package's unpacked source.
source_of() {
	local dir=$cache/${1/==/-}
	if [ ! -d "$dir" ]; then
		say "fetching the source of $1"
		"$venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest "$tmp/source" "$1" >&2
		mkdir -p "$dir.part"
		tar -xzf "$tmp"/source/*.tar.gz -C "$dir.part" --strip-components 1
		rm -rf "$tmp/source"
		mv "$dir.part" "$dir"
	fi
	printf '%s\n' "$dir"
}

# serve FLAG... - starts the server, by FLAGs beside those that all have.
serve() {
	[ -z "$served" ] || { kill "$served" && wait "$served" || true; }
	port=$("${python[@]}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	build/assay serve --listen "127.0.0.1:$port" "$@" 2>"$tmp/log" &
	served=$!
	local end=$((SECONDS + 300))
	while kill -0 "$served" && [ $SECONDS -lt $end ]; do
		if "${python[@]}" -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/health')" 2>/dev/null; then break; fi
		sleep 0.1
	done
	export OPENAI_BASE_URL="http://127.0.0.1:$port/v1" ANTHROPIC_BASE_URL="http://127.0.0.1:$port" OLLAMA_HOST="http://127.0.0.1:$port"
}

# names NAME... - a folder with a model that comes to an end at once, for not all that
# is asked bounds an answer, under the names by which tests ask for it.
names() {
	rm -rf "$tmp/names" && mkdir "$tmp/names"
	go run ./$here/scripted -vocabulary "$model" -call none "$tmp/names/$1.gguf"
	for name in "${@:2}"; do ln -s "$1.gguf" "$tmp/names/$name.gguf"; done
	printf '%s\n' "$tmp/names"
}

# client NAME COMMAND... - has one do its work, or shows what the server said.
client() {
	"${@:2}" || {
		say "run.sh: $1 failed; the server said:"
		cat "$tmp/log" >&2
		exit 1
	}
}

has_npm() {
	command -v npm >/dev/null || { say "npm is not there: its clients were not tried"; return 1; }
	if [ ! -f "$npm/installed" ]; then
		mkdir -p "$npm" && cp $here/package.json "$npm/"
		npm install --prefix "$npm" --no-audit --no-fund --silent || exit # else those that came before it failed would be tried
		touch "$npm/installed"
	fi
}

key=$(build/assay serve --api-key-file "$tmp/keys" --new-key client 2>/dev/null)
export OPENAI_API_KEY="$key" ANTHROPIC_API_KEY="$key" OLLAMA_API_KEY="$key" CLIENTS="$npm"
for part in $parts; do
	case $part in
	openai | anthropic | ollama | langchain | litellm | npm | lm-eval) serve --api-key-file "$tmp/keys" --model "$model" ;;
	esac
	case $part in
	openai) client "$part" "${python[@]}" $here/openai_client.py build/assay "$model" ;;
	anthropic | ollama | langchain | litellm) client "$part" "${python[@]}" "$here/${part}_client.py" ;;
	npm) if has_npm; then client "$part" node $here/ai_sdk.mjs; fi ;;
	agents)
		if has_npm; then
			go build -o "$tmp/scripted" ./$here/scripted
			$here/agents.sh "$PWD/build/assay" "$tmp/scripted" "$model" "$npm" "$tmp/agents"
		fi
		;;
	lm-eval)
		go build -o "$tmp/direct" ./$here/direct
		mkdir "$tmp/lm-eval"
		client "$part" "${python[@]}" $here/lm_eval_client.py "$tmp/direct" "$model" "$tmp/lm-eval"
		;;
	schemathesis)
		serve --model "$(names scripted)"
		client "$part" $here/schemathesis.sh "$venv/bin/schemathesis" "http://127.0.0.1:$port"
		;;
	openai-tests)
		dir=$(source_of openai==3.57.0)
		serve --model "$(names gpt-6-astra gpt-3.5-turbo-instruct text-embedding-3-small model)"
		TEST_API_BASE_URL="http://127.0.0.1:$port/v1" client "$part" "${python[@]}" $here/suite.py "openai's own tests" "$dir" "$PWD/$here/openai_exceptions.txt" \
			tests/api_resources/{chat/test_completions,test_completions,test_embeddings,test_models,test_responses}.py
		;;
	llama-tests)
		source=$(scripts/bench/peers/build.sh source)
		mkdir -p "$tmp/llama/tools/server" "$tmp/llama/models" "$tmp/llama/random"
		cp -r "$source/tools/server/tests" "$tmp/llama/tools/server/" # some write beside themselves
		cp -r "$source/models/templates" "$tmp/llama/models/"
		go build -o "$tmp/llama/scripted" ./$here/scripted
		PORT=$("${python[@]}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])') \
			LLAMA_SERVER_BIN_PATH="$PWD/$here/llama_server.py" PYTHONPATH="$PWD/$here" \
			ASSAY="$PWD/build/assay" ASSAY_SCRIPTED="$tmp/llama/scripted" ASSAY_VOCABULARY="$model" ASSAY_MODELS="$tmp/llama/random" \
			"${python[@]}" $here/suite.py "llama.cpp's own tests" "$tmp/llama/tools/server/tests" "$PWD/$here/llama_exceptions.txt" \
			-p llama_plugin -m "not slow" unit/
		;;
	*)
		say "run.sh: there is no part $part"
		exit 2
		;;
	esac
done
