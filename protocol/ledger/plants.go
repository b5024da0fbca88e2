package ledger

import (
	"slices"

	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// Planted answers. A seat alters one leaf of some of its answers on purpose, which
// of them a secret link decides (package plant), and opens the link when all judges
// have opened what they found. Who found such an answer right did not look at it,
// and loses stake for it, by hashing alone.
//
//	chain    ExtendPlants: serves from the next epoch on, so that it is fixed before
//	         any task of that is known. A seat whose chain has no link for an epoch
//	         is not asked in it what is judged
//	open     OpenPlants, after block open_cards_blocks of the next epoch and up to
//	         open_plants_blocks: the link, and a proof of each plant that was drawn
//	settle   in that last block, after its transactions (settle.go)
//	leak     SealLeak, and in a later block LeakedLink, up to block open_cards_blocks:
//	         whoever knows the link then has it from the seat, and gets a quarter of
//	         what that loses. Who only saw it shown has sealed nothing before, and
//	         the seat's own owner does not get back what is burned
//
// Stake on who judged an epoch cannot be taken back between the end of that epoch
// and its settlement: or who did not look would leave in time.

// Planter is kept under PlanterKey(uid): the chains by which a seat plants.
type Planter struct {
	_    struct{} `cbor:",toarray"`
	Seat protocol.SeatID
	Now  plant.Chain // serves until Next does
	Next plant.Chain // serves from its Start on; no Link where there is none
}

// Of returns the chain that serves epoch e.
func (p *Planter) Of(e protocol.Epoch) *plant.Chain {
	if !p.Next.Link.IsZero() && e >= p.Next.Start {
		return &p.Next
	}
	return &p.Now
}

// Serves reports whether there is a link for epoch e that was not seen.
func (p *Planter) Serves(e protocol.Epoch) bool { return p.Of(e).Serves(e) }

// PlantsRecord is kept under PlantsKey(epoch, uid): what a seat opened of its
// plants. It is there, and Link zero, also for a seat that opened nothing when that
// was over.
type PlantsRecord struct {
	_      struct{} `cbor:",toarray"`
	Seat   protocol.SeatID
	Link   protocol.Hash
	Proven wire.AnswerKeys // ascending
	Short  bool            // a plant that was due was not proven
}

// Void reports whether the seat's answers of the epoch count as not given: it did
// not open its link, or not prove all that was due.
func (r *PlantsRecord) Void() bool { return r.Link.IsZero() || r.Short }

// planter returns the chains of a seat.
func (m *machine) planter(id protocol.SeatID) Planter {
	p, ok := get[Planter](m.st, PlanterKey(id.UID))
	if !ok || p.Seat != id {
		return Planter{Seat: id}
	}
	return p
}

// extendPlants registers a chain. One that waits, or that has only begun, cannot be
// replaced, or its owner would choose among many.
func (m *machine) extendPlants(s Seat, b *wire.ExtendPlants) error {
	now := m.currentEpoch()
	p := m.planter(s.ID)
	switch {
	case !p.Next.Link.IsZero() && p.Next.Start >= now:
		return broken(ErrDuplicate, "a chain serves from epoch %d", p.Next.Start)
	case b.Start != now+1:
		return broken(ErrDeadline, "start %d in epoch %d, want the next", b.Start, now)
	case b.Anchor.IsZero():
		return broken(ErrBadKey, "an anchor of zeros")
	}
	if !p.Next.Link.IsZero() {
		p.Now = p.Next
	}
	p.Next = plant.NewChain(b.Start, b.Anchor)
	put(m.st, PlanterKey(s.ID.UID), p)
	return nil
}

// openPlants opens a seat's link of the epoch before, and keeps what it proves.
func (m *machine) openPlants(s Seat, b *wire.OpenPlants) error {
	sched := &m.p.Schedule
	if b.Epoch+1 != m.currentEpoch() || m.height <= sched.OpenCardsDeadline(b.Epoch) || m.height > sched.OpenPlantsDeadline(b.Epoch) {
		return broken(ErrDeadline, "plants of epoch %d opened at height %d", b.Epoch, m.height)
	}
	roster, ok := get[RosterSeat](m.st, RosterSeatKey(b.Epoch, s.ID.UID))
	if !ok || roster.ID != s.ID {
		return broken(ErrNotPermitted, "seat %d was not asked in epoch %d", s.ID.UID, b.Epoch)
	}
	if old, ok := get[PlantsRecord](m.st, PlantsKey(b.Epoch, s.ID.UID)); ok && old.Seat == s.ID {
		return broken(ErrDuplicate, "plants of epoch %d are open", b.Epoch)
	}
	p := m.planter(s.ID)
	if err := m.openPlantLink(p.Of(b.Epoch), b.Epoch, b.Link); err != nil {
		return err
	}
	rec := PlantsRecord{Seat: s.ID, Link: b.Link}
	for i := range b.Proofs {
		if err := m.checkPlant(&roster, b.Link, &b.Proofs[i]); err != nil {
			return err
		}
		rec.Proven.Add(wire.AnswerKey{Round: b.Proofs[i].Round, UID: s.ID.UID, Slot: b.Proofs[i].Slot})
	}
	put(m.st, PlanterKey(s.ID.UID), p)
	put(m.st, PlantsKey(b.Epoch, s.ID.UID), rec)
	m.emit(Event{Name: EventPlants, Epoch: b.Epoch, Seat: s.ID, Hotkey: s.Hotkey, Hash: b.Link, Count: uint32(len(b.Proofs))})
	return nil
}

// openPlantLink moves a chain on, if link serves epoch e.
func (m *machine) openPlantLink(c *plant.Chain, e protocol.Epoch, link protocol.Hash) error {
	if c.Serves(e) {
		m.st.done.Bytes += uint64(e+1-c.Next) * uint64(len(link))
	}
	next, ok := c.Open(e, link)
	if !ok {
		return broken(ErrMismatch, "link %s does not serve epoch %d", link.Short(), e)
	}
	*c = next
	return nil
}

// checkPlant refuses a proof that is wrong, of an answer that the link does not
// plant, or of one that nobody drew.
func (m *machine) checkPlant(roster *RosterSeat, link protocol.Hash, p *wire.PlantProof) error {
	epoch := m.p.Schedule.EpochOfRound(p.Round)
	duties, ok := get[DutyRecord](m.st, DutyKey(p.Round, roster.ID.UID))
	if !ok || epoch+1 != m.currentEpoch() || !slices.ContainsFunc(duties.Duties, func(d Duty) bool { return d.Slot == p.Slot }) {
		return broken(ErrUnknown, "slot %d of round %d, which no judge drew", p.Slot, p.Round)
	}
	seeds, _ := get[RoundRecord](m.st, RoundKey(p.Round))
	plants := plant.Of(link, seeds.TaskSeed, roster.ID)
	if !plants.Has(p.Slot, m.p.Plants.Rate) {
		return broken(ErrMismatch, "slot %d of round %d is not planted", p.Slot, p.Round)
	}
	asked, err := ReadTasks(m.st, m.chain, m.p, p.Round, roster)
	if err != nil {
		m.st.fail(err)
		return nil
	}
	id, err := asked.ID(p.Slot)
	if err != nil {
		return broken(ErrUnknown, "%v", err)
	}
	commit, _ := get[CommitRecord](m.st, CommitKey(p.Round, roster.ID.UID))
	return checkPlantProof(m.chain, roster.Hotkey, id, &commit, asked.Slots(), plants, p)
}

// checkPlantProof climbs from the altered leaf to the commitment. It hashes some
// thirty times.
func checkPlantProof(chain string, hotkey protocol.PublicKey, id protocol.TaskID, c *CommitRecord, slots uint16, plants plant.Round, p *wire.PlantProof) error {
	place := plants.Place(p.Slot, int(p.Leaves))
	leaf := plants.Leaf(fingerprint.Binding{Hotkey: hotkey, Task: id}, p.Slot, place, plant.Choice{Position: int(p.Position), Token: p.Token, State: p.State})
	if !wire.MerkleVerify(p.Fingerprint, leaf, place, int(p.Leaves), p.Path) {
		return broken(ErrMismatch, "leaf %d of %d of slot %d in round %d is not the altered one", place, p.Leaves, p.Slot, p.Round)
	}
	sum := wire.Sum{Digest: p.Digest, Fingerprint: p.Fingerprint}
	if !wire.MerkleVerify(c.Root, wire.SlotLeaf(chain, id, hotkey, p.Salt, sum), int(p.Slot), int(slots), p.Proof) {
		return broken(ErrMismatch, "slot %d of round %d is not under root %s", p.Slot, p.Round, c.Root.Short())
	}
	return nil
}

// LeakSeal is kept under LeakKey(signer): what it will show. An account keeps one.
type LeakSeal struct {
	_      struct{} `cbor:",toarray"`
	Seal   protocol.Hash
	Height protocol.Height
}

// sealLeak keeps that somebody knows a link, in the place of what it sealed before.
func (m *machine) sealLeak(o *origin, b *wire.SealLeak) error {
	if b.Seal.IsZero() {
		return broken(ErrBadKey, "a seal of zeros")
	}
	put(m.st, LeakKey(o.key), LeakSeal{Seal: b.Seal, Height: m.height})
	return nil
}

// leakedLink takes collateral of a seat whose link somebody knows too early, and
// sealed that before this block. Its chains are worth nothing then, and go.
func (m *machine) leakedLink(o *origin, b *wire.LeakedLink) error {
	if seal, ok := get[LeakSeal](m.st, LeakKey(o.key)); !ok || seal.Height >= m.height || seal.Seal != b.Seal(o.key) {
		return broken(ErrNotPermitted, "%s has not sealed in an earlier block that it knows this link", o.key)
	}
	s, ok := get[Seat](m.st, SeatKey(b.Seat.UID))
	if !ok || s.ID != b.Seat {
		return broken(ErrNoSeat, "seat %d of height %d", b.Seat.UID, b.Seat.Registered)
	}
	if m.height > m.p.Schedule.OpenCardsDeadline(b.Epoch) {
		return broken(ErrDeadline, "the link of epoch %d shown at height %d, when it may be known", b.Epoch, m.height)
	}
	p := m.planter(s.ID)
	if err := m.openPlantLink(p.Of(b.Epoch), b.Epoch, b.Link); err != nil {
		return err
	}
	del(m.st, PlanterKey(s.ID.UID))
	del(m.st, LeakKey(o.key))
	taken := m.takeFrom(&s)
	if err := m.credit(o.payer, taken/4); err != nil {
		return err
	}
	m.meta.Burned += taken - taken/4
	m.emit(Event{Name: EventLeaked, Epoch: b.Epoch, Seat: s.ID, Hotkey: s.Hotkey, Hash: b.Link, Amount: taken})
	return nil
}

// takeFrom takes the fine of a seat's collateral: of what it has, and then of what
// is on its way back.
func (m *machine) takeFrom(s *Seat) protocol.Amount {
	l, waits := get[Leaving](m.st, LeavingKey(s.ID))
	fine := part(s.Collateral+l.Amount, uint64(m.p.Plants.Fine), params.One)
	own := min(fine, s.Collateral)
	s.Collateral -= own
	m.putSeat(*s)
	if l.Amount -= fine - own; waits {
		put(m.st, LeavingKey(s.ID), l)
	}
	m.meta.Collateral -= fine
	return fine
}

// plantsFor reports whether a seat can plant in epoch e, or need not.
func (m *machine) plantsFor(s *Seat, e protocol.Epoch) bool {
	if m.p.Plants.Rate == 0 {
		return true
	}
	p := m.planter(s.ID)
	return p.Serves(e)
}

// plantable leaves of what a seat is asked what is not judged, where it cannot
// plant.
func (m *machine) plantable(s *Seat, e protocol.Epoch, asked []task.Asked) []task.Asked {
	if m.plantsFor(s, e) {
		return asked
	}
	return slices.DeleteFunc(asked, func(a task.Asked) bool { return !a.OnLedger(m.p) })
}

// answersFor reports whether the stake of a name may have to answer for what its
// seat judged in the epoch before.
func (m *machine) answersFor(name protocol.PublicKey) bool {
	now := m.currentEpoch()
	if m.p.Plants.Rate == 0 || now == 0 || m.height > m.p.Schedule.OpenPlantsDeadline(now-1) {
		return false
	}
	hotkey, ok := get[protocol.PublicKey](m.st, HotkeyNowKey(name))
	if !ok {
		hotkey = name
	}
	s, ok := m.seatOf(hotkey)
	return ok && m.isJudge(now-1, s.ID)
}

// ReadPlanter returns the chains by which seat uid plants.
func ReadPlanter(r Reader, uid protocol.UID) (Planter, bool, error) {
	return read[Planter](r, PlanterKey(uid))
}

// ReadPlants returns what a seat opened of its plants of epoch e.
func ReadPlants(r Reader, e protocol.Epoch, uid protocol.UID) (PlantsRecord, bool, error) {
	return read[PlantsRecord](r, PlantsKey(e, uid))
}

// IsPlant reports whether an answer of a seat in epoch e was proven to be planted.
func IsPlant(r Reader, e protocol.Epoch, seat protocol.SeatID, k wire.AnswerKey) (bool, error) {
	rec, ok, err := ReadPlants(r, e, seat.UID)
	if err != nil || !ok || rec.Seat != seat {
		return false, err
	}
	for i := range rec.Proven.Len() {
		if rec.Proven.At(i) == k {
			return true, nil
		}
	}
	return false, nil
}
