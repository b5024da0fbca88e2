package engine

import (
	"errors"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/sched"
)

// backend runs a model. Its results are the same bits whatever it is. A piece's error is a *FailedError.
type backend interface {
	sched.Backend
	// name says what it is and which instructions it uses.
	name() (backend, isa string)
	// check tells whether all weights that were read could be read.
	check() error
	// close frees it; no step may be in progress or follow.
	close()
}

// newBackend chooses what computes net.
func newBackend(f *gguf.File, net *arith.Model, cfg Config) (backend, error) {
	if cfg.Backend == BackendReference {
		return newReference(net, cfg), nil
	}
	b, err := newNative(f, net, cfg)
	if err == nil {
		return b, nil
	}
	missing := errors.Is(err, native.ErrUnavailable) || errors.Is(err, native.ErrUnsupported)
	if cfg.Backend == "" && missing && cfg.ISA == "" {
		return newReference(net, cfg), nil
	}
	return nil, err
}
