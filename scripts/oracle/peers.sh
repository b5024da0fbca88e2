#!/usr/bin/env bash
# peers.sh - makes the test data that comes from other people's programs anew:
#
#   engine/arith/testdata/peers.json    logits of tiny models, by llama.cpp
#   engine/arith/testdata/blocks.json   blocks of weights, by the Python package gguf
#   engine/tokenizer/testdata/small-*   small vocabularies and token ids, by llama.cpp
#   engine/chattemplate/testdata/*.json what chat templates make, by Python's jinja2
#   engine/grammar/testdata/masks.json  tokens that grammars allow, by llguidance
#   …/masks_xgrammar.json               the same by xgrammar
#   cmd/internal/dawidskene/testdata    posteriors of labels, by crowd-kit
#
# and loads the data sets in cmd/internal/export/testdata with datasets, pandas and
# pyarrow, and takes a step of DPO over one with trl.
#
# It builds llama.cpp, which takes minutes, and installs gigabytes. Tests only compare with the files,
# which change where the models, the texts or those programs do: read the diff.
set -euo pipefail
cd "$(dirname "$0")/../.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
CMAKE_ARGS="-DGGML_NATIVE=ON -DGGML_OPENMP=OFF -DLLAVA_BUILD=OFF" \
	"$tmp/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r scripts/oracle/peers/requirements.txt
mkdir "$tmp/models"
go run ./scripts/oracle/peers "$tmp/models"
run() { "$tmp/venv/bin/python" "scripts/oracle/peers/$1.py" "${@:2}"; }
run logits "$tmp/models" engine/arith/testdata/peers.json
run blocks engine/arith/testdata/blocks.json
run vocabularies engine/tokenizer/testdata
run masks engine/grammar/testdata/masks.json
run confidence cmd/internal/dawidskene/testdata/crowdkit.json
"$tmp/venv/bin/python" scripts/oracle/chat.py "$(./scripts/fetch/templates.sh | tail -n 1)"

python3 -m venv "$tmp/data"
"$tmp/data/bin/python" -m pip install --quiet --disable-pip-version-check -r scripts/oracle/dataset/requirements.txt
"$tmp/data/bin/python" scripts/oracle/peers/masks_xgrammar.py engine/grammar/testdata/masks_xgrammar.json
"$tmp/data/bin/python" scripts/oracle/dataset/main.py cmd/internal/export/testdata/sets
