package main

import (
	"context"

	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/scoring/synthetic/sandbox"
	"github.com/assaynet/assay/validator"
)

// ofEngine is a judge whose method Judge another takes the place of.
type ofEngine = interface {
	Kind() protocol.Kind
	Check(p *params.Params) error
	Body(o *scoring.Outcome, hotkey protocol.PublicKey) ([]byte, error)
}

// referee judges by the engine's reference, whose models it opens when the first
// answer is found wrong: what it does not find, too, is not said.
type referee struct {
	ofEngine // for all that takes no run

	models func(context.Context) ([]*engine.Model, error)
	box    *sandbox.Sandbox
}

// Judge implements validator.Judge.
func (r *referee) Judge(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	models, err := r.models(ctx)
	if err != nil {
		return scoring.Outcome{}, err
	}
	for _, j := range judgesOf(models, r.box) {
		if j.Kind() == t.Kind {
			return j.Judge(ctx, t, hotkey, answer)
		}
	}
	return scoring.Outcome{}, scoring.ErrModel
}

// backendOf names what the models are computed with, as votes do: where one is
// computed by another than the next, one is named, for what counts is that
// it is one, and not the reference.
func backendOf(models []*engine.Model) wire.Backends {
	for _, m := range models {
		switch m.Info().Backend {
		case engine.BackendCUDA:
			return wire.ByCUDA
		case engine.BackendNative:
			return wire.ByNative
		}
	}
	return wire.ByReference
}

// references are judges by the engine's reference, where somebody can lose by what
// they find; else none.
func references(p *params.Params, d *daemon.Daemon, box *sandbox.Sandbox) (out []validator.Judge) {
	if !p.Verdicts.On() {
		return nil
	}
	for _, j := range judges(d, box) {
		out = append(out, &referee{ofEngine: j, models: d.Reference, box: box})
	}
	return out
}
