#!/usr/bin/env bash
# race.sh - the packages that start goroutines, under the race detector.
# The pure core has none (house.sh proves it), and the arithmetic is slow
# under the detector, so the engine runs its concurrent tests only.
set -euo pipefail
cd "$(dirname "$0")/../.."
# The linter vets all of them. Of the engine only packages with such a test are
# built: each costs a program.
concurrent='Concurrent|Cancel|Close|Threads'
engine=$(git grep -lE "^func Test[A-Za-z0-9_]*($concurrent)" -- 'engine/*_test.go' | xargs -n 1 dirname | sort -u |
	grep -vE '^engine/(sched|server)(/|$)' | sed 's,^,./,')
[ -n "$engine" ] || { echo 'race.sh: no concurrent test in the engine' >&2; exit 1; }
# Some wait for blocks while others compute. The numbers of signatures are no business
# of the detector's, and were three quarters of its work.
go test -race -vet=off -gcflags=github.com/decred/dcrd/dcrec/secp256k1/v4/...=-race=false -p $(($(nproc) + 2)) -timeout 15m ./protocol/gossip/... ./protocol/store/... ./protocol/state/... ./protocol/consensus/... \
	./protocol/api/... ./protocol/node/... ./protocol/protocoltest/... ./miner/... ./validator/... ./scoring ./engine/sched/... ./engine/server/... \
	./cmd/internal/daemon/... ./cmd/internal/raters ./cmd/internal/progress
# shellcheck disable=SC2086 # names of packages have no spaces
go test -race -vet=off -timeout 15m -run "$concurrent" $engine
