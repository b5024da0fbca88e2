package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/wire"
)

func TestAnOutcomeIsShownAsItIsProven(t *testing.T) {
	hash := protocol.Hash{1}
	tx := &wire.Tx{Type: wire.TxTransfer, Signer: protocol.PublicKey{2}}
	want := api.TxResult{Hash: hash, Height: 7, Type: "transfer", Signer: protocol.PublicKey{2}, OK: true}
	if got, err := resultOf(hash, &consensus.Outcome{Height: 7, Tx: tx, OK: true}, nil); err != nil || got != want {
		t.Errorf("carried out: got %+v, %v, want %+v", got, err, want)
	}
	want.OK, want.Error = false, "it broke a rule of the ledger, and no header says which; a validator's node does"
	if got, err := resultOf(hash, &consensus.Outcome{Height: 7, Tx: tx}, nil); err != nil || got != want {
		t.Errorf("refused: got %+v, %v, want %+v", got, err, want)
	}
}

func TestWhatIsNotProvenIsSaidToBeUnknown(t *testing.T) {
	for _, tc := range []struct {
		err, want error
		text      string
	}{
		{fmt.Errorf("%w: %w", consensus.ErrNoProvider, errors.Join(consensus.ErrNoBlock, consensus.ErrTxWaits)), api.ErrWaiting, ""},
		{fmt.Errorf("%w: %w", consensus.ErrNoProvider, consensus.ErrNoBlock), api.ErrNotKept, "which does not prove that there is none"},
		{consensus.ErrNoProvider, api.ErrNotKept, "no validator answers for them now"}, // or none knows the question
		{fmt.Errorf("%w: %w", consensus.ErrNoProvider, consensus.ErrLie), api.ErrNotKept, "the account's nonce and balance tell"},
		{consensus.ErrFork, consensus.ErrFork, ""},
	} {
		got, err := resultOf(protocol.Hash{1}, &consensus.Outcome{}, tc.err)
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) || got != (api.TxResult{}) {
			t.Errorf("%v: got %+v, %v, want %v with %q", tc.err, got, err, tc.want, tc.text)
		}
	}
}
