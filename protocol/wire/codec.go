package wire

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/assaynet/assay/protocol"
)

// Structural limits of any message; each message has its own byte limit, too.
const (
	// maxNesting is the deepest message (envelope → answer → list) plus slack.
	maxNesting = 8
	// maxElements bounds arrays: the longest list is one row of weights with
	// an entry for each of 4,096 seats; the library's least is 16.
	maxElements = 8192
)

var (
	encMode = mustEnc()
	decMode = mustDec()
)

func mustEnc() cbor.EncMode {
	opts := cbor.CoreDetEncOptions()
	opts.NilContainers = cbor.NilContainerAsEmpty // nil and empty have one form
	m, err := opts.EncMode()
	if err != nil {
		panic(err) // constant options
	}
	return m
}

func mustDec() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   maxNesting,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxElements,
		UTF8:              cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic(err) // constant options
	}
	return m
}

// Encode returns the canonical bytes of v, a message of this package or a
// record made of the same kinds of fields. It panics on a type that CBOR
// cannot hold, which is a mistake of ours and never depends on data.
func Encode(v any) []byte {
	if c, ok := v.(Coded); ok {
		return encodeCoded(c)
	}
	b, err := encMode.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("wire: encode %T: %v", v, err))
	}
	return b
}

// Decode reads the canonical bytes of one message of at most limit bytes into
// v, a pointer. It returns [ErrTooLarge], [ErrMalformed] or [ErrNotCanonical].
func Decode(b []byte, limit int, v any) error {
	if _, ok := v.(Coded); ok { // it takes nothing that is not canonical
		return DecodeOwn(b, limit, v)
	}
	if err := DecodeOwn(b, limit, v); err != nil {
		return err
	}
	if !bytes.Equal(Encode(v), b) {
		return ErrNotCanonical
	}
	return nil
}

// DecodeOwn is [Decode] of bytes that [Encode] made, and that nobody can have
// changed: its own are what a state holds, or what was proven to be in it. It does
// not encode v again to see whether they are canonical, which is half of the work.
// It returns [ErrTooLarge] or [ErrMalformed].
func DecodeOwn(b []byte, limit int, v any) error {
	if len(b) > limit {
		return fmt.Errorf("%d bytes, at most %d: %w", len(b), limit, ErrTooLarge)
	}
	if c, ok := v.(Coded); ok {
		return decodeCoded(b, c)
	}
	if err := decMode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// HashOf returns SHA-256(domain ‖ 0 ‖ parts). Nothing separates the parts, so
// all but the last must have a fixed length.
func HashOf(domain string, parts ...[]byte) protocol.Hash {
	h := sha256.New()
	h.Write([]byte(domain))
	h.Write([]byte{0})
	for _, p := range parts {
		h.Write(p)
	}
	return protocol.Hash(h.Sum(nil))
}
