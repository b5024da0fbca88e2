package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/protocol"
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
	observes  bool
}

// Status implements api.Node.
func (s *teller) Status(context.Context) (api.Status, error) {
	stats := s.node.Stats()
	v := s.validator.Status()
	out := api.Status{
		Role: string(config.Validator), Started: s.d.Started, Hotkey: s.d.Hotkey.PublicKey().String(),
		Registered: v.Registered, Permit: v.Permit,
		Height: stats.Height, AppHash: stats.StateHash, CatchingUp: stats.Syncing, Target: stats.Target,
		BlockTime: s.node.BlockTime(), Checkpoint: s.node.Checkpoint(), Peers: len(s.node.Peers()), Reachability: string(s.node.Reachability()), Relayed: len(s.node.Relayed()), ModelIDs: s.d.ModelIDs(),
	}
	if s.observes {
		out.Role = api.RoleObserver
	}
	if out.CatchingUp {
		out.Faults = append(out.Faults, "catching up with the ledger: nothing is judged until then")
	}
	if out.Peers == 0 {
		out.Faults = append(out.Faults, "no peers: no answers come in, and nobody hears the cards; look with validator doctor")
	}
	faults, warnings := s.d.Look(daemon.Vitals{
		CatchingUp: out.CatchingUp, Deaf: s.node.Deaf(), Elsewhere: s.node.Elsewhere(), OtherChain: s.node.OtherChain(), BlockTime: out.BlockTime,
	}, time.Now())
	out.Faults = append(out.Faults, faults...)
	if v.Broken != "" {
		out.Faults = append(out.Faults, v.Broken+": nobody is accused any more, nor an answer called false; try engine.backend = \"native\" or \"arith\" in config.toml, and tell who made this build")
	}
	if v.Twin {
		warnings = append(warnings, "another process judges with this hotkey: its home runs somewhere else, too, or the database was lost; two that vote with one key lose the permit, stop one of them")
	}
	warnings = append(append(warnings, v.Swaps...), v.Trials...)
	if strings.Contains(v.Findings, "not fulfilled") {
		warnings = append(warnings, v.Findings)
	}
	reasons, err := s.reasons(&v, &out)
	out.Reasons = slices.Concat(out.Faults, reasons, warnings)
	return out, err
}

// reasons says why the seat earns nothing, or less than it could. A seat or a
// permit that is missing is a reason and no fault: the node follows the ledger
// and answers for it all the same.
func (s *teller) reasons(v *validator.Status, said *api.Status) ([]string, error) {
	out, serves := standing(v, said)
	if !serves {
		return out, nil
	}
	r, h := s.node.Latest()
	e := s.d.Genesis.Params.Schedule.EpochOf(h)
	if e == 0 {
		return append(out, "nothing paid yet: the first epoch is not over"), nil
	}
	pay, err := payReasons(func(e protocol.Epoch) (ledger.Payment, bool, error) {
		p, ok, err := ledger.ReadPayment(r, e, v.Seat.UID)
		return p, ok && p.Seat == v.Seat, err
	}, e-1)
	return append(out, pay...), err
}

// standing tells of the seat, and whether it serves. Of a ledger that is not caught
// up with, what it has of the seat is old: who has just registered would be told
// to.
func standing(v *validator.Status, said *api.Status) (out []string, serves bool) {
	if said.CatchingUp {
		return nil, false
	}
	if v.NotObserving != "" && len(said.Faults) == 0 {
		out = append(out, "the network is not heard now ("+v.NotObserving+"): answers that are missed are fetched later, from who attested them")
	}
	if why := v.Why; why != "" && !strings.HasPrefix(why, "judging") {
		return append(out, why), false
	}
	return out, true
}

// paysCompared is how many epochs before the last one its pay is compared with.
const paysCompared = 3

// payReasons tells what the payments say, up to that of epoch last. Pay moves
// by itself with what others do: what is told is more than a tenth.
func payReasons(read func(protocol.Epoch) (ledger.Payment, bool, error), last protocol.Epoch) ([]string, error) {
	paid, ok, err := read(last)
	if err != nil {
		return nil, err
	}
	var before, epochs protocol.Amount
	for e := last - min(last, paysCompared); e < last; e++ {
		p, ok, err := read(e)
		if err != nil {
			return nil, err
		}
		if ok {
			before += p.Validator
			epochs++
		}
	}
	var out []string
	switch {
	case !ok || paid.Validator == 0:
		out = append(out, fmt.Sprintf("nothing was paid in epoch %d: dividends follow weights, which count two epochs after they are sealed, and duties fulfilled", last))
	case epochs > 0 && paid.Validator < before/epochs/10*9:
		out = append(out, fmt.Sprintf("pay fell: %s in epoch %d, %s an epoch in the %d before; dividends follow stake, weights that others agree with, and duties fulfilled", paid.Validator, last, before/epochs, epochs))
	}
	if ok && paid.Fulfilled < paid.Drawn {
		out = append(out, fmt.Sprintf("%d of %d duties of epoch %d were not fulfilled in time, judgements or pairs set: the node was away, or its machine is too slow", paid.Drawn-paid.Fulfilled, paid.Drawn, last-min(last, 1)))
	}
	return out, nil
}
