package export

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/assaynet/assay/protocol"
)

// Source gives the rows of an epoch, always the same ones in the same order, and
// how many things it leaves out. A row is yield's only until that returns, but what
// the row refers to stays as it is. Errors:
// yield's, [ErrGone] before the first row, and its own.
type Source[T any] func(ctx context.Context, e protocol.Epoch, yield func(*T) error) (dropped int64, err error)

// Config says what to export.
type Config struct {
	Dir     string // made where there is none
	ChainID string
	Kind    string
	// From and To are the first and the last epoch, which must have ended: what a
	// source says of them does not change any more.
	From, To protocol.Epoch
	// Card writes the card of what the directory then holds; see [Card].
	Card func(*Manifest) []byte
	// Rows and Epochs count while it runs; nil does not.
	Rows, Epochs *atomic.Int64
}

// Summary is what a run did.
type Summary struct {
	Manifest Manifest
	// Written counts the rows of this run, Known the epochs that were there.
	Written int64
	Known   int
}

// Write writes the epochs of a data set that are not there yet. Errors: [ErrOther],
// [ErrBusy], [ErrManifest], and those of source and system. After an error a run
// with the same configuration goes on.
func Write[T any](ctx context.Context, c Config, source Source[T]) (*Summary, error) {
	if err := os.MkdirAll(filepath.Join(c.Dir, dataDir), 0o755); err != nil {
		return nil, err
	}
	unlock, err := lock(c.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	m, err := c.manifest()
	if err != nil {
		return nil, err
	}
	s := &Summary{}
	for e := c.From; e <= c.To; e++ {
		if m.has(c.Dir, e) {
			s.Known++
			count(c.Epochs)
			continue
		}
		done, err := epochOf(ctx, &c, m, e, source)
		if err != nil {
			return nil, fmt.Errorf("epoch %d: %w", e, err)
		}
		s.Written += done
		count(c.Epochs)
	}
	s.Manifest = *m
	return s, replace(filepath.Join(c.Dir, cardName), c.Card(m))
}

// manifest reads what is there, and refuses to mix two data sets.
func (c *Config) manifest() (*Manifest, error) {
	if _, err := os.Stat(filepath.Join(c.Dir, manifestName)); errors.Is(err, os.ErrNotExist) {
		return &Manifest{Format: Format, ChainID: c.ChainID, Kind: c.Kind, Epochs: []Epoch{}}, nil
	}
	m, err := ReadManifest(c.Dir)
	if err != nil {
		return nil, err
	}
	if m.ChainID != c.ChainID || m.Kind != c.Kind {
		return nil, fmt.Errorf("%s holds %s of %s, not %s of %s: %w", c.Dir, m.Kind, m.ChainID, c.Kind, c.ChainID, ErrOther)
	}
	return m, nil
}

// epochOf writes one epoch and its place in the manifest.
func epochOf[T any](ctx context.Context, c *Config, m *Manifest, e protocol.Epoch, source Source[T]) (int64, error) {
	w, err := newWriter[T](c.Dir, e)
	if err != nil {
		return 0, err
	}
	dropped, err := source(ctx, e, func(row *T) error {
		count(c.Rows)
		return errors.Join(ctx.Err(), w.add(row))
	})
	if err != nil {
		w.drop()
		return 0, err
	}
	done, err := w.finish(e, dropped)
	if err != nil {
		w.drop()
		return 0, err
	}
	m.put(done)
	return done.Rows, m.write(c.Dir)
}

// lock keeps other programs from writing to a directory. The kernel frees it when
// its holder ends, however that ends.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", dir, ErrBusy)
	}
	return func() { _ = f.Close() }, nil // a disk without locks has none to give
}

func count(c *atomic.Int64) {
	if c != nil {
		c.Add(1)
	}
}
