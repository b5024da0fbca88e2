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
	name() (backend, isa, layout string)
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
	chosen := cfg.Backend != "" || cfg.ISA != ""
	b, err := newNative(f, net, cfg)
	switch {
	case err == nil && !chosen && b.net.Level() == native.Scalar:
		b.close() // the reference is quicker than kernels without vectors: it packs several products into one multiplication
		return newReference(net, cfg), nil
	case !chosen && (errors.Is(err, native.ErrUnavailable) || errors.Is(err, native.ErrUnsupported)):
		return newReference(net, cfg), nil
	case err != nil:
		return nil, err
	}
	return b, nil
}
