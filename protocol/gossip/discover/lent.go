package discover

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	// maxQuestion is far more than a question for a place needs, 40 bytes; maxAnswer
	// holds twenty peers with maxTold addresses each.
	maxQuestion, maxAnswer = 512, 64 << 10
	// maxTold is how many addresses of one peer are told others, numbers alone. The
	// library tells 8 KiB of whatever it said of itself: eight such peers would make an
	// answer longer than maxAnswer.
	maxTold = 64
)

// errNoDial is what the library hears when it dials.
var errNoDial = errors.New("the hash table dials nobody")

// lent is a node's host as the library has it. It can open streams to who is
// connected; it dials nobody, and what it thinks of a connection is not heard: it
// would protect those of its table from being let go, strangers' as they are.
type lent struct {
	host.Host
	allow  func(peer.ID) bool
	askers askers
}

func lend(h host.Host, allow func(peer.ID) bool) *lent {
	return &lent{Host: h, allow: allow}
}

// Peerstore implements [host.Host].
func (l *lent) Peerstore() peerstore.Peerstore { return told{l.Host.Peerstore()} }

// told is what the library has of a peerstore: the addresses of a peer that may be
// told others.
type told struct{ peerstore.Peerstore }

// PeerInfo implements [peerstore.Peerstore].
func (t told) PeerInfo(id peer.ID) peer.AddrInfo {
	out := peer.AddrInfo{ID: id}
	for _, m := range t.Addrs(id) {
		if _, ok := endOf(m); ok && len(out.Addrs) < maxTold {
			out.Addrs = append(out.Addrs, m)
		}
	}
	return out
}

// ConnManager implements [host.Host].
func (*lent) ConnManager() connmgr.ConnManager { return connmgr.NullConnMgr{} }

// Connect implements [host.Host].
func (*lent) Connect(context.Context, peer.AddrInfo) error { return errNoDial }

// NewStream implements [host.Host].
func (l *lent) NewStream(ctx context.Context, id peer.ID, names ...protocol.ID) (network.Stream, error) {
	st, err := l.Host.NewStream(network.WithNoDial(ctx, errNoDial.Error()), id, names...)
	if err != nil {
		return nil, err
	}
	return &framed{Stream: st, most: maxAnswer}, nil
}

// SetStreamHandler implements [host.Host].
func (l *lent) SetStreamHandler(name protocol.ID, handle network.StreamHandler) {
	l.Host.SetStreamHandler(name, func(st network.Stream) {
		from := st.Conn().RemotePeer()
		in := l.askers.enter(from, partyOf(st.Conn()), func() { st.SetDeadline(time.Unix(0, 1)) }) //nolint:errcheck // a stream that has ended waits for nothing
		if in == nil {
			st.Reset() //nolint:errcheck // nobody is there to be told
			return
		}
		defer l.askers.leave(in)
		handle(&framed{
			Stream: st, most: maxQuestion,
			allow: func() bool { return l.allow(from) },
			heard: func() { l.askers.heard(in) },
		})
	})
}
