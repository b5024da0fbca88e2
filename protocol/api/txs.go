package api

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// MaxBody bounds the body of a request: the longest transaction in hex, with
// room for the JSON around it.
const MaxBody = 2*wire.MaxTxBytes + 1024

// TxBody is the body of a submission: the canonical bytes of a transaction in hex.
type TxBody struct {
	Tx string `json:"tx"`
}

func (h *Handler) submit(r *request) (any, error) {
	raw, err := readTx(r.http)
	if err != nil {
		return nil, err
	}
	if h.src.Pool == nil {
		return nil, notKept("pool of transactions", "send it to a running validator")
	}
	s, err := h.readStatus(r)
	if err != nil {
		return nil, err
	}
	if s.CatchingUp { // its nonces are old, and what it takes may be in a block long since
		return nil, problem(http.StatusServiceUnavailable, problemNotReady, "wait, or send it to another node", "catching up, at height %d", s.Height)
	}
	hash, known, err := h.src.Pool.Submit(r.ctx(), raw)
	if err != nil {
		return nil, h.txProblem(r, raw, err)
	}
	return Submitted{Hash: hash, Known: known}, nil
}

// txProblem makes a problem of an error of [Pool.Submit].
func (h *Handler) txProblem(r *request, raw []byte, err error) error {
	rule := ledger.ReasonOf(err)
	if rule == ledger.ErrBadNonce || errors.Is(err, ErrNonceTaken) {
		return h.nonceProblem(r, raw, err)
	}
	if rule != "" {
		p := problem(http.StatusUnprocessableEntity, problemRule, ruleHint(rule), "%s", err)
		p.Rule = string(rule)
		return p
	}
	for _, bad := range []error{wire.ErrTooLarge, wire.ErrMalformed, wire.ErrNotCanonical, wire.ErrLimit, wire.ErrSignature, wire.ErrChain, wire.ErrUnknown} {
		if errors.Is(err, bad) {
			return problem(http.StatusBadRequest, problemBody, "", "transaction: %s", err)
		}
	}
	return err
}

// nonceProblem is a conflict: the transaction may be good with another nonce.
func (h *Handler) nonceProblem(r *request, raw []byte, err error) error {
	var tx wire.Tx
	if bad := wire.Decode(raw, wire.MaxTxBytes, &tx); bad != nil {
		return bad // the pool has decoded it
	}
	next, bad := h.src.Pool.NextNonce(r.ctx(), tx.Signer)
	if bad != nil {
		return fmt.Errorf("next nonce of %s: %w", tx.Signer, bad)
	}
	again := fmt.Sprintf("sign again with nonce %d, which /v1/accounts/%s has as next_nonce", next, tx.Signer)
	name, hint := ProblemNonceAhead, again
	switch {
	case errors.Is(err, ErrNonceTaken):
		name = ProblemNonceTaken
	case tx.Nonce < next:
		name, hint = ProblemNoncePassed, "unless it is in a block already, "+again
	case tx.Nonce == next:
		hint = fmt.Sprintf("at most %d transactions of a signer wait; send it again after a block", ledger.NonceWindow)
	}
	p := problem(http.StatusConflict, name, hint, "%s", err)
	p.NextNonce = &next
	if rule := ledger.ReasonOf(err); rule != "" {
		p.Rule = string(rule)
	}
	return p
}

// readTx reads the bytes of a transaction from a body of JSON. Other content
// types are refused, so that no form of a web page is taken for one.
func readTx(r *http.Request) ([]byte, error) {
	const hint = `send {"tx":"…"} with the bytes in hex, as application/json`
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return nil, problem(http.StatusUnsupportedMediaType, problemBody, hint, "content type %.60q", r.Header.Get("Content-Type"))
	}
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, MaxBody))
	d.DisallowUnknownFields()
	var b TxBody
	if err := d.Decode(&b); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return nil, problem(http.StatusRequestEntityTooLarge, problemTooLong, hint, "body of more than %d bytes", MaxBody)
		}
		return nil, problem(http.StatusBadRequest, problemBody, hint, "body: %s", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, problem(http.StatusBadRequest, problemBody, hint, "something follows the object")
	}
	raw, err := hex.DecodeString(b.Tx)
	if err != nil || len(raw) == 0 {
		return nil, problem(http.StatusBadRequest, problemBody, hint, "tx is not hex")
	}
	return raw, nil
}

func (h *Handler) txResult(r *request) (any, error) {
	hash, err := r.hash("hash", "transaction hash")
	if err != nil {
		return nil, err
	}
	if h.src.Pool == nil {
		return nil, notKept("results of transactions", "ask a running validator")
	}
	res, err := h.src.Pool.Result(r.ctx(), hash)
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", hash, err)
	}
	times, err := h.timesOf(r.ctx(), []protocol.Height{res.Height}) // left out where it is not had in time
	res.Time = times[res.Height]
	return res, err
}
