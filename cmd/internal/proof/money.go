package proof

import (
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
)

// listed judges rows of which the ledger has all, in their order.
type listed[T any] struct {
	want []T
	next int
}

func (l *listed[T]) row(got *T) error {
	if l.next == len(l.want) {
		return wrong("the ledger has no more rows")
	}
	l.next++
	return differs(got, &l.want[l.next-1])
}

func (l *listed[T]) end(*Table) (int64, error) {
	if left := len(l.want) - l.next; left > 0 {
		return int64(left), wrongf("the ledger has %d more", left)
	}
	return 0, nil
}

// newPayments reads what the epoch paid.
func newPayments(s *state) (judge[history.Payment], error) {
	list, err := ledger.ReadPayments(s, s.epoch)
	if err != nil {
		return nil, err
	}
	out := &listed[history.Payment]{}
	height := s.genesis.Params.Schedule.EpochEnd(s.epoch)
	for i := range list {
		p := &list[i]
		out.want = append(out.want, s.names.PaymentOf(&api.Emission{
			Epoch: s.epoch, Height: height, Time: s.at(height), Holder: api.Holder{UID: p.Seat.UID, Registered: p.Seat.Registered, Hotkey: p.Hotkey, Coldkey: p.Coldkey},
			Incentive: p.Incentive, Dividend: p.Dividend, Miner: p.Miner, Validator: p.Validator, Total: p.Miner + p.Validator, Drawn: p.Drawn, Fulfilled: p.Fulfilled,
		}))
	}
	return out, nil
}

// newWeights reads the rows that were sealed in the epoch and opened in the next.
func newWeights(s *state) (judge[history.Weight], error) {
	rows, err := ledger.ReadWeightRows(s, s.epoch)
	if err != nil {
		return nil, err
	}
	out := &listed[history.Weight]{}
	for i := range rows {
		w := &rows[i]
		for j := range min(len(w.UIDs), len(w.Values)) {
			out.want = append(out.want, history.WeightOf(&api.Weight{
				Epoch: s.epoch, Height: w.Height, Time: s.at(w.Height), Validator: w.Seat.UID, UID: w.UIDs[j], Value: w.Values[j],
			}))
		}
	}
	return out, nil
}
