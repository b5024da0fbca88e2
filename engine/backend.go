package engine

import (
	"errors"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/sched"
	"github.com/assaynet/assay/engine/weights"
)

// anyBackend runs a model. Its results are the same bits whatever it is. A piece's error is a *FailedError.
type anyBackend interface {
	sched.Backend
	// name says what it is and which instructions it uses.
	name() (backend, isa, layout string)
	// check tells whether all weights that were read could be read.
	check() error
	// close frees it; no step may be in progress or follow.
	close()
}

// newBackend chooses what computes a model.
func newBackend(f *gguf.File, w *weights.Model, cfg Config) (anyBackend, error) {
	if cfg.Backend == BackendReference {
		return newReference(w, cfg), nil
	}
	chosen := cfg.Backend != "" || cfg.ISA != ""
	b, err := newNative(f, w, cfg)
	switch {
	case err == nil && !chosen && b.net.Level() == native.Scalar:
		b.close() // the reference is quicker than kernels without vectors: it packs several products into one multiplication
		return newReference(w, cfg), nil
	case !chosen && (errors.Is(err, native.ErrUnavailable) || errors.Is(err, native.ErrUnsupported)):
		return newReference(w, cfg), nil
	case err != nil:
		return nil, err
	}
	return b, nil
}
