package apitest

import (
	"context"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// The large network: a million blocks, 256 seats of which 64 validate, and the
// records of the 64 epochs that a ledger keeps.
const (
	LargeHeight     = 1_000_000
	LargeEpochs     = 64 // retention
	largeSeats      = 256
	largeValidators = 64
)

// Grow writes the large network into a tree that has a genesis: the newest state,
// and what the epochs paid that it remembers.
func (n *Network) Grow(t ledger.Tree) error {
	sched := n.Genesis.Params.Schedule
	now := sched.EpochOf(LargeHeight)
	m, _, err := ledger.ReadMeta(n.Tree)
	if err != nil {
		return err
	}
	m.Height, m.Seats = LargeHeight, largeSeats
	put := func(key []byte, record any) {
		if err == nil {
			err = t.Set(key, wire.Encode(record))
		}
	}
	put(ledger.MetaKey(), m)
	// Two of three validators like those with high uids, the third those with low ones.
	rows := make([]ledger.Weights, 3)
	for i := range rows {
		rows[i].Height = LargeHeight - 50
		for uid := protocol.UID(largeValidators); uid < largeSeats; uid++ {
			v := uint16(uid) * 200
			if i == 2 {
				v = uint16(largeSeats-uid) * 200
			}
			rows[i].UIDs, rows[i].Values = append(rows[i].UIDs, uid), append(rows[i].Values, v)
		}
	}
	put(ledger.PoolKey(Public("hotkey")), ledger.Pool{Amount: 1000 * protocol.Unit, Shares: 1000})
	for uid := range protocol.UID(largeSeats) {
		s := ledger.Seat{ID: protocol.SeatID{UID: uid}, Hotkey: Public("hotkey"), Coldkey: Public("coldkey"), Asked: uid >= largeValidators, Permit: uid < largeValidators, LastUpdate: LargeHeight - 10}
		if s.Permit {
			s.Consensus.Key = Public("consensus")
		}
		put(ledger.SeatKey(uid), s)
		if s.Permit {
			row := rows[uid%3]
			row.Seat = s.ID
			put(ledger.RosterJudgeKey(now-2, uid), ledger.RosterJudge{ID: s.ID, Hotkey: s.Hotkey, Stake: 1000 * protocol.Unit})
			for e := now - 2; e < now; e++ {
				put(ledger.WeightsKey(e, uid), row)
			}
			put(ledger.BondsKey(uid), ledger.Bonds{UIDs: row.UIDs, Values: row.Values})
		}
	}
	for e := now - LargeEpochs; e < now; e++ {
		paid := n.largeOutcome(e)
		put(ledger.EpochKey(e), paid.Epoch)
		for i := range paid.Payments {
			put(ledger.PaymentKey(e, paid.Payments[i].Seat.UID), paid.Payments[i])
		}
	}
	return err
}

// largeOutcome is what an epoch of the large network paid.
func (n *Network) largeOutcome(e protocol.Epoch) *audit.Outcome {
	out := &audit.Outcome{Epoch: ledger.EpochRecord{
		Epoch: e, Height: n.Genesis.Params.Schedule.EpochEnd(e), Emission: 20 * protocol.Unit, Miners: 10 * protocol.Unit, Validators: 10 * protocol.Unit, Seats: largeSeats,
	}}
	hotkey, coldkey := Public("hotkey"), Public("coldkey")
	for uid := range protocol.UID(largeSeats) {
		p := ledger.Payment{Seat: protocol.SeatID{UID: uid}, Hotkey: hotkey, Coldkey: coldkey, Incentive: 300, Miner: protocol.Unit/32 + protocol.Amount(e)}
		if uid < largeValidators {
			p.Incentive, p.Miner, p.Dividend, p.Validator, p.Drawn, p.Fulfilled = 0, 0, 1000, protocol.Unit/8, 8, 8
		}
		out.Payments = append(out.Payments, p)
	}
	return out
}

// Large is a node of the large network.
type Large struct {
	*Network
	ledger.Reader // of its state
	// Blocks are the records of the blocks that closed epochs, by height; nil where the
	// node has none, because it joined by a snapshot.
	Blocks *store.Space
	// Epochs are those that the node keeps.
	Epochs *node.EpochLog
}

// Past implements [api.Past] for a node that keeps epochs.
type Past struct{ *Large }

// PastEpochs implements [api.Past].
func (p Past) PastEpochs() (oldest, next protocol.Epoch) { return p.Epochs.Range() }

// PastPaid implements [api.Past].
func (p Past) PastPaid(e protocol.Epoch) (ledger.Reader, error) { return p.Epochs.Paid(e) }

// PastWeights implements [api.Past].
func (p Past) PastWeights(e protocol.Epoch) (ledger.Reader, error) { return p.Epochs.Weights(e) }

// PastBonds implements [api.Past].
func (p Past) PastBonds(e protocol.Epoch) (ledger.Reader, error) { return p.Epochs.Bonds(e) }

// State implements [api.State].
func (n *Large) State(context.Context) (ledger.Reader, protocol.Height, error) {
	return n.Reader, LargeHeight, nil
}

// BlockTime implements [api.Clock].
func (n *Large) BlockTime(_ context.Context, h protocol.Height) (time.Time, error) {
	return time.Unix(int64(h), 0), nil
}

// Record implements [api.History].
func (n *Large) Record(ctx context.Context, h protocol.Height) (*audit.Record, error) {
	if n.Blocks == nil {
		return n.Network.Record(ctx, h)
	}
	b, err := n.Blocks.Get(store.Key(uint64(h)))
	if err != nil {
		return nil, err
	}
	if b == nil {
		return n.Network.Record(ctx, h)
	}
	return audit.DecodeRecord(b)
}

// Total implements [api.Totaler], as a node does that follows the network.
func (*Large) Total(protocol.SeatID) (protocol.Amount, protocol.Epoch, bool) {
	return 7 * protocol.Unit, 0, true
}

// Config is what a node of the large network serves.
func (n *Large) Config() api.Config {
	cfg := n.Network.Config()
	cfg.Source.State, cfg.Source.Work = n, n.Work
	if n.Epochs != nil {
		cfg.Source.State = Past{n}
	}
	cfg.Params = n.largeParams()
	return cfg
}

// largeParams are those of the large network.
func (n *Network) largeParams() *params.Params {
	p := n.Genesis.Params
	p.Tasks.Retention = LargeEpochs
	return &p
}
