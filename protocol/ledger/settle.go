package ledger

import (
	"cmp"
	"maps"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// What plants settle, in the last block in which those of an epoch are opened:
//
//	a judge that found a plant right    loses a share of the stake on it, that on its
//	                                    way back since the epoch began included, and the
//	                                    duties of the epoch; once an epoch, however
//	                                    many it found. A second time within sixteen
//	                                    epochs it is jailed, as for misbehaviour
//	a seat that did not open its link   gave nothing in the epoch: it may be an outage
//	a seat that did not prove a plant   the same, and loses a part of its collateral
//
// What a judge loses is held for as long as an appeal may take. Then a quarter is
// the owner's of the first seat, by uid, whose plant it was, and the rest is
// burned.

// lazyMemory is for how many epochs a judge that did not look may not do it again.
const lazyMemory = 16

// Held is kept under HeldKey(matures, judge): what a judge lost by a plant, until
// it is divided.
type Held struct {
	_      struct{} `cbor:",toarray"`
	Amount protocol.Amount
	To     protocol.PublicKey // gets a quarter, a coldkey
}

// settlement is what is found while the plants of an epoch are settled.
type settlement struct {
	m       *machine
	epoch   protocol.Epoch
	seeds   map[protocol.Round]protocol.Hash
	found   map[protocol.UID]*foundOf
	judges  map[protocol.UID]RosterJudge
	accuser map[protocol.UID]protocol.PublicKey // of judges that did not look
}

// foundOf is what a judge drew and found.
type foundOf struct {
	drawn DrawnRecord
	cards CardsRecord
	open  bool
}

// settlePlants acts in the last block in which plants are opened.
func (m *machine) settlePlants() {
	now := m.currentEpoch()
	if m.p.Plants.Rate == 0 || now == 0 || m.height != m.p.Schedule.OpenPlantsDeadline(now-1) {
		return
	}
	s := settlement{
		m: m, epoch: now - 1, seeds: map[protocol.Round]protocol.Hash{}, found: map[protocol.UID]*foundOf{},
		judges: map[protocol.UID]RosterJudge{}, accuser: map[protocol.UID]protocol.PublicKey{},
	}
	first := m.p.Schedule.RoundOf(m.p.Schedule.EpochStart(s.epoch))
	for n := first; n < first+protocol.Round(m.p.Schedule.RoundsPerEpoch()); n++ {
		r, _ := get[RoundRecord](m.st, RoundKey(n))
		s.seeds[n] = r.TaskSeed
	}
	for _, j := range all[RosterJudge](m.st, RosterJudgePrefix(s.epoch)) {
		s.judges[j.ID.UID] = j
	}
	for _, seat := range all[RosterSeat](m.st, RosterSeatPrefix(s.epoch)) {
		s.seat(&seat)
	}
	for _, uid := range slices.Sorted(maps.Keys(s.accuser)) {
		s.punish(uid)
	}
}

// seat settles the plants of one seat.
func (s *settlement) seat(roster *RosterSeat) {
	m, uid := s.m, roster.ID.UID
	shown, ok := get[ShownRecord](m.st, ShownKey(s.epoch, uid))
	if !ok || shown.Seat != roster.ID {
		return // it gave nothing, so that nothing was judged
	}
	rec, opened := get[PlantsRecord](m.st, PlantsKey(s.epoch, uid))
	if !opened || rec.Seat != roster.ID {
		rec = PlantsRecord{Seat: roster.ID}
	} else if s.compare(roster, &rec) {
		rec.Short = true
		if seat, ok := get[Seat](m.st, SeatKey(uid)); ok && seat.ID == roster.ID {
			taken := m.takeFrom(&seat)
			m.meta.Burned += taken
			m.emit(Event{Name: EventPlantMissing, Epoch: s.epoch, Seat: seat.ID, Hotkey: roster.Hotkey, Amount: taken})
		}
	}
	if rec.Void() {
		del(m.st, ShownKey(s.epoch, uid))
		put(m.st, PlantsKey(s.epoch, uid), rec)
	}
}

// compare goes through the answers of a seat that were drawn, notes judges that
// found a proven plant right, and reports whether a proof is missing.
func (s *settlement) compare(roster *RosterSeat, rec *PlantsRecord) (short bool) {
	proven := 0 // of those that are due, in their order
	for _, n := range slices.Sorted(maps.Keys(s.seeds)) {
		plants := plant.Of(rec.Link, s.seeds[n], roster.ID)
		if !s.any(roster, plants) {
			continue // mostly, and without reading what was drawn
		}
		duties, ok := get[DutyRecord](s.m.st, DutyKey(n, roster.ID.UID))
		if !ok {
			continue
		}
		list := duties.Duties
		for len(list) > 0 {
			slot := list[0].Slot
			same := slices.IndexFunc(list, func(d Duty) bool { return d.Slot != slot })
			if same < 0 {
				same = len(list)
			}
			drawn := list[:same]
			list = list[same:]
			if !plants.Has(slot, s.m.p.Plants.Rate) || proven == wire.MaxPlantProofs {
				continue
			}
			k := wire.AnswerKey{Round: n, UID: roster.ID.UID, Slot: slot}
			if proven >= rec.Proven.Len() || rec.Proven.At(proven) != k {
				return true
			}
			proven++
			s.blame(roster, k, drawn)
		}
	}
	return false
}

// any reports whether one of the slots that a seat may have in a round is planted.
func (s *settlement) any(roster *RosterSeat, plants plant.Round) bool {
	slots := uint16(0)
	for i := range roster.Asked {
		slots += roster.Asked[i].Slots
	}
	for slot := range slots {
		if plants.Has(slot, s.m.p.Plants.Rate) {
			return true
		}
	}
	return false
}

// blame notes the judges of a proven plant that found it right.
func (s *settlement) blame(roster *RosterSeat, k wire.AnswerKey, drawn []Duty) {
	for _, d := range drawn {
		uid := d.Judge.UID
		if _, known := s.accuser[uid]; !known && s.judges[uid].ID == d.Judge && s.foundRight(d.Judge, k) {
			s.accuser[uid] = roster.Coldkey
		}
	}
}

// foundRight reports whether a judge opened the finding that an answer is right.
func (s *settlement) foundRight(judge protocol.SeatID, k wire.AnswerKey) bool {
	return s.finding(judge, k) == wire.FoundPassed
}

// finding returns what a judge opened of an answer; FoundNothing where that is
// nothing.
func (s *settlement) finding(judge protocol.SeatID, k wire.AnswerKey) byte {
	f := s.found[judge.UID]
	if f == nil {
		f = &foundOf{drawn: s.m.drawn(s.epoch, judge)}
		f.cards, f.open = get[CardsRecord](s.m.st, CardsKey(s.epoch, judge.UID))
		f.open = f.open && f.cards.Seat == judge && f.cards.Opened()
		s.found[judge.UID] = f
	}
	if !f.open {
		return wire.FoundNothing
	}
	for kind := range f.drawn.Kinds {
		if i, ok := f.drawn.Number(kind, k); ok {
			return f.cards.Findings[i]
		}
	}
	return wire.FoundNothing
}

// punish takes what a judge that did not look loses.
func (s *settlement) punish(uid protocol.UID) {
	m, at := s.m, CardsKey(s.epoch, uid)
	cards := s.found[uid].cards
	cards.Lazy = true
	put(m.st, at, cards)
	judge := s.judges[uid]
	name, hotkey := m.judgedWith(&judge)
	taken := m.takeStake(name, m.p.Plants.Slash)
	if m.leaves(name) {
		m.noteSlash(name, m.p.Schedule.EpochStart(s.epoch), m.p.Plants.Slash)
	}
	if taken > 0 {
		put(m.st, HeldKey(m.height+protocol.Height(m.p.Plants.Appeal), uid), Held{Amount: taken, To: s.accuser[uid]})
	}
	m.emit(Event{Name: EventLazy, Epoch: s.epoch, Seat: judge.ID, Hotkey: hotkey, Amount: taken})
	m.noteLazy(name, judge.ID, s.epoch)
}

// divideHeld divides what was held until this block.
func (m *machine) divideHeld() {
	type due struct {
		key  []byte
		held Held
	}
	var list []due
	err := walk(m.st, HeldPrefix(m.height), func(k []byte, h Held) bool {
		list = append(list, due{slices.Clone(k), h})
		return true
	})
	if err != nil {
		m.st.fail(err)
	}
	slices.SortFunc(list, func(a, b due) int { return cmp.Compare(string(a.key), string(b.key)) })
	for _, d := range list {
		quarter := d.held.Amount / 4
		if err := m.credit(d.held.To, quarter); err != nil {
			m.st.fail(err)
		}
		m.meta.Collateral -= d.held.Amount
		m.meta.Burned += d.held.Amount - quarter
		del(m.st, d.key)
	}
}
