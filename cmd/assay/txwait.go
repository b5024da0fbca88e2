package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/wire"
)

// askEvery is how often a node is asked for a transaction: blocks take a second
// or more.
const askEvery = 500 * time.Millisecond

// awaitTx waits until tx, which was sent, is in a block. Errors say that it may
// still come into one, or why it will not.
func awaitTx(c *cli.Context, n *client, tx *wire.Tx) (*api.TxResult, error) {
	note(c, "sent %s; waiting for a block", tx.Hash())
	res, err := outcomeOf(c, n, tx)
	if err == nil {
		note(c, "in block %d", res.Height)
	}
	return res, err
}

// outcomeOf is [awaitTx] of one of many, which says nothing where all goes well.
func outcomeOf(c *cli.Context, n *client, tx *wire.Tx) (*api.TxResult, error) {
	ctx, cancel := context.WithTimeout(c.Context, c.Duration("timeout"))
	defer cancel()
	w := &waiter{c: c, n: n, tx: tx}
	for {
		res, err := w.look(ctx)
		switch {
		case res != nil:
			return res, nil
		case c.Err() != nil:
			return nil, withHint(fmt.Errorf("%w: transaction %s was sent, and may still come into a block", context.Canceled, tx.Hash()), w.hint())
		case ctx.Err() != nil:
			return nil, withHint(fmt.Errorf("the transaction is in no block after %s; it may still come%s", c.Duration("timeout"), w.because()), w.hint())
		case err != nil:
			return nil, err
		}
		pause(ctx, askEvery)
	}
}

// waiter looks again and again for what became of a transaction.
type waiter struct {
	c  *cli.Context
	n  *client
	tx *wire.Tx

	lost   int   // how often in a row the node did not know of it
	last   error // what the node said last
	told   bool  // that it cannot be asked
	unkept bool  // it keeps no blocks
	spent  int   // how often in a row its nonce was used, and it was in no block
	waits  int   // how often in a row the node said that it waits
}

func (w *waiter) hint() string { return "ask assay tx show " + w.tx.Hash().String() }

func (w *waiter) because() string {
	if w.last == nil {
		return ""
	}
	return " (" + w.last.Error() + ")"
}

// look asks once. It returns nil and nil while there is nothing to say.
func (w *waiter) look(ctx context.Context) (*api.TxResult, error) {
	var r api.TxResult
	err := w.n.get(ctx, "/v1/txs/"+w.tx.Hash().String(), &r)
	if err == nil {
		return &r, nil
	}
	var p *api.Problem
	known := errors.As(err, &p)
	if !known || p.Status >= http.StatusInternalServerError {
		w.trouble(err)
		return nil, nil
	}
	if w.last == nil || p.Name() != api.ProblemNotFound { // which says less than what came before
		w.last = err
	}
	switch p.Name() {
	case api.ProblemTxWaiting:
		w.lost = 0
		return nil, w.waiting(ctx)
	case api.ProblemNotFound, api.ProblemNotKept:
		w.waits = 0
		w.unkept = p.Name() == api.ProblemNotKept
		return nil, w.missing(ctx)
	case api.ProblemTxDropped:
		return nil, fmt.Errorf("the transaction was sent, and dropped before a block had it: %w", err)
	}
	return nil, fmt.Errorf("the transaction was sent; ask what became of it: %w", err)
}

// trouble notes once that the node cannot be asked: it may come back.
func (w *waiter) trouble(err error) {
	w.last = err
	if !w.told {
		note(w.c, "the node cannot be asked; waiting for it: %s", err)
		w.told = true
	}
}

// doubtEvery is after how many times that the node says that the transaction waits
// the ledger is asked whether it can.
const doubtEvery = 4

// waiting is called when the node says that the transaction waits. A miner's has
// that of others; that its nonce was used is proven.
func (w *waiter) waiting(ctx context.Context) error {
	if w.waits++; w.waits%doubtEvery != 0 {
		return nil
	}
	var acc api.Account
	if err := w.n.get(ctx, "/v1/accounts/"+w.tx.Signer.String(), &acc); err != nil {
		w.trouble(err)
		return nil
	}
	if acc.Nonce <= w.tx.Nonce {
		w.spent = 0
		return nil
	}
	return w.used()
}

// missing is called when the node knows nothing of the transaction: its nonce
// was used, or the node has lost it, as in a restart, and is given it again.
func (w *waiter) missing(ctx context.Context) error {
	var acc api.Account
	if err := w.n.get(ctx, "/v1/accounts/"+w.tx.Signer.String(), &acc); err != nil {
		w.trouble(err)
		return nil
	}
	if acc.Nonce > w.tx.Nonce {
		w.lost = 0
		return w.used()
	}
	w.spent = 0
	if w.lost++; w.lost == 1 { // it may be between the pool and its block
		return nil
	}
	w.lost = 0
	_, err := offerTx(ctx, w.n, w.tx)
	switch kind := kindOf(err); {
	case err == nil && w.unkept: // it sends on what it is given, and keeps nothing that it could lose
	case err == nil:
		note(w.c, "the node had lost the transaction, and has it again")
	case kind == api.ProblemNonceTaken:
		return fmt.Errorf("the node lost the transaction, and another one is in its place: %w", err)
	case kind == api.ProblemRule, kind == api.ProblemBadBody:
		return fmt.Errorf("the node lost the transaction, and does not take it again: %w", err)
	default:
		w.last = err
	}
	return nil
}

// used is called when a block has used the nonce, and the node shows no outcome.
func (w *waiter) used() error {
	if w.spent++; w.spent == 1 { // the block may have come between the two questions
		return nil
	}
	if w.unkept {
		return withHint(
			fmt.Errorf("a block has used nonce %d, and the asked node keeps no blocks: it cannot tell whether this transaction did, nor what came of it", w.tx.Nonce),
			"ask a validator's node, by assay tx show "+w.tx.Hash().String()+", or look at assay account, before it is sent again")
	}
	return withHint(
		fmt.Errorf("a block has a transaction with the same nonce, %d, and the node does not know that it is this one (%w)", w.tx.Nonce, w.last),
		"look at assay account and assay tx show before it is sent again")
}
