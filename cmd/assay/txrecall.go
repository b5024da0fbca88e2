package main

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// recallFor is for how long a transaction is offered to other nodes, or again to
// one that was started anew: gossip takes seconds. Later its sender has looked
// what became of it, and may have wished anew.
const recallFor = 30 * time.Second

// recall offers the last transactions of this machine to a node that does not
// count them: another node than the one that took them, which has not heard of
// them yet, or one that has lost them. Otherwise the next wish would get the
// nonce of one of them, and either of the two would be lost; an equal one would
// be the same bytes.
func (s *sender) recall(ctx context.Context, sent []sentTx) {
	sent = slices.DeleteFunc(slices.Clone(sent), func(t sentTx) bool {
		return t.Chain != s.chain || time.Since(t.At) > recallFor
	})
	if len(sent) == 0 {
		return
	}
	var acc api.Account
	if err := s.n.get(ctx, "/v1/accounts/"+s.key.PublicKey().String(), &acc); err != nil {
		return // it is asked again, and the error told
	}
	for _, t := range sent {
		if t.Nonce < acc.NextNonce {
			continue // it waits, or a block has it
		}
		raw, err := hex.DecodeString(t.Tx)
		var tx wire.Tx
		if err != nil || wire.Decode(raw, wire.MaxTxBytes, &tx) != nil {
			continue
		}
		var r api.TxResult
		err = s.n.get(ctx, "/v1/txs/"+tx.Hash().String(), &r)
		if kindOf(err) != api.ProblemNotFound {
			continue // above all one that was dropped: that has been said
		}
		if known, err := offerTx(ctx, s.n, &tx); err == nil && !known {
			note(s.c, "this node did not have transaction %s, which was sent before, and has it now", tx.Hash())
		}
	}
}

// remember notes what was sent by a command that does not wait for a block: the
// others say themselves what became of it.
func (s *sender) remember(lock *signerLock, tx *wire.Tx) {
	n := lock.read()
	n.Sent = slices.DeleteFunc(n.Sent, func(t sentTx) bool {
		old := t.Chain == s.chain && t.Nonce >= tx.Nonce // signed anew
		return old || time.Since(t.At) > recallFor
	})
	n.Sent = append(n.Sent, sentTx{Chain: s.chain, Nonce: tx.Nonce, Tx: hex.EncodeToString(wire.Encode(tx)), At: time.Now()})
	if extra := len(n.Sent) - ledger.NonceWindow; extra > 0 {
		n.Sent = n.Sent[extra:]
	}
	lock.write(n)
}
