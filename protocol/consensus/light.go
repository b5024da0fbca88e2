package consensus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cometbft/cometbft/types"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

// How a reader without a ledger comes to believe a state.
//
// It asks nodes that it does not know. It is to believe nothing false as long as,
// of each validator set that it trusts, less than a third of the power lies; and
// where more does, it is to notice, if one provider that it asks is honest.
//
// What it believes, and why:
//
//	a header   two thirds of its own set signed it, and more than a third of the
//	           newest trusted set, so at least one honest validator of a set that
//	           was trusted already
//	a state    header h + 1 carries the hash of the state after block h
//	a value    a proof against that hash                     (package state)
//
// One step forward (lightverify.go):
//
//	trusted = the newest trusted header; at first the operator's checkpoint, or
//	          block 1, which the set of the genesis must have signed
//	target  = the newest header of some provider
//	verify target from trusted; where the sets differ too much, the header halfway
//	comes first, and so on: a week costs a few headers, not each of a hundred
//	thousand
//	ask another provider for the same height: the same header confirms; another one,
//	signed as well, is a fork, which ends everything; signed too little, a lie,
//	and its provider is asked last from now on
//	target is the newest trusted header
//
// Invariants:
//
//	the height of the newest trusted header never falls
//	no provider's word counts: it is believed with signatures, or not at all
//	a provider that hangs, lags or lies costs little time, and no truth
//
// A trusted header is good for TrustPeriod only: validators that have taken their
// stake back lose nothing by signing another history. A reader that slept longer
// needs a new checkpoint, from a person. A provider that lies is not dropped, for
// it may be all there is; and what each of several says is not counted, for one
// liar can be many.

const (
	// maxTrust, in seconds, is a century: more makes no duration.
	maxTrust = 100 * 365 * 24 * 3600
	// clockDrift is by how much a header may be ahead of this machine's clock.
	clockDrift = 10 * time.Second
	// banFor is how long a provider that answered falsely is not asked.
	banFor = 10 * time.Minute
	// askFor bounds one question.
	askFor = 2 * time.Second
	// hedgeAfter is how long one provider is waited for before another is asked
	// besides, far above what an answer takes; hedges is how many are asked at once,
	// one of them more than there may be liars among the first.
	hedgeAfter = 400 * time.Millisecond
	hedges     = 4
	// rounds is how often all are asked for a value while they only are slow.
	rounds = 3
	// shunFor is how long a provider that did not answer in time is asked last.
	shunFor = time.Minute
	// waitFor bounds a question that waits for a block: the server answers
	// within serveWait.
	waitFor = serveWait + askFor
	// waitOn is how many providers are asked at once for the next block, and
	// waitMore after how long another is asked besides: a block takes longer.
	waitOn   = 5
	waitMore = time.Second
	// waitLast is after how long those are asked besides that lied or hung while others
	// are there: they may say at every block that there is another.
	waitLast = 3 * time.Second
	// followFor bounds the verification of one provider's newest block.
	followFor = 4 * askFor
	// keepEvery is how often, in blocks, the trusted header is written down: a
	// restart verifies as many at most by skipping, in one step.
	keepEvery = 16
)

// LightConfig is what a light reader needs.
type LightConfig struct {
	// Genesis is the network; its validator set is where trust begins. Required.
	Genesis *ledger.Genesis
	// DB keeps the newest trusted header, and what was verified of the past. Required.
	DB *store.DB
	// Providers returns who can be asked now; it is called often. Names are
	// unique. Required. One provider can hold back new blocks; two cannot.
	Providers func() []Provider
	// Trust names a block that is trusted by an operator's word, instead of the
	// genesis; it counts until a later one is trusted. Optional.
	Trust protocol.Checkpoint
	// TrustPeriod is how old the newest trusted header may be. Default: what follows
	// from the network's parameters (params.Params, TrustSeconds).
	TrustPeriod time.Duration
	// Report is given what tells validators of a fork, for each to hand over to all
	// that can be reached ([Node.TakeFork]), before [ErrFork] is returned. It is
	// called once. Optional.
	Report func(ctx context.Context, blocks [][]byte)
	// Logger hears of providers that answer falsely.
	Logger zerolog.Logger
}

// Light follows the chain without taking part. A header counts once two thirds
// of a set that follows from the genesis signed it, and a second provider, if
// there is one, does not contradict it. Methods may run at the same time.
//
// The state after block h is proven by header h + 1, so a light reader is one
// block behind.
type Light struct {
	cfg     LightConfig
	chain   string
	genesis *types.ValidatorSet
	space   *store.Space

	mu     sync.Mutex        // held while nobody is asked, and nothing verified
	newest *types.LightBlock // guarded by mu; verified, nil at first
	before *types.LightBlock // guarded by mu; what was newest before it
	told   bool              // guarded by mu; whether a fork was reported
	kept   int64             // guarded by mu; the height that is written down
	last   map[string]late   // guarded by mu: who is asked last, by name
	turn   int               // guarded by mu: who is asked first
	past   past

	keeping sync.Mutex // held, before mu, while something is written down
	disk    onDisk     // guarded by keeping
}

// NewLight returns a reader that trusts what it trusted before, the checkpoint
// or the genesis. It asks nobody yet.
func NewLight(c LightConfig) (*Light, error) {
	switch {
	case c.Genesis == nil || c.DB == nil || c.Providers == nil:
		return nil, fmt.Errorf("%w: a light reader needs genesis, database and providers", ErrConfig)
	case (c.Trust.Height == 0) != c.Trust.Hash.IsZero():
		return nil, fmt.Errorf("%w: a checkpoint has a height and a hash", ErrConfig)
	case c.TrustPeriod <= 0:
		c.TrustPeriod = time.Duration(min(c.Genesis.Params.TrustSeconds(), maxTrust)) * time.Second
	}
	doc, err := genesisDoc(c.Genesis)
	if err != nil {
		return nil, err
	}
	if err := c.DB.BindChain(doc.ChainID); err != nil {
		return nil, err
	}
	l := &Light{cfg: c, chain: doc.ChainID, space: c.DB.Space("light"), last: make(map[string]late), past: newPast()}
	set := make([]*types.Validator, len(doc.Validators))
	for i, v := range doc.Validators {
		set[i] = types.NewValidator(v.PubKey, v.Power)
	}
	l.genesis = types.NewValidatorSet(set)
	b, err := l.space.Get(trustedKey)
	if err != nil {
		return nil, fmt.Errorf("read trusted header: %w", err)
	}
	if b != nil {
		lb, err := decodeLightBlock(b, l.chain)
		if err != nil {
			return nil, fmt.Errorf("read trusted header: %w: %w", store.ErrCorrupt, err)
		}
		if uint64(lb.Height) >= uint64(c.Trust.Height) {
			l.newest, l.kept = lb, lb.Height // nobody else has l yet
			if err := l.load(); err != nil {
				return nil, err
			}
			l.rememberLocked(lb)
			return l, nil
		}
	}
	return l, l.forget()
}

var trustedKey = []byte("trusted")

// Latest asks for the newest block and returns the newest state that can be
// read: [ErrNoProvider] if nobody answered truly, [ErrNoBlock] before the
// second block.
func (l *Light) Latest(ctx context.Context) (Head, error) {
	if err := l.advance(ctx, claim{}); err != nil {
		return Head{}, err
	}
	head, ok := l.Newest()
	if !ok {
		return Head{}, fmt.Errorf("state before the second block: %w", ErrNoBlock)
	}
	return head, nil
}

// WaitNext returns the newest state once it is after the given height. It asks
// until ctx is done; [ErrFork] and [ErrExpired] end it before.
func (l *Light) WaitNext(ctx context.Context, after protocol.Height) (Head, error) {
	for pause := time.Duration(0); ; pause = min(2*pause+100*time.Millisecond, askFor) {
		if head, ok := l.Newest(); ok && head.Height > after {
			return head, nil
		}
		if !wait(ctx, pause) {
			return Head{}, ctx.Err()
		}
		c, err := l.waitAny(ctx, after+1)
		if err == nil {
			err = l.advance(ctx, c)
		}
		switch {
		case ctx.Err() != nil:
			return Head{}, ctx.Err()
		case errors.Is(err, ErrFork), errors.Is(err, ErrExpired):
			return Head{}, err
		case errors.Is(err, ErrClock): // only the operator can mend that
			l.cfg.Logger.Warn().Err(err).Msg("no block can be verified until the clock is set")
		case err != nil:
			l.cfg.Logger.Debug().Err(err).Msg("no new block yet")
		}
	}
}

// Newest returns the newest state that was verified, without asking anybody.
func (l *Light) Newest() (Head, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.newest == nil || l.newest.Height < 2 {
		return Head{}, false
	}
	h := Head{Height: protocol.Height(l.newest.Height) - 1, Time: l.newest.Time}
	copy(h.StateHash[:], l.newest.AppHash)
	return h, true
}

// late is until when a provider is asked last. Who was slow is so until it answers
// in time; who lied, for all of it.
type late struct {
	until time.Time
	lied  bool
}

// claim is what a provider says: that there is a block at a height, above one that
// was asked about.
type claim struct {
	p             Provider // nil for none
	above, height protocol.Height
}

// waitAny asks some providers at once for a block above a height, and others one by
// one besides, and returns what the first says that has one. Those that are asked
// last are so here, too: one may say so again and again.
func (l *Light) waitAny(ctx context.Context, above protocol.Height) (claim, error) {
	ctx, cancel := context.WithTimeout(ctx, waitFor)
	defer cancel()
	all, good := l.providers()
	type answer struct {
		p   Provider
		h   protocol.Height
		err error
	}
	answers := make(chan answer, len(all)) // so that nobody is left behind
	asked := 0
	more := func(n int) {
		for ; n > 0 && asked < len(all); n-- {
			p := all[asked]
			asked++
			go func() {
				h, err := p.Wait(ctx, above)
				if err == nil && h <= above {
					err = fmt.Errorf("still at %d: %w", h, ErrNoBlock)
				}
				answers <- answer{p, h, err}
			}()
		}
	}
	begun := time.Now()
	if good == 0 {
		good = waitOn
	}
	more(min(good, waitOn))
	tick := time.NewTicker(waitMore)
	defer tick.Stop()
	var errs []error
	for len(errs) < len(all) {
		select {
		case a := <-answers:
			if a.err == nil {
				return claim{a.p, above, a.h}, nil
			}
			errs = append(errs, fmt.Errorf("%s: %w", a.p.Name(), a.err))
			more(1)
		case <-tick.C:
			if asked < good || time.Since(begun) >= waitLast {
				more(1)
			}
		}
	}
	return claim{}, noProvider(errs)
}

var errNobody = fmt.Errorf("%w: no peer that could be asked is connected yet", ErrNoProvider)

// noProvider is the error when none of those that were asked answered, or when
// there was nobody to ask.
func noProvider(errs []error) error {
	if len(errs) == 0 {
		return errNobody
	}
	return fmt.Errorf("%w: %w", ErrNoProvider, errors.Join(errs...))
}

// advance verifies the newest block of a provider, at first of the one that claims
// to have it.
func (l *Light) advance(ctx context.Context, c claim) error {
	all, _ := l.providers()
	if c.p != nil {
		all = slices.DeleteFunc(all, func(p Provider) bool { return p.Name() == c.p.Name() })
		all = slices.Insert(all, 0, c.p)
	}
	target, err := race(ctx, l, all, func(ctx context.Context, p Provider) (*types.LightBlock, error) {
		ctx, cancel := context.WithTimeout(ctx, followFor)
		defer cancel()
		lb, err := l.follow(ctx, p)
		switch {
		case err != nil:
			return nil, err
		case c.p != nil && p.Name() == c.p.Name() && lb.Height < int64(c.height):
			return nil, fmt.Errorf("block %d, and it said that there is %d: %w", lb.Height, c.height, ErrLie)
		case c.p != nil && lb.Height <= int64(c.above):
			return nil, fmt.Errorf("still at %d: %w", lb.Height, ErrNoBlock)
		}
		return lb, nil
	})
	if err != nil {
		return err
	}
	return l.trust(ctx, target)
}

// race asks one provider, and another besides when it fails or has not answered
// for hedgeAfter, until one answers; no lock is held. One that answered falsely,
// or was overtaken, is asked last for a while: so who hangs costs hedgeAfter,
// once. Who was overtaken and answers in time is as good as before: else a busy
// minute makes all alike, and who hangs is among the first again. A fork, and a
// trusted header that is too old, end it. Errors are those of all, by name.
func race[T any](ctx context.Context, l *Light, all []Provider, ask func(context.Context, Provider) (T, error)) (T, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		p   Provider
		v   T
		err error
	}
	answers := make(chan answer, len(all)) // so that nobody is left behind
	begun := make(map[string]time.Time)    // of those that have not answered
	asked := 0
	more := func() {
		if asked == len(all) || len(begun) == hedges {
			return
		}
		p := all[asked]
		asked++
		begun[p.Name()] = time.Now()
		go func() {
			v, err := ask(ctx, p)
			answers <- answer{p, v, err}
		}()
	}
	more()
	tick := time.NewTicker(hedgeAfter)
	defer tick.Stop()
	var none T
	var errs []error
	for len(begun) > 0 {
		select {
		case <-ctx.Done():
			return none, ctx.Err()
		case <-tick.C:
			more()
		case a := <-answers:
			took := time.Since(begun[a.p.Name()])
			delete(begun, a.p.Name())
			switch {
			case a.err == nil:
				if took < hedgeAfter {
					l.inTime(a.p.Name())
				}
				l.overtaken(begun)
				return a.v, nil
			case errors.Is(a.err, ErrFork), errors.Is(a.err, ErrExpired):
				return none, a.err
			case errors.Is(a.err, ErrLie):
				l.cfg.Logger.Warn().Err(a.err).Str("provider", a.p.Name()).Msg("provider answered falsely")
				l.putLast(a.p.Name(), banFor, true)
			case errors.Is(a.err, context.DeadlineExceeded):
				l.putLast(a.p.Name(), shunFor, false)
			}
			errs = append(errs, fmt.Errorf("%s: %w", a.p.Name(), a.err))
			more()
		}
	}
	return none, noProvider(errs)
}

// overtaken puts those last that others were asked besides, and answered before.
func (l *Light) overtaken(begun map[string]time.Time) {
	for name, at := range begun {
		if time.Since(at) >= hedgeAfter {
			l.putLast(name, shunFor, false)
		}
	}
}

func (l *Light) putLast(name string, d time.Duration, lied bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.last[name]
	if until := time.Now().Add(d); until.After(old.until) {
		l.last[name] = late{until, lied || old.lied}
	}
}

// inTime puts a provider that was only slow among the first again.
func (l *Light) inTime(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.last[name].lied {
		delete(l.last, name)
	}
}

// providers returns who may be asked, another one first each time. Those that
// lied or hung come last, for they may be all there is; good is how many others
// there are.
func (l *Light) providers() (all []Provider, good int) {
	all = slices.Clone(l.cfg.Providers())
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(all) > 0 {
		l.turn = (l.turn + 1) % len(all)
		all = append(all[l.turn:], all[:l.turn]...)
	}
	now := time.Now()
	for name, last := range l.last {
		if now.After(last.until) {
			delete(l.last, name)
		}
	}
	rank := func(p Provider) int {
		if _, ok := l.last[p.Name()]; ok {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b Provider) int { return rank(a) - rank(b) })
	for good < len(all) && rank(all[good]) == 0 {
		good++
	}
	return all, good
}

// Reader reads the state of a head that Latest or WaitNext returned, each value
// with a proof. Get works while the providers keep that state, for some
// minutes; Iterate returns [ErrNotProvable]. The reader asks until ctx is done.
func (l *Light) Reader(ctx context.Context, head Head) *LightReader {
	return &LightReader{head: head, known: make(map[string][]byte), fetch: func(keys [][]byte) ([]Proven, error) {
		for n := 1; ; n++ {
			all, _ := l.providers()
			items, err := race(ctx, l, all, func(ctx context.Context, p Provider) ([]Proven, error) {
				ctx, cancel := context.WithTimeout(ctx, askFor)
				defer cancel()
				return proven(ctx, p, head, keys)
			})
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err == nil || n == rounds || !errors.Is(err, context.DeadlineExceeded):
				return items, err
			}
		}
	}}
}

// proven asks p for keys and checks every proof.
func proven(ctx context.Context, p Provider, head Head, keys [][]byte) ([]Proven, error) {
	items, err := p.State(ctx, head.Height, keys)
	if err != nil {
		return nil, err
	}
	if len(items) != len(keys) {
		return nil, fmt.Errorf("%d values for %d keys: %w", len(items), len(keys), ErrLie)
	}
	for i, it := range items {
		if string(it.Key) != string(keys[i]) {
			return nil, fmt.Errorf("key %x, asked for %x: %w", it.Key, keys[i], ErrLie)
		}
		if err := state.Verify(head.StateHash, it.Key, it.Value, it.Proof); err != nil {
			return nil, fmt.Errorf("state %d: %w: %w", head.Height, ErrLie, err)
		}
	}
	return items, nil
}

// LightReader reads one state by proofs. Methods may run at the same time.
type LightReader struct {
	head  Head
	fetch func(keys [][]byte) ([]Proven, error)

	mu    sync.Mutex
	known map[string][]byte // guarded by mu
}

var _ ledger.Reader = (*LightReader)(nil)

// Head returns the block after which the state was so.
func (r *LightReader) Head() Head { return r.head }

// Get implements [ledger.Reader].
func (r *LightReader) Get(key []byte) ([]byte, error) {
	r.mu.Lock()
	v, ok := r.known[string(key)]
	r.mu.Unlock()
	if ok {
		return v, nil
	}
	if err := r.Prefetch(key); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[string(key)], nil
}

// Prefetch reads keys in one question for every MaxKeys of them, so that Get
// of each needs none. A key that is named again, or known, is not asked for.
func (r *LightReader) Prefetch(keys ...[]byte) error {
	named := make(map[string]bool, len(keys))
	var once [][]byte
	r.mu.Lock()
	for _, k := range keys {
		if _, known := r.known[string(k)]; !known && !named[string(k)] {
			named[string(k)] = true
			once = append(once, k)
		}
	}
	r.mu.Unlock()
	for part := range slices.Chunk(once, MaxKeys) {
		items, err := r.fetch(part)
		if err != nil {
			return err
		}
		r.mu.Lock()
		for _, it := range items {
			if len(it.Value) == 0 {
				it.Value = nil
			}
			r.known[string(it.Key)] = it.Value
		}
		r.mu.Unlock()
	}
	return nil
}

// Iterate implements [ledger.Reader]: it returns [ErrNotProvable].
func (*LightReader) Iterate([]byte, func(key, value []byte) bool) error { return ErrNotProvable }
