package apitest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Height is the newest block of the network: block 5 of epoch 2.
const Height protocol.Height = 45

// Network is a network at rest. Its fields may be changed before it is asked.
type Network struct {
	Genesis *ledger.Genesis
	Tree    *ledger.MemTree
	Node    *Node
	Work    *Work
	Pool    *Pool
	// Unproven is what Prove fails with.
	Unproven error
}

// Signer is a [wire.Signer] with a private key of a test.
type Signer struct{ key.Private }

// PublicKey implements [wire.Signer].
func (s Signer) PublicKey() protocol.PublicKey { return s.Public() }

var _ wire.Signer = Signer{}

// Key returns the key called name, the same each time.
func Key(name string) Signer {
	k, err := key.FromSeed([]byte("a seed of thirty-two bytes or so"), name)
	if err != nil {
		panic(fmt.Sprintf("apitest: key %q: %v", name, err)) // a constant name of ours
	}
	return Signer{k}
}

// Public returns the public key called name.
func Public(name string) protocol.PublicKey { return Key(name).PublicKey() }

// ModelID is the only model that the network pays for.
var ModelID = wire.HashOf("assay/test/model")

// New makes a network of two validators (uid 0 and 1) and three miners (2 to 4),
// the last of them new. Errors are mistakes of this package.
func New() (*Network, error) { return NewWith(ModelID) }

// NewWith is [New] with another model.
func NewWith(model protocol.ModelID) (*Network, error) {
	tree := &ledger.MemTree{}
	n := &Network{Genesis: genesis(model), Tree: tree, Pool: &Pool{tree: tree}}
	if _, err := ledger.Init(n.Tree, n.Genesis); err != nil {
		return nil, fmt.Errorf("apitest: %w", err)
	}
	if err := n.live(); err != nil {
		return nil, fmt.Errorf("apitest: %w", err)
	}
	n.Node = &Node{S: api.Status{
		Role: "validator", Height: Height, BlockTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		AppHash: StateHash(Height), Peers: 4, ModelIDs: []protocol.ModelID{model},
		Started: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC), Hotkey: n.Genesis.Seats[0].Hotkey.String(), Registered: true, Permit: true,
		Reasons: []string{"no duties were drawn yet"},
	}}
	n.Work = &Work{Scored: n.scores(), Tasks: map[protocol.TaskID]*api.Evidence{}}
	ev, err := n.evidence()
	if err != nil {
		return nil, fmt.Errorf("apitest: %w", err)
	}
	n.Work.Tasks[ev.Task.ID] = ev
	return n, nil
}

// Config returns what a handler of the network's first validator is made from.
func (n *Network) Config() api.Config {
	return api.Config{
		Listen: "127.0.0.1:0", ChainID: n.Genesis.ChainID(), Params: &n.Genesis.Params, Version: "test",
		Source: api.Source{Node: n.Node, State: n, Work: n.Work, Pool: n.Pool},
	}
}

// State implements [api.State].
func (n *Network) State(context.Context) (ledger.Reader, protocol.Height, error) {
	m, _, err := ledger.ReadMeta(n.Tree)
	return n.Tree, m.Height, err
}

// StateHash returns the hash of the state after a block: of the height alone.
func StateHash(h protocol.Height) protocol.Hash {
	return wire.HashOf("assay/test/state", wire.Encode(uint64(h)))
}

// StateHash implements [api.State]; heights below 10 are not kept.
func (n *Network) StateHash(_ context.Context, h protocol.Height) (protocol.Hash, error) {
	if h < 10 {
		return protocol.Hash{}, api.ErrNotFound
	}
	return StateHash(h), nil
}

// Origin implements [api.History].
func (n *Network) Origin() *ledger.Genesis { return n.Genesis }

// Record implements [api.History] with what no block was; heights below 10 are not
// kept.
func (*Network) Record(_ context.Context, h protocol.Height) (*audit.Record, error) {
	if h < 10 {
		return nil, api.ErrNotFound
	}
	return &audit.Record{Height: h, Time: int64(h) * 1e9, Proposer: Public("validator-0"), StateHash: StateHash(h)}, nil
}

// BlockTime implements [api.Clock]: as many seconds as the height is; heights below
// 10 are not kept.
func (*Network) BlockTime(_ context.Context, h protocol.Height) (time.Time, error) {
	if h < 10 {
		return time.Time{}, api.ErrNotFound
	}
	return time.Unix(int64(h), 0), nil
}

// Prove implements [api.Prover] with bytes that prove nothing.
func (n *Network) Prove(_ context.Context, k []byte) (api.Proven, error) {
	v, err := n.Tree.Get(k)
	if n.Unproven != nil {
		err = n.Unproven
	}
	return api.Proven{
		Height: Height - 1, StateHash: StateHash(Height - 1), Key: k, Value: v, ICS23: []byte("proof"), Block: []byte("block"), State: n.Tree,
	}, err
}

// Node tells the status S, or Err.
type Node struct {
	S   api.Status
	Err error
}

// Status implements [api.Node].
func (n *Node) Status(context.Context) (api.Status, error) { return n.S, n.Err }

// Work holds scores, by epoch and uid, and evidence.
type Work struct {
	Scored []api.Score
	Tasks  map[protocol.TaskID]*api.Evidence
	Set    map[protocol.Round]map[protocol.SeatID][][3]string // of the people's lane
	Lies   map[protocol.Round]map[protocol.SeatID]bool        // those that an own run found to be lies
}

// Scores implements [api.Work].
func (w *Work) Scores(_ context.Context, from api.ScoreKey, limit int) ([]api.Score, error) {
	i := slices.IndexFunc(w.Scored, func(s api.Score) bool {
		return s.Epoch > from.Epoch || s.Epoch == from.Epoch && s.UID >= from.UID
	})
	if i < 0 {
		return nil, nil
	}
	return w.Scored[i:min(len(w.Scored), i+limit)], nil
}

// OldestScores implements [api.Work].
func (w *Work) OldestScores(context.Context) (protocol.Epoch, error) {
	if len(w.Scored) == 0 {
		return constants(ModelID).Schedule.EpochOf(Height), nil
	}
	return w.Scored[0].Epoch, nil
}

// Evidence implements [api.Work].
func (w *Work) Evidence(_ context.Context, id protocol.TaskID) (*api.Evidence, error) {
	if ev := w.Tasks[id]; ev != nil {
		return ev, nil
	}
	return nil, api.ErrNotFound
}

// Answered implements [api.Work].
func (w *Work) Answered(_ context.Context, round protocol.Round) (out []wire.AnswerKey, err error) {
	for _, ev := range w.Tasks {
		if ev.Task.Round == round {
			out = append(out, ev.Task.Key())
		}
	}
	slices.SortFunc(out, func(a, b wire.AnswerKey) int { return bytes.Compare(a.Bytes(), b.Bytes()) })
	return out, nil
}

// TasksBeginning implements [api.Finder].
func (w *Work) TasksBeginning(_ context.Context, prefix string) (out []protocol.TaskID, err error) {
	for id := range w.Tasks {
		if strings.HasPrefix(id.String(), prefix) && len(out) < 2 {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b protocol.TaskID) int { return bytes.Compare(a[:], b[:]) })
	return out, nil
}

// EvidenceAt implements [api.Work].
func (w *Work) EvidenceAt(_ context.Context, k wire.AnswerKey, kind protocol.Kind) (*api.Evidence, error) {
	for _, ev := range w.Tasks {
		if ev.Task.Key() == k {
			if kind != "" && ev.Task.Kind != kind {
				return nil, nil
			}
			return ev, nil
		}
	}
	return nil, api.ErrNotFound
}

// Texts implements [api.Work].
func (w *Work) Texts(_ context.Context, n protocol.Round, setter protocol.SeatID) ([][3]string, bool, error) {
	return w.Set[n][setter], w.Lies[n][setter], nil
}

// Pool keeps what it is given, one transaction for each nonce. With Check it
// refuses what that refuses; with Include a transaction is in a block at once,
// with this outcome. Dropped are given up, for these reasons.
type Pool struct {
	Check   func(raw []byte) (*wire.Tx, error)
	Include func(*wire.Tx) api.TxResult
	Dropped map[protocol.Hash]error

	tree    *ledger.MemTree
	mu      sync.Mutex
	waiting map[protocol.PublicKey]map[uint64]protocol.Hash // guarded by mu
	results map[protocol.Hash]api.TxResult                  // guarded by mu
}

// Submit implements [api.Pool].
func (p *Pool) Submit(_ context.Context, raw []byte) (protocol.Hash, bool, error) {
	if p.Check == nil {
		return protocol.Hash{}, false, api.ErrFull
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var sent wire.Tx
	if err := wire.Decode(raw, wire.MaxTxBytes, &sent); err == nil {
		if _, ok := p.results[sent.Hash()]; ok {
			return sent.Hash(), true, nil
		}
	}
	tx, err := p.Check(raw)
	if err != nil {
		return protocol.Hash{}, false, err
	}
	hash := tx.Hash()
	if other, ok := p.waiting[tx.Signer][tx.Nonce]; ok {
		if other != hash {
			return hash, false, fmt.Errorf("nonce %d: %w", tx.Nonce, api.ErrNonceTaken)
		}
		return hash, true, nil
	}
	if p.Include != nil {
		p.include(tx)
		return hash, false, nil
	}
	if p.waiting == nil {
		p.waiting = map[protocol.PublicKey]map[uint64]protocol.Hash{}
	}
	if p.waiting[tx.Signer] == nil {
		p.waiting[tx.Signer] = map[uint64]protocol.Hash{}
	}
	p.waiting[tx.Signer][tx.Nonce] = hash
	return hash, false, nil
}

// include notes the outcome and uses the nonce; p.mu is held.
func (p *Pool) include(tx *wire.Tx) {
	if p.results == nil {
		p.results = map[protocol.Hash]api.TxResult{}
	}
	p.results[tx.Hash()] = p.Include(tx)
	acc, _, _ := ledger.ReadAccount(p.tree, tx.Signer) // the tree is in memory
	acc.Nonce = tx.Nonce + 1
	_ = p.tree.Set(ledger.AccountKey(tx.Signer), wire.Encode(acc))
}

// NextNonce implements [api.Pool].
func (p *Pool) NextNonce(_ context.Context, signer protocol.PublicKey) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	acc, _, err := ledger.ReadAccount(p.tree, signer)
	nonce := acc.Nonce
	for !p.waiting[signer][nonce].IsZero() {
		nonce++
	}
	return nonce, err
}

// Result implements [api.Pool].
func (p *Pool) Result(_ context.Context, hash protocol.Hash) (api.TxResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, ok := p.results[hash]; ok {
		return r, nil
	}
	if why := p.Dropped[hash]; why != nil {
		return api.TxResult{}, fmt.Errorf("%w: %w", api.ErrDropped, why)
	}
	for _, own := range p.waiting {
		for _, h := range own {
			if h == hash {
				return api.TxResult{}, api.ErrWaiting
			}
		}
	}
	return api.TxResult{}, api.ErrNotFound
}

// names of the seats, by uid.
var names = []string{"validator-0", "validator-1", "miner-0", "miner-1", "miner-2"}

func coldkey(uid int) protocol.PublicKey { return Public(names[uid] + "-cold") }

// constants are the network's own, so that another pace of the shipped
// networks changes nothing here.
func constants(model protocol.ModelID) params.Params {
	return params.Params{
		Name:     "assay-test",
		Schedule: protocol.Schedule{Tempo: 20, RoundLength: 20, CommitBlocks: 11, OpenBlocks: 13, AttestBlocks: 16, SealCardsBlocks: 6, OpenCardsBlocks: 11, WeightBlocks: 17},
		Block:    params.Block{CommitMillis: 1000, ProposeMillis: 1000, VoteMillis: 500, MaxBytes: 1 << 20, MaxWeight: 2_000_000},
		Fees:     params.Fees{Weight: 20_000, Byte: 200, Deposit: 1_000_000},
		Seats: params.Seats{
			Max: 64, MaxValidators: 6, MaxPerColdkey: 8, MinStake: 100 * protocol.Unit, Immunity: 40,
			Price: protocol.Unit, PriceMin: protocol.Unit / 10, PriceMax: 100 * protocol.Unit, PriceHalfLife: 360,
			BumpPercent: 26, Unbonding: 40, UnbondingSeconds: 60, MaxSilence: 40,
		},
		Emission: params.Emission{PerBlock: protocol.Unit, MaxSupply: 21_000_000 * protocol.Unit},
		Yuma:     params.Yuma{Kappa: 33423, ActivityCutoff: 100, BondsMovingAverage: 900_000, BondsPenalty: 52428, Yuma3: true, AlphaLow: 45875, AlphaHigh: 58982, Steepness: 1000},
		Tasks:    params.Tasks{Retention: 8},
		Gossip:   params.Gossip{ReplayWindow: 60},
		Kinds: []params.Kind{{
			Name: inference.Kind, Share: params.One, Slots: 4, Judges: 2, Rounds: 1, Keep: params.One / 2,
			Models: []params.Model{{ID: model, Name: "tiny.gguf", Class: params.One}},
		}},
		Inference: params.Inference{MaxTokens: 6, System: "Be brief.", SpeedBest: params.One, SpeedWorst: params.One},
		Synthetic: params.Synthetic{MaxTokens: 6},
	}
}

func genesis(model protocol.ModelID) *ledger.Genesis {
	g := &ledger.Genesis{Params: constants(model), Time: 1_767_323_000}
	for uid, name := range names[:4] {
		g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: coldkey(uid), Balance: 50 * protocol.Unit})
		s := ledger.GenesisSeat{Hotkey: Public(name), Coldkey: coldkey(uid), Identity: Public(name + "-identity")}
		if uid < 2 {
			anchor := wire.HashOf("assay/test/anchor", []byte(name))
			s.Stake, s.Beacon = 1000*protocol.Unit, &anchor
			s.Consensus = &ledger.Consensus{Key: Public(name + "-consensus"), Address: "127.0.0.1:26656"}
		} else {
			s.Offers = []wire.Offer{{Kind: inference.Kind, Capacity: 2, Models: []protocol.ModelID{model}}}
		}
		g.Seats = append(g.Seats, s)
	}
	g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: coldkey(4), Balance: 50 * protocol.Unit})
	return g
}
