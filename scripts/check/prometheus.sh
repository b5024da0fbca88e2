#!/usr/bin/env bash
# prometheus.sh - what an operator is given for Prometheus and Grafana, under Debian's
# Prometheus: promtool takes the rules and the metrics of a validator that runs, one
# scrape brings them in, no rule fails, and each query of the dashboards is one, of
# which those about the node have an answer. Installs the package where it is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
./scripts/check/need.sh promtool prometheus
./scripts/check/need.sh curl curl
model=${MODEL:-$(./scripts/fetch/model.sh | tail -n 1)}
mkdir -p build
go build -buildvcs=auto -o build/ ./cmd/assay ./cmd/validator
dir=$(mktemp -d)
running=()
trap 'for p in "${running[@]}"; do kill "$p" || true; wait "$p" || true; done; rm -rf "$dir"' EXIT
export PATH=$PWD/build:$PATH ASSAY_PASSPHRASE=correct-horse
# port - one that is free, below those that are handed out.
port() { python3 -c 'import random, socket
while True:
    s, p = socket.socket(), random.randrange(12000, 32000)
    try: s.bind(("127.0.0.1", p))
    except OSError: continue
    print(p); break'; }
http=$(port) gossip=$(port) consensus=$(port) prometheus=$(port)

assay extras "$dir/extras" >/dev/null
promtool check rules "$dir/extras/assay-alerts.yml"

home=$dir/validator
for kind in hotkey coldkey; do assay wallet new --kind $kind --keys "$home/keys" --work-factor 1 --mnemonic=false >/dev/null; done
assay genesis new --name watched --pause 500ms >"$dir/draft.json"
assay genesis join "$dir/draft.json" --keys "$home/keys" --role validator --listen "/ip4/127.0.0.1/tcp/$gossip" --consensus "127.0.0.1:$consensus" >"$dir/own.json"
assay genesis make "$dir/draft.json" "$dir/own.json" >"$dir/genesis.json" 2>"$dir/made"
validator init --home "$home" --genesis "$dir/genesis.json" --model "$model" --listen "/ip4/127.0.0.1/tcp/$gossip" \
	--consensus-listen "127.0.0.1:$consensus" --http-listen "127.0.0.1:$http" >/dev/null
validator run --home "$home" 2>"$dir/validator.log" &
running+=($!)
end=$((SECONDS + 600)) # a stop-gap: a block comes in a second, or never
while kill -0 "${running[0]}" && [ $SECONDS -lt $end ]; do
	curl -sf "http://127.0.0.1:$http/metrics" >"$dir/metrics" && grep -qE '^assay_node_height ([3-9]|[0-9]{2,})' "$dir/metrics" && break
	sleep 0.5
done
grep -qE '^assay_node_height ([3-9]|[0-9]{2,})' "$dir/metrics" || { tail -n 20 "$dir/validator.log" >&2; exit 1; }
promtool check metrics <"$dir/metrics"

cat >"$dir/prometheus.yml" <<END
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [$dir/extras/assay-alerts.yml]
scrape_configs:
  - job_name: assay
    static_configs: [{targets: ["127.0.0.1:$http"]}]
END
promtool check config "$dir/prometheus.yml"
prometheus --config.file "$dir/prometheus.yml" --storage.tsdb.path "$dir/tsdb" --web.listen-address "127.0.0.1:$prometheus" 2>"$dir/prometheus.log" &
running+=($!)
python3 -B scripts/check/prometheus.py "http://127.0.0.1:$prometheus" "$dir"/extras/assay-validator.json "$dir"/extras/assay-miner.json "$dir"/extras/assay-serve.json ||
	{ tail -n 20 "$dir/prometheus.log" >&2; exit 1; }
