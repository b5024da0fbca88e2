package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Duties. In every window of two epochs each judge draws each seat that was
// asked, of another owner, at least once: so all judges form an opinion of all
// seats, and Yuma's majority has something to agree on. With n rounds in the
// window, round i gives each committed seat
//
//	quota = max(Judges, ceil(judges that have not drawn it yet / (n − i)))
//
// judges, those that have not drawn it first, and the rest by stake. They spread
// over the seat's slots so that every slot that is judged at all has two.
//
// The first answer that a seat ever commits to is drawn by all judges: otherwise
// half of them would have no opinion of it in its first epoch, which majorities
// it meets would be luck, and the few seats with luck would share the whole pot.

// windowEpochs is how many epochs make a window.
const windowEpochs = 2

// drawDuties draws the judges of a round whose duty seed is known, and returns
// how many duties there are.
func (m *machine) drawDuties(r *RoundRecord) uint32 {
	epoch := m.p.Schedule.EpochOfRound(r.Round)
	judges := all[RosterJudge](m.st, RosterJudgePrefix(epoch))
	counts := make(map[protocol.UID]uint32, len(judges))
	var total uint32
	for _, c := range all[CommitRecord](m.st, CommitPrefix(r.Round)) {
		seat, ok := get[RosterSeat](m.st, RosterSeatKey(epoch, c.Seat.UID))
		if !ok || seat.ID != c.Seat {
			continue
		}
		d := m.drawSeat(r, epoch, &seat, judges)
		for _, duty := range d {
			counts[duty.Judge.UID]++
			total++
		}
		if len(d) > 0 {
			put(m.st, DutyKey(r.Round, seat.ID.UID), DutyRecord{Duties: d})
		}
	}
	for _, j := range judges {
		if counts[j.ID.UID] == 0 {
			continue
		}
		rec, _ := get[DrawnRecord](m.st, DrawnKey(epoch, j.ID.UID))
		rec.Count += counts[j.ID.UID]
		put(m.st, DrawnKey(epoch, j.ID.UID), rec)
	}
	return total
}

// drawSeat draws the judges of one seat and gives them its slots.
func (m *machine) drawSeat(r *RoundRecord, epoch protocol.Epoch, seat *RosterSeat, judges []RosterJudge) []Duty {
	window := epoch - epoch%windowEpochs
	cover, ok := get[CoverRecord](m.st, CoverKey(seat.ID.UID))
	first := !ok || cover.Seat != seat.ID
	if first || cover.Window != window {
		cover = CoverRecord{Seat: seat.ID, Window: window}
	}
	var pending, rest []RosterJudge
	for _, j := range judges {
		if j.ID.UID == seat.ID.UID || j.Coldkey == seat.Coldkey {
			continue // nobody judges himself
		}
		if _, drew := slices.BinarySearch(cover.Judges, j.ID.UID); drew {
			rest = append(rest, j)
		} else {
			pending = append(pending, j)
		}
	}
	perEpoch := m.p.Schedule.RoundsPerEpoch()
	left := windowEpochs*perEpoch - (uint64(r.Round) - uint64(window)*perEpoch)
	if first {
		left = 1
	}
	quota := max(int(m.p.Kinds[0].Judges), (len(pending)+int(left)-1)/int(left))
	quota = min(quota, len(pending)+len(rest))

	draw := seatDraw{seed: r.DutySeed, seat: seat.ID}
	drawn := draw.inOrder(pending)[:min(quota, len(pending))]
	drawn = append(drawn, draw.byStake(rest, quota-len(drawn))...)
	for _, j := range drawn {
		if i, known := slices.BinarySearch(cover.Judges, j.ID.UID); !known {
			cover.Judges = slices.Insert(cover.Judges, i, j.ID.UID)
		}
	}
	put(m.st, CoverKey(seat.ID.UID), cover)
	return draw.slots(int(seat.Slots()), drawn)
}

// seatDraw is the randomness of one seat in one round.
type seatDraw struct {
	seed protocol.Hash
	seat protocol.SeatID
}

// hash returns SHA-256(domain ‖ 0 ‖ seed ‖ uid ‖ registered ‖ n), big-endian,
// uid in two bytes, registered in eight, n in four.
func (d seatDraw) hash(domain string, n uint32) protocol.Hash {
	b := binary.BigEndian.AppendUint16(nil, uint16(d.seat.UID))
	b = binary.BigEndian.AppendUint64(b, uint64(d.seat.Registered))
	return wire.HashOf(domain, d.seed[:], binary.BigEndian.AppendUint32(b, n))
}

// inOrder returns judges in the order of their hashes.
func (d seatDraw) inOrder(judges []RosterJudge) []RosterJudge {
	type ticket struct {
		hash  protocol.Hash
		judge RosterJudge
	}
	tickets := make([]ticket, len(judges))
	for i, j := range judges {
		tickets[i] = ticket{d.hash("assay/1/duty/order", uint32(j.ID.UID)), j}
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
		var total uint64
		for _, j := range left {
			total += uint64(j.Stake)
		}
		h := d.hash("assay/1/duty/fill", uint32(k))
		point, _ := bits.Mul64(binary.BigEndian.Uint64(h[:]), total) // 0 … total − 1
		i := 0
		for ; i < len(left)-1 && point >= uint64(left[i].Stake); i++ {
			point -= uint64(left[i].Stake)
		}
		out = append(out, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out
}

// slots gives judge number j the slot perm[j mod s], perm being an order of the
// k committed slots by hash, and s = half the judges, so that each of the s
// slots has two judges or more. The duties are sorted by slot, then judge.
func (d seatDraw) slots(k int, judges []RosterJudge) []Duty {
	if len(judges) == 0 || k == 0 {
		return nil
	}
	hashes := make([]protocol.Hash, k)
	perm := make([]uint16, k)
	for i := range perm {
		perm[i], hashes[i] = uint16(i), d.hash("assay/1/duty/slot", uint32(i))
	}
	slices.SortFunc(perm, func(a, b uint16) int { return bytes.Compare(hashes[a][:], hashes[b][:]) })
	s := min(max(1, len(judges)/2), k)
	out := make([]Duty, len(judges))
	for j, judge := range judges {
		out[j] = Duty{Slot: perm[j%s], Judge: judge.ID}
	}
	slices.SortFunc(out, func(a, b Duty) int {
		return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.Judge.UID, b.Judge.UID))
	})
	return out
}
