package gossip

import (
	"context"
	"errors"

	pubsub "github.com/libp2p/go-libp2p-pubsub"

	"github.com/assaynet/assay/protocol/wire"
)

// Decide turns the error of a [Handler] into the fate of the message:
//
//   - nil: accept; the message is passed on.
//   - an error that blames the sender: reject; it is not passed on, and the
//     peer that brought it loses score.
//   - any other error: ignore; it is not passed on, and nobody is blamed. Late,
//     early, seen before, unknown seat, no fee, a store that is full: two
//     honest nodes can differ in these.
func Decide(err error) pubsub.ValidationResult {
	switch {
	case err == nil:
		return pubsub.ValidationAccept
	case Blames(err):
		return pubsub.ValidationReject
	}
	return pubsub.ValidationIgnore
}

// Blames reports whether err blames who sent the bytes, of a message or a
// request: only the sender can have caused it, and any node finds it from the
// bytes alone, so that an honest node does not pass such a message on, whatever
// it knows of the ledger. Peers of another chain cannot even connect, so that
// its messages are no mistake either. A type that is not known is no fault: a
// newer version may know it.
func Blames(err error) bool {
	_, blames := wire.Word(err)
	return blames && !errors.Is(err, wire.ErrUnknown)
}

// A reasoner is an error with a short word for the metrics, one of a few that
// stand in code: never made from what a peer sent.
type reasoner interface{ Word() string }

// reason returns the word under which err is counted.
func reason(err error) string {
	if err == nil {
		return "ok"
	}
	if word, ok := wire.Word(err); ok {
		return word
	}
	var r reasoner
	switch {
	case errors.As(err, &r):
		return r.Word()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "timeout"
	}
	return "other"
}

// verdict names a fate in the metrics.
func verdict(r pubsub.ValidationResult) string {
	switch r {
	case pubsub.ValidationAccept:
		return "accept"
	case pubsub.ValidationReject:
		return "reject"
	}
	return "ignore"
}
