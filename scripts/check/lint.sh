#!/usr/bin/env bash
# lint.sh VERSION - the linter at a pinned version, installed when missing, then
# the rules of the house.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:?usage: lint.sh VERSION}
bin=$(go env GOPATH)/bin/golangci-lint
if ! "$bin" version 2>/dev/null | grep -qF "${version#v}"; then
	echo "installing golangci-lint $version"
	go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
fi
"$bin" run ./...
"$bin" fmt --diff
go mod tidy -diff
./scripts/check/house.sh
