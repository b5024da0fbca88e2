package export

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	there := Manifest{Epochs: slices.Clone(m.Epochs)} // m is the ending's while there is one
	var last *ending
	for e := c.From; e <= c.To; e++ {
		if there.has(c.Dir, e) {
			s.Known++
			count(c.Epochs)
			continue
		}
		w, dropped, err := epochOf(ctx, &c, e, source)
		if err = errors.Join(s.wait(&c, last), err); err != nil {
			if w != nil {
				w.drop()
			}
			return nil, err
		}
		last = w.end(c.Dir, m, e, dropped)
	}
	if err := s.wait(&c, last); err != nil {
		return nil, err
	}
	s.Manifest = *m
	return s, Replace(filepath.Join(c.Dir, cardName), c.Card(m))
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

// epochOf writes the rows of one epoch; without an error the writer is to be ended.
func epochOf[T any](ctx context.Context, c *Config, e protocol.Epoch, source Source[T]) (*writer[T], int64, error) {
	w, err := newWriter[T](c.Dir, e)
	if err != nil {
		return nil, 0, fmt.Errorf("epoch %d: %w", e, err)
	}
	dropped, err := source(ctx, e, func(row *T) error {
		count(c.Rows)
		return errors.Join(ctx.Err(), w.add(row))
	})
	if err != nil {
		w.drop()
		return nil, 0, fmt.Errorf("epoch %d: %w", e, err)
	}
	return w, dropped, nil
}

// ending is an epoch whose files go to the disk, and into the manifest, while the
// rows of the next are made.
type ending struct {
	ended chan struct{} // closed when the epoch stands there, or err does
	rows  int64
	err   error
}

// end begins the ending of an epoch that has all its rows.
func (w *writer[T]) end(dir string, m *Manifest, e protocol.Epoch, dropped int64) *ending {
	x := &ending{ended: make(chan struct{})}
	go func() {
		defer close(x.ended)
		done, err := w.finish(e, dropped)
		if err == nil {
			m.put(done)
			x.rows, err = done.Rows, m.write(dir)
		} else {
			w.drop()
		}
		if err != nil {
			x.err = fmt.Errorf("epoch %d: %w", e, err)
		}
	}()
	return x
}

// wait waits for an ending, if there is one.
func (s *Summary) wait(c *Config, x *ending) error {
	if x == nil {
		return nil
	}
	<-x.ended
	if x.err == nil {
		s.Written += x.rows
		count(c.Epochs)
	}
	return x.err
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
