package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
)

// Errors of this package; what the parts return passes through with its name.
var (
	// ErrConfig is wrapped by what New finds wrong with a config.
	ErrConfig = errors.New("node: invalid config")
	// ErrNoPeer is returned where a peer is needed and none is connected.
	ErrNoPeer = errors.New("node: no peer is connected")
)

// Handler looks at a message of gossip; see gossip.Handler.
type Handler func(ctx context.Context, from string, raw []byte) error

// Config is what both kinds of node need. The caller opens the database and
// closes it after Run.
type Config struct {
	// Genesis is the network. Required.
	Genesis *ledger.Genesis
	// DB is the node's database. Required.
	DB *store.DB
	// Hotkey gives the node's identities. Required.
	Hotkey Hotkey
	// Former is the hotkey in whose place it came: a validator signs blocks and opens
	// links by it until the ledger has what follows from the new one. Optional.
	Former Hotkey
	// Generation numbers the identities, from 0: counting it up rotates them.
	Generation uint32

	// Trust names a block that the operator knows to be the chain's. Optional.
	Trust protocol.Checkpoint

	// Listen holds the multiaddrs of gossip, Announce those that others are
	// told where they differ, Bootstrap the peers to begin with.
	Listen, Announce, Bootstrap []string
	// MDNS looks for peers on the local network.
	MDNS bool
	// DHT finds peers by what peers of the chain name, and has a full node that
	// listens name some itself.
	DHT bool
	// NAT has peers of the internet say whether they can dial the node, and a full
	// node that listens dial those that ask it.
	NAT bool
	// Relay uses relays as a last resort, and has a full node that listens be one; see
	// gossip.Config.
	Relay bool

	// Answer, Card and Pairs look at the messages of their topics; nil leaves the
	// topic out.
	Answer, Card, Pairs Handler

	Logger     zerolog.Logger
	Registerer prometheus.Registerer // optional
}

func (c *Config) check() error {
	switch {
	case c.Genesis == nil:
		return fmt.Errorf("%w: no genesis", ErrConfig)
	case c.DB == nil:
		return fmt.Errorf("%w: no database", ErrConfig)
	case c.Hotkey == nil:
		return fmt.Errorf("%w: no hotkey", ErrConfig)
	}
	return nil
}

// FullConfig is a validator's.
type FullConfig struct {
	Config
	// Replay has every block carried out, also where Trust names one: else a node
	// without a block begins with a snapshot after that one.
	Replay bool
	// Retention is how many blocks are kept, with what re-derives them; 0 keeps all.
	Retention protocol.Height
	// Dir is a directory of consensus' own. Required.
	Dir string
	// Observe signs no blocks and sends nothing of its own, whatever seat the hotkey
	// has.
	Observe bool
	// Force goes on where another process shows that it has the hotkey, too; else Run
	// ends with [gossip.ErrElsewhere] then, but for an observer, which signs nothing.
	Force bool
	// ConsensusListen is host:port of the consensus transport, and
	// ConsensusPeers (id@host:port) are transports beside those on the ledger, and
	// the only ones where ConsensusPrivate is set.
	ConsensusListen  string
	ConsensusPeers   []string
	ConsensusPrivate bool
	// Evidence answers a wire.EvidenceRequest of a peer; nil where there is
	// nothing. Errors of wire are told to the peer. Optional.
	Evidence func(ctx context.Context, request []byte) ([]byte, error)
}
