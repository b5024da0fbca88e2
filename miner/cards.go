package miner

import (
	"fmt"
	"maps"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Bounds of what is remembered of cards.
const (
	maxWaitingCards = 256  // about own answers, until their signers are looked up
	maxWantedJudges = 64   // looked up at the next height, one read each
	maxKnownCards   = 8192 // so that none passes twice; forgotten together
)

// cards are what judges said, for the status and to be passed on. Who may judge,
// and what it opened, is read from the ledger, once for each judge and epoch, at
// the height after one of its cards came by.
type cards struct {
	waiting []*wire.SignedCard
	known   map[cardKey]bool
	planted map[protocol.Round]map[uint16]bool // own answers of the rounds about which cards came
	judges  map[judgeKey]*opened
	wanted  map[judgeKey]bool
}

// opened is a judge with what it drew and opened of an epoch; all zero where there
// is no such judge.
type opened struct {
	judge ledger.RosterJudge
	drawn ledger.DrawnRecord
	said  ledger.CardsRecord
}

type cardKey struct {
	judge protocol.PublicKey
	slot  wire.AnswerKey
}

type judgeKey struct {
	epoch protocol.Epoch
	uid   protocol.UID
}

func newCards() cards {
	return cards{known: map[cardKey]bool{}, planted: map[protocol.Round]map[uint16]bool{}, judges: map[judgeKey]*opened{}, wanted: map[judgeKey]bool{}}
}

// OnPairs hands pairs from gossip to the worker that has a use for them. Without
// one they are not passed on. Errors are the worker's, or [ErrNoPairs].
func (m *Miner) OnPairs(raw []byte) error {
	for _, w := range m.cfg.Workers {
		if f, ok := w.(Follower); ok {
			return f.OnPairs(raw)
		}
	}
	return fmt.Errorf("no worker rates them: %w", ErrNoPairs)
}

// OnCard takes a card from gossip and returns nil if it is what a judge opened on
// the ledger and was not seen before: such are worth passing on. Errors are those
// of wire, which blame the sender, or a [Reason]. Cards about own answers show in
// [Status].
func (m *Miner) OnCard(raw []byte) error {
	s, err := wire.OpenCard(raw, m.cfg.ChainID)
	if err != nil {
		return err
	}
	c := &s.Card
	if err := m.cfg.Kinds.CheckCard(c); err != nil {
		return err
	}
	m.mu.Lock()
	window, h := protocol.Height(m.cfg.Params.Gossip.ReplayWindow), m.status.Height
	own := m.status.Registered && c.Seat == m.status.Seat
	m.mu.Unlock()
	if s.Height > h+window || h > s.Height+window {
		return fmt.Errorf("signed at height %d, now %d: %w", s.Height, h, ErrWindow)
	}
	if own && c.Finding == wire.FindingFalse {
		if err := m.readPlants(c.Round); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	err = m.takeCardLocked(c, s.Sender)
	if ReasonOf(err) == ErrUnknown && c.Seat == m.status.Seat && m.status.Registered && len(m.cards.waiting) < maxWaitingCards {
		m.cards.waiting = append(m.cards.waiting, s)
	}
	return err
}

// takeCardLocked checks who signed a card and counts it.
func (m *Miner) takeCardLocked(c *wire.Card, signer protocol.PublicKey) error {
	k := judgeKey{m.cfg.Params.Schedule.EpochOfRound(c.Round), c.Judge.UID}
	judge := m.cards.judges[k]
	switch {
	case judge == nil:
		if len(m.cards.wanted) < maxWantedJudges {
			m.cards.wanted[k] = true
		}
		return fmt.Errorf("judge %d of epoch %d: %w", k.uid, k.epoch, ErrUnknown)
	case judge.judge.ID != c.Judge || judge.judge.Hotkey != signer:
		return fmt.Errorf("judge %d of epoch %d: %w", k.uid, k.epoch, ErrNoJudge)
	}
	if err := ledger.CheckCard(m.cfg.Params, &judge.drawn, &judge.said, signer, c); err != nil {
		return err
	}
	name := cardKey{judge: signer, slot: c.Key()}
	if m.cards.known[name] {
		return fmt.Errorf("slot %d of seat %d in round %d: %w", c.Slot, c.Seat.UID, c.Round, ErrDuplicate)
	}
	if len(m.cards.known) >= maxKnownCards {
		clear(m.cards.known)
	}
	m.cards.known[name] = true
	if c.Seat == m.status.Seat && m.status.Registered {
		m.countCardLocked(c)
	}
	return nil
}

func (m *Miner) countCardLocked(c *wire.Card) {
	if c.Finding == wire.FindingFalse && m.cards.planted[c.Round][c.Slot] {
		return // so it should be
	}
	if m.status.Findings == nil {
		m.status.Findings = map[wire.Finding]uint64{}
	}
	m.status.Findings[c.Finding]++
	m.status.facts.judged(m.cfg.Params.Schedule.EpochOfRound(c.Round), c.Finding)
	m.metrics.judged(c.Kind, c.Finding)
	if c.Finding != wire.FindingPassed {
		m.cfg.Logger.Warn().Str("finding", string(c.Finding)).Uint64("round", uint64(c.Round)).Uint16("judge", uint16(c.Judge.UID)).
			Msg("a judge found an answer wrong")
	}
}

// readCards looks up the judges whose cards came by, and counts what waited for it.
func (m *Miner) readCards(r ledger.Reader, head protocol.Height) error {
	m.mu.Lock()
	waiting, wanted := m.cards.waiting, m.cards.wanted
	m.cards.waiting, m.cards.wanted = nil, map[judgeKey]bool{}
	m.mu.Unlock()
	now := m.cfg.Params.Schedule.EpochOf(head)
	found := map[judgeKey]*opened{}
	for k := range wanted {
		if k.epoch > now {
			continue // not drawn up yet
		}
		o, err := readOpened(r, k)
		if err != nil {
			return err
		}
		if o != nil {
			found[k] = o
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.cards.judges {
		if k.epoch+2 < now {
			delete(m.cards.judges, k)
		}
	}
	for n := range m.cards.planted {
		if m.cfg.Params.Schedule.EpochOfRound(n)+2 < now {
			delete(m.cards.planted, n)
		}
	}
	maps.Copy(m.cards.judges, found)
	for _, s := range waiting {
		_ = m.takeCardLocked(&s.Card, s.Sender) // nobody waits for the verdict any more
	}
	return nil
}

// readOpened reads what a judge opened; nil where it has not yet.
func readOpened(r ledger.Reader, k judgeKey) (o *opened, err error) {
	o = new(opened)
	var judges bool
	if o.judge, judges, err = ledger.ReadRosterJudge(r, k.epoch, k.uid); err != nil || !judges {
		return o, err
	}
	if o.said, _, err = ledger.ReadCards(r, k.epoch, k.uid); err != nil || o.said.Seat != o.judge.ID || !o.said.Opened() {
		return nil, err
	}
	o.drawn, _, err = ledger.ReadDrawn(r, k.epoch, k.uid)
	return o, err
}
