package consensus

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cometbft/cometbft/crypto"
	"github.com/cometbft/cometbft/crypto/secp256k1"
	"github.com/cometbft/cometbft/libs/protoio"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// The steps of a round, in the order in which a validator signs them.
const (
	stepPropose   = 1
	stepPrevote   = 2
	stepPrecommit = 3
)

// signer is the consensus key. What it signs is on the disk before anybody
// sees it, and it signs nothing that contradicts what it signed before, also
// after a crash. It never writes the key.
//
// While a key is rotated there are two, and the set says at each height which of
// them signs: the former goes on until the new one is in its place. CometBFT asks
// for the key after each block, when the set of the next one is known. There is one
// record of what was signed last, so that both together never contradict it.
type signer struct {
	keys  []secp256k1.PrivKey // the newest first
	signs func(protocol.PublicKey) bool
	table store.Table[[]byte]

	mu   sync.Mutex
	now  int      // guarded by mu; of keys, the one that was asked for last
	last lastSign // guarded by mu
}

var _ types.PrivValidator = (*signer)(nil)

// lastSign is the newest signature.
type lastSign struct {
	_         struct{} `cbor:",toarray"`
	Height    int64
	Round     int32
	Step      int8
	SignBytes []byte
	Signature []byte
}

// maxLastSign bounds the record: canonical votes have some 200 bytes.
const maxLastSign = 4096

// newSigner opens the signer of some secrets, the newest first; signs reports
// whether a key is of the set that signs the next block.
func newSigner(secrets []key.Secret, signs func(protocol.PublicKey) bool, db *store.DB) (*signer, error) {
	s := &signer{signs: signs, table: db.Tables().Singles}
	for _, secret := range secrets {
		b := secret.Expose()
		s.keys = append(s.keys, secp256k1.PrivKey(b[:]))
	}
	raw, ok, err := s.table.Get(store.Key(store.SingleLastSign))
	if err != nil {
		return nil, fmt.Errorf("read what was signed last: %w", err)
	}
	if ok {
		if err := wire.Decode(raw, maxLastSign, &s.last); err != nil {
			return nil, fmt.Errorf("read what was signed last: %w: %w", store.ErrCorrupt, err)
		}
	}
	return s, nil
}

// GetPubKey implements [types.PrivValidator]: of the keys the one in the set, else
// the newest.
func (s *signer) GetPubKey() (crypto.PubKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = max(0, slices.IndexFunc(s.keys, func(k secp256k1.PrivKey) bool { return s.signs(protocol.PublicKey(k.PubKey().Bytes())) }))
	return s.keys[s.now].PubKey(), nil
}

// SignVote implements [types.PrivValidator].
func (s *signer) SignVote(chain string, v *cmtproto.Vote) error {
	step := int8(stepPrevote)
	if v.Type == cmtproto.PrecommitType {
		step = stepPrecommit
	}
	sig, at, err := s.sign(lastSign{Height: v.Height, Round: v.Round, Step: step, SignBytes: types.VoteSignBytes(chain, v)}, voteTime)
	if err != nil {
		return err
	}
	v.Signature = sig
	if !at.IsZero() {
		v.Timestamp = at
	}
	return nil
}

// SignProposal implements [types.PrivValidator].
func (s *signer) SignProposal(chain string, p *cmtproto.Proposal) error {
	sig, at, err := s.sign(lastSign{Height: p.Height, Round: p.Round, Step: stepPropose, SignBytes: types.ProposalSignBytes(chain, p)}, proposalTime)
	if err != nil {
		return err
	}
	p.Signature = sig
	if !at.IsZero() {
		p.Timestamp = at
	}
	return nil
}

// sign signs want, unless something of the same or a later step was signed. The
// same again gets the same signature; what differs by its time only gets the
// earlier one with the earlier time, which is returned then.
func (s *signer) sign(want lastSign, sameButTime func(a, b []byte) (time.Time, bool)) ([]byte, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch order := want.compare(&s.last); {
	case order < 0:
		return nil, time.Time{}, fmt.Errorf("%s after %s: %w", &want, &s.last, ErrDoubleSign)
	case order == 0:
		if bytes.Equal(want.SignBytes, s.last.SignBytes) {
			return s.last.Signature, time.Time{}, nil
		}
		if at, ok := sameButTime(s.last.SignBytes, want.SignBytes); ok {
			return s.last.Signature, at, nil
		}
		return nil, time.Time{}, fmt.Errorf("another %s: %w", &want, ErrDoubleSign)
	}
	sig, err := s.keys[s.now].Sign(want.SignBytes)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("sign %s: %w", &want, err)
	}
	want.Signature = sig
	if err := s.table.Put(store.Key(store.SingleLastSign), wire.Encode(&want)); err != nil {
		return nil, time.Time{}, fmt.Errorf("keep what is signed: %w", err)
	}
	s.last = want
	return sig, time.Time{}, nil
}

// String names the step.
func (l *lastSign) String() string {
	return fmt.Sprintf("height %d, round %d, step %d", l.Height, l.Round, l.Step)
}

// compare orders by height, round and step.
func (l *lastSign) compare(o *lastSign) int {
	for _, d := range []int64{l.Height - o.Height, int64(l.Round) - int64(o.Round), int64(l.Step) - int64(o.Step)} {
		if d != 0 {
			return int(max(-1, min(1, d)))
		}
	}
	return 0
}

// voteTime reports whether two votes differ by their time only, and the first
// one's.
func voteTime(a, b []byte) (time.Time, bool) {
	var x, y cmtproto.CanonicalVote
	if protoio.UnmarshalDelimited(a, &x) != nil || protoio.UnmarshalDelimited(b, &y) != nil {
		return time.Time{}, false
	}
	at := x.Timestamp
	x.Timestamp = y.Timestamp
	return at, sameBytes(&x, &y)
}

// proposalTime is voteTime of two proposals.
func proposalTime(a, b []byte) (time.Time, bool) {
	var x, y cmtproto.CanonicalProposal
	if protoio.UnmarshalDelimited(a, &x) != nil || protoio.UnmarshalDelimited(b, &y) != nil {
		return time.Time{}, false
	}
	at := x.Timestamp
	x.Timestamp = y.Timestamp
	return at, sameBytes(&x, &y)
}

// sameBytes reports whether two messages have the same encoding.
func sameBytes(a, b interface{ Marshal() ([]byte, error) }) bool {
	x, errx := a.Marshal()
	y, erry := b.Marshal()
	return errx == nil && erry == nil && bytes.Equal(x, y)
}
