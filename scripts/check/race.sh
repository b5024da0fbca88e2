#!/usr/bin/env bash
# race.sh - the packages that start goroutines, under the race detector.
# The pure core has none (house.sh proves it), and the arithmetic is slow
# under the detector, so the engine runs its concurrent tests only.
set -euo pipefail
cd "$(dirname "$0")/../.."
go test -race -timeout 15m ./protocol/gossip/... ./protocol/store/... ./protocol/state/... ./protocol/consensus/... \
	./protocol/api/... ./protocol/node/... ./protocol/protocoltest/... ./miner/... ./validator/... ./scoring ./engine/sched/... ./engine/server ./cmd/internal/daemon/... ./cmd/internal/raters ./cmd/internal/progress
go test -race -timeout 15m -run 'Concurrent|Cancel|Close|Threads' ./engine/...
