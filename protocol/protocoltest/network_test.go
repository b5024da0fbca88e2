package protocoltest_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
)

// talker publishes one message at every height, and keeps what it hears.
type talker struct {
	port  *protocoltest.Port
	name  string
	heard []string
	steps []protocol.Height
}

func (n *talker) Step(ctx context.Context, head protocol.Height) error {
	n.steps = append(n.steps, head)
	return n.port.Publish(ctx, "card", append([]byte(n.name), byte(head)))
}

func (n *talker) Work(context.Context) error { return nil }

func (n *talker) Message(_ context.Context, topic string, raw []byte) error {
	n.heard = append(n.heard, topic+" "+string(raw))
	return nil
}

const stake = 100 * protocol.Unit

func cast() []protocoltest.Actor {
	return []protocoltest.Actor{{Name: "vera", Stake: stake}, {Name: "viktor", Stake: stake}, {Name: "ada", Capacity: 1}, {Name: "zoe"}}
}

func newNetwork(t testing.TB, cfg protocoltest.Config) (*protocoltest.Network, []*talker) {
	t.Helper()
	cfg.Params, cfg.Cast = protocoltest.Params(protocol.ModelID{1}), cast()
	n, err := protocoltest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var nodes []*talker
	for _, a := range cfg.Cast {
		node := &talker{port: n.Port(a.Name), name: a.Name}
		nodes = append(nodes, node)
		n.Attach(a.Name, node.port, node)
	}
	return n, nodes
}

func until(t testing.TB, n *protocoltest.Network, h protocol.Height) {
	t.Helper()
	if err := n.Until(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}

func TestEveryNodeHearsWhatTheOthersSay(t *testing.T) {
	n, nodes := newNetwork(t, protocoltest.Config{})
	until(t, n, 10)
	for _, node := range nodes {
		if len(node.heard) != 30 || len(node.steps) != 10 {
			t.Errorf("%s heard %d messages in %d blocks, want 30 in 10", node.name, len(node.heard), len(node.steps))
		}
	}
}

func TestOneSeedLosesTheSameMessagesWhateverTheNumberOfGoroutines(t *testing.T) {
	play := func(seed uint64, parallel int) (all []string) {
		n, nodes := newNetwork(t, protocoltest.Config{Seed: seed, Loss: 200, Delay: 3, Parallel: parallel})
		until(t, n, 50)
		for _, node := range nodes {
			all = append(all, node.heard...)
		}
		return all
	}
	want := play(7, 1)
	if len(want) < 400 || len(want) > 540 {
		t.Errorf("%d of 600 messages arrived, want about 480", len(want))
	}
	if got := play(7, 8); !slices.Equal(got, want) {
		t.Error("eight at a time heard something else than one after the other")
	}
	if slices.Equal(play(8, 1), want) {
		t.Error("another seed lost the same messages")
	}
}

func TestACutOffNodeHearsAndSaysNothingAndMakesNoBlocks(t *testing.T) {
	n, nodes := newNetwork(t, protocoltest.Config{})
	until(t, n, 3)
	n.Cut("vera")
	until(t, n, 9)
	n.Mend("vera")
	until(t, n, 10)
	if len(nodes[0].steps) != 4 || len(nodes[0].heard) != 12 || len(nodes[1].heard) != 24 {
		t.Errorf("vera saw %v and heard %d, viktor %d; want 4 blocks, 12 and 24", nodes[0].steps, len(nodes[0].heard), len(nodes[1].heard))
	}
	for h := protocol.Height(4); h < 9; h++ {
		if b, ok, err := ledger.ReadBeacon(n.State(), h); err != nil || !ok || !b.Counted || b.Proposer.UID != 1 {
			t.Errorf("beacon of height %d: %+v, %v, %v; want viktor's", h, b, ok, err)
		}
	}
}

func TestALateNodeSeesOldBlocksAndTheirState(t *testing.T) {
	n, nodes := newNetwork(t, protocoltest.Config{})
	n.Lag("ada", 3)
	until(t, n, 10)
	if !slices.Equal(nodes[2].steps, []protocol.Height{1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("ada saw %v", nodes[2].steps)
	}
	if _, err := nodes[2].port.At(t.Context(), 8); err == nil {
		t.Error("ada reads a state that she has not seen")
	}
	r, err := nodes[2].port.At(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	if m, _, err := ledger.ReadMeta(r); err != nil || m.Height != 7 {
		t.Errorf("state of height %d, %v; want 7", m.Height, err)
	}
}

func TestSayingATransactionAgainMakesNoSecondOne(t *testing.T) {
	n, nodes := newNetwork(t, protocoltest.Config{})
	until(t, n, 1)
	body, err := n.Serve("ada", 3)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time before the block that holds it
		if err := nodes[2].port.Submit(t.Context(), body); err != nil {
			t.Fatal(err)
		}
		until(t, n, n.Height()+1)
	}
	until(t, n, 6)
	a, _, err := ledger.ReadAccount(n.State(), protocoltest.Named("ada").PublicKey())
	if err != nil || a.Nonce != 1 {
		t.Errorf("nonce %d, %v; want 1", a.Nonce, err)
	}
	seat, _, err := ledger.ReadSeatByHotkey(n.State(), protocoltest.Named("ada").PublicKey())
	if err != nil || seat.Offers[0].Capacity != 3 {
		t.Errorf("capacity %d, %v; want 3", seat.Offers[0].Capacity, err)
	}
}

func TestWhatNobodyMayIncludeDoesNotWait(t *testing.T) {
	n, _ := newNetwork(t, protocoltest.Config{})
	until(t, n, 1)
	if err := n.Tx(protocoltest.Named("nobody"), &wire.Transfer{To: protocoltest.Cold("zoe").PublicKey(), Amount: 1}); !errors.Is(err, ledger.ErrCannotPay) {
		t.Errorf("a transfer of who has nothing: got %v, want %v", err, ledger.ErrCannotPay)
	}
	if err := n.Tx(protocoltest.Cold("zoe"), &wire.Transfer{To: protocoltest.Cold("ada").PublicKey(), Amount: 5}); err != nil {
		t.Fatal(err)
	}
	until(t, n, 2)
	a, _, err := ledger.ReadAccount(n.State(), protocoltest.Cold("ada").PublicKey())
	if err != nil || a.Balance != protocoltest.Purse+5 {
		t.Errorf("ada has %s, %v", a.Balance, err)
	}
}

func TestALightPortCannotBeWalked(t *testing.T) {
	n, _ := newNetwork(t, protocoltest.Config{})
	node := &talker{port: n.LightPort("ada"), name: "ada"}
	n.Attach("ada", node.port, node)
	until(t, n, 1)
	r, err := node.port.At(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.ReadRosterSeats(r, 0); err == nil {
		t.Error("a light reader walked the state")
	}
}

func TestAProposerWhoseBlocksAreRefusedLosesItsTurns(t *testing.T) {
	n, _ := newNetwork(t, protocoltest.Config{})
	n.Propose("vera", func(turn protocoltest.Turn) *ledger.Block {
		b := *turn.Honest
		b.Txs = b.Txs[:0]
		return &b
	})
	until(t, n, 10)
	if r := n.Refused("vera"); len(r) != 5 || !errors.Is(r[0], ledger.ErrBlock) {
		t.Errorf("refused: %v", r)
	}
	n.Propose("viktor", func(protocoltest.Turn) *ledger.Block { return nil })
	if _, err := n.Block(t.Context()); !errors.Is(err, protocoltest.ErrHalted) {
		t.Errorf("nobody proposes: got %v, want %v", err, protocoltest.ErrHalted)
	}
}

func TestACrashKeepsWhatWasWrittenAndNothingElse(t *testing.T) {
	s := protocoltest.NewStore()
	write := func(key, value string) {
		t.Helper()
		if err := s.Write(func(put func(string, []byte, []byte)) {
			put("table", []byte(key), []byte(value))
			put("table", []byte(key+" gone"), nil)
		}); err != nil {
			t.Fatal(err)
		}
	}
	write("a 2", "two")
	write("a 1", "one")
	write("b", "other")
	c := s.Crash()
	write("a 3", "after")
	var got [][]byte
	if err := c.Scan("table", []byte("a"), func(k, v []byte) bool {
		got = append(got, k, v)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if want := "a 1,one,a 2,two"; string(bytes.Join(got, []byte(","))) != want {
		t.Errorf("after the crash: %q, want %q", bytes.Join(got, []byte(",")), want)
	}
	if v, err := s.Get("table", []byte("a 3")); err != nil || string(v) != "after" {
		t.Errorf("the store that goes on: %q, %v", v, err)
	}
}

func BenchmarkBlock(b *testing.B) {
	n, err := protocoltest.New(protocoltest.Config{Params: protocoltest.Params(protocol.ModelID{1}), Cast: cast()})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := n.Block(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// One copy of five is lost. Alone it is all that its receiver gets; where the
// others pass on what they took, hardly anything is missed, and nothing comes
// twice.
func TestWhatIsRelayedArrivesThoughCopiesAreLost(t *testing.T) {
	heard := func(relay bool) (n, twice int) {
		net, nodes := newNetwork(t, protocoltest.Config{Seed: 1, Loss: 200, Relay: relay})
		until(t, net, 200)
		for _, node := range nodes {
			n += len(node.heard)
			slices.Sort(node.heard)
			twice += len(node.heard) - len(slices.Compact(node.heard))
		}
		return n, twice
	}
	const all = 200 * 4 * 3 // each of four tells three others
	if n, _ := heard(false); n < all*3/4 || n > all*17/20 {
		t.Errorf("of %d messages %d arrived, want about four fifths", all, n)
	}
	if n, twice := heard(true); n < all*97/100 || twice != 0 {
		t.Errorf("of %d messages %d arrived, and %d twice", all, n, twice)
	}
}
