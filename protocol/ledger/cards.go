package ledger

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
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

// countOf returns the count of uid and a kind in a sorted list, 0 if it is not
// there.
func countOf(list []wire.SeatCount, uid protocol.UID, kind int) uint32 {
	i, ok := slices.BinarySearchFunc(list, uid, func(c wire.SeatCount, u protocol.UID) int { return cmp.Compare(c.UID, u) })
	if !ok {
		return 0
	}
	return at(list[i].Counts, kind)
}

// at returns the count of a kind, 0 where it was left out.
func at(counts []uint32, kind int) uint32 {
	if kind >= len(counts) {
		return 0
	}
	return counts[kind]
}

// duties are what a judge owed in an epoch, answers that it drew to judge and pairs
// to set, and what it did of it, by kind.
type duties struct {
	drawn, fulfilled []uint32
}

// fulfilled returns, for each seat, the duties of epoch e. What a judge did of a
// kind is the least of its own count, its duties, and the median of what the
// other judges saw of it; nothing if it stated nothing. The sets of pairs that a
// judge opened are counted on the ledger, and the others see those whose texts they
// got and that they did not find false.
func (m *machine) fulfilled(e protocol.Epoch, seats []candidate) []duties {
	said := m.statements(e)
	lane, due := m.p.KindIndex(preference.Kind), m.setsDue(e)
	out := make([]duties, len(seats))
	for i := range seats {
		id := seats[i].seat.ID
		j, ok := get[RosterJudge](m.st, RosterJudgeKey(e, id.UID))
		if !ok || j.ID != id {
			continue
		}
		rec, _ := get[DrawnRecord](m.st, DrawnKey(e, id.UID))
		owed, opened := m.owed(due, id)
		if owed > 0 {
			if rec.Counts == nil {
				rec.Counts = make([]uint32, len(m.p.Kinds))
			}
			rec.Counts[lane] = owed
		}
		out[i] = duties{rec.Counts, make([]uint32, len(rec.Counts))}
		own := slices.IndexFunc(said, func(s statement) bool { return s.judge.ID == id })
		if own < 0 {
			continue
		}
		for kind, drawn := range rec.Counts {
			did := min(at(said[own].cards.Counts, kind), drawn)
			if kind == lane {
				did = opened
			}
			out[i].fulfilled[kind] = fulfilledOf(said, own, kind, did)
		}
	}
	return out
}

// fulfilledOf returns what the others leave of what a judge did of a kind.
func fulfilledOf(said []statement, own, kind int, did uint32) uint32 {
	var votes []vote
	for k := range said {
		if k != own {
			votes = append(votes, vote{countOf(said[k].cards.Seen, said[own].judge.ID.UID, kind), said[k].judge.Stake})
		}
	}
	if len(votes) > 0 {
		did = min(did, lowerMedian(votes))
	}
	return did
}

// scale returns the part of a that duties leave: of the kinds in which any were
// drawn each stands for as much of it as its share of the pay, and leaves what
// was fulfilled of what was drawn. All of it, if none was drawn.
//
//	Σ ⌊⌊a·share_k ÷ Σ share⌋ · fulfilled_k ÷ drawn_k⌋
//
// Where none of these kinds has a share, they count alike.
func (d duties) scale(kinds []params.Kind, a protocol.Amount) protocol.Amount {
	shares := make([]uint64, len(d.drawn))
	var all, drawn uint64
	for k, n := range d.drawn {
		if n > 0 {
			shares[k], drawn = uint64(kinds[k].Share), drawn+1
			all += shares[k]
		}
	}
	if drawn == 0 {
		return a
	}
	var out protocol.Amount
	for k, n := range d.drawn {
		if n == 0 {
			continue
		}
		if all == 0 {
			out += part(part(a, 1, drawn), uint64(d.fulfilled[k]), uint64(n))
			continue
		}
		out += part(part(a, shares[k], all), uint64(d.fulfilled[k]), uint64(n))
	}
	return out
}

// DutyPart returns what of a dividend is left to a judge of whose duties, by kind
// in the network's order, so many were fulfilled of those that it had.
func DutyPart(kinds []params.Kind, had, fulfilled []uint32, a protocol.Amount) protocol.Amount {
	return duties{had, fulfilled}.scale(kinds, a)
}

// part returns ⌊a·n ÷ of⌋, n at most of.
func part(a protocol.Amount, n, of uint64) protocol.Amount {
	out, err := a.MulDiv(n, of)
	if err != nil { // cannot be: the quotient is at most a
		return 0
	}
	return out
}
