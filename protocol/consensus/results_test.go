package consensus_test

import (
	"errors"
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
}
