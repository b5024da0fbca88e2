package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// Problem is an error as a client sees it (RFC 9457), with four members more.
// It is an error itself.
type Problem struct {
	Type     string `json:"type"` // urn:assay:problem: and a name that does not change
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance,omitempty"` // the path that was asked for
	// Hint says what to do; Rule names the ledger's rule that was broken.
	Hint string `json:"hint,omitempty"`
	Rule string `json:"rule,omitempty"`
	// NextNonce is the nonce to sign with instead, where that is what is wrong.
	NextNonce *uint64 `json:"next_nonce,omitempty"`
	// OldestEpoch is the oldest epoch that is kept here, where it was asked for
	// what may be older.
	OldestEpoch *protocol.Epoch `json:"oldest_epoch,omitempty"`

	name string // the end of Type, for metrics
}

// Name returns the end of the type, which names what is wrong.
func (p *Problem) Name() string { return strings.TrimPrefix(p.Type, typePrefix) }

// typePrefix begins the type of every problem.
const typePrefix = "urn:assay:problem:"

// Error returns detail and hint in one line.
func (p *Problem) Error() string {
	if p.Hint == "" {
		return p.Detail
	}
	return p.Detail + " (" + p.Hint + ")"
}

// The problems that whoever sends transactions tells apart.
const (
	// ProblemNonceTaken: another transaction with the same nonce waits. The one
	// that was sent is not kept.
	ProblemNonceTaken = "nonce-taken"
	// ProblemNoncePassed: a block has a transaction with the same nonce, which
	// the node does not know to be the one that was sent.
	ProblemNoncePassed = "nonce-passed"
	// ProblemNonceAhead: the nonce is further ahead than transactions may wait.
	ProblemNonceAhead = "nonce-ahead"
	// ProblemTxWaiting: the transaction is in no block yet.
	ProblemTxWaiting = "tx-waiting"
	// ProblemTxDropped: the node had the transaction and gave it up.
	ProblemTxDropped = "tx-dropped"

	ProblemNotFound = problemNotFound
	ProblemNotKept  = problemNotKept
	ProblemNotReady = problemNotReady
	ProblemBusy     = problemBusy
	ProblemRule     = problemRule
	ProblemBadBody  = problemBody
)

// The problems: the ends of their types.
const (
	problemQuery    = "bad-query"
	problemPath     = "bad-path"
	problemBody     = "bad-body"
	problemMethod   = "method-not-allowed"
	problemNoRoute  = "no-such-endpoint"
	problemNotFound = "not-found"
	problemNotKept  = "not-kept"
	problemGone     = "gone"
	problemHost     = "wrong-host"
	problemTooLong  = "too-long"
	problemBusy     = "busy"
	problemRule     = "rule-broken"
	problemNotReady = "not-ready"
	problemInternal = "internal"
)

var titles = map[string]string{
	problemQuery:    "The query cannot be understood",
	problemPath:     "The path cannot be understood",
	problemBody:     "The body cannot be understood",
	problemMethod:   "This endpoint does not have that method",
	problemNoRoute:  "There is no such endpoint",
	problemNotFound: "There is no such thing",
	problemNotKept:  "This node does not keep that",
	problemGone:     "That is older than what is kept",
	problemHost:     "The request is for another host",
	problemTooLong:  "The request is too long",
	problemBusy:     "The node is busy",
	problemRule:     "The transaction breaks a rule of the ledger",
	problemNotReady: "The node is not ready",
	problemInternal: "The node made a mistake",

	ProblemNonceTaken:  "Another transaction has that nonce",
	ProblemNoncePassed: "A block has used that nonce",
	ProblemNonceAhead:  "The nonce is too far ahead",
	ProblemTxWaiting:   "The transaction waits for a block",
	ProblemTxDropped:   "The node gave the transaction up",
}

// problem returns one of the problems above.
func problem(status int, name, hint, format string, args ...any) *Problem {
	return &Problem{
		Type: typePrefix + name, Title: titles[name], Status: status,
		Detail: fmt.Sprintf(format, args...), Hint: hint, name: name,
	}
}

// gone says that an epoch lies below the oldest that is kept. An empty list would
// say that there was nothing.
func gone(what string, asked, oldest protocol.Epoch) *Problem {
	p := problem(http.StatusGone, problemGone, fmt.Sprintf("ask from epoch %d on", oldest),
		"this node has no %s of epoch %d any more: it keeps those of epoch %d and later", what, asked, oldest)
	p.OldestEpoch = &oldest
	return p
}

// problemOf makes a problem of any error. What it does not know is the node's
// own fault, and its text may hold what is no business of the client's.
func problemOf(err error) *Problem {
	var p *Problem
	switch {
	case errors.As(err, &p):
		c := *p // the handler fills in the instance
		return &c
	case errors.Is(err, ErrBusy):
		return problem(http.StatusServiceUnavailable, problemBusy, "ask again in a second", "%s", plain(err, ErrBusy))
	case errors.Is(err, ErrNotFound):
		return problem(http.StatusNotFound, problemNotFound, "", "%s", plain(err, ErrNotFound))
	case errors.Is(err, ErrNotKept):
		return problem(http.StatusNotFound, problemNotKept, "", "%s", plain(err, ErrNotKept))
	case errors.Is(err, ErrWaiting):
		return problem(http.StatusNotFound, ProblemTxWaiting, "ask again after the next block", "%s", err)
	case errors.Is(err, ErrDropped):
		return problem(http.StatusGone, ProblemTxDropped, "other nodes may still have it, and a block may still take it while its nonce is not used", "%s", err)
	case errors.Is(err, ErrUnreached):
		return problem(http.StatusServiceUnavailable, problemBusy, "look at the node's peers, and send it again", "%s", err)
	case errors.Is(err, ErrFull):
		return problem(http.StatusServiceUnavailable, problemBusy, "try again in some blocks", "%s", err)
	case errors.Is(err, context.DeadlineExceeded):
		return problem(http.StatusServiceUnavailable, problemBusy, "ask for less, or later", "the answer took too long")
	case errors.Is(err, context.Canceled):
		return problem(http.StatusServiceUnavailable, problemBusy, "", "the request ended before its answer")
	}
	return problem(http.StatusInternalServerError, problemInternal, "the node's log says more", "an internal error")
}

// plain returns an error's text in which a sentinel of this package does not name
// it: that is for who reads the code.
func plain(err, sentinel error) string {
	text := sentinel.Error()
	return strings.ReplaceAll(err.Error(), text, strings.TrimPrefix(text, "api: "))
}

// ruleHint says what to do about a rule that a transaction breaks.
func ruleHint(k ledger.Reason) string {
	switch k {
	case ledger.ErrCannotPay:
		return "the account needs the amount and the fee"
	case ledger.ErrPrice:
		return "offer a higher maximum price"
	case ledger.ErrNoSeat:
		return "register the hotkey first"
	}
	return ""
}

// Gone reports whether what was asked for is older than what is kept.
func (p *Problem) Gone() bool { return p.Status == http.StatusGone }
