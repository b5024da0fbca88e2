package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// Duties. In every window of two epochs each judge draws each seat that was
// asked, of another owner, at least once in each kind: so all judges form an
// opinion of all seats, and Yuma's majority has something to agree on. With n
// rounds of the window in which tasks of the kind fall due, the one with number
// i gives each committed seat
//
//	quota = max(judges, ceil(judges that have not drawn it yet / (n − i)))
//
// judges, those that have not drawn it first, and the rest by stake. They spread
// over the answers of the kind that the seat gave so that every one that is judged
// at all has two. What was not given (attest.go) is judged by nobody.
//
// The first answers of a kind that a seat ever gives are drawn by all judges:
// otherwise half of them would have no opinion of it in its first epoch, which
// majorities it meets would be luck, and the few seats with luck would share the
// whole pay.

// windowEpochs is how many epochs make a window.
const windowEpochs = 2

// drawDuties draws the judges of a round whose duty seed is known, and returns
// how many duties there are. Rounds come in their order: no seed is drawn before
// that of the round before ([machine.seeds]).
func (m *machine) drawDuties(r *RoundRecord) uint32 {
	epoch := m.p.Schedule.EpochOfRound(r.Round)
	due, err := ReadDue(m.st, m.p, r.Round)
	if err != nil {
		m.st.fail(err)
	}
	d := dutyDraw{
		m: m, round: r, judges: all[RosterJudge](m.st, RosterJudgePrefix(epoch)), drawn: map[protocol.UID][]wire.AnswerKeys{},
		window: epoch - epoch%windowEpochs,
	}
	for _, c := range all[CommitRecord](m.st, CommitPrefix(r.Round)) {
		seat, ok := get[RosterSeat](m.st, RosterSeatKey(epoch, c.Seat.UID))
		if !ok || seat.ID != c.Seat {
			continue
		}
		given, err := ReadGiven(m.st, r.Round, seat.ID)
		if err != nil {
			m.st.fail(err)
		}
		asked := due.Of(m.chain, m.p, &seat)
		if duties := d.seat(&seat, asked.Due, given.Slots); len(duties) > 0 {
			put(m.st, DutyKey(r.Round, seat.ID.UID), DutyRecord{Duties: duties})
		}
	}
	for _, j := range d.judges {
		drawn := d.drawn[j.ID.UID]
		if drawn == nil {
			continue
		}
		rec := m.drawn(epoch, j.ID)
		if rec.Kinds == nil {
			rec.Kinds = make([]wire.AnswerKeys, len(m.p.Kinds))
		}
		for k := range drawn {
			rec.Kinds[k] = append(rec.Kinds[k], drawn[k]...)
		}
		put(m.st, DrawnKey(epoch, j.ID.UID), rec)
	}
	return d.total
}

// dutyDraw is the drawing of one round.
type dutyDraw struct {
	m      *machine
	round  *RoundRecord
	window protocol.Epoch
	judges []RosterJudge
	drawn  map[protocol.UID][]wire.AnswerKeys // duties of each judge, by kind
	total  uint32
}

// seat draws the judges of one seat, of one kind after the other, and gives them
// those of its slots whose answers were given. Duties come by slot, then judge.
func (d *dutyDraw) seat(seat *RosterSeat, due []task.Due, given wire.Bits) []Duty {
	cover, ok := get[CoverRecord](d.m.st, CoverKey(seat.ID.UID))
	if !ok || cover.Seat != seat.ID {
		cover = CoverRecord{Seat: seat.ID}
	}
	var out []Duty
	first := uint16(0)
	for i := range due {
		var slots []uint16
		for slot := first; slot < first+due[i].Slots; slot++ {
			if given.Has(int(slot)) {
				slots = append(slots, slot)
			}
		}
		if len(slots) > 0 {
			draw := seatDraw{seed: d.round.DutySeed, seat: seat.ID, first: first}
			duties := draw.slots(slots, d.kind(seat, due[i].Kind, &cover, draw))
			d.note(seat.ID.UID, due[i].Kind, duties)
			out = append(out, duties...)
		}
		first += due[i].Slots
	}
	if len(cover.Kinds) > 0 {
		put(d.m.st, CoverKey(seat.ID.UID), cover)
	}
	return out
}

// note adds duties about a seat's answers of a kind to those of their judges.
func (d *dutyDraw) note(uid protocol.UID, kind protocol.Kind, duties []Duty) {
	index := d.m.p.KindIndex(kind)
	for _, duty := range duties {
		judge := duty.Judge.UID
		if d.drawn[judge] == nil {
			d.drawn[judge] = make([]wire.AnswerKeys, len(d.m.p.Kinds))
		}
		d.drawn[judge][index].Add(wire.AnswerKey{Round: d.round.Round, UID: uid, Slot: duty.Slot})
		d.total++
	}
}

// kind draws the judges of one kind of a seat, and notes them in its cover.
func (d *dutyDraw) kind(seat *RosterSeat, name protocol.Kind, covers *CoverRecord, draw seatDraw) []RosterJudge {
	p := d.m.p.Kind(name)
	cover, first := covers.of(name)
	if cover.Window != d.window {
		cover.Window, cover.Judges = d.window, nil
	}
	var pending, rest []RosterJudge
	for _, j := range d.judges {
		if j.ID.UID == seat.ID.UID || j.Coldkey == seat.Coldkey {
			continue // nobody judges himself
		}
		if _, drew := slices.BinarySearch(cover.Judges, j.ID.UID); drew {
			rest = append(rest, j)
		} else {
			pending = append(pending, j)
		}
	}
	left := d.roundsLeft(p)
	if first {
		left = 1
	}
	quota := max(int(p.Judges), (len(pending)+left-1)/left)
	quota = min(quota, len(pending)+len(rest))

	drawn := draw.inOrder(pending)[:min(quota, len(pending))]
	drawn = append(drawn, draw.byStake(rest, quota-len(drawn))...)
	for _, j := range drawn {
		if i, known := slices.BinarySearch(cover.Judges, j.ID.UID); !known {
			cover.Judges = slices.Insert(cover.Judges, i, j.ID.UID)
		}
	}
	return drawn
}

// roundsLeft returns in how many rounds of the window, this one included, tasks
// of a kind fall due.
func (d *dutyDraw) roundsLeft(k *params.Kind) int {
	perEpoch := d.m.p.Schedule.RoundsPerEpoch()
	end := (uint64(d.window) + windowEpochs) * perEpoch
	return int((end-uint64(d.round.Round)-1)/uint64(k.Rounds)) + 1
}

// of returns the cover of a kind, which it adds where there is none, and whether
// it did.
func (c *CoverRecord) of(name protocol.Kind) (cover *KindCover, added bool) {
	i, known := slices.BinarySearchFunc(c.Kinds, name, func(k KindCover, n protocol.Kind) int { return cmp.Compare(k.Kind, n) })
	if !known {
		c.Kinds = slices.Insert(c.Kinds, i, KindCover{Kind: name})
	}
	return &c.Kinds[i], !known
}

// seatDraw is the randomness of one seat, and of one kind, in one round.
type seatDraw struct {
	seed  protocol.Hash
	seat  protocol.SeatID
	first uint16 // the first slot of the kind, which keeps its draws apart from others'
}

// hash returns SHA-256(domain ‖ 0 ‖ seed ‖ uid ‖ registered ‖ n), big-endian,
// uid in two bytes, registered in eight, n in four.
func (d seatDraw) hash(domain string, n uint32) protocol.Hash {
	b := binary.BigEndian.AppendUint16(nil, uint16(d.seat.UID))
	b = binary.BigEndian.AppendUint64(b, uint64(d.seat.Registered))
	return wire.HashOf(domain, d.seed[:], binary.BigEndian.AppendUint32(b, n))
}

// number returns first·2¹⁶ + n: a judge's uid or a turn, apart for each kind.
func (d seatDraw) number(n int) uint32 { return uint32(d.first)<<16 | uint32(uint16(n)) }

// inOrder returns judges in the order of their hashes.
func (d seatDraw) inOrder(judges []RosterJudge) []RosterJudge {
	type ticket struct {
		hash  protocol.Hash
		judge RosterJudge
	}
	tickets := make([]ticket, len(judges))
	for i, j := range judges {
		tickets[i] = ticket{d.hash("assay/1/duty/order", d.number(int(j.ID.UID))), j}
	}
	slices.SortFunc(tickets, func(a, b ticket) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	out := make([]RosterJudge, len(judges))
	for i, t := range tickets {
		out[i] = t.judge
	}
	return out
}

// byStake draws n of judges without repetition, each draw in proportion to the
// stake of those that are left.
func (d seatDraw) byStake(judges []RosterJudge, n int) []RosterJudge {
	left := slices.Clone(judges)
	var out []RosterJudge
	for k := 0; k < n && len(left) > 0; k++ {
		i := d.one(left, k)
		out = append(out, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out
}

// one draws the place of one of judges, which are some, in proportion to their
// stake; turn keeps draws apart.
func (d seatDraw) one(judges []RosterJudge, turn int) (at int) {
	var total uint64
	for _, j := range judges {
		total += uint64(j.Stake)
	}
	h := d.hash("assay/1/duty/fill", d.number(turn))
	point, _ := bits.Mul64(binary.BigEndian.Uint64(h[:]), total) // 0 … total − 1
	for ; at < len(judges)-1 && point >= uint64(judges[at].Stake); at++ {
		point -= uint64(judges[at].Stake)
	}
	return at
}

// slots gives judge number j the slot perm[j mod s], perm being an order of the
// given slots of the kind by hash, and s = half the judges, so that each of the s
// slots has two judges or more. The duties are sorted by slot, then judge.
func (d seatDraw) slots(given []uint16, judges []RosterJudge) []Duty {
	if len(judges) == 0 {
		return nil
	}
	type ticket struct {
		hash protocol.Hash
		slot uint16
	}
	perm := make([]ticket, len(given))
	for i, slot := range given {
		perm[i] = ticket{d.hash("assay/1/duty/slot", uint32(slot)), slot}
	}
	slices.SortFunc(perm, func(a, b ticket) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	s := min(max(1, len(judges)/2), len(given))
	out := make([]Duty, len(judges))
	for j, judge := range judges {
		out[j] = Duty{Slot: perm[j%s].slot, Judge: judge.ID}
	}
	slices.SortFunc(out, func(a, b Duty) int {
		return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.Judge.UID, b.Judge.UID))
	})
	return out
}
