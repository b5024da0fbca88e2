package doctor

import (
	"context"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
)

// Clock checks the clock of a network that began at a time, beside a daemon
// that may run.
func Clock(ctx context.Context, began int64, running *status.Report) Finding {
	p := &patient{genesis: &ledger.Genesis{Time: began}, running: running}
	return p.clock(ctx)
}

// Judge says what a state has of a hotkey.
func Judge(role config.Role, p *params.Params, hotkey protocol.PublicKey, r ledger.Reader, at protocol.Height) (Finding, error) {
	return (&patient{cfg: &config.Config{Role: role}, genesis: &ledger.Genesis{Params: *p}, hotkey: hotkey}).judge(r, at)
}

// Running says what a running daemon tells of its seat and its work.
func Running(ctx context.Context, role config.Role, r *status.Report) (seat, work Finding) {
	p := &patient{cfg: &config.Config{Role: role}, running: r}
	return p.seat(ctx), p.work(ctx)
}

// Report prints findings.
var Report = report

// GPUs says what is found of devices where one is asked for.
func GPUs(asked string, list []engine.Device) Finding {
	p := &patient{cfg: &config.Config{Engine: config.Engine{Device: asked}}, genesis: &ledger.Genesis{}}
	return p.gpus(list)
}
