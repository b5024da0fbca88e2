#!/usr/bin/env bash
# run.sh [FLAG…] - fetches the model, builds the programs and the one that
# cheats, and runs assay devnet with the flags (assay devnet --help lists them).
# MODEL=/some/file.gguf takes a file instead of the fetched one.
set -euo pipefail
cd "$(dirname "$0")/../.."

start=$SECONDS
model=$(./scripts/fetch/model.sh | tail -n 1)
echo "model: $model ($((SECONDS - start)) s)"

start=$SECONDS
echo "building miner, validator, assay (the first time takes some minutes)"
go build -o build/ ./cmd/... ./scripts/adversary/liar ./scripts/demo/readers
echo "built ($((SECONDS - start)) s)"

keep=--keep
for flag in "$@"; do [[ $flag != --dir* ]] || keep=; done
exec build/assay devnet --model "$model" $keep "$@"
