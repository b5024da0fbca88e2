package consensus_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func TestOutcomesOfTransactionsAreRememberedForAWhile(t *testing.T) {
	var r consensus.Results
	name := func(h protocol.Height) protocol.Hash { return wire.HashOf("tx", []byte{byte(h), byte(h >> 8)}) }
	refused := errors.New("refused")
	for h := protocol.Height(1); h <= consensus.ResultBlocks+1; h++ {
		r.Add(h, []ledger.TxResult{{Hash: name(h), Err: refused}})
	}
	if _, _, ok := r.Get(name(1)); ok {
		t.Error("the oldest is still there")
	}
	if got, h, ok := r.Get(name(2)); !ok || h != 2 || !errors.Is(got.Err, refused) {
		t.Errorf("got %+v at %d, %v", got, h, ok)
	}
	if h, at, codes, ok := r.Place(name(2)); !ok || h != 2 || at != 0 || !slices.Equal(codes, []uint32{1}) {
		t.Errorf("got place %d of block %d, codes %d, %v", at, h, codes, ok)
	}
	r.Add(consensus.ResultBlocks+2, []ledger.TxResult{{Hash: name(501)}, {Hash: name(502), Err: refused}, {Hash: name(503)}})
	if h, at, codes, ok := r.Place(name(503)); !ok || h != consensus.ResultBlocks+2 || at != 2 || !slices.Equal(codes, []uint32{0, 1, 0}) {
		t.Errorf("got place %d of block %d, codes %d, %v", at, h, codes, ok)
	}
	if _, _, _, ok := r.Place(name(2)); ok {
		t.Error("one that is forgotten has a place")
	}
}
