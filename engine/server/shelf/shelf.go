// Package shelf keeps several models under one limit of memory. A model is
// opened when it is first asked for, however many ask, and closed when its room
// is needed or nobody has asked for a while; never while somebody uses it.
// Those that wait for room wait until enough models are given back, or nobody
// waits for theirs any more.
package shelf

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/assaynet/assay/engine"
)

// What can go wrong.
var (
	// ErrUnknown means that no model has the name.
	ErrUnknown = errors.New("shelf: no such model")
	// ErrTooLarge means a model for which there is never room.
	ErrTooLarge = errors.New("shelf: the model is larger than the limit of memory leaves")
	// ErrClosed means that the shelf was closed.
	ErrClosed = errors.New("shelf: it is closed")
	// ErrConfig means a Config that is none.
	ErrConfig = errors.New("shelf: bad configuration")
)

// Spec is a model that can be asked for.
type Spec struct {
	Name   string
	About  About
	Pinned bool // once it is open, it stays
	// Open opens it; Closed, where not nil, is told after it was closed.
	Open   func(context.Context) (*engine.Model, error)
	Closed func()
	// Model, instead of Open, is open already, and stays: the caller closes it.
	Model *engine.Model
}

// Config is what a shelf holds.
type Config struct {
	Specs []Spec // at least one; the first is the default
	// Limit bounds the sum of About.Need of the models that are open, in bytes;
	// 0: no limit.
	Limit int64
	// Idle is after how long without a user a model is closed; 0: never.
	Idle time.Duration
}

// Shelf lends models. It is safe for concurrent use.
type Shelf struct {
	cfg   Config
	life  context.Context //nolint:containedctx // loads outlive the calls that want them
	end   context.CancelFunc
	loads sync.WaitGroup

	mu      sync.Mutex
	books   []*book       // guarded by mu, as all that is in them
	held    int64         // guarded by mu: bytes of what is open, or being opened or closed
	closed  bool          // guarded by mu
	waiting int           // guarded by mu: loads that wait for others to be given back
	changed chan struct{} // guarded by mu: closed when anything changes
}

// book is a model on the shelf.
type book struct {
	spec  *Spec
	model *engine.Model
	busy  bool // being opened or closed
	users int
	used  time.Time
	// askers wait for it. Where a load of it ends, they are its users at once:
	// neither another load nor Run takes it from them before they have woken.
	askers []*asker
}

// asker is one call that waits for a model.
type asker struct {
	lent bool  // it is one of the model's users
	err  error // of the load that it waited for
}

// New returns a shelf with nothing open. Errors: [ErrConfig], [ErrTooLarge].
func New(ctx context.Context, cfg Config) (*Shelf, error) {
	if len(cfg.Specs) == 0 {
		return nil, fmt.Errorf("%w: no model", ErrConfig)
	}
	s := &Shelf{cfg: cfg, changed: make(chan struct{})}
	names, pinned := map[string]bool{}, int64(0)
	for i := range cfg.Specs {
		x := &cfg.Specs[i]
		if x.Name == "" || names[x.Name] || (x.Open == nil) == (x.Model == nil) {
			return nil, fmt.Errorf("%w: model %d has no name of its own, or nothing opens it: %q", ErrConfig, i, x.Name)
		}
		names[x.Name] = true
		if x.Pinned = x.Pinned || x.Model != nil; x.Pinned {
			pinned += x.About.Need
		}
		s.books = append(s.books, &book{spec: x, model: x.Model})
		if x.Model != nil {
			s.held += x.About.Need
		}
	}
	for _, x := range cfg.Specs {
		need := pinned
		if !x.Pinned {
			need += x.About.Need
		}
		if cfg.Limit > 0 && need > cfg.Limit {
			return nil, fmt.Errorf("%w: %s takes %d bytes and those that stay %d, of %d", ErrTooLarge, x.Name, x.About.Need, pinned, cfg.Limit)
		}
	}
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	return s, nil
}

// Lent is a model that stays open until it is given back.
type Lent struct {
	Name   string
	Engine *engine.Model
}

// Take lends the model of a name, or the first one, and opens it where it is
// not. back is to be called once. Errors: [ErrUnknown], [ErrClosed], those of
// Spec.Open, the cause of ctx.
func (s *Shelf) Take(ctx context.Context, name string) (lent *Lent, back func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.find(name)
	if b == nil {
		return nil, nil, fmt.Errorf("%w: %.80q", ErrUnknown, name)
	}
	a := &asker{}
	b.askers = append(b.askers, a)
	defer s.leave(b, a)
	for {
		switch {
		case s.closed:
			return nil, nil, ErrClosed
		case a.err != nil:
			return nil, nil, a.err
		case !a.lent && b.model != nil && !b.busy && (s.waiting == 0 || b.spec.Pinned):
			b.users++
			a.lent = true
		case !a.lent && b.model == nil && !b.busy:
			s.open(b)
		}
		if a.lent {
			return &Lent{b.spec.Name, b.model}, sync.OnceFunc(func() { s.back(b) }), nil
		}
		if err := s.wait(ctx); err != nil && !a.lent {
			return nil, nil, err
		}
	}
}

// leave takes one away that waits no more; a load that nobody waits for ends.
// mu is held.
func (s *Shelf) leave(b *book, a *asker) {
	b.askers = slices.DeleteFunc(b.askers, func(x *asker) bool { return x == a })
	if b.busy && len(b.askers) == 0 {
		s.tell()
	}
}

func (s *Shelf) find(name string) *book {
	for _, b := range s.books {
		if name == "" || b.spec.Name == name {
			return b
		}
	}
	return nil
}

func (s *Shelf) back(b *book) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.users--
	b.used = time.Now()
	s.tell()
}

// tell wakes all that wait. mu is held.
func (s *Shelf) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait returns when something has changed. mu is held, and free meanwhile.
func (s *Shelf) wait(ctx context.Context) error {
	changed := s.changed
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// open opens a model on a goroutine of its own, once there is room: whoever
// wants it may leave, others stay. Where all have left before there is room, it
// stays closed. mu is held.
func (s *Shelf) open(b *book) {
	b.busy = true
	s.loads.Go(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		defer s.tell()
		err := s.room(b)
		if err == nil {
			s.held += b.spec.About.Need
			s.mu.Unlock()
			var m *engine.Model
			m, err = b.spec.Open(s.life)
			s.mu.Lock()
			if b.model = m; err != nil {
				b.model = nil
				s.held -= b.spec.About.Need
			}
		}
		b.busy, b.used = false, time.Now()
		for _, a := range b.askers {
			if a.lent, a.err = err == nil, err; a.lent {
				b.users++
			}
		}
		b.askers = nil
	})
}

// errUnwanted ends a load that nobody waits for: nobody is told it.
var errUnwanted = errors.New("shelf: nobody waits for the model")

// room closes models that nobody uses, the one unused for the longest first,
// until there is room for a book, and waits where there is none such, for as
// long as somebody wants it. mu is held.
func (s *Shelf) room(want *book) error {
	for {
		switch {
		case s.closed:
			return ErrClosed
		case len(want.askers) == 0:
			return errUnwanted
		case s.cfg.Limit <= 0 || s.held+want.spec.About.Need <= s.cfg.Limit:
			return nil
		}
		if oldest := s.oldest(); oldest != nil {
			if err := s.shut(oldest); err != nil {
				return err
			}
			continue
		}
		// Nobody else is lent what may have to go, or this one waits for ever.
		s.waiting++
		err := s.wait(s.life)
		s.waiting--
		if err != nil {
			return ErrClosed
		}
	}
}

// oldest is what has been idle for the longest, or nil. mu is held.
func (s *Shelf) oldest() *book {
	var oldest *book
	for _, b := range s.books {
		if b.idle() && (oldest == nil || b.used.Before(oldest.used)) {
			oldest = b
		}
	}
	return oldest
}

// idle tells whether a model may be closed.
func (b *book) idle() bool { return b.model != nil && !b.busy && b.users == 0 && !b.spec.Pinned }

// shut closes a model that is idle. Its room is another's once the system has it
// back: the collector would else leave what the model held for as long again as it
// takes to fill that. mu is held, and free meanwhile.
func (s *Shelf) shut(b *book) error {
	b.busy = true
	s.mu.Unlock()
	err := b.model.Close()
	if b.spec.Closed != nil {
		b.spec.Closed()
	}
	s.mu.Lock()
	b.model = nil
	s.mu.Unlock()
	debug.FreeOSMemory()
	s.mu.Lock()
	b.busy = false
	s.held -= b.spec.About.Need
	s.tell()
	return err
}

// Run closes what nobody has used for Config.Idle, until ctx ends. Nil then.
func (s *Shelf) Run(ctx context.Context) error {
	if s.cfg.Idle <= 0 {
		<-ctx.Done()
		return nil
	}
	t := time.NewTicker(max(s.cfg.Idle/4, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			if err := s.sweep(now); err != nil {
				return err
			}
		}
	}
}

func (s *Shelf) sweep(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.books {
		if b.idle() && now.Sub(b.used) >= s.cfg.Idle {
			if err := s.shut(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// Item is a model as a list has it.
type Item struct {
	Name   string
	About  About
	Users  int           // who use it now
	Until  time.Time     // of one that is open: when it is closed if nobody asks; zero: it stays
	Engine *engine.Model // nil where it is not open; for its counts alone, which outlive it
}

// List lists all models, the default first.
func (s *Shelf) List() []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Item, len(s.books))
	for i, b := range s.books {
		out[i] = Item{Name: b.spec.Name, About: b.spec.About, Users: b.users, Engine: b.model}
		if b.model != nil && !b.spec.Pinned && s.cfg.Idle > 0 {
			out[i].Until = b.used.Add(s.cfg.Idle)
			if b.users > 0 {
				out[i].Until = time.Now().Add(s.cfg.Idle)
			}
		}
	}
	return out
}

// Close closes all models, and ends their runs. A second one does nothing.
func (s *Shelf) Close() error {
	s.mu.Lock()
	s.closed = true
	s.end()
	s.tell()
	s.mu.Unlock()
	s.loads.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all error
	for _, b := range s.books {
		if b.model != nil && b.spec.Model == nil {
			all = errors.Join(all, b.model.Close())
			b.model = nil
			if b.spec.Closed != nil {
				b.spec.Closed()
			}
		}
	}
	return all
}
