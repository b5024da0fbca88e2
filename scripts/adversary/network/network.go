package network

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Config says which network to run.
type Config struct {
	// Dir gets keys, databases and logs; it must be empty.
	Dir string
	// Bin holds the programs miner and validator.
	Bin string
	// Validators and Miners are how many processes of each kind there are.
	Validators, Miners int
	// Params changes the constants of [Params]; nil for nothing.
	Params func(*params.Params)
	// Genesis adds accounts and seats; nil for nothing. Keys of the genesis so far
	// can be derived: its parameters and its time are set.
	Genesis func(*ledger.Genesis) error
}

// Network is a network of processes. It belongs to one goroutine, but for what its
// nodes are asked.
type Network struct {
	Genesis    *ledger.Genesis
	Chain      string
	Validators []*Node
	Miners     []*Node

	cfg   Config
	model string
	procs *process.Group
}

// What honest seats have at the start.
const (
	balance = 1000 * protocol.Unit
	stake   = 1000 * protocol.Unit
)

// model is as small as a model can be: a run takes a millisecond or two.
var model = enginetest.Options{Seed: 2, Width: 32, Layers: 1, Heads: 2, KVHeads: 1, FFN: 32, Context: 512}

// Params returns constants under which what an honest miner is paid for an epoch
// says what happened in that epoch, and is the same whatever others earn: no
// average of older epochs, answers of one token, all judged by all, absolute
// pay for work. Blocks come as fast as seven processes on two cores can be asked
// for.
func Params(id protocol.ModelID) params.Params {
	p := params.Local()
	p.Name = "assay-attack"
	p.Block.CommitMillis = 400
	p.Kinds = p.Kinds[:1] // inference
	k := &p.Kinds[0]
	k.Share, k.Slots, k.Judges, k.Keep = params.One, 2, 4, 0
	k.Full = 8 // tokens: three honest miners give 6
	k.Models = []params.Model{{ID: id, Name: "tiny.gguf", Class: params.One}}
	p.Inference.MaxTokens, p.Inference.System = 1, "Be brief."
	// What an attack costs the honest is told by their pay, which plants would move.
	p.Schedule.OpenPlantsBlocks, p.Plants, p.Verdicts = 0, params.Plants{}, params.Verdicts{}
	p.Inference.SpeedBest, p.Inference.SpeedWorst = params.One, params.One
	return p
}

// New makes model, keys, genesis and homes; it starts nothing.
func New(ctx context.Context, c Config) (*Network, error) {
	n := &Network{cfg: c, model: filepath.Join(c.Dir, "tiny.gguf"), procs: process.New(filepath.Join(c.Dir, "log"))}
	if err := os.MkdirAll(filepath.Join(c.Dir, "log"), 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	if err := enginetest.Write(n.model, model); err != nil {
		return nil, fmt.Errorf("write the model: %w", err)
	}
	id, err := modelID(n.model)
	if err != nil {
		return nil, err
	}
	n.Genesis = &ledger.Genesis{Params: Params(id), Time: time.Now().Unix()}
	if c.Params != nil {
		c.Params(&n.Genesis.Params)
	}
	if err := n.populate(); err != nil {
		return nil, err
	}
	if c.Genesis != nil {
		if err := c.Genesis(n.Genesis); err != nil {
			return nil, fmt.Errorf("genesis: %w", err)
		}
	}
	if err := n.Genesis.Check(); err != nil {
		return nil, err
	}
	n.Chain = n.Genesis.ChainID()
	b, err := json.Marshal(n.Genesis)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(n.genesisPath(), b, 0o600); err != nil {
		return nil, err
	}
	for _, a := range n.Nodes() {
		if err := n.initHome(ctx, a); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func modelID(path string) (id protocol.ModelID, err error) {
	f, err := gguf.Open(path)
	if err != nil {
		return id, fmt.Errorf("open the model: %w", err)
	}
	id = protocol.ModelID(gguf.CachedModelID(f))
	return id, f.Close()
}

// populate gives each honest node ports, keys, an account and a seat.
func (n *Network) populate() error {
	for i := range n.cfg.Validators {
		n.Validators = append(n.Validators, &Node{Name: fmt.Sprintf("validator-%d", i+1), Validator: true})
	}
	for i := range n.cfg.Miners {
		n.Miners = append(n.Miners, &Node{Name: fmt.Sprintf("miner-%d", i+1)})
	}
	ports, err := process.FreePorts(3 * len(n.Nodes()))
	if err != nil {
		return err
	}
	for i, a := range n.Nodes() {
		a.Home = filepath.Join(n.cfg.Dir, a.Name)
		a.P2P, a.Consensus, a.HTTP = ports[3*i], ports[3*i+1], ports[3*i+2]
		if err := a.makeKeys(); err != nil {
			return fmt.Errorf("keys of %s: %w", a.Name, err)
		}
		n.Genesis.Accounts = append(n.Genesis.Accounts, ledger.GenesisAccount{Key: a.Coldkey.PublicKey(), Balance: balance})
		seat, err := a.seat(n.Genesis)
		if err != nil {
			return fmt.Errorf("seat of %s: %w", a.Name, err)
		}
		n.Genesis.Seats = append(n.Genesis.Seats, seat)
	}
	return nil
}

// Nodes returns all nodes, validators first.
func (n *Network) Nodes() []*Node { return append(append([]*Node{}, n.Validators...), n.Miners...) }

func (n *Network) genesisPath() string { return filepath.Join(n.cfg.Dir, "genesis.json") }

// Bootstraps are the gossip addresses of all validators, with their peer ids.
func (n *Network) Bootstraps() ([]string, error) { return n.addresses(n.Validators) }

// Addresses are the gossip addresses of all nodes, with their peer ids.
func (n *Network) Addresses() ([]string, error) { return n.addresses(n.Nodes()) }

func (n *Network) addresses(nodes []*Node) (list []string, err error) {
	for _, a := range nodes {
		identity, _, err := node.Identity(a.Hotkey, n.Genesis, 0)
		if err != nil {
			return nil, err
		}
		list = append(list, a.listen()+"/p2p/"+gossip.PeerID(identity))
	}
	return list, nil
}

// startPatience is how long nodes may take from start to first block.
const startPatience = 90 * time.Second

// Start starts all nodes and returns after the first block.
func (n *Network) Start(ctx context.Context) error {
	for _, a := range n.Nodes() {
		if err := n.Launch(a); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if err := n.Validators[0].Await(limited, 1); err != nil {
		return errors.Join(err, n.Failed())
	}
	return nil
}

// Launch starts one node, again after [Network.Kill].
func (n *Network) Launch(a *Node) (err error) {
	program := "miner"
	args := []string{
		"run", "--home", a.Home, "--model", n.model, "--insecure-no-passphrase",
		"--listen", a.listen(), "--http-listen", fmt.Sprintf("127.0.0.1:%d", a.HTTP), "--threads", "1", "--log-format", "json",
	}
	if a.Validator {
		program = "validator"
		args = append(args, "--consensus-listen", a.consensusAddress())
	}
	a.proc, err = n.procs.Start(a.Name, filepath.Join(n.cfg.Bin, program), args...)
	return err
}

// Kill ends a node as a crash would.
func (n *Network) Kill(a *Node) { n.procs.Kill(a.proc) }

// Failed says which process ended by itself; nil while all run.
func (n *Network) Failed() error { return n.procs.Failed() }

// Stop ends all processes.
func (n *Network) Stop() { n.procs.Stop() }

// initHome writes a node's home as an operator would.
func (n *Network) initHome(ctx context.Context, a *Node) error {
	program := "miner"
	if a.Validator {
		program = "validator"
	}
	boot, err := n.Bootstraps()
	if err != nil {
		return err
	}
	args := []string{"init", "--home", a.Home, "--genesis", n.genesisPath()}
	if !a.Validator {
		args = append(args, "--capacity", strconv.Itoa(int(n.Genesis.Params.Kinds[0].Slots)))
	}
	for _, b := range boot {
		args = append(args, "--bootstrap", b)
	}
	_, err = process.Call(ctx, filepath.Join(n.cfg.Bin, program), args...)
	return err
}

// makeKeys writes hotkey and coldkey, without a passphrase: the network is thrown
// away.
func (a *Node) makeKeys() error {
	store, err := keystore.New(keystore.Config{Dir: filepath.Join(a.Home, "keys"), WorkFactor: 1})
	if err != nil {
		return err
	}
	if a.Hotkey, err = keystore.Generate(keystore.Hotkey, rand.Reader); err != nil {
		return err
	}
	if a.Coldkey, err = keystore.Generate(keystore.Coldkey, rand.Reader); err != nil {
		return err
	}
	if err := store.Create("hotkey", a.Hotkey, keystore.InsecurePassphrase()); err != nil {
		return err
	}
	return store.Create("coldkey", a.Coldkey, keystore.InsecurePassphrase())
}

// seat is the node's seat in a genesis, which must have its parameters.
func (a *Node) seat(g *ledger.Genesis) (ledger.GenesisSeat, error) {
	s := ledger.GenesisSeat{Hotkey: a.Hotkey.PublicKey(), Coldkey: a.Coldkey.PublicKey(), Addresses: []string{a.listen()}}
	var err error
	if s.Identity, _, err = node.Identity(a.Hotkey, g, 0); err != nil {
		return s, err
	}
	if !a.Validator {
		Mines(&s, g)
		return s, nil
	}
	s.Stake = stake
	key, err := node.ConsensusKey(a.Hotkey, g, 0, a.consensusAddress())
	if err != nil {
		return s, err
	}
	s.Consensus = &ledger.Consensus{Key: key.Key, TransportKey: key.TransportKey, Address: key.Address}
	beacon, err := node.GenesisBeacon(a.Hotkey, g)
	if err != nil {
		return s, err
	}
	anchor := beacon.Anchor()
	s.Beacon = &anchor
	return s, nil
}

// Mines gives a seat of a genesis what a miner of the network has: offers, and the
// collateral that covers them.
func Mines(s *ledger.GenesisSeat, g *ledger.Genesis) {
	k := &g.Params.Kinds[0]
	s.Offers = []wire.Offer{{Kind: k.Name, Capacity: uint16(k.Slots), Models: []protocol.ModelID{k.Models[0].ID}}}
	s.Collateral = protocol.Amount(k.Slots) * g.Params.Seats.Collateral
}
