package consensus_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/secp256k1"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

func newSigner(t testing.TB, fs store.FS) (types.PrivValidator, *store.DB) {
	t.Helper()
	db, err := store.Open("db", store.Options{FS: fs})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s, err := secret("v0").DeriveConsensus("net", 0)
	check(t, err)
	signer, err := consensus.NewSigner(db, anyKey, s)
	check(t, err)
	return signer, db
}

func anyKey(protocol.PublicKey) bool { return true }

// TestAKeyThatIsRotatedSignsWhileTheSetHasIt, and one record holds for both.
func TestAKeyThatIsRotatedSignsWhileTheSetHasIt(t *testing.T) {
	db := storetest.Open(t, storetest.Memory(), "db")
	former, err := secret("v0").DeriveConsensus("net", 0)
	check(t, err)
	newest, err := secret("v0").DeriveConsensus("net", 1)
	check(t, err)
	inSet := map[protocol.PublicKey]bool{}
	s, err := consensus.NewSigner(db, func(k protocol.PublicKey) bool { return inSet[k] }, newest, former)
	check(t, err)
	public := func() protocol.PublicKey {
		k, err := s.GetPubKey()
		check(t, err)
		return protocol.PublicKey(k.Bytes())
	}
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
	fs := storetest.NewCrash()
	s, _ := newSigner(t, fs)
	first := vote(cmtproto.PrevoteType, 5, 1, 1, 100)
	check(t, s.SignVote("c", first))
	pub, err := s.GetPubKey()
	check(t, err)
	if !pub.VerifySignature(types.VoteSignBytes("c", first), first.Signature) {
		t.Fatal("the signature does not verify")
	}

	// What was answered is there after a power loss.
	s, _ = newSigner(t, fs.Clone(0, 0))
	later := vote(cmtproto.PrevoteType, 5, 1, 1, 200)
	check(t, s.SignVote("c", later))
	if string(later.Signature) != string(first.Signature) || !later.Timestamp.Equal(first.Timestamp) {
		t.Fatalf("the same vote later: got time %s and another signature, want %s", later.Timestamp, first.Timestamp)
	}
	for what, v := range map[string]*cmtproto.Vote{
		"another block":      vote(cmtproto.PrevoteType, 5, 1, 2, 100),
		"an earlier round":   vote(cmtproto.PrecommitType, 5, 0, 1, 100),
		"an earlier height":  vote(cmtproto.PrecommitType, 4, 7, 1, 100),
		"another chain's id": {Type: cmtproto.PrevoteType, Height: 5, Round: 1},
	} {
		if err := s.SignVote("c", v); !errors.Is(err, consensus.ErrDoubleSign) || v.Signature != nil {
			t.Errorf("%s: got %v, want %v", what, err, consensus.ErrDoubleSign)
		}
	}
	if err := s.SignProposal("c", &cmtproto.Proposal{Height: 5, Round: 1}); !errors.Is(err, consensus.ErrDoubleSign) {
		t.Errorf("a proposal after a vote: got %v, want %v", err, consensus.ErrDoubleSign)
	}
	check(t, s.SignVote("c", vote(cmtproto.PrecommitType, 5, 1, 1, 100)))
	p := &cmtproto.Proposal{Type: cmtproto.ProposalType, Height: 5, Round: 2, Timestamp: time.Unix(1, 0).UTC()}
	check(t, s.SignProposal("c", p))
	again := &cmtproto.Proposal{Type: cmtproto.ProposalType, Height: 5, Round: 2, Timestamp: time.Unix(2, 0).UTC()}
	check(t, s.SignProposal("c", again))
	if string(again.Signature) != string(p.Signature) || !again.Timestamp.Equal(p.Timestamp) {
		t.Fatal("the same proposal later got another signature")
	}
}

func TestSignerDoesNotAnswerWhatItCannotKeep(t *testing.T) {
	fs := storetest.NewFaults(storetest.Memory())
	s, _ := newSigner(t, fs)
	check(t, s.SignVote("c", vote(cmtproto.PrevoteType, 5, 1, 1, 100)))
	fs.FailAfter(0)
	v := vote(cmtproto.PrevoteType, 6, 0, 1, 100)
	if err := s.SignVote("c", v); !errors.Is(err, store.ErrFailed) || v.Signature != nil {
		t.Fatalf("got %v, want %v and no signature", err, store.ErrFailed)
	}
}

func TestSignerRefusesADamagedRecord(t *testing.T) {
	fs := storetest.Memory()
	_, db := newSigner(t, fs)
	check(t, db.Tables().Singles.Put(store.Key(store.SingleLastSign), []byte("nonsense")))
	s, err := secret("v0").DeriveConsensus("net", 0)
	check(t, err)
	if _, err := consensus.NewSigner(db, anyKey, s); !errors.Is(err, store.ErrCorrupt) {
		t.Fatalf("got %v, want %v", err, store.ErrCorrupt)
	}
}
