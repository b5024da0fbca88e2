package consensus

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/cometbft/cometbft/crypto"
	"github.com/cometbft/cometbft/crypto/secp256k1"
	"github.com/cometbft/cometbft/libs/protoio"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

// signer is the consensus key. What it signs is on the disk before anybody
// sees it, and it signs nothing that contradicts what it signed before, also
// after a crash. It never writes the key.
//
// While a key is rotated there are two, and the set says at each height which of
// them signs: the former goes on until the new one is in its place. CometBFT asks
// for the key after each block, when the set of the next one is known. There is one
// record of what was signed last, so that both together never contradict it.
//
// The record is no part of the database, which may come back from a backup. Where
// it is missing although a key of ours was of the set before, or where blocks carry
// a later signature of ours, some other copy of the node signed what is not known
// here: then the first height that a signature is asked for is passed over, for
// that copy may have signed at it already, and so are those behind it while blocks
// show that it still signs. A key that has just come into the set signed nothing.
//
// A hotkey that was swapped leaves its consensus key in the set until the new one
// binds its own, and two homes have it meanwhile, with a record each. The ledger
// says with which block the seat is the new one's: the old home signs nothing from
// the next on, and the new one nothing before, nor where the swap is stopped or not
// announced yet.
type signer struct {
	keys   []secp256k1.PrivKey // the newest first
	signs  func(protocol.PublicKey) bool
	blocks signedBlocks
	first  int64 // the chain's first height
	record *signRecord
	log    zerolog.Logger
	// retired reports whether another hotkey works in the seat; nil: none does.
	retired func() bool
	// observes says that nothing is signed.
	observes bool

	mu   sync.Mutex
	now  int        // guarded by mu; of keys, the one that was asked for last
	last LastSigned // guarded by mu
}

var _ types.PrivValidator = (*signer)(nil)

// signedBlocks tells of signatures that blocks carry.
type signedBlocks interface {
	// signed returns the newest height of from … to at which one of the addresses
	// signed, 0 for none.
	signed(from, to int64, addresses [][]byte) int64
	// member reports whether one of the addresses is of the set of a height, or may
	// be.
	member(h int64, addresses [][]byte) bool
}

// lookBack is how many blocks are looked through for signatures of ours. A copy
// that stopped signing earlier is no danger at the height that comes.
const lookBack = 64

// newSigner opens the signer of some secrets, the newest first; signs reports
// whether a key is of the set that signs the next block.
func newSigner(secrets []key.Secret, signs func(protocol.PublicKey) bool, blocks signedBlocks, first int64, record *signRecord, log zerolog.Logger) (*signer, error) {
	s := &signer{signs: signs, blocks: blocks, first: first, record: record, log: log}
	for _, secret := range secrets {
		b := secret.Expose()
		s.keys = append(s.keys, secp256k1.PrivKey(b[:]))
	}
	var err error
	s.last, err = record.read()
	return s, err
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
	sig, at, err := s.sign(LastSigned{Height: v.Height, Round: v.Round, Step: step, SignBytes: types.VoteSignBytes(chain, v)}, voteTime)
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
	sig, at, err := s.sign(LastSigned{Height: p.Height, Round: p.Round, Step: stepPropose, SignBytes: types.ProposalSignBytes(chain, p)}, proposalTime)
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
func (s *signer) sign(want LastSigned, sameButTime func(a, b []byte) (time.Time, bool)) ([]byte, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.observes {
		return nil, time.Time{}, fmt.Errorf("%s: %w", &want, ErrObserves)
	}
	if s.retired != nil && s.retired() {
		return nil, time.Time{}, fmt.Errorf("%s: %w", &want, ErrRetired)
	}
	if err := s.look(want.Height); err != nil {
		return nil, time.Time{}, err
	}
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
	return sig, time.Time{}, s.keep(&want)
}

// keep makes a record the newest one, on the disk before anybody acts on it.
func (s *signer) keep(l *LastSigned) error {
	if err := s.record.write(l); err != nil {
		return fmt.Errorf("keep what is signed: %w", err)
	}
	s.last = *l
	return nil
}

// look passes height h over if not all is known that was signed before it. At the
// chain's first height nothing was.
func (s *signer) look(h int64) error {
	if h <= max(s.first, s.last.Height) || h == s.last.Height+1 && !s.last.Passed {
		return nil
	}
	from := max(s.last.Height+1, h-lookBack)
	if s.last.Passed { // nothing of ours is of that height
		from = max(s.last.Height, h-lookBack)
	}
	newest := s.blocks.signed(from, h-1, s.addresses())
	known := s.last.Height > 0 || !s.blocks.member(h-1, s.addresses())
	if known && newest == 0 {
		return nil // we were away, or not of the set, and so was every copy of us
	}
	s.log.Warn().Int64("height", h).Int64("last_signed", s.last.Height).Int64("signed_in_blocks", newest).Str("file", s.record.path).
		Msg("what this key signed last is not all known here: nothing is signed at this height, in case a copy of the node did; see validator last-signed --help")
	return s.keep(&LastSigned{Height: h, Round: math.MaxInt32, Step: stepPrecommit, Passed: true})
}

// addresses returns those of all keys.
func (s *signer) addresses() [][]byte {
	out := make([][]byte, len(s.keys))
	for i, k := range s.keys {
		out[i] = k.PubKey().Address()
	}
	return out
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
