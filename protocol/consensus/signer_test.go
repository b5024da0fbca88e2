package consensus_test

import (
	"errors"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

func newSigner(t testing.TB, fs store.FS) (types.PrivValidator, *store.DB) {
	t.Helper()
	db, err := store.Open("db", store.Options{FS: fs})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s, err := secret("v0").DeriveConsensus(0)
	check(t, err)
	signer, err := consensus.NewSigner(s, db)
	check(t, err)
	return signer, db
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
	s, err := secret("v0").DeriveConsensus(0)
	check(t, err)
	if _, err := consensus.NewSigner(s, db); !errors.Is(err, store.ErrCorrupt) {
		t.Fatalf("got %v, want %v", err, store.ErrCorrupt)
	}
}
