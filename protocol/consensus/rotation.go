package consensus

import (
	"fmt"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// The ledger must know who the true proposers of the rounds of the last block
// were. CometBFT tells the round, and keeps the proposers' priorities in its
// own store; but that store may be ahead of the application while blocks are
// replayed. So the application carries the sets along itself, by the same
// steps in the same order (state/execution.go, updateState), and keeps them
// with each block: who proposes follows from the blocks alone.

// maxRounds bounds how many rounds of a height are looked at. Beyond it every
// validator of any weight has had its turn.
const maxRounds = 256

// rotation holds the validator sets around a height h, priorities included:
// last proposed h, now proposes h + 1, next h + 2.
type rotation struct {
	last, now, next *types.ValidatorSet // last is nil before the first block
}

// newRotation begins with the genesis' set.
func newRotation(set []ledger.Power) *rotation {
	return &rotation{
		now:  types.NewValidatorSet(validators(set)),
		next: types.NewValidatorSet(validators(set)).CopyIncrementProposerPriority(1),
	}
}

// after returns the rotation after a block that made these updates.
func (r *rotation) after(updates []ledger.Power) (*rotation, error) {
	next := r.next.Copy()
	if len(updates) > 0 {
		if err := next.UpdateWithChangeSet(validators(updates)); err != nil {
			return nil, fmt.Errorf("update validators: %w", err)
		}
	}
	next.IncrementProposerPriority(1)
	return &rotation{last: r.now, now: r.next, next: next}, nil
}

// eligible returns the proposers of the rounds 0 … round of the last block,
// one for each round; none before the second block.
func (r *rotation) eligible(round int32) []protocol.PublicKey {
	if r.last == nil {
		return nil
	}
	set := r.last.Copy()
	var out []protocol.PublicKey
	for i := range min(round, maxRounds) + 1 {
		if i > 0 {
			set.IncrementProposerPriority(1)
		}
		out = append(out, ourKey(set.GetProposer()))
	}
	return out
}

// proposer returns the consensus key behind the address in a header of the
// next block, zero if it is of no validator.
func (r *rotation) proposer(address []byte) protocol.PublicKey {
	_, v := r.now.GetByAddress(address)
	if v == nil {
		return protocol.PublicKey{}
	}
	return ourKey(v)
}

// rotationRecord is a rotation in the store: three sets in protobuf.
type rotationRecord struct {
	_               struct{} `cbor:",toarray"`
	Last, Now, Next []byte
}

// maxRotation bounds the record: a few hundred validators of some 60 bytes.
const maxRotation = 1 << 20

func (r *rotation) encode() ([]byte, error) {
	var rec rotationRecord
	for _, s := range []struct {
		set *types.ValidatorSet
		to  *[]byte
	}{{r.last, &rec.Last}, {r.now, &rec.Now}, {r.next, &rec.Next}} {
		if s.set == nil {
			continue
		}
		p, err := s.set.ToProto()
		if err == nil {
			*s.to, err = p.Marshal()
		}
		if err != nil {
			return nil, fmt.Errorf("encode validators: %w", err)
		}
	}
	return wire.Encode(&rec), nil
}

func decodeRotation(b []byte) (*rotation, error) {
	var rec rotationRecord
	if err := wire.Decode(b, maxRotation, &rec); err != nil {
		return nil, fmt.Errorf("decode validators: %w", err)
	}
	r := &rotation{}
	for _, s := range []struct {
		from []byte
		to   **types.ValidatorSet
	}{{rec.Last, &r.last}, {rec.Now, &r.now}, {rec.Next, &r.next}} {
		if len(s.from) == 0 {
			continue
		}
		var p cmtproto.ValidatorSet
		err := p.Unmarshal(s.from)
		if err == nil {
			*s.to, err = types.ValidatorSetFromProto(&p)
		}
		if err != nil {
			return nil, fmt.Errorf("decode validators: %w", err)
		}
	}
	if r.now == nil || r.next == nil {
		return nil, fmt.Errorf("decode validators: %w", wire.ErrMalformed)
	}
	return r, nil
}
