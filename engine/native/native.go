package native

import (
	"errors"
	"fmt"
	"strings"

	"github.com/assaynet/assay/engine/backend"
)

// What can be wrong beside what package backend names.
var (
	// ErrLevel means a level of instructions that this machine or build lacks;
	// the text lists those it has.
	ErrLevel = errors.New("native: instructions not available")
	// ErrClosed means that the Model was closed.
	ErrClosed = errors.New("native: model is closed")
	// ErrTooMany means that as many files are mapped as can be watched.
	ErrTooMany = errors.New("native: too many models are open")
	// ErrRounding means that something changed how this process's floats are
	// rounded, so that no result would be right.
	ErrRounding = errors.New("native: the processor's rounding mode was changed")
)

// Level is a set of instructions that the kernels are written for.
type Level int

// The levels, as engine.h numbers them. A machine's best is the last that it has.
const (
	Scalar Level = iota
	AVX2
	AVXVNNI
	AVX512
	AMX
	NEON
	I8MM
	AMXEmulated
)

var levelNames = [...]string{"scalar", "avx2", "avxvnni", "avx512", "amx", "neon", "i8mm", "amx-emulated"}

func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("level %d", int(l))
	}
	return levelNames[l]
}

// Where products read weights; Config.Weights.
const (
	// Mapped weights are read where the caller has them, usually a mapping that
	// all processes of a machine share.
	Mapped = "mapped"
	// Interleaved weights are copied when a model is opened, sixteen rows side
	// by side, and the pages of the file are given back. They are of the same
	// size to 3 %, and reading them is one stream of memory.
	Interleaved = "interleaved"
	// Auto is what is quicker at the level: Interleaved where vectors hold
	// sixteen rows, else Mapped.
	Auto = "auto"
)

// interleaves tells whether a model of this level copies its weights. Errors:
// backend.ErrUnsupported.
func (cfg Config) interleaves(l Level) (bool, error) {
	switch cfg.Weights {
	case Mapped:
		return false, nil
	case Interleaved:
		return true, nil
	case Auto, "":
		return l == AVX512 || l == AMX || l == AMXEmulated, nil
	}
	return false, fmt.Errorf("%w: weights %q; they may be %s, %s or %s", backend.ErrUnsupported, cfg.Weights, Auto, Mapped, Interleaved)
}

// Config is how a model is run. No field changes a result.
type Config struct {
	// Threads that compute, the caller's included; at least 1.
	Threads int
	// Nice lowers the priority of the threads, except the caller's, by as much
	// as nice(1) would; 0 … 19.
	Nice int
	// Level names the instructions to use, one of Levels, or is empty for the best.
	Level string
	// Weights is where products read the weights: Mapped, Interleaved, or Auto,
	// which is meant where it is empty.
	Weights string
	// File is the mapping that the weights lie in, if they lie in one. It stays
	// mapped until Close has returned. Where the file is cut off meanwhile,
	// calls return backend.ErrFile; without File that ends the process.
	File []byte
}

// level picks the level of cfg among those that there are.
func (cfg Config) level(have []Level) (Level, error) {
	if cfg.Level == "" {
		best := have[0]
		for _, l := range have {
			if l < AMXEmulated {
				best = l
			}
		}
		return best, nil
	}
	names := make([]string, len(have))
	for i, l := range have {
		if names[i] = l.String(); names[i] == cfg.Level {
			return l, nil
		}
	}
	return 0, fmt.Errorf("%w: %q; this machine has %s", ErrLevel, cfg.Level, strings.Join(names, ", "))
}
