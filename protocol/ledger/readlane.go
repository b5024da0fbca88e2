package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// ReadSetter returns the chains of the setter uid.
func ReadSetter(r Reader, uid protocol.UID) (SetterRecord, bool, error) {
	return read[SetterRecord](r, SetterKey(uid))
}

// ReadSets returns the pairs that raters get in round n, by setter.
func ReadSets(r Reader, n protocol.Round) ([]preference.Set, error) {
	rec, _, err := read[SetsRecord](r, SetsKey(n))
	return rec.Sets, err
}

// ReadRaters returns the seats that are asked to rate in epoch e, by uid.
func ReadRaters(r Reader, e protocol.Epoch) ([]preference.Rater, error) {
	rec, _, err := read[RatersRecord](r, RatersKey(e))
	return rec.Raters, err
}

// ReadRatings returns what a seat opened of the ratings that fell due in a round.
func ReadRatings(r Reader, due protocol.Round, uid protocol.UID) (RatingsRecord, bool, error) {
	return read[RatingsRecord](r, RatingsKey(due, uid))
}

// Lane is one round of the people's lane, as the ledger has it.
type Lane struct {
	Set, Due protocol.Round // its first and its last round
	Seed     protocol.Hash  // by which pairs are dealt; zero where none was drawn
	Sets     []preference.Set
	Raters   []preference.Rater
}

// ReadLane returns the round of the lane whose ratings fall due in a round; false
// where none do. It reads three records, which a light reader can prove.
func ReadLane(r Reader, p *params.Params, due protocol.Round) (Lane, bool, error) {
	k := p.Kind(preference.Kind)
	if k == nil {
		return Lane{}, false, nil
	}
	set, ok := k.Set(due)
	if !ok {
		return Lane{}, false, nil
	}
	l := Lane{Set: set, Due: due}
	seeds, _, err := ReadRound(r, set)
	if err != nil {
		return Lane{}, false, err
	}
	l.Seed = seeds.TaskSeed
	if l.Sets, err = ReadSets(r, set); err != nil {
		return Lane{}, false, err
	}
	l.Raters, err = ReadRaters(r, p.Schedule.EpochOfRound(set))
	return l, err == nil, err
}

// Deal returns who rates what; nobody anything where no seed was drawn. The table
// has a place for each set then, too: its pairs can have been sealed and opened,
// for they are made from the seed of the round before.
func (l *Lane) Deal(p *params.Params) *preference.Table {
	if l.Seed.IsZero() {
		return &preference.Table{Seats: make([][]preference.Asked, len(l.Raters)), Pairs: make([][][]preference.Dealt, len(l.Sets))}
	}
	return preference.Deal(&p.Preference, l.Seed, l.Sets, l.Raters)
}

// CheckPublished says whether published pairs are those that their setter put on
// the ledger, and signed by it; a [RuleError] if not.
func CheckPublished(r Reader, p *wire.SignedPairs) error {
	sets, err := ReadSets(r, p.Pairs.Round)
	if err != nil {
		return err
	}
	seat, ok, err := ReadSeatByHotkey(r, p.Sender)
	if err != nil {
		return err
	}
	if !ok || seat.ID != p.Pairs.Setter {
		return broken(ErrNoSeat, "hotkey %s holds no seat %d", p.Sender, p.Pairs.Setter.UID)
	}
	for i := range sets {
		if sets[i].Setter == seat.ID && sets[i].Root == p.Pairs.Root() {
			return nil
		}
	}
	return broken(ErrMismatch, "not the pairs of seat %d of round %d", seat.ID.UID, p.Pairs.Round)
}
