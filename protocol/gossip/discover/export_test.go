package discover

import (
	"io"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Limits that tests go up to.
const (
	MaxBelieved   = maxBelieved
	MaxAddresses  = maxAddresses
	MaxQuestion   = maxQuestion
	MaxAnswer     = maxAnswer
	MaxTold       = maxTold
	StreamsOfPeer = streamsOfPeer
	MaxOfNetwork  = maxOfNetwork
)

// Scopes, as how far an address reaches.
const (
	Wide    = wide
	Private = private
	Machine = machine
)

// Believed returns what is worth a dial of a peer that another named.
func Believed(info *peer.AddrInfo, reach scope) *peer.AddrInfo { return believed(info, reach) }

// Chosen returns those of an answer that are passed on.
func Chosen(named []*peer.AddrInfo, self peer.ID) []*peer.AddrInfo { return chosen(named, wide, self) }

// NextFrame reads one message, its length before it.
func NextFrame(r io.Reader, most int, allow func() bool) ([]byte, error) {
	return nextFrame(r, most, allow)
}

// ErrTooLong is that of a message above its limit.
var ErrTooLong = errTooLong
