package proof

import (
	"cmp"
	"math"
	"slices"

	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// scoresOf judges scores: whose seats they are of, what they count, and whose
// weights they are.
type scoresOf struct {
	*state
	rows    []ledger.Weights
	counts  map[part]*counts
	equal   int64 // rows that count what the ledger has
	weights map[protocol.UID]uint16
	seen    map[part]bool // rows, by what they are of: no more than seats have kinds
}

func newScores(s *state) (judge[history.Score], error) {
	j := &scoresOf{state: s, weights: map[protocol.UID]uint16{}, seen: map[part]bool{}}
	var err error
	if j.rows, err = ledger.ReadWeightRows(s, s.epoch); err == nil && s.epoch > 0 {
		j.counts, err = countsOf(s, s.epoch-1)
	}
	return j, err
}

func (j *scoresOf) row(got *history.Score) error {
	want := *got
	end := j.genesis.Params.Schedule.EpochEnd(j.epoch)
	want.Epoch, want.Time = int64(j.epoch), history.MicrosOf(j.at(end))
	uid := protocol.UID(got.UID)
	holder, err := j.holder(uid, protocol.Height(got.Registered))
	if err != nil {
		return err
	}
	if holder.IsZero() {
		return wrongf("the ledger has no seat %d that was registered at block %d", got.UID, got.Registered)
	}
	want.UID, want.Hotkey = int32(uid), j.names.Of(holder)
	if err := differs(got, &want); err != nil {
		return err
	}
	value := math.Round(got.Weight * 65535)
	if !(value >= 0 && value <= math.MaxUint16) || value/65535 != got.Weight {
		return wrong("its weight is no part in 65535")
	}
	if old, there := j.weights[uid]; there && old != uint16(value) {
		return wrong("a seat has one weight, and a row before it has another")
	}
	k := j.genesis.Params.Kind(protocol.Kind(got.Kind))
	if k == nil {
		return wrongf("the network has no kind %.40q", got.Kind)
	}
	p := part{protocol.SeatID{UID: uid, Registered: protocol.Height(got.Registered)}, k.Name}
	if j.seen[p] {
		return errTwice
	}
	j.weights[uid], j.seen[p] = uint16(value), true
	if k.OnLedger() {
		return nil // what is rated on the ledger counts otherwise
	}
	of := j.counts[p]
	if of == nil {
		of = &counts{}
	}
	equal, err := of.compare(got)
	if equal {
		j.equal++
	}
	return err
}

// holder returns whose a seat was when it was weighed; the zero key where it was
// none.
func (j *scoresOf) holder(uid protocol.UID, registered protocol.Height) (protocol.PublicKey, error) {
	for e := j.epoch; ; e-- {
		s, ok, err := ledger.ReadRosterSeat(j, e, uid)
		if err != nil || ok && s.ID.Registered == registered {
			return s.Hotkey, err
		}
		if e == 0 || e < j.epoch {
			break
		}
	}
	p, ok, err := ledger.ReadPayment(j, j.epoch, uid)
	if err != nil || ok && p.Seat.Registered == registered {
		return p.Hotkey, err
	}
	return protocol.PublicKey{}, nil
}

// end looks for the validators whose row the weights are.
func (j *scoresOf) end(t *Table) (int64, error) {
	t.Counted += j.equal
	for i := range j.rows {
		r := &j.rows[i]
		if len(j.weights) == 0 || !j.are(r) {
			continue
		}
		at, there := slices.BinarySearchFunc(t.By, r.Seat.UID, func(b By, uid protocol.UID) int { return cmp.Compare(b.Validator, uid) })
		if !there {
			t.By = slices.Insert(t.By, at, By{Validator: r.Seat.UID})
		}
		t.By[at].Epochs++
	}
	return 0, nil
}

// are reports whether the weights are those of a row, which leaves out zeros.
func (j *scoresOf) are(r *ledger.Weights) bool {
	left := 0
	for _, w := range j.weights {
		if w > 0 {
			left++
		}
	}
	for i := range min(len(r.UIDs), len(r.Values)) {
		w, there := j.weights[r.UIDs[i]]
		switch {
		case r.UIDs[i] == protocol.Nobody || !there && r.Values[i] == 0:
		case w != r.Values[i]:
			return false
		case w > 0:
			left--
		}
	}
	return left == 0
}
