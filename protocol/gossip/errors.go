package gossip

import "errors"

// Errors of a [Host].
var (
	ErrConfig     = errors.New("gossip: invalid config")
	ErrNotRunning = errors.New("gossip: not running")
	ErrRunning    = errors.New("gossip: already run")
	ErrListen     = errors.New("gossip: listen")
	ErrAddress    = errors.New("gossip: not a peer address")
	ErrOtherChain = errors.New("gossip: peer is of another chain")
	ErrHungUp     = errors.New("gossip: peer closed the connection at once, or did not say what it speaks; it may have cut this node off")
	ErrNoPeers    = errors.New("gossip: nobody is listening")
	ErrUnknown    = errors.New("gossip: unknown topic or stream")
	ErrElsewhere  = errors.New("gossip: another process has this node's identity, as it has just signed")
)

// Errors of a request. The first two are also for handlers: an error that wraps
// [ErrRefused] is shown to the peer with its text, and one that wraps [ErrBusy] as
// what may go better later; any other only as an internal error.
var (
	ErrRefused = errors.New("gossip: request refused")
	ErrBusy    = errors.New("gossip: peer is busy")
	ErrTimeout = errors.New("gossip: peer took too long")
	ErrRemote  = errors.New("gossip: peer's internal error")
	ErrFrame   = errors.New("gossip: malformed frame")
)
