package node_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// serve is what the miner announces of itself.
func serve(t testing.TB, n *network, capacity uint16) *wire.Serve {
	t.Helper()
	id, sig, err := node.Identity(hotkey(t, "m"), n.g, 0)
	check(t, err)
	return &wire.Serve{Coldkey: n.g.Seats[len(n.g.Seats)-1].Coldkey, Offers: []wire.Offer{{Kind: "inference", Capacity: capacity, Models: n.g.Seats[len(n.g.Seats)-1].Offers[0].Models}}, Identity: id, IdentitySig: sig}
}

// miner is the seat of the miner, whose uid comes after the validators'.
func (n *network) miner() protocol.UID { return protocol.UID(len(n.g.Seats) - 1) }

func TestAMinerFollowsTheLedgerAndItsTransactionsAreCarriedOut(t *testing.T) {
	n := newNetwork(t, 2)
	v := n.full(t, 0, func(c *node.FullConfig) {
		c.Evidence = func(_ context.Context, request []byte) ([]byte, error) {
			switch string(request) {
			case "slot":
				return []byte("answer"), nil
			case "nonsense":
				return nil, wire.ErrMalformed
			}
			return nil, nil
		}
	})
	other := n.full(t, 1, nil)
	m := n.light(t, nil)
	if m.ChainID() != n.g.ChainID() || v.ChainID() != n.g.ChainID() {
		t.Error("the chain ids differ")
	}

	// What a light reader believes is what the validators have.
	until(t, m, "a verified block", func(r ledger.Reader, h protocol.Height) bool {
		if h < 3 {
			return false
		}
		got, err := m.StateHash(h)
		check(t, err)
		want, err := other.StateHash(h)
		check(t, err)
		seat, ok, err := ledger.ReadSeatByHotkey(r, hotkey(t, "m").PublicKey())
		if got != want || got.IsZero() || err != nil || !ok || seat.ID.UID != n.miner() || m.BlockTime().IsZero() {
			t.Errorf("at %d: hash %s, want %s; seat %+v, %v", h, got, want, seat, err)
		}
		return true
	})
	_, err := m.At(t.Context(), 1_000_000)
	errIs(t, "a state that no head was verified of", err, consensus.ErrNoBlock)

	// A transaction, said twice, is carried out once.
	for range 2 {
		check(t, m.Submit(t.Context(), serve(t, n, 3)))
	}
	until(t, m, "the seat's new capacity", func(r ledger.Reader, _ protocol.Height) bool {
		s, _, err := ledger.ReadSeat(r, n.miner())
		check(t, err)
		return s.Offers[0].Capacity == 3
	})
	r, _ := v.Latest()
	if a, _, err := ledger.ReadAccount(r, hotkey(t, "m").PublicKey()); err != nil || a.Nonce != 1 {
		t.Errorf("nonce %d, %v, want one transaction", a.Nonce, err)
	}
	// The miner has learnt of the second validator from the ledger.
	eventually(t, "the miner knows both validators", func() bool { return len(m.Peers()) == 2 && len(m.Addrs()) == 0 })

	// Evidence is asked of who has it, and the miner has none.
	for request, want := range map[string]string{"slot": "answer", "another": ""} {
		got, err := other.Ask(t.Context(), hotkey(t, "v0").PublicKey(), []byte(request))
		if string(got) != want || err != nil {
			t.Errorf("evidence for %q: got %q, %v, want %q", request, got, err, want)
		}
	}
	_, err = other.Ask(t.Context(), hotkey(t, "v0").PublicKey(), []byte("nonsense"))
	errIs(t, "a request that makes no sense", err, gossip.ErrRefused)
	_, err = v.Ask(t.Context(), hotkey(t, "m").PublicKey(), []byte("slot")) // a miner keeps no evidence
	if err == nil {
		t.Error("evidence where nobody could be asked: got no error")
	}
}

// A miner's node used to pass on any signed bytes: of a key that has nothing, at
// any nonce. Nor does it blame who brought them, unless no program makes such
// bytes.
func TestAMinerPassesOnNoTransactionsOfOthers(t *testing.T) {
	n := newNetwork(t, 1)
	m := n.light(t, nil)
	<-m.Ready()
	tx, err := wire.NewTx(hotkey(t, "nobody"), n.g.ChainID(), 1<<60, 1, &wire.Transfer{To: hotkey(t, "m").PublicKey(), Amount: 1})
	check(t, err)
	err = node.PassTx(t.Context(), m, wire.Encode(tx))
	if err == nil || gossip.Blames(err) {
		t.Errorf("a transaction of who has nothing: got %v", err)
	}
	err = node.PassTx(t.Context(), m, []byte("nonsense"))
	if !gossip.Blames(err) {
		t.Errorf("nonsense: got %v", err)
	}
}

// A commitment that comes before the tasks are drawn is refused by everybody,
// and gossip does not pass on the same bytes again for two minutes.
func TestATransactionThatNobodyKeptIsHandedOver(t *testing.T) {
	n := newNetwork(t, 1)
	v := n.full(t, 0, nil)
	registry := prometheus.NewRegistry()
	m := n.light(t, func(c *node.Config) { c.Registerer = registry })
	s := n.g.Params.Schedule
	var round protocol.Round // the next one
	until(t, m, "a commitment that was said too early", func(r ledger.Reader, h protocol.Height) bool {
		if round == 0 {
			round = s.RoundOf(h) + 1
		}
		_, there, err := ledger.ReadCommit(r, round, n.miner())
		check(t, err)
		if !there {
			check(t, m.Submit(t.Context(), &wire.Commit{Round: round, Root: protocol.Hash{1}}))
		}
		return there
	})
	if got := metric(t, registry, "assay_gossip_requested_total", "ok", "submit"); got == 0 {
		t.Error("it did not need to be handed over, so this test shows nothing")
	}
	// Who takes it says what is wrong with it, and nothing against what waits
	// already.
	tx := func(nonce uint64) []byte {
		tx, err := ledger.NewTx(hotkey(t, "m cold"), n.g.ChainID(), &n.g.Params.Fees, nonce, &wire.Transfer{To: hotkey(t, "x").PublicKey(), Amount: protocol.Unit})
		check(t, err)
		return wire.Encode(tx)
	}
	err := m.Hand(t.Context(), tx(ledger.NonceWindow))
	errIs(t, "a nonce far ahead", err, gossip.ErrRefused)
	if err == nil || !strings.Contains(err.Error(), "ErrBadNonce") {
		t.Errorf("got %v, want the rule that is broken", err)
	}
	errIs(t, "no transaction at all", m.Hand(t.Context(), []byte("nonsense")), gossip.ErrRefused)
	check(t, m.Hand(t.Context(), tx(1)))
	check(t, m.Hand(t.Context(), tx(1)))
	check(t, m.Hand(t.Context(), tx(0)))
	until(t, v, "both in a block", func(r ledger.Reader, _ protocol.Height) bool {
		a, _, err := ledger.ReadAccount(r, hotkey(t, "x").PublicKey())
		check(t, err)
		return a.Balance == 2*protocol.Unit
	})
}

// TestAMinersNodeSaysWhatValidatorsWouldRefuse, by what it proves of the ledger,
// before it sends anything on; what is good comes into a block.
func TestAMinersNodeSaysWhatValidatorsWouldRefuse(t *testing.T) {
	n := newNetwork(t, 1)
	n.full(t, 0, nil)
	m := n.light(t, nil)
	tx := func(from string, nonce uint64, amount protocol.Amount) []byte {
		tx, err := ledger.NewTx(hotkey(t, from), n.g.ChainID(), &n.g.Params.Fees, nonce, &wire.Transfer{To: hotkey(t, "x").PublicKey(), Amount: amount})
		check(t, err)
		return wire.Encode(tx)
	}
	until(t, m, "a verified block", func(ledger.Reader, protocol.Height) bool { return true })
	forged := tx("m cold", 0, protocol.Unit)
	forged[len(forged)-1] ^= 1
	errIs(t, "another's signature", m.SubmitRaw(t.Context(), forged), wire.ErrSignature)
	for name, c := range map[string]struct {
		raw  []byte
		want ledger.Reason
	}{
		"more than it has":   {tx("m cold", 0, 1000*protocol.Unit), ledger.ErrCannotPay},
		"who has nothing":    {tx("nobody", 0, protocol.Unit), ledger.ErrCannotPay},
		"a nonce far ahead":  {tx("m cold", ledger.NonceWindow, protocol.Unit), ledger.ErrBadNonce},
		"less than is there": {tx("m cold", 0, 1), ledger.ErrTooSmall},
	} {
		if got := ledger.ReasonOf(m.SubmitRaw(t.Context(), c.raw)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	check(t, m.SubmitRaw(t.Context(), tx("m cold", 0, protocol.Unit)))
	until(t, m, "the good one in a block", func(r ledger.Reader, _ protocol.Height) bool {
		a, _, err := ledger.ReadAccount(r, hotkey(t, "x").PublicKey())
		check(t, err)
		return a.Balance == protocol.Unit
	})
	if got := ledger.ReasonOf(m.SubmitRaw(t.Context(), tx("m cold", 0, protocol.Unit))); got != ledger.ErrBadNonce {
		t.Errorf("a nonce that is used: got %q", got)
	}
}

func TestAValidatorGoesOnWithItsNextChainOfLinks(t *testing.T) {
	n := newNetwork(t, 1)
	n.g.Params.Schedule = protocol.Schedule{
		Tempo: 8, RoundLength: 8, CommitBlocks: 1, OpenBlocks: 2, AttestBlocks: 3, SealCardsBlocks: 2, OpenCardsBlocks: 6, WeightBlocks: 7,
	}
	v := n.full(t, 0, nil)
	start := extend(t, v, n.g.Params.Schedule)
	until(t, v, "blocks with links of the new chain", func(r ledger.Reader, h protocol.Height) bool {
		seat, _, err := ledger.ReadSeat(r, 0)
		check(t, err)
		if h > start && seat.Beacon.Start != start {
			t.Fatalf("at %d: the chain begins at %d, want %d", h, seat.Beacon.Start, start)
		}
		return h > start+2 && seat.Beacon.Seen > 1
	})
	if st := v.Stats(); st.Height < start || st.StateHash.IsZero() {
		t.Errorf("stats %+v", st)
	}
}

// extend has the ledger accept the next chain of a validator's links, and returns
// where it begins. A chain is a million hashes and must be said within one epoch,
// of eight blocks here: so it is made in an epoch before, and anew, for one epoch
// later each time, where that took too long.
func extend(t *testing.T, v *node.Full, s protocol.Schedule) (start protocol.Height) {
	t.Helper()
	for later := range protocol.Epoch(20) {
		_, h := v.Latest()
		say := s.EpochOf(h) + 1 + later
		start = s.EpochStart(say + 2)
		anchor, err := v.Anchor(start)
		check(t, err)
		said, taken := false, false
		until(t, v, "an epoch has ended", func(r ledger.Reader, h protocol.Height) bool {
			seat, _, err := ledger.ReadSeat(r, 0)
			check(t, err)
			at := s.EpochOf(h)
			if taken = seat.NextFrom != 0; !taken && !said && at == say {
				said = true
				if err := v.Submit(t.Context(), &wire.ExtendBeacon{Start: start, Anchor: anchor}); err != nil && ledger.ReasonOf(err) != ledger.ErrDeadline {
					t.Fatal(err)
				}
			}
			return taken || at > say
		})
		if taken {
			return start
		}
	}
	t.Fatal("no chain was made and said in time")
	return 0
}

// TestATransactionThatNobodyListensForIsHandedOver: gossip has lost the only
// peer, which answers requests all the same.
func TestATransactionThatNobodyListensForIsHandedOver(t *testing.T) {
	n := newNetwork(t, 1)
	n.boot = nil
	taken := make(chan []byte, 1)
	secret, err := hotkey(t, "v0").DeriveIdentity(n.g.Origin(), 0)
	check(t, err)
	b := secret.Expose()
	peer, err := gossip.New(gossip.Config{ChainID: protocol.ShortChainID(n.g.ChainID()), Identity: b[:], Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
	check(t, err)
	check(t, peer.Handle(gossip.StreamSubmit, func(_ context.Context, _ string, raw []byte) ([]byte, error) {
		taken <- bytes.Clone(raw)
		return nil, nil
	}))
	run(t, peer.Run)
	<-peer.Ready()
	m := n.light(t, func(c *node.Config) { c.Bootstrap = peer.Addrs() })
	eventually(t, "connected", func() bool { return len(m.Peers()) == 1 })
	raw := wire.Encode(transfer(t, n.g.ChainID(), 0, 1))
	check(t, m.Send(t.Context(), raw, false))
	if got := <-taken; !bytes.Equal(got, raw) {
		t.Errorf("got %x, want %x", got, raw)
	}
}

// stranger joins the gossip of a network under a key of its own, with no rules.
func stranger(t testing.TB, n *network, name string) *gossip.Host {
	t.Helper()
	secret, err := hotkey(t, name).DeriveIdentity(n.g.Origin(), 0)
	check(t, err)
	b := secret.Expose()
	h, err := gossip.New(gossip.Config{ChainID: protocol.ShortChainID(n.g.ChainID()), Identity: b[:], Bootstrap: n.boot})
	check(t, err)
	run(t, h.Run)
	return h
}

// metric returns a counter, by the values of its labels in the order of their
// names.
func metric(t testing.TB, r *prometheus.Registry, name string, labels ...string) int {
	t.Helper()
	families, err := r.Gather()
	check(t, err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var values []string
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			if fmt.Sprint(values) == fmt.Sprint(labels) {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	return 0
}

// transfer is a transaction of the miner's coldkey.
func transfer(t testing.TB, chain string, nonce uint64, amount protocol.Amount) *wire.Tx {
	t.Helper()
	fees := params.Local().Fees
	tx, err := ledger.NewTx(hotkey(t, "m cold"), chain, &fees, nonce, &wire.Transfer{To: hotkey(t, "x").PublicKey(), Amount: amount})
	check(t, err)
	return tx
}

func TestBadTransactionsAreCountedByTheirReasonAndLoseNothing(t *testing.T) {
	n := newNetwork(t, 1)
	registry := prometheus.NewRegistry()
	v := n.full(t, 0, func(c *node.FullConfig) { c.Registerer = registry })
	chain := n.g.ChainID()
	submit(t, v, wire.Encode(transfer(t, chain, 0, protocol.Unit)))
	until(t, v, "the first transfer in a block", func(r ledger.Reader, _ protocol.Height) bool {
		a, _, err := ledger.ReadAccount(r, hotkey(t, "m cold").PublicKey())
		check(t, err)
		return a.Nonce == 1
	})
	forged := transfer(t, chain, 1, protocol.Unit)
	forged.Sig[9] ^= 1
	spelt := append(wire.Encode(transfer(t, chain, 1, protocol.Unit)), 0)
	for name, c := range map[string]struct {
		raw             []byte
		verdict, reason string
	}{
		"wrong signature": {wire.Encode(forged), "reject", "signature"},
		"another chain":   {wire.Encode(transfer(t, "assay-other-00000000", 1, protocol.Unit)), "reject", "chain"},
		"not canonical":   {spelt, "reject", "malformed"},
		"a replay":        {wire.Encode(transfer(t, chain, 0, protocol.Unit)), "ignore", "bad_nonce"},
		"too far ahead":   {wire.Encode(transfer(t, chain, 1+ledger.NonceWindow, protocol.Unit)), "ignore", "bad_nonce"},
		"cannot pay":      {wire.Encode(transfer(t, chain, 1, 1<<60)), "ignore", "cannot_pay"},
		"overflow":        {wire.Encode(transfer(t, chain, 1, 1<<64-1)), "ignore", "cannot_pay"},
	} {
		before := metric(t, registry, "assay_gossip_messages_total", c.reason, "tx", c.verdict)
		h := stranger(t, n, name)
		<-h.Ready()
		eventually(t, name, func() bool {
			_ = h.Publish(t.Context(), gossip.TopicTx, c.raw) // nobody listens at first
			return metric(t, registry, "assay_gossip_messages_total", c.reason, "tx", c.verdict) > before
		})
	}
	submit(t, v, wire.Encode(transfer(t, chain, 1, protocol.Unit)))
	until(t, v, "an honest transfer after all that", func(r ledger.Reader, _ protocol.Height) bool {
		a, _, err := ledger.ReadAccount(r, hotkey(t, "x").PublicKey())
		check(t, err)
		return a.Balance == 2*protocol.Unit
	})
}

func TestASecondCommitmentIsRefusedAndCounted(t *testing.T) {
	n := newNetwork(t, 1)
	registry := prometheus.NewRegistry()
	s := n.g.Params.Schedule
	s.Tempo, s.RoundLength, s.CommitBlocks, s.OpenBlocks, s.AttestBlocks = 100, 100, 97, 98, 99 // time for a second one
	s.SealCardsBlocks, s.OpenCardsBlocks, s.WeightBlocks = 4, 8, 98
	n.g.Params.Seats.MaxSilence, n.g.Params.Seats.Unbonding = 200, 200 // two such epochs
	n.g.Params.Schedule = s
	v := n.full(t, 0, func(c *node.FullConfig) { c.Registerer = registry })
	commit := func(round protocol.Round, root byte, nonce uint64) []byte {
		tx, err := ledger.NewTx(hotkey(t, "m"), n.g.ChainID(), &n.g.Params.Fees, nonce, &wire.Commit{Round: round, Root: protocol.Hash{root}})
		check(t, err)
		return wire.Encode(tx)
	}
	h := stranger(t, n, "stranger")
	<-h.Ready()
	eventually(t, "the stranger is heard", func() bool {
		return slices.ContainsFunc(h.Peers(), func(p gossip.PeerInfo) bool { return slices.Contains(p.Topics, gossip.TopicTx) })
	})
	ctx := t.Context()
	var round protocol.Round
	until(t, v, "a commitment in a block", func(r ledger.Reader, at protocol.Height) bool {
		round = s.RoundOf(at)
		if _, ok, err := ledger.ReadCommit(r, round, n.miner()); err != nil || ok {
			check(t, err)
			return true
		}
		_, err := v.SubmitRaw(ctx, commit(round, 1, 0)) // refused until the seat is asked and the tasks are drawn
		if err != nil && ledger.ReasonOf(err) == "" {
			t.Fatal(err)
		}
		return false
	})
	_, err := v.SubmitRaw(ctx, commit(round, 2, 1))
	errIs(t, "the second", err, ledger.ErrDuplicate)
	eventually(t, "the second is counted", func() bool {
		_ = h.Publish(ctx, gossip.TopicTx, commit(round, 3, 1))
		return metric(t, registry, "assay_gossip_messages_total", "duplicate", "tx", "ignore") > 0
	})
	r, _ := v.Latest()
	if c, ok, err := ledger.ReadCommit(r, round, n.miner()); err != nil || !ok || c.Root != (protocol.Hash{1}) {
		t.Errorf("the ledger has %+v, %v, want the first", c, err)
	}
}

// submit hands a validator a transaction that it has not seen.
func submit(t testing.TB, v *node.Full, raw []byte) {
	t.Helper()
	if known, err := v.SubmitRaw(t.Context(), raw); err != nil || known {
		t.Fatalf("submit: known %v, %v", known, err)
	}
}
