package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/wire"
)

// askEvery is how often a node is asked for a transaction: blocks take a second
// or more.
const askEvery = 500 * time.Millisecond

// awaitTx waits until tx is in a block. The result is nil if it is in one and the
// node keeps no results.
func awaitTx(c *cli.Context, n *client, tx *wire.Tx) (*api.TxResult, error) {
	ctx, cancel := context.WithTimeout(c.Context, c.Duration("timeout"))
	defer cancel()
	note(c, "sent %s; waiting for a block", tx.Hash())
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	passed := false // another block has used the nonce
	for {
		res, done, err := lookForTx(ctx, n, tx)
		switch {
		case c.Err() != nil:
			return nil, context.Cause(c.Context)
		case ctx.Err() != nil:
			return nil, withHint(fmt.Errorf("the transaction is in no block after %s", c.Duration("timeout")), "it may still come: ask "+n.url+"/v1/txs/"+tx.Hash().String())
		case err != nil:
			return nil, err
		case done && res == nil:
			note(c, "the transaction is in a block; this node does not keep what became of it")
			return nil, nil
		case res != nil:
			note(c, "in block %d", res.Height)
			return res, nil
		}
		used, err := nonceUsed(ctx, n, tx)
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
		if used && passed {
			return nil, withHint(errors.New("another transaction of the same key came first, and took the place of this one"), "look at assay account, and send it again if it is still wanted")
		}
		passed = used // look once more: the block may have come between the two questions
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// lookForTx asks for the result. Where the node keeps none, a used nonce says
// that the transaction is in a block.
func lookForTx(ctx context.Context, n *client, tx *wire.Tx) (res *api.TxResult, done bool, err error) {
	var r api.TxResult
	err = n.get(ctx, "/v1/txs/"+tx.Hash().String(), &r)
	var p *api.Problem
	switch {
	case err == nil:
		return &r, true, nil
	case !errors.As(err, &p) || p.Status != http.StatusNotFound:
		return nil, false, err
	case strings.HasSuffix(p.Type, ":not-kept"):
		done, err = nonceUsed(ctx, n, tx)
		return nil, done, err
	}
	return nil, false, nil
}

func nonceUsed(ctx context.Context, n *client, tx *wire.Tx) (bool, error) {
	var acc api.Account
	if err := n.get(ctx, "/v1/accounts/"+tx.Signer.String(), &acc); err != nil {
		return false, fmt.Errorf("ask for the nonce: %w", err)
	}
	return acc.Nonce > tx.Nonce, nil
}
