package consensus

import (
	"context"
	"fmt"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/wire"
)

// Limits of what light readers ask and get.
const (
	// MaxKeys is how many keys one request may name: the seats, commitments and
	// duties that a role looks at together.
	MaxKeys = 64
	// MaxRequest and MaxResponse bound the bytes of one exchange.
	MaxRequest  = 64 << 10
	MaxResponse = 4 << 20
	// maxLightBlock bounds a header with its signatures and validators, 256 of them:
	// what a reader believes must fit a request with which it can be handed on as a
	// fork, or who signs two histories would only have to make one of them long.
	maxLightBlock = MaxRequest - 64
)

// The questions of a light reader.
const (
	askBlock = 1 // the light block at Height, 0 for the newest
	askState = 2 // the values of Keys after block Height
	askWait  = 3 // the height of the newest block, as soon as it is above Height
	askTx    = 4 // what a block did with the transaction that the one of Keys names
)

type lightRequest struct {
	_      struct{} `cbor:",toarray"`
	Ask    uint8
	Height protocol.Height
	Keys   [][]byte
}

type lightResponse struct {
	_      struct{} `cbor:",toarray"`
	Height protocol.Height
	Block  []byte // a light block of CometBFT in protobuf
	Items  []Proven
}

// Proven is a value of the state with its proof; an empty Value says that the
// key has none. Nothing of it is to be believed before [state.Verify] has.
type Proven struct {
	_     struct{} `cbor:",toarray"`
	Key   []byte
	Value []byte
	Proof []byte
}

func decodeRequest(b []byte) (*lightRequest, error) {
	var r lightRequest
	if err := wire.Decode(b, MaxRequest, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if len(r.Keys) > MaxKeys {
		return nil, fmt.Errorf("%w: %d keys, at most %d", ErrRequest, len(r.Keys), MaxKeys)
	}
	for _, k := range r.Keys {
		if len(k) == 0 || len(k) > state.MaxKey {
			return nil, fmt.Errorf("%w: key of %d bytes", ErrRequest, len(k))
		}
	}
	return &r, nil
}

func decodeResponse(b []byte) (*lightResponse, error) {
	var r lightResponse
	if err := wire.Decode(b, MaxResponse, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLie, err)
	}
	if len(r.Items) > MaxKeys {
		return nil, fmt.Errorf("%w: %d values, at most %d", ErrLie, len(r.Items), MaxKeys)
	}
	return &r, nil
}

// decodeLightBlock reads a light block and checks that its parts fit together;
// it does not check signatures.
func decodeLightBlock(b []byte, chain string) (*types.LightBlock, error) {
	if len(b) > maxLightBlock {
		return nil, fmt.Errorf("%w: light block of %d bytes, at most %d", ErrLie, len(b), maxLightBlock)
	}
	var p cmtproto.LightBlock
	if err := p.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("%w: light block: %w", ErrLie, err)
	}
	if p.SignedHeader == nil || p.SignedHeader.Header == nil || p.SignedHeader.Commit == nil || p.ValidatorSet == nil {
		return nil, fmt.Errorf("%w: light block with a part missing", ErrLie)
	}
	if n := p.Size(); n > maxLightBlock { // as it is handed on, which may be more
		return nil, fmt.Errorf("%w: light block of %d bytes, at most %d", ErrLie, n, maxLightBlock)
	}
	if err := ourKeysOnly(p.ValidatorSet); err != nil {
		return nil, err
	}
	lb, err := types.LightBlockFromProto(&p)
	if err != nil {
		return nil, fmt.Errorf("%w: light block: %w", ErrLie, err)
	}
	if err := lb.ValidateBasic(chain); err != nil {
		return nil, fmt.Errorf("%w: light block: %w", ErrLie, err)
	}
	return lb, nil
}

// ourKeysOnly refuses a set with keys of other kinds, which CometBFT would
// look at with code that nothing of ours needs, and one whose power overflows.
func ourKeysOnly(set *cmtproto.ValidatorSet) error {
	ours := func(v *cmtproto.Validator) bool {
		return v != nil && len(v.PubKey.GetSecp256K1()) == len(protocol.PublicKey{})
	}
	if !ours(set.Proposer) {
		return fmt.Errorf("%w: a proposer without a secp256k1 key", ErrLie)
	}
	var total int64
	for _, v := range set.Validators {
		if !ours(v) {
			return fmt.Errorf("%w: a validator without a secp256k1 key", ErrLie)
		}
		if v.VotingPower < 0 || v.VotingPower > types.MaxTotalVotingPower-total {
			return fmt.Errorf("%w: voting power over its limit", ErrLie)
		}
		total += v.VotingPower
	}
	return nil
}

// A Provider answers a light reader's questions over some connection. Nothing
// that it says is believed by itself. Errors mean that it did not answer.
type Provider interface {
	// Name is for logs and errors: who it is that answers.
	Name() string
	// LightBlock returns the light block at a height, 0 for the newest, in
	// CometBFT's protobuf form.
	LightBlock(ctx context.Context, h protocol.Height) ([]byte, error)
	// State returns the values of keys, at most MaxKeys, after block h.
	State(ctx context.Context, h protocol.Height, keys [][]byte) ([]Proven, error)
	// Wait returns the newest height, once it is above after, or sooner.
	Wait(ctx context.Context, after protocol.Height) (protocol.Height, error)
	// Outcome returns the height of the block that has a transaction and two values:
	// the transaction, and its result, as CometBFT hashes it. The proofs are CometBFT's
	// in protobuf: against the data hash of that block's header, and the results hash
	// of the next. Height 0 says that no recent block has it, and one value without
	// anything, the transaction's hash its key, that it waits for one.
	Outcome(ctx context.Context, hash protocol.Hash) (protocol.Height, []Proven, error)
}

// Remote returns the provider at the far end of call, which carries a request
// to a node's [Node.Serve] and its response back.
func Remote(name string, call func(ctx context.Context, request []byte) ([]byte, error)) Provider {
	return remote{name: name, call: call}
}

type remote struct {
	name string
	call func(ctx context.Context, request []byte) ([]byte, error)
}

func (r remote) ask(ctx context.Context, q lightRequest) (*lightResponse, error) {
	b, err := r.call(ctx, wire.Encode(&q))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", r.name, err)
	}
	res, err := decodeResponse(b)
	if err != nil {
		return nil, fmt.Errorf("answer of %s: %w", r.name, err)
	}
	return res, nil
}

// Name implements [Provider].
func (r remote) Name() string { return r.name }

// LightBlock implements [Provider].
func (r remote) LightBlock(ctx context.Context, h protocol.Height) ([]byte, error) {
	res, err := r.ask(ctx, lightRequest{Ask: askBlock, Height: h})
	if err != nil {
		return nil, err
	}
	return res.Block, nil
}

// State implements [Provider].
func (r remote) State(ctx context.Context, h protocol.Height, keys [][]byte) ([]Proven, error) {
	res, err := r.ask(ctx, lightRequest{Ask: askState, Height: h, Keys: keys})
	if err != nil {
		return nil, err
	}
	return res.Items, nil
}

// Wait implements [Provider].
func (r remote) Wait(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	res, err := r.ask(ctx, lightRequest{Ask: askWait, Height: after})
	if err != nil {
		return 0, err
	}
	return res.Height, nil
}

// Outcome implements [Provider].
func (r remote) Outcome(ctx context.Context, hash protocol.Hash) (protocol.Height, []Proven, error) {
	res, err := r.ask(ctx, lightRequest{Ask: askTx, Keys: [][]byte{hash[:]}})
	if err != nil {
		return 0, nil, err
	}
	return res.Height, res.Items, nil
}
