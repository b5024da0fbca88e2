package server

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/assaynet/assay/engine/server/shelf"
	"github.com/assaynet/assay/engine/server/toolcall"
)

// Lent is a model that stays open while it is used.
type Lent = shelf.Lent

// latest is what Ollama's clients put behind a name without a tag.
const latest = ":latest"

// take lends the model of a name, or the first; back is to be called, unless
// there is an error.
func (s *Server) take(ctx context.Context, name string) (m *Lent, back func(), err error) {
	m, back, err = s.shelf.Take(ctx, name)
	if short, found := strings.CutSuffix(name, latest); found && errors.Is(err, shelf.ErrUnknown) {
		m, back, err = s.shelf.Take(ctx, short)
	}
	switch {
	case errors.Is(err, shelf.ErrUnknown):
		err = missing()
	case errors.Is(err, fs.ErrNotExist):
		s.cfg.Logger.Warn().Err(err).Msg("a model's file is gone")
		gone := missing()
		gone.Message = "the file of this model has been taken away since it was listed; whoever runs the server can put it back"
		err = gone
	}
	return m, back, err
}

// Listed is a model as lists have it.
type Listed struct {
	shelf.About
	Name       string
	ID         string // in hex; empty where it is not open
	Open       bool
	Until      time.Time
	Parameters string // such as 135M
	Thinks     bool
	Slots      int
	Running    int
}

func (s *Server) list() []Listed {
	items := s.shelf.List()
	out := make([]Listed, len(items))
	for i, x := range items {
		m := Listed{About: x.About, Name: x.Name, Open: x.Engine != nil, Until: x.Until, Parameters: rounded(x.About.Weights), Thinks: toolcall.Thinks(x.About.Template)}
		if m.Slots = 1; x.Engine != nil {
			id, stats := x.Engine.ID(), x.Engine.Stats()
			m.ID, m.Slots, m.Running = hex.EncodeToString(id[:]), x.Engine.MaxBatch(), stats.Running
		}
		out[i] = m
	}
	return out
}

// listed returns the model of a name, or the first.
func (s *Server) listed(name string) (*Listed, error) {
	for _, m := range s.list() {
		if name == "" || m.Name == name || m.Name == strings.TrimSuffix(name, latest) {
			return &m, nil
		}
	}
	return nil, missing()
}

// full reports whether each place is taken.
func (m *Listed) full() bool { return m.Running >= m.Slots }

// rounded is a count as models' names have it.
func rounded(n uint64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1fB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0fM", float64(n)/1e6)
	}
	return fmt.Sprintf("%.0fK", float64(n)/1e3)
}
