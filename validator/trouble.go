package validator

import (
	"context"
	"errors"
	"strings"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
)

// maxTroubles bounds what is remembered as said; beyond it all is said anew.
const maxTroubles = 256

// tolerate logs an error that the next block may mend, each once an epoch
// (again at debug), and returns the others.
func (v *Validator) tolerate(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return nil
	case errors.Is(err, ErrStore):
		return err
	}
	v.metrics.errors.Inc()
	level := zerolog.DebugLevel
	for _, what := range troublesOf(err) {
		if v.first(what, v.running()) {
			level = zerolog.WarnLevel
		}
	}
	v.cfg.Logger.WithLevel(level).Err(err).Msg("met an error, trying again at the next block")
	return nil
}

// running returns the epoch of the newest step.
func (v *Validator) running() protocol.Epoch {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.epoch
}

// first reports whether a trouble is met for the first time in epoch e.
func (v *Validator) first(what string, e protocol.Epoch) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if at, said := v.troubles[what]; said && at == e {
		return false
	}
	if len(v.troubles) >= maxTroubles {
		clear(v.troubles)
	}
	v.troubles[what] = e
	return true
}

// troublesOf returns the lines of an error without their numbers: what fails for
// each slot of each round is one trouble.
func troublesOf(err error) []string {
	words := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, err.Error())
	return strings.Split(words, "\n")
}
