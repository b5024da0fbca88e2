package discover

import (
	"io"
	"net/netip"

	"github.com/libp2p/go-libp2p/core/network"
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

// Bounds of streams with questions.
const (
	MaxStreams       = maxStreams
	StreamsOfNetwork = streamsOfNetwork
)

// Askers are the streams with questions that stand.
type (
	Askers = askers
	Asker  = asker
)

// Enter takes a place for a stream over a connection.
func (a *askers) Enter(c network.Conn, shut func()) *Asker {
	return a.enter(c.RemotePeer(), partyOf(c), shut)
}

// Heard notes a question.
func (a *askers) Heard(in *Asker) { a.heard(in) }

// Leave gives a place back.
func (a *askers) Leave(in *Asker) { a.leave(in) }

// Len is how many places are taken.
func (a *askers) Len() int { return len(a.in) }

// ReachOf returns which addresses of a peer with these connections are believed.
func ReachOf(conns ...network.Conn) scope { return reachOf(conns) }

// NetworkOf returns the network at which a peer with these connections is.
func NetworkOf(conns ...network.Conn) (netip.Prefix, bool) { return networkOf(conns) }
