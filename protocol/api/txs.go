package api

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

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
	hash, err := h.src.Pool.Submit(r.ctx(), raw)
	if err != nil {
		return nil, txProblem(err)
	}
	return Submitted{Hash: hash}, nil
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
	return res, nil
}

// TxKindName returns the name of a kind of transaction, as results show it.
func TxKindName(k wire.TxKind) string {
	switch k {
	case wire.TxTransfer:
		return "transfer"
	case wire.TxRegister:
		return "register"
	case wire.TxAddStake:
		return "add-stake"
	case wire.TxRemoveStake:
		return "remove-stake"
	case wire.TxServe:
		return "serve"
	case wire.TxSetConsensusKey:
		return "set-consensus-key"
	case wire.TxExtendBeacon:
		return "extend-beacon"
	case wire.TxCommit:
		return "commit"
	case wire.TxCommitWeights:
		return "commit-weights"
	case wire.TxRevealWeights:
		return "reveal-weights"
	case wire.TxCommitCards:
		return "commit-cards"
	}
	return fmt.Sprintf("kind-%d", k)
}
