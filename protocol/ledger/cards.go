package ledger

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// vote is a number that a judge stated, with the judge's stake.
type vote struct {
	value uint32
	stake protocol.Amount
}

// lowerMedian returns the least value that judges of half the stake or more do
// not exceed; 0 of no votes. It sorts votes. Twice all stake fits 64 bits.
func lowerMedian(votes []vote) uint32 {
	slices.SortFunc(votes, func(a, b vote) int { return cmp.Compare(a.value, b.value) })
	var total, sum protocol.Amount
	for _, v := range votes {
		total += v.stake
	}
	for _, v := range votes {
		if sum += v.stake; 2*sum >= total {
			return v.value
		}
	}
	return 0
}

// statement is what one judge of an epoch put on the ledger about it.
type statement struct {
	judge RosterJudge
	cards wire.CommitCards
}

// statements returns those of the judges of epoch e that made one, by uid.
func (m *machine) statements(e protocol.Epoch) []statement {
	var out []statement
	for _, j := range all[RosterJudge](m.st, RosterJudgePrefix(e)) {
		if c, ok := get[CardsRecord](m.st, CardsKey(e, j.ID.UID)); ok && c.Seat == j.ID {
			out = append(out, statement{j, c.Cards})
		}
	}
	return out
}

// countOf returns the count of uid in a sorted list, 0 if it is not there.
func countOf(list []wire.SeatCount, uid protocol.UID) uint32 {
	i, ok := slices.BinarySearchFunc(list, uid, func(c wire.SeatCount, u protocol.UID) int { return cmp.Compare(c.UID, u) })
	if !ok {
		return 0
	}
	return list[i].Count
}

// openedMedians returns, for each seat, how many answers it opened in epoch e
// that nobody found false: the median of what the judges state, its own
// statement aside.
func (m *machine) openedMedians(e protocol.Epoch, seats []candidate) []uint32 {
	said := m.statements(e)
	out := make([]uint32, len(seats))
	votes := make([]vote, 0, len(said))
	for i := range seats {
		id := seats[i].seat.ID
		if id.Registered > m.p.Schedule.EpochEnd(e) { // the count is of who sat there before
			continue
		}
		votes = votes[:0]
		for k := range said {
			if said[k].judge.ID.UID != id.UID {
				votes = append(votes, vote{countOf(said[k].cards.Opened, id.UID), said[k].judge.Stake})
			}
		}
		out[i] = lowerMedian(votes)
	}
	return out
}

// duties are what a judge drew in an epoch and what it did of it.
type duties struct {
	drawn, fulfilled uint32
}

// fulfilled returns, for each seat, the duties of epoch e. What a judge did is
// the least of its own count, its duties, and the median of what the other
// judges saw of it; nothing if it stated nothing.
func (m *machine) fulfilled(e protocol.Epoch, seats []candidate) []duties {
	said := m.statements(e)
	out := make([]duties, len(seats))
	for i := range seats {
		id := seats[i].seat.ID
		j, ok := get[RosterJudge](m.st, RosterJudgeKey(e, id.UID))
		if !ok || j.ID != id {
			continue
		}
		rec, _ := get[DrawnRecord](m.st, DrawnKey(e, id.UID))
		out[i].drawn = rec.Count
		own := slices.IndexFunc(said, func(s statement) bool { return s.judge.ID == id })
		if own < 0 {
			continue
		}
		var votes []vote
		for k := range said {
			if k != own {
				votes = append(votes, vote{countOf(said[k].cards.Seen, id.UID), said[k].judge.Stake})
			}
		}
		out[i].fulfilled = min(said[own].cards.Count, rec.Count)
		if len(votes) > 0 {
			out[i].fulfilled = min(out[i].fulfilled, lowerMedian(votes))
		}
	}
	return out
}

// scale returns the part of a that was fulfilled: all of it, if none was drawn.
func (d duties) scale(a protocol.Amount) protocol.Amount {
	if d.drawn == 0 {
		return a
	}
	part, err := a.MulDiv(uint64(d.fulfilled), uint64(d.drawn))
	if err != nil { // cannot be: fulfilled <= drawn
		return 0
	}
	return part
}
