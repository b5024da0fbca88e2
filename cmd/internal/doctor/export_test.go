package doctor

import (
	"context"

	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/protocol/ledger"
)

// Clock checks the clock of a network that began at a time, beside a daemon
// that may run.
func Clock(ctx context.Context, began int64, running *status.Report) Finding {
	p := &patient{genesis: &ledger.Genesis{Time: began}, running: running}
	return p.clock(ctx)
}

// Report prints findings.
var Report = report
