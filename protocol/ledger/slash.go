package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// Stake that is on its way back still answers for what was done while it was there.
// Nobody walks it: what is lost of a name is noted, and each entry pays its share
// when it matures. Entries that began before the deed are spared.

// maxSlashes bounds what is noted of one name: of more the oldest go. Each is made
// by a conviction that costs the same share of what there is, so that nobody pushes
// one out with many for less than it costs.
const maxSlashes = 64

// Slashes is kept under SlashedKey(name): what stake that leaves a pool loses.
type Slashes struct {
	_    struct{} `cbor:",toarray"`
	List []Slash
}

// Slash is one loss: of stake that began to leave from block From on, and up to
// block At, in which the pool lost as much.
type Slash struct {
	_        struct{} `cbor:",toarray"`
	From, At protocol.Height
	Share    uint32 // 65536ths
}

// noteSlash notes that stake which left a pool since a deed loses a share.
func (m *machine) noteSlash(name protocol.PublicKey, since protocol.Height, share uint32) {
	rec, _ := get[Slashes](m.st, SlashedKey(name))
	oldest := m.oldest(stakeWaits)
	rec.List = slices.DeleteFunc(rec.List, func(s Slash) bool { return s.At < oldest }) // what it is about is back
	rec.List = append(rec.List, Slash{From: since, At: m.height, Share: share})
	if n := len(rec.List); n > maxSlashes {
		rec.List = rec.List[n-maxSlashes:]
	}
	put(m.st, SlashedKey(name), rec)
}

// leaves reports whether anything of the stake on a name is on its way back.
func (m *machine) leaves(name protocol.PublicKey) (some bool) {
	err := walk(m.st, UnbondingPrefix(name), func([]byte, Unbonding) bool {
		some = true
		return false
	})
	if err != nil {
		m.st.fail(err)
	}
	return some
}

// forgetSlash takes a note back that an appeal has shown to be wrong: one, for
// another card of the epoch may have been found false in the same block.
func (m *machine) forgetSlash(name protocol.PublicKey, wrong Slash) {
	rec, ok := get[Slashes](m.st, SlashedKey(name))
	if !ok {
		return
	}
	if i := slices.Index(rec.List, wrong); i >= 0 {
		rec.List = slices.Delete(rec.List, i, i+1)
		put(m.st, SlashedKey(name), rec)
	}
}

// lostOf returns what stake that began to leave the pool of a name in block began,
// and matures now, has lost since.
func (m *machine) lostOf(name protocol.PublicKey, began protocol.Height, amount protocol.Amount) protocol.Amount {
	if !m.p.Verdicts.On() && m.p.Plants.Rate == 0 {
		return 0
	}
	rec, _ := get[Slashes](m.st, SlashedKey(name))
	left := amount
	for _, s := range rec.List {
		if s.From <= began && began <= s.At {
			left -= part(left, uint64(s.Share), params.One)
		}
	}
	return amount - left
}
