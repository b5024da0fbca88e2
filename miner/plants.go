package miner

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

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

// tableChains holds the seed of each own chain that was on the ledger, under the
// epoch from which it serves. It is a secret as the hotkey is, and worth less.
const tableChains = "miner-plant-chains"

// makerOf returns what makes a chain of the seat; nil where that is unknown. The
// chain of a hotkey that had the seat before, and worked from the same database, is
// known: with the seat come its links, and what they planted has to be proven.
func (m *Miner) makerOf(c *plant.Chain) (*plant.Maker, error) {
	own, at := m.maker(c.Start), binary.BigEndian.AppendUint64(nil, uint64(c.Start))
	m.mu.Lock()
	former, kept := m.former, m.kept[c.Start]
	m.mu.Unlock()
	switch {
	case own.Makes(*c) && kept:
		return own, nil
	case former != nil && former.Makes(*c):
		return former, nil
	case own.Makes(*c):
		seed := plant.Seed(m.cfg.Plants, c.Start)
		if err := m.cfg.Store.Write(func(put func(string, []byte, []byte)) { put(tableChains, at, seed[:]) }); err != nil {
			return nil, fmt.Errorf("%w: keep the chain of plants from epoch %d: %w", ErrStore, c.Start, err)
		}
		m.mu.Lock()
		m.kept[c.Start] = true
		m.mu.Unlock()
		return own, nil
	}
	b, err := m.cfg.Store.Get(tableChains, at)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if len(b) != 32 {
		return nil, nil
	}
	if former = plant.NewMaker([32]byte(b), c.Start); !former.Makes(*c) {
		return nil, nil
	}
	m.mu.Lock()
	m.former = former
	m.mu.Unlock()
	return former, nil
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
	maker, err := m.makerOf(p.Of(e))
	if err != nil || maker == nil {
		return protocol.Hash{}, err // of a hotkey that worked elsewhere
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
// judges drew, until it is on the ledger. Where a proof is missing it shows
// nothing.
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
	proofs, err := m.allProofs(r, e, &roster, link)
	if missing, ok := errors.AsType[unproven](err); ok {
		m.withhold(e, missing)
		return nil
	}
	if err != nil {
		return err
	}
	if err := m.cfg.Submit(ctx, &wire.OpenPlants{Epoch: e, Link: link, Proofs: proofs}); err != nil {
		return fmt.Errorf("open the plants of epoch %d: %w", e, err)
	}
	m.mu.Lock()
	m.proved = head
	m.mu.Unlock()
	m.cfg.Logger.Info().Uint64("epoch", uint64(e)).Int("plants", len(proofs)).Msg("opened what was planted")
	return nil
}

// unproven says of which plant that is due there is no proof.
type unproven string

func (u unproven) Error() string { return "miner: " + string(u) }

// withhold keeps the link of an epoch closed, because a plant cannot be proven: so
// the answers of the epoch count as not given, and nothing of the collateral goes.
func (m *Miner) withhold(e protocol.Epoch, why unproven) {
	m.mu.Lock()
	told := m.status.facts.withheld == e+1
	m.status.facts.withheld, m.status.facts.unproven = e+1, string(why)
	m.mu.Unlock()
	if !told {
		m.cfg.Logger.Error().Uint64("epoch", uint64(e)).Str("why", string(why)).Msg("link of the plants stays closed")
	}
}

// allProofs returns those of all plants of an epoch that are due: planted by the
// link, and drawn by a judge. [unproven] says that there is none of one.
func (m *Miner) allProofs(r ledger.Reader, e protocol.Epoch, seat *ledger.RosterSeat, link protocol.Hash) ([]wire.PlantProof, error) {
	s := &m.cfg.Params.Schedule
	out := []wire.PlantProof{}
	for n := s.RoundOf(s.EpochStart(e)); n < s.RoundOf(s.EpochStart(e+1)); n++ {
		due, err := m.duePlants(r, n, seat.ID, link)
		if err != nil {
			return nil, err
		}
		due = due[:min(len(due), wire.MaxPlantProofs-len(out))]
		if len(due) == 0 {
			continue
		}
		proofs, err := m.proofs(r, n, seat, due)
		if err != nil {
			return nil, err
		}
		out = append(out, proofs...)
	}
	return out, nil
}

// duePlants returns, ascending, the slots of a round that the link plants and that
// judges drew. Only the ledger is asked: the store may have been lost.
func (m *Miner) duePlants(r ledger.Reader, n protocol.Round, seat protocol.SeatID, link protocol.Hash) (out []uint16, err error) {
	duties, _, err := ledger.ReadDuties(r, n, seat.UID)
	if err != nil || len(duties.Duties) == 0 {
		return nil, err
	}
	seeds, _, err := ledger.ReadRound(r, n)
	if err != nil {
		return nil, err
	}
	plants := plant.Of(link, seeds.TaskSeed, seat)
	for _, d := range duties.Duties {
		if plants.Has(d.Slot, m.cfg.Params.Plants.Rate) {
			out = append(out, d.Slot)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// proofs returns those of the plants of a round that are due.
func (m *Miner) proofs(r ledger.Reader, n protocol.Round, seat *ledger.RosterSeat, due []uint16) (out []wire.PlantProof, err error) {
	round, err := LoadRound(m.cfg.Store, n)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if round == nil || !round.Sealed || round.Seat != seat.ID {
		return nil, unproven(fmt.Sprintf("round %d is not in the database", n))
	}
	commit, _, err := ledger.ReadCommit(r, n, seat.ID.UID)
	if err != nil {
		return nil, err
	}
	if commit.Seat != seat.ID || commit.Root != round.Root {
		return nil, unproven(fmt.Sprintf("the ledger has another commitment of round %d than the database", n))
	}
	for _, slot := range due {
		if int(slot) >= len(round.Slots) || round.Slots[slot].Plant == nil {
			return nil, unproven(fmt.Sprintf("slot %d of round %d should have been planted, and was not", slot, n))
		}
		p, err := m.proof(round, seat.Hotkey, slot)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// proof returns that of a planted slot of a sealed round, in which the seat had
// this hotkey.
func (m *Miner) proof(round *Round, hotkey protocol.PublicKey, slot uint16) (wire.PlantProof, error) {
	s := &round.Slots[slot]
	a, err := round.sealed().Opening(m.cfg.Kinds, m.cfg.ChainID, hotkey, slot)
	if err != nil {
		return wire.PlantProof{}, err
	}
	kind, err := m.cfg.Kinds.Of(s.Task.Kind)
	if err != nil {
		return wire.PlantProof{}, err
	}
	sum, err := kind.Sum(a.Body)
	return wire.PlantProof{
		Round: round.Round, Slot: slot, Salt: a.Salt, Digest: sum.Digest, Fingerprint: sum.Fingerprint, Proof: a.Proof,
		Leaves: s.Plant.Leaves, Position: s.Plant.Position, Token: s.Plant.Token, State: s.Plant.State, Path: s.Plant.Path,
	}, err
}

// readPlants looks up which own answers of a round were planted, once, and of no
// round that is too old, or too new, for a card about it to count.
func (m *Miner) readPlants(n protocol.Round) error {
	sched := &m.cfg.Params.Schedule
	m.mu.Lock()
	head, known := m.status.Height, m.cards.planted[n] != nil
	m.mu.Unlock()
	now := sched.EpochOf(head)
	if e := sched.EpochOfRound(n); known || m.cfg.Params.Plants.Rate == 0 || e > now || e+2 < now {
		return nil
	}
	if head <= sched.CommitDeadline(n) { // it may be answered yet, and a judge's card cannot be here
		return nil
	}
	round, err := LoadRound(m.cfg.Store, n)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	planted := map[uint16]bool{}
	if round != nil {
		if !round.Sealed {
			return nil // there may be more, and nobody has judged it
		}
		for i := range round.Slots {
			planted[uint16(i)] = round.Slots[i].Plant != nil
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cards.planted[n] = planted
	return nil
}
