#!/usr/bin/env bash
# demo.sh demo|devnet - fetches the model, builds the programs, runs the network.
# MODEL=/some/file.gguf takes a file instead of the fetched one.
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=${1:?usage: demo.sh demo|devnet}

start=$SECONDS
model=$(./scripts/fetch/model.sh | tail -n 1)
echo "model: $model ($((SECONDS - start)) s)"

start=$SECONDS
echo "building miner, validator, assay (the first time takes some minutes)"
go build -o build/ ./cmd/... ./scripts/demo ./scripts/demo/adversary
echo "built ($((SECONDS - start)) s)"

dir=$(mktemp -d "${TMPDIR:-/tmp}/assay-$mode.XXXXXX")
exec build/demo -mode "$mode" -model "$model" -bin build -dir "$dir"
