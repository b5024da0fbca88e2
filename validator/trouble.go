package validator

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/validator/record"
)

// maxTroubles bounds what is remembered as said; beyond it all is said anew.
const maxTroubles = 256

// troubles are what was said to be wrong, each with the epoch in which.
type troubles struct {
	*base
	mu   sync.Mutex
	said map[string]protocol.Epoch // guarded by mu
}

// tolerate logs an error met in epoch e that the next block may mend, each once
// an epoch (again at debug), and returns the others.
func (t *troubles) tolerate(ctx context.Context, e protocol.Epoch, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return nil
	case errors.Is(err, record.ErrStore):
		return err
	}
	t.metrics.errors.Inc()
	level := zerolog.DebugLevel
	for _, what := range troublesOf(err) {
		if t.first(what, e) {
			level = zerolog.WarnLevel
		}
	}
	t.cfg.Logger.WithLevel(level).Err(err).Msg("met an error, trying again at the next block")
	return nil
}

// first reports whether a trouble is met for the first time in epoch e.
func (t *troubles) first(what string, e protocol.Epoch) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, said := t.said[what]; said && at == e {
		return false
	}
	if len(t.said) >= maxTroubles {
		clear(t.said)
	}
	t.said[what] = e
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
