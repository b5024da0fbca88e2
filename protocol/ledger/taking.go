package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// What verdicts take of a judge's stake is held until an appeal is decided, or none
// can be made. It is taken once for all cards of an epoch, however many are false
// and whoever challenged them. And while it is held nobody comes into the pool or
// leaves it, so that what an appeal gives back goes to whom it was taken from.

// takingMemory is for how many epochs it is kept that stake was taken: a card is
// challenged in the epoch after it, and decided in the one after that at the
// latest.
const takingMemory = 4

// Takings is kept under TakenKey(name): the epochs for whose cards stake of a pool
// was taken, those of long ago left out.
type Takings struct {
	_    struct{} `cbor:",toarray"`
	List []Taking
}

// Taking is what was taken for false cards of one epoch.
type Taking struct {
	_     struct{} `cbor:",toarray"`
	Epoch protocol.Epoch
	Held  bool // it may be given back
}

// takeOnce takes a share of a pool for cards of epoch e, and returns how much;
// false where it was taken before.
func (m *machine) takeOnce(name protocol.PublicKey, e protocol.Epoch, share uint32) (protocol.Amount, bool) {
	rec, _ := get[Takings](m.st, TakenKey(name))
	now := m.currentEpoch()
	rec.List = slices.DeleteFunc(rec.List, func(t Taking) bool { return !t.Held && t.Epoch+takingMemory < now })
	if slices.ContainsFunc(rec.List, func(t Taking) bool { return t.Epoch == e }) {
		return 0, false
	}
	taken := m.takeStake(name, share)
	rec.List = append(rec.List, Taking{Epoch: e, Held: taken > 0})
	put(m.st, TakenKey(name), rec)
	return taken, true
}

// settleTaken notes that what a challenge took of a judge's stake is held no
// longer; it can be taken again where it is given back.
func (m *machine) settleTaken(c *ChallengeRecord, back bool) {
	if !c.OfCard() || c.Finding != wire.FoundPassed || c.Held == 0 {
		return
	}
	name, e := m.accusedName(c), m.p.Schedule.EpochOfRound(c.Case.Round)
	rec, _ := get[Takings](m.st, TakenKey(name))
	i := slices.IndexFunc(rec.List, func(t Taking) bool { return t.Epoch == e })
	switch {
	case i < 0:
		return
	case back:
		rec.List = slices.Delete(rec.List, i, i+1)
	default:
		rec.List[i].Held = false
	}
	put(m.st, TakenKey(name), rec)
}

// contested reports whether stake of a pool is held that may be given back.
func (m *machine) contested(name protocol.PublicKey) bool {
	rec, _ := get[Takings](m.st, TakenKey(name))
	return slices.ContainsFunc(rec.List, func(t Taking) bool { return t.Held })
}
