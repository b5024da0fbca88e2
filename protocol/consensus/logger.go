package consensus

import (
	"fmt"
	"strings"

	"github.com/cometbft/cometbft/libs/log"
	"github.com/rs/zerolog"
)

// haltMessage is what CometBFT logs when its state machine ends on a panic; the
// process lives on without blocks, unless somebody ends it.
const haltMessage = "CONSENSUS FAILURE!!!"

// refusedMessage is what CometBFT logs where it fetches blocks that it lacks and
// does not take one. It looks for the signatures of two thirds under it first:
// where the header is wrong nevertheless (wrongHeader), it is this node that
// differs, and it would turn from peer to peer for ever.
const (
	refusedMessage = "Error in validation"
	wrongHeader    = "wrong Block.Header."
)

// unsyncedMessage is what CometBFT logs when it gives up a snapshot for good, as
// where a disk is full. The node waits from then on, and its owner has to know why.
const unsyncedMessage = "State sync failed"

// logger takes CometBFT's messages down a level: it calls an error what it
// tries again by itself, and an info what happens in every block.
type logger struct {
	z     zerolog.Logger
	halt  func(reason string)
	quiet bool // its errors are only that peers come and go, but for unsyncedMessage
}

// quietModules have no errors that an operator could act on.
var quietModules = map[string]bool{"p2p": true, "blocksync": true, "statesync": true, "evidence": true, "mempool": true}

var _ log.Logger = logger{}

func (l logger) write(e *zerolog.Event, msg string, pairs []any) {
	if e == nil {
		return
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		e = e.Str(fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	e.Msg(msg)
}

// Debug implements [log.Logger].
func (l logger) Debug(msg string, pairs ...any) { l.write(l.z.Trace(), msg, pairs) }

// Info implements [log.Logger].
func (l logger) Info(msg string, pairs ...any) { l.write(l.z.Debug(), msg, pairs) }

// Warn implements [log.Logger].
func (l logger) Warn(msg string, pairs ...any) { l.write(l.z.Debug(), msg, pairs) }

// Error implements [log.Logger].
func (l logger) Error(msg string, pairs ...any) {
	switch msg {
	case haltMessage:
		reason := msg
		if len(pairs) > 1 {
			reason = fmt.Sprint(pairs[1])
		}
		l.halt(reason)
	case refusedMessage:
		for _, p := range pairs {
			if err, ok := p.(error); ok && strings.Contains(err.Error(), wrongHeader) {
				l.halt(err.Error())
			}
		}
	}
	if l.quiet && msg != unsyncedMessage {
		l.write(l.z.Debug(), msg, pairs)
		return
	}
	l.write(l.z.Warn(), msg, pairs)
}

// With implements [log.Logger].
func (l logger) With(pairs ...any) log.Logger {
	c, quiet := l.z.With(), l.quiet
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1])
		c = c.Str(name, value)
		quiet = quiet || (name == "module" && quietModules[value])
	}
	return logger{z: c.Logger(), halt: l.halt, quiet: quiet}
}
