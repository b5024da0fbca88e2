package consensus

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	cfg "github.com/cometbft/cometbft/config"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
)

const (
	// gossipPause is how often a peer is looked at for what it lacks: less costs
	// a small machine more than it speeds up blocks.
	gossipPause = 50 * time.Millisecond
	// queryPause is how often peers are asked for majorities. Its goroutine can
	// outlive a stop by as much, so it is well below the time to stop in.
	queryPause = 500 * time.Millisecond
	// lingering is how long such goroutines are waited for.
	lingering = queryPause + 300*time.Millisecond
	// defaultStall is after how long without a block something must be wrong.
	defaultStall = 3 * time.Minute
	// maxPeers is what CometBFT is told to have at most. It is never met: who may be a
	// peer is decided before (front.go, admission.go).
	maxPeers = 1024
)

// Config is what a node needs.
type Config struct {
	// Genesis is the network. Required.
	Genesis *ledger.Genesis
	// DB holds the node's blocks and state; the caller closes it after Run.
	// Required.
	DB *store.DB
	// Dir is a directory of the node's own for what is not in DB: CometBFT's log of
	// a running height, and the record of what was signed last. Required.
	Dir string
	// Consensus is the secret of the key that signs blocks, bound on the ledger
	// to the validator's seat. Required.
	Consensus key.Secret
	// Former are secrets of keys before it, which sign while the set has them.
	// Optional.
	Former []key.Secret
	// Hotkey is the one that the node works for. As long as the ledger says that
	// another took its place, or has not left it yet, nothing is signed: two homes may
	// have one consensus key then. Zero: whoever it is.
	Hotkey protocol.PublicKey
	// Successor says that Former has keys of another hotkey, in whose place Hotkey
	// came or shall come: nothing is signed while Hotkey has no seat.
	Successor bool
	// Observe signs nothing, whatever the set says of the key: who only looks on may
	// have a copy of a home whose validator runs elsewhere.
	Observe bool
	// Transport is the Ed25519 seed under which peers connect. Required.
	Transport key.Secret
	// Listen is host:port of the transport; port 0 is refused, for the address
	// is announced on the ledger. Required.
	Listen string
	// Link returns the beacon link of ours that serves a height, false if there
	// is none. Nil means none: the node proposes nothing.
	Link func(protocol.Height) (protocol.Hash, bool)
	// Peers are transports to connect to beside those on the ledger, as
	// id@host:port with the id in 40 hex digits; for a node that joins late.
	Peers []string
	// Retention is how many blocks are kept, with what re-derives them; 0 keeps all.
	// At least [MinRetention].
	Retention protocol.Height
	// Trust names a block that is known to be the chain's: with another in its place
	// the node ends with [ErrCheckpoint]. A node without a block begins with a snapshot
	// of the ledger after it. Optional.
	Trust protocol.Checkpoint
	// Providers returns who can be asked for headers now, for a node that begins with
	// a snapshot; nil: it carries out every block.
	Providers func() []Provider
	// Replay has a node carry out every block, also where it knows a checkpoint.
	Replay bool
	// SnapshotEvery is how many blocks lie between two snapshots for others, the same
	// on all nodes of a network. Default 100, which is for tests alone to change.
	SnapshotEvery protocol.Height
	// Rules is the newest version of the rules that the program knows. Default
	// params.Rules, which is for tests alone to change.
	Rules uint32
	// Private lets nobody but Peers connect, and connects to nobody else: for a
	// validator behind sentries (see the package's comment).
	Private bool
	// Publish is given each transaction that Submit took, for gossip. It must
	// not block. Optional.
	Publish func(raw []byte)
	// StallAfter is after how long without a block Run ends with ErrStalled,
	// while validators with two thirds of the power are connected. Default 3
	// minutes; shorter ends nodes that are merely slow.
	StallAfter time.Duration
	// Logger hears of blocks and trouble.
	Logger zerolog.Logger
	// Registerer takes the metrics of the port; nil keeps them unregistered.
	Registerer prometheus.Registerer
}

func (c *Config) check() error {
	switch {
	case c.Genesis == nil:
		return fmt.Errorf("%w: no genesis", ErrConfig)
	case c.DB == nil:
		return fmt.Errorf("%w: no database", ErrConfig)
	case c.Dir == "":
		return fmt.Errorf("%w: no directory", ErrConfig)
	case c.Consensus.Expose() == [32]byte{} || c.Transport.Expose() == [32]byte{}:
		return fmt.Errorf("%w: no key", ErrConfig)
	case c.Retention > 0 && c.Retention < MinRetention(&c.Genesis.Params):
		return fmt.Errorf("%w: retention of %d blocks, this network needs %d at least, or 0 for all", ErrConfig, c.Retention, MinRetention(&c.Genesis.Params))
	}
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" || port == "0" {
		return fmt.Errorf("%w: listen on %q, want host:port", ErrConfig, c.Listen)
	}
	if c.Private && len(c.Peers) == 0 {
		return fmt.Errorf("%w: private, and no peers to connect to", ErrConfig)
	}
	if c.Link == nil {
		c.Link = func(protocol.Height) (protocol.Hash, bool) { return protocol.Hash{}, false }
	}
	if c.Rules == 0 {
		c.Rules = params.Rules
	}
	if c.SnapshotEvery == 0 {
		c.SnapshotEvery = snapshotEvery
	}
	if c.StallAfter <= 0 {
		c.StallAfter = defaultStall
	}
	return nil
}

// protocolTCP begins addresses in CometBFT's settings.
const protocolTCP = "tcp://"

// inner returns where CometBFT listens.
func inner(f *cfg.Config) string { return strings.TrimPrefix(f.P2P.ListenAddress, protocolTCP) }

// pause is the time between two blocks, at least.
func (c *Config) pause() time.Duration {
	return time.Duration(max(c.Genesis.Params.Block.CommitMillis, 1)) * time.Millisecond
}

// comet returns CometBFT's own configuration.
func (c *Config) comet() (*cfg.Config, error) {
	b := c.Genesis.Params.Block
	millis := func(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }
	f := cfg.DefaultConfig()
	f.SetRoot(c.Dir)
	f.Moniker = "assay"
	f.RPC.ListenAddress = ""
	f.Instrumentation.Prometheus = false
	f.Mempool.Type = cfg.MempoolTypeNop // transactions come from our own pool
	f.TxIndex.Indexer = "null"
	f.Storage.DiscardABCIResponses = true
	f.BlockSync.AdaptiveSync = false
	f.P2P.ExternalAddress = protocolTCP + c.Listen    // what peers are told
	f.P2P.ListenAddress = protocolTCP + "127.0.0.1:0" // until it is known: see [Node.open]
	f.FilterPeers = true                              // see admission
	f.P2P.PexReactor = false                          // the ledger says who is there
	f.P2P.AllowDuplicateIP = true
	f.P2P.AddrBookStrict = false
	f.P2P.AddrBook = "addresses.json" // written by CometBFT, never needed
	f.P2P.MaxNumInboundPeers = maxPeers
	f.P2P.MaxNumOutboundPeers = maxPeers
	// By the chain: what a network signed last is no part of the one that goes on with
	// its state, in the same home (ledger.Recover).
	f.Consensus.SetWalFile(filepath.Join(c.Dir, "wal", protocol.ShortChainID(c.Genesis.ChainID())))
	f.Consensus.TimeoutPropose = millis(b.ProposeMillis)
	f.Consensus.TimeoutProposeDelta = millis(b.ProposeMillis / 4)
	f.Consensus.TimeoutPrevote = millis(b.VoteMillis)
	f.Consensus.TimeoutPrevoteDelta = millis(b.VoteMillis / 4)
	f.Consensus.TimeoutPrecommit = millis(b.VoteMillis)
	f.Consensus.TimeoutPrecommitDelta = millis(b.VoteMillis / 4)
	f.Consensus.TimeoutCommit = millis(b.CommitMillis)
	f.Consensus.SkipTimeoutCommit = false
	f.Consensus.DoubleSignCheckHeight = 0
	f.Consensus.PeerGossipSleepDuration = gossipPause
	f.Consensus.PeerQueryMaj23SleepDuration = queryPause
	if err := f.ValidateBasic(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return f, nil
}

// cometSpace begins the names of CometBFT's spaces in the node's database.
const cometSpace = "comet-"

// stores gives CometBFT a space of the node's database for each of its stores.
func (c *Config) stores(x *cfg.DBContext) (dbm.DB, error) { return cometDB(c.DB, x.ID), nil }

// cometDB returns the store of CometBFT's called id.
func cometDB(db *store.DB, id string) dbm.DB { return view{db.Space(cometSpace + id).View()} }

// view is a space as CometBFT wants it.
type view struct{ store.View }

var _ dbm.DB = view{}

// Iterator implements [dbm.DB].
func (v view) Iterator(start, end []byte) (dbm.Iterator, error) { return v.View.Iterator(start, end) }

// ReverseIterator implements [dbm.DB].
func (v view) ReverseIterator(start, end []byte) (dbm.Iterator, error) {
	return v.View.ReverseIterator(start, end)
}

// NewBatch implements [dbm.DB].
func (v view) NewBatch() dbm.Batch { return v.View.NewBatch() }

// Print does nothing.
func (view) Print() error { return nil }

// Stats returns nothing; the database has its own.
func (view) Stats() map[string]string { return nil }

// Compact does nothing: pebble compacts by itself.
func (view) Compact(_, _ []byte) error { return nil }
