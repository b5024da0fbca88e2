package consensus

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/types"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/door"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// NewSigner opens the signer of a directory on the chain "chain", whose first
// height is given, over blocks that carry its signatures at the heights of signed.
func NewSigner(dir string, signs func(protocol.PublicKey) bool, first int64, signed []int64, secrets ...key.Secret) (types.PrivValidator, error) {
	return newSigner(secrets, signs, heights(signed), first, recordOf(dir, "chain"), zerolog.Nop())
}

// Alter changes what a node makes of CometBFT, and for how long it may come no
// nearer to its peers.
func (n *Node) Alter(every time.Duration, options ...node.Option) {
	n.closing.every, n.options = every, options
}

// Closing finds out that a node comes no nearer to its peers.
type Closing struct{ closing }

// NewClosing returns one whose spans are that long, where a block takes pause.
func NewClosing(every, pause time.Duration) *Closing {
	return &Closing{closing{every: every, pause: pause}}
}

// Look says whether it came no nearer.
func (c *Closing) Look(syncing bool, own protocol.Height, peers []protocol.Height, now time.Time) bool {
	return c.look(syncing, own, peers, now)
}

// Signer is what signs for a node.
func (n *Node) Signer() types.PrivValidator { return n.signer }

// Retire says to a signer whether another hotkey works in the seat.
func Retire(s types.PrivValidator, retired func() bool) { s.(*signer).retired = retired }

// Retired says whether a state says that another hotkey works in the seat of one.
var Retired = retired

// heights are those of blocks with a signature. From the first of them on, or ever
// where there is none, the key is of the set.
type heights []int64

func (s heights) signed(from, to int64, _ [][]byte) (newest int64) {
	for _, h := range s {
		if h >= from && h <= to {
			newest = max(newest, h)
		}
	}
	return newest
}

func (s heights) member(h int64, _ [][]byte) bool { return len(s) == 0 || h >= s[0] }

// DecodeLastSigned reads a record of the last signature.
func DecodeLastSigned(b []byte) (LastSigned, error) { return decodeLastSigned(b) }

// Signed says whether a light reader takes the signatures of a block as enough.
func Signed(lb *types.LightBlock, chain string) error { return (&Light{chain: chain}).signed(lb) }

// Copy adds the block of a height, with its signatures, to what another database
// keeps: as it is between a block and what the block does.
func (a *Archive) Copy(to *Archive, h protocol.Height) {
	b := a.blocks.LoadBlock(int64(h))
	parts, err := b.MakePartSet(types.BlockPartSizeBytes)
	if err != nil {
		panic(err)
	}
	to.blocks.SaveBlock(b, parts, a.blocks.LoadSeenCommit(int64(h)))
}

// Forget makes a node keep so many blocks, however few, before it runs.
func (n *Node) Forget(retention protocol.Height) { n.app.old.retention = retention }

// Base is the oldest block that CometBFT keeps.
func (n *Node) Base() int64 { return n.comet.Load().BlockStore().Base() }

// HaltReason is why CometBFT ended, in its own words.
type HaltReason = haltReason

// NewPool returns a pool over a state.
func NewPool(chain string, p *params.Params, state func() ledger.Reader) *Pool {
	return newPool(chain, p, state)
}

// Recheck drops what the newest state refuses, after a block with these.
func (q *Pool) Recheck(included ...protocol.Hash) int {
	txs := make([]ledger.TxResult, len(included))
	for i, hash := range included {
		txs[i].Hash = hash
	}
	return q.recheck(txs)
}

// Candidates returns all that wait.
func (q *Pool) Candidates() [][]byte {
	out, _ := q.candidates()
	return out
}

// ReadOf returns what was read of transactions that wait.
func (q *Pool) ReadOf(txs ...[]byte) []ledger.ReadTx { return q.readOf(txs) }

// Waiting returns all that wait.
func (q *Pool) Waiting() (out []protocol.Hash) {
	for hash := range q.places {
		out = append(out, hash)
	}
	return out
}

// SetsAt returns the validator set of height h as CometBFT keeps it.
func (n *Node) SetsAt(h protocol.Height) (*types.ValidatorSet, error) {
	return n.archive.sets.LoadValidators(int64(h))
}

// Rotation is the rotation of proposers, for tests.
type Rotation struct{ r *rotation }

// NewRotation begins with a set.
func NewRotation(set []ledger.Power) Rotation { return Rotation{newRotation(set)} }

// After goes on by a block.
func (r Rotation) After(updates []ledger.Power) (Rotation, error) {
	next, err := r.r.after(updates)
	return Rotation{next}, err
}

// Eligible returns the proposers of rounds 0 … round of the last block.
func (r Rotation) Eligible(round int32) []protocol.PublicKey { return r.r.eligible(round) }

// Now returns the set that proposes next.
func (r Rotation) Now() *types.ValidatorSet { return r.r.now }

// Encode and DecodeRotation carry it through the store.
func (r Rotation) Encode() ([]byte, error) { return r.r.encode() }

// DecodeRotation reads what Encode wrote.
func DecodeRotation(b []byte) (Rotation, error) {
	r, err := decodeRotation(b)
	return Rotation{r}, err
}

// DecodeLightBlock reads what a provider gave.
func DecodeLightBlock(b []byte, chain string) (*types.LightBlock, error) {
	return decodeLightBlock(b, chain)
}

// HedgeAfter is how long a provider that hangs is waited for.
const HedgeAfter = hedgeAfter

// Bounds of what is asked of the past.
const (
	MaxFetched = maxFetched
	UnknownFor = unknownFor
	PastRate   = pastRate
	PastBurst  = pastBurst
)

// Bounds of the pool.
const (
	MaxPoolTxs = maxPoolTxs
	MaxPoolAge = maxPoolAge
)

// ResultBlocks is for how many blocks outcomes are remembered.
const ResultBlocks = resultBlocks

// Results remembers outcomes.
type Results = results

// Add and Get are those of results.
func (r *results) Add(h protocol.Height, txs []ledger.TxResult) { r.add(h, txs) }

func (r *results) Get(hash protocol.Hash) (ledger.TxResult, protocol.Height, bool) {
	return r.get(hash)
}

// Place is that of results.
func (r *results) Place(hash protocol.Hash) (protocol.Height, int, []uint32, bool) {
	return r.place(hash)
}

// Remember has a node remember the outcomes of so many blocks.
func (n *Node) Remember(blocks protocol.Height) {
	n.app.results.mu.Lock()
	defer n.app.results.mu.Unlock()
	n.app.results.keep = blocks
}

// OldBurst is how many old blocks are read at once.
const OldBurst = oldBurst

// Prover proves transactions of blocks without any.
type Prover struct{ p *prover }

// NewProver returns one that tells of each block that it reads.
func NewProver(reads func(protocol.Height)) Prover { return NewLongProver(0, reads) }

// NewLongProver is one whose blocks take so many bytes each.
func NewLongProver(bytes int, reads func(protocol.Height)) Prover {
	return Prover{newProver(func(h protocol.Height, _ []uint32) (*proofs, error) {
		reads(h)
		return &proofs{height: h, bytes: bytes}, nil
	})}
}

// Held is how many blocks are ready, and the bytes of all.
func (p Prover) Held() (blocks, bytes int) {
	p.p.mu.Lock()
	defer p.p.mu.Unlock()
	for _, x := range append(slices.Clone(p.p.fresh), p.p.older) {
		if x != nil {
			blocks, bytes = blocks+1, bytes+x.bytes
		}
	}
	return blocks, bytes
}

// Prove proves all transactions of a block, and returns what holds them and for how
// many bytes that counts.
func Prove(txs types.Txs, codes []uint32) (held any, bytes int, err error) {
	p, err := prove(1, txs, codes)
	if err != nil {
		return nil, 0, err
	}
	return p, p.bytes, nil
}

// MaxProofBytes bounds what is held ready of transactions.
const MaxProofBytes = maxProofBytes

// Of has a block ready.
func (p Prover) Of(ctx context.Context, h, newest protocol.Height) error {
	_, err := p.p.of(ctx, h, newest, nil)
	return err
}

// ForgetUnknown has a reader ask again for what it asked for in vain.
func (l *Light) ForgetUnknown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.past.unknown)
}

// CheckOutcome checks what a provider says of a transaction.
func CheckOutcome(hash protocol.Hash, chain string, items []Proven, at, next *types.LightBlock) (*wire.Tx, bool, error) {
	c, err := readOutcome(hash, chain, items)
	if err != nil {
		return nil, false, err
	}
	ok, err := c.proven(at, next)
	return c.tx, ok, err
}

// Misbehaviour is misbehaviour in the ledger's words.
func Misbehaviour(list []abci.Misbehavior) []ledger.Misbehaviour { return misbehaviour(list) }

// SmallParts bounds what a reactor of snapshots takes as a part.
func SmallParts(r p2p.Reactor) p2p.Reactor { return smallParts{r} }

// Channels are those of the node's reactor of snapshots.
func (n *Node) Channels() []*p2p.ChannelDescriptor {
	r, _ := n.comet.Load().Switch().Reactor(syncReactor)
	return r.GetChannels()
}

// Door says how the node's port is doing.
func (n *Node) Door() door.Stats { return n.front.door.Stats() }

// Behind has CometBFT listen at this port first, and then where there is room,
// before the node runs.
func (n *Node) Behind(first string) {
	n.behind = func(context.Context) (string, error) {
		n.behind = freePort
		return first, nil
	}
}

// BePatient gives handshakes at the node's port an hour, before it runs.
func (n *Node) BePatient() {
	n.front = newFront(time.Hour, n.cfg.Logger)
	n.front.knows = n.admit.knows
}

// RunFront hands on what comes to l to the listener at inner.
func RunFront(ctx context.Context, l net.Listener, inner string) error {
	f := newFront(handshakeTime, zerolog.Nop())
	f.knows = func(p2p.ID) bool { return false }
	return f.run(ctx, l, inner)
}

// Front is a port at which validators without an address of their own arrive.
type Front struct{ f *front }

// NewFront makes one that knows who has this id.
func NewFront(known string) Front {
	f := newFront(handshakeTime, zerolog.Nop())
	f.knows = func(id p2p.ID) bool { return string(id) == known }
	return Front{f}
}

// Guard is the port's listener.
func (f Front) Guard(l net.Listener) net.Listener { return f.f.door.Guard(l) }

// Meet says who has shaken hands.
func (f Front) Meet(id string, c net.Conn) { f.f.meet(p2p.ID(id), c.(*door.Conn)) }

// Names says how many places are kept at an address while these are validators, who
// announce none.
func (f Front) Names(at netip.Addr, ids ...string) int {
	var peers []validator
	for _, id := range ids {
		peers = append(peers, validator{id: p2p.ID(id)})
	}
	f.f.know(peers)
	return f.f.names.At(at)
}

// NewAdmission returns what decides by id who may be a peer, in a state and with
// these peers.
func NewAdmission(r ledger.Reader, private bool, connected func() []string, named ...string) func(id string) error {
	a := &admission{named: map[p2p.ID]bool{}, private: private, state: func() ledger.Reader { return r }}
	for _, id := range named {
		a.named[p2p.ID(id)] = true
	}
	a.peers = func() (out []p2p.ID) {
		for _, id := range connected() {
			out = append(out, p2p.ID(id))
		}
		return out
	}
	return func(id string) error { return a.allow(p2p.ID(id), time.Unix(0, 0)) }
}

// EarlyForks are blocks that came too early.
type EarlyForks struct{ s seenForks }

// Keep keeps a block of a header, and Ripe takes out those below a height.
func (e *EarlyForks) Keep(h protocol.Height, header byte, raw string) bool {
	return e.s.keep(earlyFork{height: h, header: protocol.Hash{header}, raw: []byte(raw)})
}

func (e *EarlyForks) Ripe(h protocol.Height) (out []string) {
	for _, x := range e.s.ripe(h) {
		out = append(out, string(x.raw))
	}
	return out
}

// FilesTold is a front's: whether it says now that files run out.
func FilesTold() func(now time.Time) bool { return newFront(handshakeTime, zerolog.Nop()).tells }

// ReadFork reads a block that a reader hands over, and makes evidence of it, unless
// it is ours; it checks no signature.
func ReadFork(raw []byte, chain string, ours, common *types.LightBlock) error {
	_, lb, err := decodeFork(raw, chain)
	if err != nil {
		return err
	}
	_, err = evidenceOf(lb, ours, common)
	return err
}

// App is the ledger as CometBFT drives it.
func (n *Node) App() abci.Application { return n.app }

// Expect has the node know the proposers after a block: those of the genesis.
func (n *Node) Expect(h protocol.Height) {
	n.app.expected.Store(&proposers{rotation: n.app.rot, height: h})
}

// CatchUp tells how a node fetches blocks.
type CatchUp struct{ c catchUp }

// Look looks once.
func (c *CatchUp) Look(log *zerolog.Logger, syncing bool, h protocol.Height, peers []protocol.Height, now time.Time) {
	c.c.look(log, syncing, h, func() []protocol.Height { return peers }, now)
}

// Told logs an error of a module of CometBFT's.
func Told(z zerolog.Logger, module, msg string, err error) {
	logger{z: z}.With("module", module).Error(msg, "err", err)
}

// SetStall has the node wait so long for what does not come, before it runs.
func (n *Node) SetStall(after time.Duration) { n.cfg.StallAfter = after }

// Follows verifies a block from a trusted one.
func Follows(l *Light, trusted, next *types.LightBlock) error { return l.verify(trusted, next) }
