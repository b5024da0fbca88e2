package miner

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// Planted answers (package plant). The miner registers a chain, alters the answers
// that its link of the epoch decides on, and shows link and proofs once the judges
// have opened what they found.

// Alter plants an answer: it changes one of the leaves, of which the choices were
// made, and returns their root.
type Alter func(leaves []protocol.Hash, choices []plant.Choice) protocol.Hash

// Gardener is a [Worker] whose answers can be planted.
type Gardener interface {
	Worker
	// AnswerPlanted is Answer of a task that is planted where alter is not nil.
	AnswerPlanted(ctx context.Context, t *wire.Task, hotkey protocol.PublicKey, alter Alter) ([]byte, error)
}

// plantEvery is after how many blocks a chain or plants that are not on the ledger
// are sent again.
const plantEvery = 2

// judged reports whether the seat offers anything that is judged.
func (m *Miner) judged() bool {
	for k := range m.workers {
		if kind := m.cfg.Params.Kind(k); kind != nil && !kind.OnLedger() {
			return true
		}
	}
	return false
}

// maker returns the own chain that serves from an epoch on.
func (m *Miner) maker(start protocol.Epoch) *plant.Maker {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.makers[start] == nil {
		m.makers[start] = plant.NewMaker(plant.Seed(m.cfg.Plants, start), start)
	}
	return m.makers[start]
}

// linkOf returns the link by which the seat plants in an epoch; zero where it does
// not.
func (m *Miner) linkOf(r ledger.Reader, e protocol.Epoch, seat protocol.SeatID) (protocol.Hash, error) {
	if m.cfg.Params.Plants.Rate == 0 {
		return protocol.Hash{}, nil
	}
	p, ok, err := ledger.ReadPlanter(r, seat.UID)
	if err != nil || !ok || p.Seat != seat || !p.Serves(e) {
		return protocol.Hash{}, err
	}
	maker := m.maker(p.Of(e).Start)
	if !maker.Makes(*p.Of(e)) {
		return protocol.Hash{}, nil // of a hotkey before
	}
	link, _ := maker.Link(e)
	return link, nil
}

// alters returns what plants the answer to a task, and writes what proves that into
// planted; nil where it is not planted.
func (m *Miner) alters(t *wire.Task, planted **Plant) Alter {
	round := m.newest()
	if round == nil || round.Round != t.Round || round.Link.IsZero() {
		return nil
	}
	plants := plant.Of(round.Link, round.Seed, round.Seat)
	if !plants.Has(t.Slot, m.cfg.Params.Plants.Rate) {
		return nil
	}
	b := fingerprint.Binding{Hotkey: m.cfg.Hotkey.PublicKey(), Task: t.ID}
	return func(leaves []protocol.Hash, choices []plant.Choice) protocol.Hash {
		place, root := plants.Alter(b, t.Slot, leaves, choices)
		c := choices[place]
		*planted = &Plant{
			Leaves: uint32(len(leaves)), Position: uint32(c.Position), Token: c.Token, State: c.State, Path: wire.MerkleProof(leaves, place),
		}
		return root
	}
}

// plant does what planting needs of the ledger.
func (m *Miner) plant(ctx context.Context, r ledger.Reader, head protocol.Height, seat *ledger.Seat) error {
	if m.cfg.Params.Plants.Rate == 0 || !m.judged() {
		return nil
	}
	p, _, err := ledger.ReadPlanter(r, seat.ID.UID)
	if err != nil {
		return err
	}
	if p.Seat != seat.ID {
		p = ledger.Planter{Seat: seat.ID}
	}
	if err := m.extendPlants(ctx, head, &p); err != nil {
		return err
	}
	return m.openPlants(ctx, r, head, &p)
}

// extendPlants registers a chain from the next epoch on where the seat has none of
// its own.
func (m *Miner) extendPlants(ctx context.Context, head protocol.Height, p *ledger.Planter) error {
	now := m.cfg.Params.Schedule.EpochOf(head + 1)
	start := now + 1
	c := p.Of(start)
	if p.Serves(start) && m.maker(c.Start).Makes(*c) {
		return nil
	}
	if !p.Next.Link.IsZero() && p.Next.Start >= now {
		return nil // not yet
	}
	m.mu.Lock()
	due := m.extended == 0 || head >= m.extended+plantEvery
	m.mu.Unlock()
	if !due {
		return nil
	}
	if err := m.cfg.Submit(ctx, &wire.ExtendPlants{Start: start, Anchor: m.maker(start).Anchor()}); err != nil {
		return fmt.Errorf("register the chain of plants from epoch %d: %w", start, err)
	}
	m.mu.Lock()
	m.extended = head
	m.mu.Unlock()
	return nil
}

// openPlants shows the link of the epoch before, with proofs of the plants that
// judges drew, until it is on the ledger.
func (m *Miner) openPlants(ctx context.Context, r ledger.Reader, head protocol.Height, p *ledger.Planter) error {
	s := &m.cfg.Params.Schedule
	e := s.EpochOf(head + 1)
	if e == 0 {
		return nil
	}
	e--
	if head < s.OpenCardsDeadline(e) || head >= s.OpenPlantsDeadline(e) {
		return nil
	}
	roster, asked, err := ledger.ReadRosterSeat(r, e, p.Seat.UID)
	if err != nil || !asked || roster.ID != p.Seat {
		return err
	}
	if old, ok, err := ledger.ReadPlants(r, e, p.Seat.UID); err != nil || ok && old.Seat == p.Seat {
		return err
	}
	link, err := m.linkOf(r, e, p.Seat)
	if err != nil || link.IsZero() {
		return err
	}
	m.mu.Lock()
	due := m.proved == 0 || head >= m.proved+plantEvery
	m.mu.Unlock()
	if !due {
		return nil
	}
	out := &wire.OpenPlants{Epoch: e, Link: link, Proofs: []wire.PlantProof{}}
	for n := s.RoundOf(s.EpochStart(e)); n < s.RoundOf(s.EpochStart(e+1)); n++ {
		proofs, err := m.proofs(r, n, p.Seat)
		if err != nil {
			return err
		}
		out.Proofs = append(out.Proofs, proofs...)
	}
	out.Proofs = out.Proofs[:min(len(out.Proofs), wire.MaxPlantProofs)]
	if err := m.cfg.Submit(ctx, out); err != nil {
		return fmt.Errorf("open the plants of epoch %d: %w", e, err)
	}
	m.mu.Lock()
	m.proved = head
	m.mu.Unlock()
	m.cfg.Logger.Info().Uint64("epoch", uint64(e)).Int("plants", len(out.Proofs)).Msg("opened what was planted")
	return nil
}

// proofs returns those of the plants of a round that judges drew.
func (m *Miner) proofs(r ledger.Reader, n protocol.Round, seat protocol.SeatID) (out []wire.PlantProof, err error) {
	round, err := LoadRound(m.cfg.Store, n)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if round == nil || !round.Sealed || round.Seat != seat {
		return nil, nil
	}
	duties, _, err := ledger.ReadDuties(r, n, seat.UID)
	if err != nil {
		return nil, err
	}
	drawn := map[uint16]bool{}
	for _, d := range duties.Duties {
		drawn[d.Slot] = true
	}
	sealed := round.sealed()
	for i := range round.Slots {
		planted := round.Slots[i].Plant
		if planted == nil || !drawn[uint16(i)] {
			continue
		}
		a, err := sealed.Opening(m.cfg.Kinds, m.cfg.ChainID, m.cfg.Hotkey.PublicKey(), uint16(i))
		if err != nil {
			return nil, err
		}
		kind, err := m.cfg.Kinds.Of(round.Slots[i].Task.Kind)
		if err != nil {
			return nil, err
		}
		sum, err := kind.Sum(a.Body)
		if err != nil {
			return nil, err
		}
		out = append(out, wire.PlantProof{
			Round: n, Slot: uint16(i), Salt: a.Salt, Digest: sum.Digest, Fingerprint: sum.Fingerprint, Proof: a.Proof,
			Leaves: planted.Leaves, Position: planted.Position, Token: planted.Token, State: planted.State, Path: planted.Path,
		})
	}
	return out, nil
}

// planted reports whether a card is about an own answer that was planted.
func (m *Miner) planted(c *wire.Card) (bool, error) {
	m.mu.Lock()
	own := m.status.Registered && c.Seat == m.status.Seat
	m.mu.Unlock()
	if !own || m.cfg.Params.Plants.Rate == 0 {
		return false, nil
	}
	round, err := LoadRound(m.cfg.Store, c.Round)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return round != nil && int(c.Slot) < len(round.Slots) && round.Slots[c.Slot].Plant != nil, nil
}
