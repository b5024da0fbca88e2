package consensus_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// forged is a block of a chain as who has these keys would have signed it with
// another state hash.
func forged(t testing.TB, chain string, raw []byte, signers ...string) *types.LightBlock {
	t.Helper()
	lb, err := consensus.DecodeLightBlock(raw, chain)
	check(t, err)
	hash := sha256.Sum256([]byte("another state"))
	lb.AppHash = hash[:]
	id := types.BlockID{Hash: lb.Hash(), PartSetHeader: lb.Commit.BlockID.PartSetHeader}
	commit := &types.Commit{Height: lb.Height, Round: lb.Commit.Round, BlockID: id}
	for i, v := range lb.ValidatorSet.Validators {
		sig := types.NewCommitSigAbsent()
		for _, name := range signers {
			k := consensusKey(t, name)
			if !k.PubKey().Equals(v.PubKey) {
				continue
			}
			vote := &types.Vote{Type: cmtproto.PrecommitType, Height: lb.Height, Round: commit.Round, BlockID: id, Timestamp: lb.Time, ValidatorAddress: v.Address, ValidatorIndex: int32(i)}
			vote.Signature, err = k.Sign(types.VoteSignBytes(chain, vote.ToProto()))
			check(t, err)
			sig = vote.CommitSig()
		}
		commit.Signatures = append(commit.Signatures, sig)
	}
	return &types.LightBlock{SignedHeader: &types.SignedHeader{Header: lb.Header, Commit: commit}, ValidatorSet: lb.ValidatorSet}
}

// ahead is a forged block so many heights above a real one.
func ahead(t testing.TB, chain string, raw []byte, by int64, signers ...string) *types.LightBlock {
	t.Helper()
	lb, err := consensus.DecodeLightBlock(raw, chain)
	check(t, err)
	lb.Height += by
	lb.Commit.Height += by
	lb.Commit.BlockID.Hash = lb.Hash()
	return forged(t, chain, encoded(t, lb), signers...)
}

func encoded(t testing.TB, lb *types.LightBlock) []byte {
	t.Helper()
	p, err := lb.ToProto()
	check(t, err)
	b, err := p.Marshal()
	check(t, err)
	return b
}

// report is a block as a reader hands it over.
func report(common protocol.Height, block []byte) []byte {
	return wire.Encode(&struct {
		_      struct{} `cbor:",toarray"`
		Common protocol.Height
		Block  []byte
	}{Common: common, Block: block})
}

// TestAForkThatAReaderMeetsBecomesEvidence: three of four validators sign another
// history for a light reader that they want to deceive. One honest provider is
// enough: the reader stops, hands over what it has, and the chain learns who it
// was.
func TestAForkThatAReaderMeetsBecomesEvidence(t *testing.T) {
	n := newNetwork(t, 4)
	n.launch(t, nil, nil)
	n.nodes[0].await(t, 6)
	chain := protocol.ShortChainID(n.g.ChainID())
	honest := consensus.Remote("honest", n.nodes[0].Serve)
	at := func(h protocol.Height) []byte {
		b, err := honest.LightBlock(t.Context(), h)
		check(t, err)
		return b
	}
	guilty := []string{"v1", "v2", "v3"}
	lie := forged(t, chain, at(5), guilty...)
	both := func(newest []byte) func(protocol.Height) ([]byte, error) {
		return func(h protocol.Height) ([]byte, error) {
			if h == 0 || h == 5 {
				return newest, nil
			}
			return at(h), nil
		}
	}

	var handed [][]byte
	db, err := store.Open(t.TempDir(), store.Options{})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	l := newLight(t, n, db, func(c *consensus.LightConfig) {
		c.Report = func(_ context.Context, blocks [][]byte) { handed = append(handed, blocks...) }
	}, fakeProvider{name: "liar", block: both(encoded(t, lie))}, fakeProvider{name: "honest", block: both(at(5))})
	if _, err := l.Latest(t.Context()); !errors.Is(err, consensus.ErrFork) {
		t.Fatalf("got %v, want ErrFork", err)
	}
	if len(handed) != 2 {
		t.Fatalf("%d blocks were handed over, want one of each history", len(handed))
	}
	for range 2 { // many readers meet it
		for _, b := range handed {
			check(t, n.nodes[0].TakeFork(b))
		}
	}
	var want []ledger.ConsensusAddress
	for _, name := range guilty {
		want = append(want, ledger.ConsensusAddress(consensusKey(t, name).PubKey().Address()))
	}
	for head := range n.nodes[0].Subscribe(t.Context()) {
		r, err := n.nodes[0].Record(head.Height)
		check(t, err)
		if len(r.Misbehaviour) == 0 {
			continue
		}
		for _, m := range r.Misbehaviour {
			if m.Offence != ledger.OffenceLightAttack || !slices.Contains(want, m.Address) {
				t.Errorf("got %+v, want one of those who signed", m)
			}
		}
		if len(r.Misbehaviour) != len(guilty) {
			t.Errorf("%d are guilty, want %d", len(r.Misbehaviour), len(guilty))
		}
		break
	}
	testRefusals(t, n.nodes[0].Node, chain, at)
}

// testRefusals hands over what proves nothing.
func testRefusals(t *testing.T, n *consensus.Node, chain string, at func(protocol.Height) []byte) {
	t.Helper()
	short := forged(t, chain, at(4), "v1", "v2", "v3")
	short.Commit.Signatures = short.Commit.Signatures[:3]
	moved := forged(t, chain, at(4), "v1", "v2", "v3")
	moved.Commit.Signatures[0], moved.Commit.Signatures[1] = moved.Commit.Signatures[1], moved.Commit.Signatures[0]
	unsigned := forged(t, chain, at(4), "v1", "v2", "v3")
	for i := range unsigned.Commit.Signatures {
		if s := &unsigned.Commit.Signatures[i]; s.BlockIDFlag == types.BlockIDFlagCommit {
			s.Signature = bytes.Repeat([]byte{1}, 64)
		}
	}
	_, newest := n.Latest()
	for _, c := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"no bytes", nil, consensus.ErrRequest},
		{"rubbish for a block", report(3, []byte("rubbish")), consensus.ErrRequest},
		{"a block of our own", report(3, at(4)), nil},
		{"a height that is not below", report(4, at(4)), consensus.ErrRequest},
		{"height zero", report(0, at(4)), consensus.ErrRequest},
		{"our newest block", report(3, at(newest)), nil},
		{"a height far ahead", report(3, encoded(t, ahead(t, chain, at(newest), 1_000_000, "v1", "v2", "v3"))), consensus.ErrNoBlock},
		{"a block to come with one signer", report(3, encoded(t, ahead(t, chain, at(newest), 9, "v0"))), consensus.ErrLie},
		{"a signature too few", report(3, encoded(t, short)), consensus.ErrRequest},
		{"signatures at others' places", report(3, encoded(t, moved)), consensus.ErrRequest},
		{"one signer", report(3, encoded(t, forged(t, chain, at(4), "v0"))), consensus.ErrLie},
		{"signatures of nobody", report(3, encoded(t, unsigned)), consensus.ErrLie},
	} {
		if err := n.TakeFork(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if s := n.Stats(); s.Forks != 1 {
		t.Errorf("evidence was made %d times, want once", s.Forks)
	}
}

// TestAForkAtTheTipBecomesEvidenceWhenTheNextBlockIsThere: three of four sign
// another block of a height that the chain is about to reach. The validator that
// is handed it cannot prove anything yet, and keeps it until it can. The guilty
// hand over the same block, and as many others as are kept, with a signature each
// that is nobody's, of which nothing could be proven: that takes no place of the
// honest report, neither before it nor after.
func TestAForkAtTheTipBecomesEvidenceWhenTheNextBlockIsThere(t *testing.T) {
	n := newNetwork(t, 4)
	n.launch(t, nil, nil)
	n.nodes[0].await(t, 4)
	chain := protocol.ShortChainID(n.g.ChainID())
	own := consensus.Remote("own", n.nodes[0].Serve)
	raw, err := own.LightBlock(t.Context(), 0)
	check(t, err)
	_, newest := n.nodes[0].Latest()
	lie := ahead(t, chain, raw, 3, "v1", "v2", "v3")
	junk := func(lb *types.LightBlock) []byte {
		commit := *lb.Commit
		commit.Signatures = slices.Clone(commit.Signatures)
		last := len(commit.Signatures) - 1
		for commit.Signatures[last].BlockIDFlag != types.BlockIDFlagCommit {
			last--
		}
		commit.Signatures[last].Signature = bytes.Repeat([]byte{1}, 64)
		return encoded(t, &types.LightBlock{SignedHeader: &types.SignedHeader{Header: lb.Header, Commit: &commit}, ValidatorSet: lb.ValidatorSet})
	}
	hinder := func() {
		t.Helper()
		for by := int64(3); by < 3+16; by++ {
			switch err := n.nodes[0].TakeFork(report(2, junk(ahead(t, chain, raw, by, "v1", "v2", "v3")))); {
			case errors.Is(err, consensus.ErrNoBlock) && by > 16: // too far ahead for any
			case err == nil && n.nodes[0].Stats().Forks > 0: // the honest report was ripe meanwhile
			case !errors.Is(err, consensus.ErrLie):
				t.Errorf("a signature of nobody's, %d ahead: got %v, want %v", by, err, consensus.ErrLie)
			}
		}
	}
	hinder()
	check(t, n.nodes[0].TakeFork(report(2, encoded(t, lie))))
	hinder()
	if s := n.nodes[0].Stats(); s.Forks != 0 && s.Height <= newest+3 {
		t.Errorf("evidence was made at %d of a block above %d", s.Height, newest+3)
	}
	for head := range n.nodes[0].Subscribe(t.Context()) {
		r, err := n.nodes[0].Record(head.Height)
		check(t, err)
		if len(r.Misbehaviour) > 0 {
			if len(r.Misbehaviour) != 3 || r.Misbehaviour[0].Offence != ledger.OffenceLightAttack {
				t.Errorf("got %+v, want the three who signed", r.Misbehaviour)
			}
			break
		}
	}
}

// TestNoEarlyBlockTakesThePlaceOfAnother: of one header four are kept, with
// signatures of their own each, sixteen in all, and what is kept stays.
func TestNoEarlyBlockTakesThePlaceOfAnother(t *testing.T) {
	var e consensus.EarlyForks
	for i, c := range []struct {
		header byte
		raw    string
		kept   bool
	}{
		{1, "honest", true},
		{1, "copy 1", true},
		{1, "copy 2", true},
		{1, "copy 3", true},
		{1, "copy 4", false},
		{1, "honest", true},
		{2, "another", true},
	} {
		if kept := e.Keep(7, c.header, c.raw); kept != c.kept {
			t.Errorf("block %d, %q: kept is %v, want %v", i, c.raw, kept, c.kept)
		}
	}
	for i := range byte(11) {
		if !e.Keep(9, 10+i, string('a'+rune(i))) {
			t.Errorf("block %d of sixteen has no room", 5+i)
		}
	}
	if e.Keep(9, 30, "one more") {
		t.Error("seventeen are kept of sixteen")
	}
	if got, want := e.Ripe(8), []string{"another", "copy 1", "copy 2", "copy 3", "honest"}; !slices.Equal(got, want) {
		t.Errorf("below 8: got %q, want %q", got, want)
	}
	if got := e.Ripe(9); len(got) != 0 {
		t.Errorf("below 9 once more: got %q", got)
	}
	if got := e.Ripe(10); len(got) != 11 {
		t.Errorf("below 10: got %q, want eleven", got)
	}
}

// A reader believes no block with a signature of nobody's beside enough right ones,
// and none that is too long to be handed on: of both no evidence could be made.
func TestAReaderBelievesNothingThatCouldNotBeProven(t *testing.T) {
	n := newNetwork(t, 4)
	chain := newFakeChain(t, n.g, 6, 99, "", everybody)
	id := protocol.ShortChainID(n.g.ChainID())
	good, err := consensus.DecodeLightBlock(chain.bytes(t, 5), id)
	check(t, err)
	check(t, consensus.Signed(good, id))
	junk := *good.Commit
	junk.Signatures = slices.Clone(junk.Signatures)
	junk.Signatures[3].Signature = bytes.Repeat([]byte{1}, 64)
	bad := &types.LightBlock{SignedHeader: &types.SignedHeader{Header: good.Header, Commit: &junk}, ValidatorSet: good.ValidatorSet}
	check(t, bad.ValidatorSet.VerifyCommitLight(id, junk.BlockID, bad.Height, &junk)) // two thirds are right
	if err := consensus.Signed(bad, id); !errors.Is(err, consensus.ErrLie) {
		t.Errorf("a signature of nobody's: got %v, want %v", err, consensus.ErrLie)
	}
	long, err := consensus.DecodeLightBlock(chain.bytes(t, 5), id)
	check(t, err)
	long.AppHash = make([]byte, consensus.MaxRequest)
	long.Commit.BlockID.Hash = long.Hash()
	if _, err := consensus.DecodeLightBlock(encoded(t, long), id); !errors.Is(err, consensus.ErrLie) {
		t.Errorf("64 KiB of state hash: got %v, want %v", err, consensus.ErrLie)
	}
}

func FuzzAForkIsRefusedWithoutHarm(f *testing.F) {
	n := oldNetwork(f)
	chain := newFakeChain(f, n.g, 4, 99, "", everybody)
	other := newFakeChain(f, n.g, 4, 3, "other", everybody)
	f.Add(report(2, other.bytes(f, 3)))
	f.Add(report(1, chain.bytes(f, 3)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := consensus.ReadFork(raw, protocol.ShortChainID(n.g.ChainID()), chain.blocks[2], chain.blocks[1])
		if err != nil && !errors.Is(err, consensus.ErrRequest) && !errors.Is(err, consensus.ErrLie) {
			t.Fatalf("got %v", err)
		}
	})
}
