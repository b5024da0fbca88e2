package wire_test

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// A message has one form, which is signed for one chain: whoever gets one opens
// it in a single call, and whatever is not as it was sent is refused.
func ExampleOpenAnswer() {
	miner := named("miner")
	a := wire.Answer{Round: 7, Seat: protocol.SeatID{UID: 3}, Slots: 1, Body: []byte("what the kind has it say")}
	e, err := wire.Seal(miner, wire.DomainAnswer, "assay-example", 120, wire.Encode(&a))
	if err != nil {
		fmt.Println(err)
		return
	}
	raw := wire.Encode(e)
	s, err := wire.OpenAnswer(raw, "assay-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("seat %d in round %d, signed at height %d: %s\n", s.Answer.Seat.UID, s.Answer.Round, s.Height, s.Answer.Body)
	_, err = wire.OpenAnswer(raw, "assay-other")
	fmt.Println(errors.Is(err, wire.ErrChain))
	raw[len(raw)-1] ^= 1 // in the signature
	_, err = wire.OpenAnswer(raw, "assay-example")
	fmt.Println(errors.Is(err, wire.ErrSignature))
	_, err = wire.OpenAnswer(append(raw, 0), "assay-example")
	fmt.Println(errors.Is(err, wire.ErrMalformed))
	// Output:
	// seat 3 in round 7, signed at height 120: what the kind has it say
	// true
	// true
	// true
}

// A transaction is signed over its nonce, so that it happens once.
func ExampleNewTx() {
	tx, err := wire.NewTx(named("alice"), "assay-example", 4, protocol.Unit/1000, &wire.Transfer{To: named("bob").PublicKey(), Amount: 5 * protocol.Unit})
	if err != nil {
		fmt.Println(err)
		return
	}
	back, body, err := wire.DecodeTx(wire.Encode(tx), "assay-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s of %s tokens, nonce %d\n", back.Type, body.(*wire.Transfer).Amount, back.Nonce)
	_, _, err = wire.DecodeTx(wire.Encode(tx), "assay-other")
	fmt.Println(errors.Is(err, wire.ErrChain))
	// Output:
	// transfer of 5.000000000 tokens, nonce 4
	// true
}

// A root stands for a list, and a proof shows one entry of it.
func ExampleMerkleProof() {
	leaves := []protocol.Hash{wire.EmptySlotLeaf(0), wire.EmptySlotLeaf(1), wire.EmptySlotLeaf(2)}
	root := wire.MerkleRoot(leaves)
	proof := wire.MerkleProof(leaves, 1)
	fmt.Println(len(proof), wire.MerkleVerify(root, leaves[1], 1, 3, proof), wire.MerkleVerify(root, leaves[1], 2, 3, proof))
	// Output:
	// 2 true false
}
