package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/validator"
)

// teller tells how the running validator is.
type teller struct {
	d         *daemon.Daemon
	node      *node.Full
	validator *validator.Validator
}

// Status implements api.Node.
func (s *teller) Status(context.Context) (api.Status, error) {
	stats := s.node.Stats()
	out := api.Status{
		Role: string(config.Validator), Height: stats.Height, AppHash: stats.StateHash, CatchingUp: stats.Syncing,
		BlockTime: s.node.BlockTime(), Peers: len(s.node.Peers()), ModelIDs: s.d.ModelIDs(),
	}
	reasons, err := s.reasons(&out)
	out.Reasons = reasons
	return out, err
}

// reasons says why the seat earns nothing, what comes first first.
func (s *teller) reasons(st *api.Status) ([]string, error) {
	var out []string
	if st.CatchingUp {
		out = append(out, "catching up with the ledger: nothing is judged until then")
	}
	if st.Peers == 0 {
		out = append(out, "no peers: no answers come in, and nobody hears the cards; look with validator doctor")
	}
	v := s.validator.Status()
	if v.NotObserving != "" && len(out) == 0 {
		out = append(out, "rounds are not observed now ("+v.NotObserving+"): what is missing of them is held against nobody, and earlier opinions stand as weights")
	}
	if why := v.Why; why != "" && !strings.HasPrefix(why, "judging") {
		return append(out, why), nil
	}
	r, h := s.node.Latest()
	e := s.d.Genesis.Params.Schedule.EpochOf(h)
	if len(out) > 0 || e == 0 {
		return out, nil
	}
	paid, ok, err := ledger.ReadPayment(r, e-1, v.Seat.UID)
	if err == nil && (!ok || paid.Validator == 0) {
		out = append(out, fmt.Sprintf("nothing was paid in epoch %d: dividends follow weights, which count two epochs after they are sealed, and duties fulfilled", e-1))
	}
	return out, err
}
