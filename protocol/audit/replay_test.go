package audit_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
)

// A network that pays everybody comes out again, with signatures and without.
func TestAReplayPaysWhatTheNetworkPaid(t *testing.T) {
	t.Parallel()
	n := newParade(t, 12, 4, 4)
	for _, believe := range []bool{false, true} {
		paid := protocol.Amount(0)
		got := n.replay(t, 4, func(p *audit.Replay) {
			p.From, p.Believe = 3, believe
			p.Epoch = func(o *audit.Outcome) { paid += o.Epoch.Miners + o.Epoch.Validators }
		})
		if want := uint64(n.genesis.Params.Schedule.EpochEnd(4)); got.Blocks != want || got.Epochs != 2 || got.Txs != 4*(5+4) || got.Paid != paid {
			t.Errorf("believe %v: got %+v, want %d blocks, two epochs, 36 transactions and %s", believe, got, want, paid)
		}
	}
	all := n.replay(t, 0, func(p *audit.Replay) { p.All = true })
	if all.Epochs != 5 || all.Blocks != uint64(len(n.list)) {
		t.Errorf("all there is: got %+v", all)
	}
}

func TestAReplayNamesTheFirstDifference(t *testing.T) {
	t.Parallel()
	n := newParade(t, 12, 4, 3)
	end := n.list[len(n.list)-1]
	whole := *end.Outcome
	for what, c := range map[string]struct {
		change func(o *audit.Outcome)
		want   string
	}{
		"a share":    {func(o *audit.Outcome) { o.Payments[7].Incentive++; o.Payments[9].Miner++ }, "epoch 3, block 79, seat 7: incentive was recorded as "},
		"a stake":    {func(o *audit.Outcome) { o.Payments[2].StakeShare = 1; o.Epoch.Burned++ }, "epoch 3, block 79, seat 2: stake share was recorded as 1, and is "},
		"a seat":     {func(o *audit.Outcome) { o.Payments = o.Payments[:11] }, "epoch 3, block 79: payments was recorded as 11, and is 12"},
		"the inputs": {func(o *audit.Outcome) { o.Epoch.Inputs[0] ^= 1 }, "epoch 3, block 79: inputs was recorded as "},
		"no outcome": {nil, "epoch 3, block 79: outcome was recorded as none, and is one"},
	} {
		o := whole
		o.Payments = append(o.Payments[:0:0], whole.Payments...)
		end.Outcome = &o
		if c.change == nil {
			end.Outcome = nil
		} else {
			c.change(&o)
		}
		p := audit.Replay{Genesis: n.genesis, To: 3, Threads: 1}
		report, err := p.Run(t.Context(), n.Source())
		check(t, err)
		if report.Difference == nil || !strings.HasPrefix(report.Difference.String(), c.want) {
			t.Errorf("%s: got %v, want %q", what, report.Difference, c.want)
		}
		if report.Epochs != 3 {
			t.Errorf("%s: %d epochs were equal, want 3", what, report.Epochs)
		}
	}
}

func TestAReplayThatCannotGoOnSaysWhy(t *testing.T) {
	t.Parallel()
	n := newParade(t, 12, 4, 0)
	broken := errors.New("the disk is gone")
	ended, stop := context.WithCancel(t.Context())
	stop()
	for what, c := range map[string]struct {
		stop bool
		run  audit.Replay
		src  audit.Source
		want error
	}{
		"too short":      {false, audit.Replay{To: 1}, n.Source(), audit.ErrShort},
		"nothing at all": {false, audit.Replay{All: true, From: 1}, n.Source(), audit.ErrShort},
		"a gap":          {false, audit.Replay{}, next(func() (*audit.Record, error) { return n.list[1], nil }), audit.ErrOrder},
		"a bad source":   {false, audit.Replay{}, next(func() (*audit.Record, error) { return nil, broken }), broken},
		"an end":         {true, audit.Replay{}, n.Source(), context.Canceled},
	} {
		c.run.Genesis = n.genesis
		ctx := t.Context()
		if c.stop {
			ctx = ended
		}
		if _, err := c.run.Run(ctx, c.src); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
}

// A signature that is not the signer's is found, unless signatures are
// believed; what is no transaction is found in any case.
func TestAReplayLooksAtSignatures(t *testing.T) {
	t.Parallel()
	n := newParade(t, 12, 4, 0)
	at := slices.IndexFunc(n.list, func(r *audit.Record) bool { b, err := r.Block(); return err == nil && len(b.Txs) > 2 })
	whole := n.list[at]
	for _, c := range []struct {
		name    string
		twist   func(tx []byte) []byte
		believe bool
		want    string
	}{
		{"one bit", func(tx []byte) []byte { tx[len(tx)-1] ^= 1; return tx }, false, "transaction 2: wire: wrong signature"},
		{"one bit, believed", func(tx []byte) []byte { tx[len(tx)-1] ^= 1; return tx }, true, ""},
		{"no transaction, believed", func(tx []byte) []byte { return tx[1:] }, true, "transaction 2: wire: malformed"},
	} {
		b, err := whole.Block()
		check(t, err)
		b.Txs[2] = c.twist(bytes.Clone(b.Txs[2]))
		twisted := *whole
		twisted.Txs = audit.Pack(b.Txs)
		n.list[at] = &twisted
		p := audit.Replay{Genesis: n.genesis, Threads: 2, Believe: c.believe}
		report, err := p.Run(t.Context(), n.Source())
		check(t, err)
		switch d := report.Difference; {
		case c.want == "" && d != nil:
			t.Errorf("%s: got %v", c.name, d)
		case c.want != "" && (d == nil || d.Height != whole.Height || !strings.Contains(d.Derived, c.want)):
			t.Errorf("%s: got %v, want %q at block %d", c.name, d, c.want, whole.Height)
		}
	}
}
