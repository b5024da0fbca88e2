package consensus_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/secp256k1"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// newSigner opens the signer of v0 over blocks that carry its signatures at some
// heights.
func newSigner(t testing.TB, dir string, signed ...int64) types.PrivValidator {
	t.Helper()
	k, err := secret("v0").DeriveConsensus("net", 0)
	check(t, err)
	s, err := consensus.NewSigner(dir, anyKey, 1, signed, k)
	check(t, err)
	return s
}

func anyKey(protocol.PublicKey) bool { return true }

// TestAKeyThatIsRotatedSignsWhileTheSetHasIt, and one record holds for both.
func TestAKeyThatIsRotatedSignsWhileTheSetHasIt(t *testing.T) {
	former, err := secret("v0").DeriveConsensus("net", 0)
	check(t, err)
	newest, err := secret("v0").DeriveConsensus("net", 1)
	check(t, err)
	inSet := map[protocol.PublicKey]bool{}
	s, err := consensus.NewSigner(t.TempDir(), func(k protocol.PublicKey) bool { return inSet[k] }, 1, nil, newest, former)
	check(t, err)
	public := func() protocol.PublicKey {
		k, err := s.GetPubKey()
		check(t, err)
		return protocol.PublicKey(k.Bytes())
	}
	check(t, s.SignVote("c", vote(cmtproto.PrecommitType, 1, 0, 1, 100))) // the chain's first
	signed := func(v *cmtproto.Vote) bool {
		check(t, s.SignVote("c", v))
		k, err := s.GetPubKey()
		check(t, err)
		return k.VerifySignature(types.VoteSignBytes("c", v), v.Signature)
	}
	next := public() // of neither in the set
	old := protocol.PublicKey(secp256k1.PrivKey(exposed(former)).PubKey().Bytes())
	if next == old {
		t.Fatal("the former key, and the set has none")
	}
	inSet[old] = true
	if public() != old || !signed(vote(cmtproto.PrecommitType, 5, 0, 1, 100)) {
		t.Error("the set has the former key, and it does not sign")
	}
	inSet = map[protocol.PublicKey]bool{next: true}
	if public() != next || !signed(vote(cmtproto.PrecommitType, 6, 0, 1, 100)) {
		t.Error("the set has the new key, and it does not sign")
	}
	inSet = map[protocol.PublicKey]bool{old: true}
	public()
	if err := s.SignVote("c", vote(cmtproto.PrecommitType, 6, 0, 2, 100)); !errors.Is(err, consensus.ErrDoubleSign) {
		t.Errorf("the former key beside what the new one signed: got %v, want %v", err, consensus.ErrDoubleSign)
	}
}

func exposed(s key.Secret) []byte {
	b := s.Expose()
	return b[:]
}

func vote(kind cmtproto.SignedMsgType, h int64, round int32, block byte, at int64) *cmtproto.Vote {
	hash := make([]byte, 32)
	hash[0] = block
	return &cmtproto.Vote{Type: kind, Height: h, Round: round, Timestamp: time.Unix(at, 0).UTC(), BlockID: cmtproto.BlockID{
		Hash: hash, PartSetHeader: cmtproto.PartSetHeader{Total: 1, Hash: hash},
	}}
}

func TestSignerNeverContradictsItself(t *testing.T) {
	dir := t.TempDir()
	s := newSigner(t, dir)
	first := vote(cmtproto.PrevoteType, 1, 1, 1, 100)
	check(t, s.SignVote("c", first))
	pub, err := s.GetPubKey()
	check(t, err)
	if !pub.VerifySignature(types.VoteSignBytes("c", first), first.Signature) {
		t.Fatal("the signature does not verify")
	}

	// What was answered is there when the node starts again.
	s = newSigner(t, dir)
	later := vote(cmtproto.PrevoteType, 1, 1, 1, 200)
	check(t, s.SignVote("c", later))
	if string(later.Signature) != string(first.Signature) || !later.Timestamp.Equal(first.Timestamp) {
		t.Fatalf("the same vote later: got time %s and another signature, want %s", later.Timestamp, first.Timestamp)
	}
	for what, v := range map[string]*cmtproto.Vote{
		"another block":      vote(cmtproto.PrevoteType, 1, 1, 2, 100),
		"an earlier round":   vote(cmtproto.PrecommitType, 1, 0, 1, 100),
		"an earlier height":  vote(cmtproto.PrecommitType, 0, 7, 1, 100),
		"another chain's id": {Type: cmtproto.PrevoteType, Height: 1, Round: 1},
	} {
		if err := s.SignVote("c", v); !errors.Is(err, consensus.ErrDoubleSign) || v.Signature != nil {
			t.Errorf("%s: got %v, want %v", what, err, consensus.ErrDoubleSign)
		}
	}
	if err := s.SignProposal("c", &cmtproto.Proposal{Height: 1, Round: 1}); !errors.Is(err, consensus.ErrDoubleSign) {
		t.Errorf("a proposal after a vote: got %v, want %v", err, consensus.ErrDoubleSign)
	}
	check(t, s.SignVote("c", vote(cmtproto.PrecommitType, 1, 1, 1, 100)))
	p := &cmtproto.Proposal{Type: cmtproto.ProposalType, Height: 1, Round: 2, Timestamp: time.Unix(1, 0).UTC()}
	check(t, s.SignProposal("c", p))
	again := &cmtproto.Proposal{Type: cmtproto.ProposalType, Height: 1, Round: 2, Timestamp: time.Unix(2, 0).UTC()}
	check(t, s.SignProposal("c", again))
	if string(again.Signature) != string(p.Signature) || !again.Timestamp.Equal(p.Timestamp) {
		t.Fatal("the same proposal later got another signature")
	}
}

// TestWhoseHotkeyWasSwappedSignsNothing: neither the old home from the block on
// whose state has the new hotkey in the seat, nor the new home, which has the same
// consensus key, before: whether the swap is not announced yet, waits, or was
// stopped. What the ledger has of the seat is written as its transactions do.
func TestWhoseHotkeyWasSwappedSignsNothing(t *testing.T) {
	old, next := secret("v0").Public(), secret("v0 next").Public()
	tree := &ledger.MemTree{}
	homes := map[protocol.PublicKey]types.PrivValidator{}
	for _, hotkey := range []protocol.PublicKey{old, next} {
		homes[hotkey] = newSigner(t, t.TempDir(), 4)
		consensus.Retire(homes[hotkey], func() bool { return consensus.Retired(tree, hotkey, hotkey == next) })
	}
	signs := func(h int64, oldDoes, nextDoes bool) {
		t.Helper()
		for hotkey, does := range map[protocol.PublicKey]bool{old: oldDoes, next: nextDoes} {
			v := vote(cmtproto.PrecommitType, h, 0, 1, 100)
			switch err := homes[hotkey].SignVote("c", v); {
			case does:
				check(t, err)
			case !errors.Is(err, consensus.ErrRetired) || v.Signature != nil:
				t.Errorf("height %d: got %v, want %v", h, err, consensus.ErrRetired)
			}
		}
	}
	seat := wire.Encode(protocol.UID(0))
	check(t, tree.Set(ledger.SeatKey(0), wire.Encode(ledger.Seat{Hotkey: old})))
	check(t, tree.Set(ledger.HotkeyKey(old), seat))
	signs(1, true, false)                                          // not announced
	check(t, tree.Set(ledger.PoolNameKey(next), wire.Encode(old))) // announced
	signs(2, true, false)
	check(t, tree.Remove(ledger.PoolNameKey(next))) // stopped
	signs(3, true, false)
	check(t, tree.Set(ledger.PoolNameKey(next), wire.Encode(old)))
	check(t, tree.Set(ledger.HotkeyNowKey(old), wire.Encode(next))) // done
	check(t, tree.Set(ledger.SeatKey(0), wire.Encode(ledger.Seat{Hotkey: next})))
	check(t, tree.Remove(ledger.HotkeyKey(old)))
	check(t, tree.Set(ledger.HotkeyKey(next), seat))
	signs(4, false, true)
}

func TestSignerDoesNotAnswerWhatItCannotKeep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	check(t, os.Mkdir(dir, 0o700))
	s := newSigner(t, dir)
	check(t, s.SignVote("c", vote(cmtproto.PrevoteType, 1, 1, 1, 100)))
	check(t, os.RemoveAll(dir))
	for range 2 {
		v := vote(cmtproto.PrevoteType, 2, 0, 1, 100)
		if err := s.SignVote("c", v); !errors.Is(err, fs.ErrNotExist) || v.Signature != nil {
			t.Fatalf("got %v, want %v and no signature", err, fs.ErrNotExist)
		}
	}
}

func TestSignerRefusesADamagedRecord(t *testing.T) {
	k, err := secret("v0").DeriveConsensus("net", 0)
	check(t, err)
	for _, text := range []string{
		"", "nonsense", `{"chain_id":"chain","height":0,"round":0,"step":1}`, `{"chain_id":"chain","height":5,"round":-1,"step":1}`,
		`{"chain_id":"chain","height":5,"round":0,"step":4}`, `{"chain_id":"chain","height":5,"round":0,"step":1,"signature":"aGE="}`,
		`{"chain_id":"chain","height":5,"round":0,"step":1}` + strings.Repeat(" ", 4096),
	} {
		dir := t.TempDir()
		check(t, os.WriteFile(filepath.Join(dir, consensus.LastSignedFile), []byte(text), 0o600))
		_, err := consensus.NewSigner(dir, anyKey, 1, nil, k)
		if !errors.Is(err, consensus.ErrLastSigned) || !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%.60q: got %v, want %v", text, err, store.ErrCorrupt)
		}
	}
}

// TestAHeightAtWhichACopyMaySignIsPassedOver: a node that lost its record, or that
// came back from a backup of everything, does not know what a copy of it signed
// last. That copy's blocks show it, and it may have voted at the height that comes.
func TestAHeightAtWhichACopyMaySignIsPassedOver(t *testing.T) {
	for _, c := range []struct {
		what   string
		record int64   // signed last, as the record has it; 0 for none
		blocks []int64 // with signatures of the key
		asked  int64
		signs  bool
	}{
		{"the chain's first", 0, nil, 1, true},
		{"no record", 0, nil, 501, false},
		{"a record of the height before", 500, []int64{500}, 501, true},
		{"away since the record", 100, []int64{99, 100}, 501, true},
		{"a copy signed after the record", 100, []int64{100, 480}, 501, false},
		{"a copy signed after the record, the height before", 499, []int64{500}, 501, false},
		{"a copy stopped long ago", 100, []int64{200}, 501, true},
		{"no record, and not of the set before", 0, []int64{501}, 501, true},
	} {
		dir := t.TempDir()
		if c.record > 0 {
			check(t, consensus.ResetLastSigned(dir, "chain", protocol.Height(c.record)))
		}
		s := newSigner(t, dir, c.blocks...)
		v := vote(cmtproto.PrevoteType, c.asked, 0, 1, 100)
		if err := s.SignVote("c", v); (err == nil) != c.signs || err != nil && !errors.Is(err, consensus.ErrDoubleSign) {
			t.Errorf("%s: got %v, signs: %v", c.what, err, c.signs)
		}
		s = newSigner(t, dir, c.blocks...) // a start again makes no difference
		if err := s.SignVote("c", vote(cmtproto.PrecommitType, c.asked, 3, 1, 100)); (err == nil) != c.signs {
			t.Errorf("%s, later in that height: got %v, signs: %v", c.what, err, c.signs)
		}
		check(t, s.SignVote("c", vote(cmtproto.PrevoteType, c.asked+1, 0, 1, 100)))
	}
}

// TestAChainThatBeginsLaterHasAFirstHeightToo: one that was recovered goes on from
// where another ended, and whoever signs there for the first time has no record.
func TestAChainThatBeginsLaterHasAFirstHeightToo(t *testing.T) {
	k, err := secret("v0").DeriveConsensus("net", 0)
	check(t, err)
	s, err := consensus.NewSigner(t.TempDir(), anyKey, 900, nil, k)
	check(t, err)
	check(t, s.SignVote("c", vote(cmtproto.PrevoteType, 900, 0, 1, 100)))
	late, err := consensus.NewSigner(t.TempDir(), anyKey, 900, nil, k)
	check(t, err)
	if err := late.SignVote("c", vote(cmtproto.PrevoteType, 901, 0, 1, 100)); !errors.Is(err, consensus.ErrDoubleSign) {
		t.Errorf("without a record behind the first height: got %v, want %v", err, consensus.ErrDoubleSign)
	}
}

// TestWhileACopyLivesNothingIsSigned: its votes are in the blocks, one after the
// other, until it stops.
func TestWhileACopyLivesNothingIsSigned(t *testing.T) {
	dir := t.TempDir()
	blocks := []int64{497, 498, 499, 500, 501, 502}
	for h := int64(500); h <= 506; h++ {
		s := newSigner(t, dir, blocks...)
		err := s.SignVote("c", vote(cmtproto.PrevoteType, h, 0, 1, 100))
		if signs := h > 503; (err == nil) != signs || err != nil && !errors.Is(err, consensus.ErrDoubleSign) {
			t.Errorf("height %d, and the copy signed up to 502: got %v", h, err)
		}
	}
}

// TestTheRecordOnlyGrows, but for who says that he knows better.
func TestTheRecordOnlyGrows(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	read := func() int64 {
		l, err := consensus.ReadLastSigned(dir, "chain")
		check(t, err)
		return l.Height
	}
	if h := read(); h != 0 {
		t.Fatalf("height %d where nothing was signed", h)
	}
	check(t, consensus.ResetLastSigned(dir, "chain", 70))
	s := newSigner(t, dir)
	if err := s.SignVote("c", vote(cmtproto.PrecommitType, 70, 9, 1, 100)); !errors.Is(err, consensus.ErrDoubleSign) || read() != 70 {
		t.Errorf("a vote at 70: got %v and %d, want %v and 70", err, read(), consensus.ErrDoubleSign)
	}
	check(t, s.SignVote("c", vote(cmtproto.PrecommitType, 71, 0, 1, 100)))
	if h := read(); h != 71 {
		t.Errorf("height %d, want 71", h)
	}
	if err := consensus.ResetLastSigned(dir, "chain", 0); !errors.Is(err, consensus.ErrLastSigned) || read() != 71 {
		t.Errorf("height 0: got %v and %d, want %v and 71", err, read(), consensus.ErrLastSigned)
	}
	check(t, consensus.ResetLastSigned(dir, "chain", 60))
	if h := read(); h != 60 {
		t.Errorf("height %d, want 60", h)
	}
	if l, err := consensus.ReadLastSigned(dir, "another"); err != nil || l.Height != 0 {
		t.Errorf("another chain: got %v, %v, want nothing", l, err)
	}
}

func FuzzDecodeLastSigned(f *testing.F) {
	f.Add([]byte(`{"chain_id":"chain","height":5,"round":1,"step":2,"sign_bytes":"aGE=","signature":"aGE="}`))
	f.Add([]byte(`{"chain_id":"chain","height":5,"round":2147483647,"step":3}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := consensus.DecodeLastSigned(b)
		if err != nil {
			if !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("got %v, want %v", err, store.ErrCorrupt)
			}
			return
		}
		if l.Height < 1 || l.Round < 0 || l.Step < 1 || l.Step > 3 {
			t.Errorf("%v was taken", &l)
		}
	})
}
