package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

const (
	// maxCollisions is how many nonces in a row others may take before this
	// wallet gives up: each means that a wallet of the same key on another
	// machine was faster.
	maxCollisions = 16
	// maxInsists is how often a transaction is offered again that a node may
	// have taken; the bytes are the same, so it is taken once.
	maxInsists = 5
	// insistEvery is the pause between.
	insistEvery = time.Second
	// maxFee is the most that is burned as the fee of a transaction, unless --fee or
	// --max-fee say more: what a node says of prices is not proven, and a full block
	// costs a twentieth of it where prices are those that networks ship with.
	maxFee = protocol.Unit
)

// A wish is one transaction, whatever else the key signs: a second wish gets
// another nonce, so that it is never the same bytes as the first. The nonce is
// the next one in the node's view, what waits for a block included. Wallets of
// this machine come one after the other ([lockSigner]); where one of another
// machine took the nonce, the node refuses ours, which then has surely not been
// taken, and it is signed again with the next. If the answer is lost, the same
// bytes are offered again, which makes no second transaction. So are the last
// wishes of this machine, where the node does not know of them ([sender.recall]).

// sender signs and sends one wish.
type sender struct {
	c     *cli.Context
	n     *client
	keys  string // the directory of key
	key   *keystore.Key
	chain string
	fees  params.Fees
	fee   protocol.Amount // the least to be paid, if that is more than the network's
	most  protocol.Amount // and what it may not be more than
	body  wire.Body
}

// newSender opens the key, after it has asked whether the node is of use.
func newSender(c *cli.Context, n *client, body wire.Body) (*sender, error) {
	var st api.Status
	if err := n.get(c.Context, "/v1/status", &st); err != nil {
		return nil, err
	}
	if want := c.String("chain-id"); want != "" && want != st.ChainID {
		return nil, fmt.Errorf("%s is a node of %q, not of %q; look at --node", n.url, abridge(st.ChainID), want)
	}
	if st.ChainID != protocol.ShortChainID(st.Chain) {
		return nil, fmt.Errorf("%s says that its chain is %q, and that it is %q; nothing was sent", n.url, abridge(st.ChainID), abridge(st.Chain))
	}
	if st.CatchingUp {
		return nil, withHint(fmt.Errorf("%s is catching up, at height %d, and does not know the newest nonces; nothing was sent", n.url, st.Height), "wait, or ask another with --node")
	}
	var costs api.Network
	if err := n.get(c.Context, "/v1/network", &costs); err != nil {
		return nil, err
	}
	fee, err := feeFlag(c)
	if err != nil {
		return nil, err
	}
	most, err := mostFee(c)
	if err != nil {
		return nil, err
	}
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return nil, err
	}
	if _, err := keys.Public(c.String("key")); err != nil {
		return nil, keyflags.Hint(err)
	}
	pass, err := keyflags.Read(c, "key "+keys.Path(c.String("key")))
	if err != nil {
		return nil, err
	}
	k, err := keys.Open(c.String("key"), pass)
	if err != nil {
		return nil, keyflags.Hint(err)
	}
	fees := feesOf(&costs)
	return &sender{c: c, n: n, keys: keyflags.DirOf(c), key: k, chain: st.Chain, fees: fees, fee: fee, most: most, body: body}, nil
}

// bind holds a sender to what was said before; see [terms].
func (s *sender) bind(t *terms) error {
	if t.chain != "" && t.chain != s.chain {
		return fmt.Errorf("%s said that it is a node of %s, and now of %s; nothing was signed", s.n.url, protocol.ShortChainID(t.chain), protocol.ShortChainID(s.chain))
	}
	s.most = min(s.most, t.most)
	return nil
}

// errFee says that a fee is more than what is meant.
var errFee = errors.New("the fee is too large")

// checkFee refuses a fee that is more than most: [errFee].
func checkFee(fee, most protocol.Amount) error {
	if fee <= most {
		return nil
	}
	return withHint(fmt.Errorf("%w: by the prices that the node says it is %s, and at most %s is meant", errFee, fee, most), "ask another node; where the price is right, give --max-fee")
}

// mostFee is what --max-fee or a greater --fee says.
func mostFee(c *cli.Context) (protocol.Amount, error) {
	given, err := feeFlag(c)
	if err != nil {
		return 0, err
	}
	s := c.String("max-fee")
	if s == "" {
		return max(given, maxFee), nil
	}
	most, err := protocol.ParseAmount(s)
	if err != nil {
		return 0, fmt.Errorf("--max-fee %q: %w", s, err)
	}
	return max(given, most), nil
}

// feesOf are the prices of a network.
func feesOf(n *api.Network) params.Fees {
	return params.Fees{Weight: n.WeightFee, Byte: n.ByteFee, Deposit: n.Deposit}
}

// feeFlag reads --fee, zero where it is not given.
func feeFlag(c *cli.Context) (protocol.Amount, error) {
	s := c.String("fee")
	if s == "" {
		return 0, nil
	}
	fee, err := protocol.ParseAmount(s)
	if err != nil {
		return 0, fmt.Errorf("--fee %q: %w", s, err)
	}
	return fee, nil
}

// send returns the transaction that a node has taken. An error of type
// [*unknown] says that it may have taken one; any other that it has not.
func (s *sender) send() (*wire.Tx, error) {
	ctx, cancel := context.WithTimeout(s.c.Context, s.c.Duration("timeout"))
	defer cancel()
	lock, err := lockSigner(ctx, s.c, s.keys, s.key.PublicKey())
	if err != nil {
		return nil, err
	}
	defer lock.release()
	s.recall(ctx, lock.read().Sent)
	for range maxCollisions {
		tx, err := s.offer(ctx)
		if err == nil && s.c.Bool("no-wait") {
			s.remember(lock, tx)
		}
		if !errors.Is(err, errCollision) {
			return tx, err
		}
	}
	return nil, withHint(fmt.Errorf("send transaction: others sign with the same key, and took %d nonces in a row; nothing was sent", maxCollisions), "try again when they are done")
}

// errCollision says that the nonce is another transaction's, so that ours was
// not taken.
var errCollision = errors.New("the nonce is another transaction's")

// offer signs with the next nonce and sends; it waits while too many wait.
func (s *sender) offer(ctx context.Context) (*wire.Tx, error) {
	var full error // why it was not taken yet
	for {
		tx, err := s.sign(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, s.unsent(cmp.Or(full, err))
		}
		known, err := offerTx(ctx, s.n, tx)
		switch kind := kindOf(err); {
		case err == nil && !known:
			return tx, nil
		case err == nil, kind == api.ProblemNonceTaken, kind == api.ProblemNoncePassed:
			return nil, errCollision // if known: an equal wish, and not this one
		case kind == api.ProblemNonceAhead, kind == api.ProblemBusy:
			if full == nil {
				note(s.c, "not taken yet: %s", err)
			}
			full = err
			pause(ctx, askEvery)
		case unsure(err):
			return s.insist(ctx, tx, err)
		default:
			return nil, fmt.Errorf("send transaction: %w", err)
		}
	}
}

// unsent is the error of a wish that no node was told of.
func (s *sender) unsent(err error) error {
	if s.c.Err() != nil {
		return fmt.Errorf("%w; nothing was sent", context.Canceled)
	}
	return fmt.Errorf("send transaction: %w; nothing was sent", err)
}

// sign signs with the nonce that is next in the node's view.
func (s *sender) sign(ctx context.Context) (*wire.Tx, error) {
	var acc api.Account
	if err := s.n.get(ctx, "/v1/accounts/"+s.key.PublicKey().String(), &acc); err != nil {
		return nil, fmt.Errorf("ask for the next nonce: %w", err)
	}
	fee := max(s.fee, ledger.LeastFee(&s.fees, s.chain, s.body))
	if err := checkFee(fee, s.most); err != nil {
		return nil, err
	}
	return wire.NewTx(s.key, s.chain, max(acc.Nonce, acc.NextNonce), fee, s.body)
}

// offerTx gives a node a transaction; known says that it had it before.
func offerTx(ctx context.Context, n *client, tx *wire.Tx) (known bool, err error) {
	var sent api.Submitted
	err = n.post(ctx, "/v1/txs", api.TxBody{Tx: hex.EncodeToString(wire.Encode(tx))}, &sent)
	return sent.Known, err
}

// insist offers the same bytes again after an answer was lost, until it is
// certain whether they were taken.
func (s *sender) insist(ctx context.Context, tx *wire.Tx, lost error) (*wire.Tx, error) {
	note(s.c, "the answer was lost, so %s is offered again: %s", tx.Hash(), lost)
	for range maxInsists {
		if !pause(ctx, insistEvery) {
			break
		}
		_, err := offerTx(ctx, s.n, tx)
		switch kind := kindOf(err); {
		case err == nil: // known or not, it is this one
			return tx, nil
		case kind == api.ProblemNonceTaken: // what waits with this nonce is not this one
			return nil, errCollision
		case kind == api.ProblemNoncePassed: // perhaps by this one
			return nil, &unknown{tx.Hash(), err}
		case errors.Is(err, config.ErrNotRunning), kind == api.ProblemBusy, unsure(err):
			lost = err
		default: // it would be known if it had been taken
			return nil, fmt.Errorf("send transaction: %w", err)
		}
	}
	return nil, &unknown{tx.Hash(), lost}
}

// unknown says that a transaction was sent and may have been taken.
type unknown struct {
	hash protocol.Hash
	err  error
}

func (e *unknown) Error() string {
	return fmt.Sprintf("it is not known whether transaction %s was taken: %s; ask assay tx show %s before it is sent again", e.hash, e.err, e.hash)
}

func (e *unknown) Unwrap() error { return e.err }

// unsure reports whether a node may have taken what it was sent, although there
// was this error.
func unsure(err error) bool {
	if p, ok := errors.AsType[*api.Problem](err); ok {
		return p.Status >= http.StatusInternalServerError && p.Name() != api.ProblemNotReady
	}
	var far *notReached
	return !errors.Is(err, config.ErrNotRunning) && !errors.As(err, &far)
}

// kindOf returns the kind of a problem, "" for another error.
func kindOf(err error) string {
	if p, ok := errors.AsType[*api.Problem](err); ok {
		return p.Name()
	}
	return ""
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
