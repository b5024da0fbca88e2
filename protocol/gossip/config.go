package gossip

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// A Handler looks at a message before it is passed on, and stores it where it
// must be stored. Its error goes to [Decide]. from is the peer that passed the
// message on, which need not be its author. raw is only lent: it must not be
// changed, nor kept without a copy. Handlers run side by side; ctx ends when
// the handler has taken too long, and when the host stops.
//
// A message is offered once: what is ignored because it came too early is not
// offered again for two minutes, so a node that can use it later keeps it.
type Handler func(ctx context.Context, from string, raw []byte) error

// Handlers holds the handler of each topic. Without a handler the topic is not
// joined: its messages are not received, but can be published. A host that
// joins none is let go by its peers after a while.
type Handlers struct {
	Tx, Pairs, Answer, Card Handler
}

func (h *Handlers) of(t Topic) Handler {
	switch t {
	case TopicTx:
		return h.Tx
	case TopicPairs:
		return h.Pairs
	case TopicAnswer:
		return h.Answer
	case TopicCard:
		return h.Card
	}
	return nil
}

// Config is what a [Host] needs.
type Config struct {
	// ChainID is part of every name on the network: letters, digits and "-_.".
	ChainID string
	// Identity is the secp256k1 scalar of the libp2p key, 32 bytes (package
	// key, DeriveIdentity). New copies it; the caller may wipe it.
	Identity []byte
	// Listen holds the multiaddrs to listen on, as /ip4/0.0.0.0/tcp/4001; with
	// none, the host only dials. Port 0 is any free port: see [Host.Addrs].
	Listen []string
	// Announce replaces, when set, the addresses that peers are told: for
	// hosts behind a forwarded port.
	Announce []string
	// Bootstrap holds the addresses, with /p2p/ID, to stay connected to.
	Bootstrap []string
	// Handlers look at the messages of each topic.
	Handlers Handlers
	// Seated reports whether a seat is bound to an identity: such peers have
	// places of their own on each stream, which no others can take. It is asked
	// at each request, by many at once. Nil: nobody is known to have a seat.
	Seated func(identity protocol.PublicKey) bool
	// Alone has [Host.Run] end with [ErrElsewhere] once a peer shows that another
	// process runs under the identity; else that is only told.
	Alone bool
	// MDNS finds peers of the chain on the local network.
	MDNS bool
	// DHT finds peers by what peers of the chain name (package discover), while the
	// host has dialled fewer than Degree. What the config, the ledger and the local
	// network name goes before it, and is dialled as if nothing were found.
	DHT bool
	// Serves has a host with DHT answer such questions, too, and be named to others.
	Serves bool
	// NAT has the host ask peers of the internet whether they can dial it, for
	// [Host.Reachability], and one that serves dial those that ask it. With DHT, one
	// that serves stops where it is found that nobody can, and one that does not
	// begins where somebody can.
	NAT bool
	// Relay has the host ask relays for a place while nobody can dial it (see NAT),
	// send requests over them to peers that it cannot dial, and be one, if it serves
	// and peers can dial it. Relays are bootstrap peers and validators.
	Relay bool
	// Degree is how many peers the host itself tries to have dialled; those that
	// dial it come besides. Default 12, twice the degree of a topic's mesh; more
	// costs bandwidth.
	Degree int
	// MaxPeers is the number of connections above which the least useful are
	// closed: of strangers first, of seats then, of peers that are kept never (see
	// [Host.SetLedgerPeers]). Default 64; each costs about 100 KiB.
	MaxPeers int
	// Redial is the pause before a peer is dialled again. It doubles with
	// each failure, to 64 times. Default 1 s.
	Redial time.Duration
	// Scores are the points of peers. Default params.DefaultPeerScores.
	Scores *params.PeerScores
	// Logger logs connections; at debug level, messages. The zero value is silent.
	Logger zerolog.Logger
	// Registerer takes the metrics; nil keeps them unregistered.
	Registerer prometheus.Registerer
}

// settings are a Config, read and checked.
type settings struct {
	Config
	key      crypto.PrivKey
	id       peer.ID
	listen   []ma.Multiaddr
	announce []ma.Multiaddr
	boot     []*peer.AddrInfo
	own      []ma.Multiaddr // of Bootstrap, those of this host
	scores   params.PeerScores
	watch    watchTimes
	grace    time.Duration // how long a new connection is not trimmed
	private  bool          // it takes itself for one that nobody can dial
	look     time.Duration // between two looks whether peers are to be found; 0: the default
	times    times
}

// times bound what others may keep a host waiting for.
type times struct {
	handshake time.Duration // until a connection is through the door
	handler   time.Duration // of a message, the wait for its handler included
	serve     time.Duration // of a request's handler
	presence  time.Duration // of a question whether an identity is in use
	pass      time.Duration // of such a question that is passed on
	carry     time.Duration // of what a relay carries between two peers
}

var defaultTimes = times{handshake: handshakeTime, handler: handlerTime, serve: serveTime, presence: presenceTime, pass: passTime, carry: carryTime}

// Defaults and limits of a Config.
const (
	defaultDegree   = 12
	defaultMaxPeers = 64
	maxMaxPeers     = 4096
	defaultRedial   = time.Second
	maxChainID      = 64
)

// check fills defaults, reads the addresses and refuses contradictions.
func (c Config) check() (*settings, error) {
	s := &settings{Config: c, scores: params.DefaultPeerScores(), watch: defaultWatch, grace: trimGrace, times: defaultTimes}
	if !validChain(c.ChainID) {
		return nil, fmt.Errorf("%w: chain id %.80q is not 1 to %d letters, digits and \"-_.\"", ErrConfig, c.ChainID, maxChainID)
	}
	if c.Scores != nil {
		s.scores = *c.Scores
	}
	if s.Degree == 0 {
		s.Degree = defaultDegree
	}
	if s.MaxPeers == 0 {
		s.MaxPeers = max(defaultMaxPeers, 2*s.Degree)
	}
	if s.Redial == 0 {
		s.Redial = defaultRedial
	}
	if s.Degree < 1 || s.MaxPeers < s.Degree || s.MaxPeers > maxMaxPeers || s.Redial < time.Millisecond {
		return nil, fmt.Errorf("%w: degree %d, max peers %d (at most %d), redial %s", ErrConfig, s.Degree, s.MaxPeers, maxMaxPeers, s.Redial)
	}
	if err := s.readIdentity(c.Identity); err != nil {
		return nil, err
	}
	s.Identity = nil // the key is in s.key; no second copy
	return s, s.readAddresses()
}

func (s *settings) readIdentity(scalar []byte) error {
	if len(scalar) != 32 {
		return fmt.Errorf("%w: identity of %d bytes, want 32", ErrConfig, len(scalar))
	}
	var err error
	if s.key, err = crypto.UnmarshalSecp256k1PrivateKey(scalar); err != nil {
		return fmt.Errorf("%w: identity: %w", ErrConfig, err)
	}
	if s.id, err = peer.IDFromPrivateKey(s.key); err != nil {
		return fmt.Errorf("%w: identity: %w", ErrConfig, err)
	}
	return nil
}

func (s *settings) readAddresses() error {
	for _, l := range []struct {
		name string
		text []string
		into *[]ma.Multiaddr
	}{{"listen", s.Listen, &s.listen}, {"announce", s.Announce, &s.announce}} {
		for _, a := range l.text {
			m, err := parseTransport(a)
			if err != nil {
				return fmt.Errorf("%w: %s: %w", ErrConfig, l.name, err)
			}
			*l.into = append(*l.into, m)
		}
	}
	for _, a := range s.Bootstrap {
		info, err := parsePeer(a)
		if err != nil {
			return fmt.Errorf("%w: bootstrap: %w", ErrConfig, err)
		}
		if info.ID == s.id { // one list may serve all nodes, this one included
			s.own = append(s.own, info.Addrs...)
			continue
		}
		s.boot = append(s.boot, info)
	}
	return nil
}

func validChain(s string) bool {
	if len(s) == 0 || len(s) > maxChainID {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		default:
			return false
		}
	}
	return true
}
