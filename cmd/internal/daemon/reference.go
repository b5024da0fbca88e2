package daemon

import (
	"context"
	"errors"
	"sync"

	"github.com/assaynet/assay/engine"
)

// reference holds the models once more, computed by the engine's own reference in
// plain Go: opened when they are needed first, which mostly is never.
type reference struct {
	paths []string

	mu     sync.Mutex // guards what is below
	models []*engine.Model
	opened bool
}

// Reference returns the models, computed by the engine's reference; it opens them
// the first time. It is slow, and right where a backend is broken. They are closed
// with the daemon.
func (d *Daemon) Reference(ctx context.Context) ([]*engine.Model, error) {
	r := &d.reference
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened {
		return r.models, nil
	}
	var made []*engine.Model
	for _, path := range r.paths {
		m, err := engine.Open(ctx, path, engine.Config{
			Threads: 1, Device: engine.DeviceCPU, Backend: engine.BackendReference, Nice: min(d.Config.Engine.Nice+5, 19), // what is in time goes first
		})
		if err != nil {
			for _, m := range made {
				err = errors.Join(err, m.Close())
			}
			return nil, err
		}
		made = append(made, m)
	}
	r.models, r.opened = made, true
	return made, nil
}

func (r *reference) close() (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.models {
		err = errors.Join(err, m.Close())
	}
	r.models = nil
	return err
}
