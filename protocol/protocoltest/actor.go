package protocoltest

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Signer signs with the key that a name stands for; anyone can have it.
type Signer struct {
	private key.Private
	public  protocol.PublicKey
}

// signers keeps the keys of all names: each is a multiplication on the curve.
var signers sync.Map

// Named returns the key of a name.
func Named(name string) Signer {
	if s, ok := signers.Load(name); ok {
		return s.(Signer)
	}
	seed := sha256.Sum256([]byte(name))
	k, err := key.FromSeed(seed[:], "protocoltest")
	if err != nil {
		panic(err) // the seed is long enough, the label constant
	}
	s := Signer{k, k.Public()}
	signers.Store(name, s)
	return s
}

// PublicKey implements wire.Signer.
func (s Signer) PublicKey() protocol.PublicKey { return s.public }

// Sign implements wire.Signer.
func (s Signer) Sign(domain string, message []byte) (wire.Signature, error) {
	return s.private.Sign(domain, message)
}

// Cold returns the coldkey of an owner.
func Cold(owner string) Signer { return Named(owner + "'s coldkey") }

func consensusKey(name string) Signer { return Named(name + "'s consensus key") }
func identity(name string) Signer     { return Named(name + "'s identity") }

// Actor is someone with a part in the network. Those with a stake are
// validators from the genesis on, those with a capacity miners; who has neither
// has an account, and may register later.
type Actor struct {
	Name string
	// Owner is whose coldkey holds the seat; Name where it is empty.
	Owner    string
	Stake    protocol.Amount
	Capacity uint16
	// More is what its owner has beyond a [Purse].
	More protocol.Amount
}

func (a *Actor) owner() string {
	if a.Owner == "" {
		return a.Name
	}
	return a.Owner
}

// Purse is the balance of every owner at the start.
const Purse = 1000 * protocol.Unit

// genesis gives each actor a seat in this order, and each owner a purse. The
// seed enters the chain id, and with it all tasks and draws.
func genesis(p params.Params, cast []Actor, seed uint64) *ledger.Genesis {
	g := &ledger.Genesis{Params: p, Time: 1_700_000_000 + int64(seed%1_000_000_000)}
	rich := map[string]bool{}
	for i := range cast {
		a := &cast[i]
		if o := a.owner(); !rich[o] {
			rich[o] = true
			g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: Cold(o).PublicKey(), Balance: Purse + a.More})
		}
		if a.Stake == 0 && a.Capacity == 0 {
			continue
		}
		s := ledger.GenesisSeat{
			Hotkey: Named(a.Name).PublicKey(), Coldkey: Cold(a.owner()).PublicKey(), Stake: a.Stake,
			Identity: identity(a.Name).PublicKey(), Addresses: []string{"/ip4/127.0.0.1/tcp/4001"},
		}
		if a.Stake > 0 {
			anchor := Chain(a.Name, 1).Anchor()
			s.Consensus = &ledger.Consensus{Key: consensusKey(a.Name).PublicKey(), Address: "127.0.0.1:26656"}
			s.Beacon = &anchor
		}
		if a.Capacity > 0 {
			s.Offers, s.Collateral = offersOf(&p, a.Capacity), protocol.Amount(a.Capacity)*p.Seats.Collateral
			if p.Plants.Rate > 0 {
				anchor := plant.NewMaker(plant.Seed(PlantSecret(a.Name), 0), 0).Anchor()
				s.Plants = &anchor
			}
		}
		g.Seats = append(g.Seats, s)
	}
	return g
}

// offersOf returns an offer of all models that the network pays for; none where it
// has no inference.
func offersOf(p *params.Params, capacity uint16) []wire.Offer {
	k := p.Kind(inference.Kind)
	if k == nil {
		return nil
	}
	o := wire.Offer{Kind: inference.Kind, Capacity: capacity}
	for _, m := range k.Models {
		o.Models = append(o.Models, m.ID)
	}
	return []wire.Offer{o}
}

// PlantSecret is what an actor's links of planted answers follow from.
func PlantSecret(name string) [32]byte { return sha256.Sum256([]byte("plants " + name)) }

// made keeps beacon chains, each a million hashes, for all networks of a test
// binary. They hold no secret worth the name.
var made = struct {
	sync.Mutex
	chains map[string]*ledger.ChainMaker
}{chains: map[string]*ledger.ChainMaker{}}

// Chain returns the beacon chain of an actor whose first link serves start.
func Chain(name string, start protocol.Height) *ledger.ChainMaker {
	made.Lock()
	defer made.Unlock()
	id := fmt.Sprintf("%s %d", name, start)
	if made.chains[id] == nil {
		made.chains[id] = ledger.NewChainMaker(sha256.Sum256([]byte(id)), start)
	}
	return made.chains[id]
}

// Params returns constants of a network of one model: epochs of twenty blocks
// with one round each, and records of the last eight epochs. Nothing is planted:
// stories count what judges find. [Planting] is about plants. Nothing can be
// challenged, but [params.Params.WithVerdicts] says what is.
func Params(model protocol.ModelID) params.Params {
	p := params.Local()
	p.Name = "assay-memory"
	p.Kinds = p.Kinds[:1]
	p.Kinds[0].Share = params.One
	p.Kinds[0].Models = []params.Model{{ID: model, Name: "tiny.gguf", Class: params.One}}
	p.Inference.MaxTokens = 8
	p.Inference.System = "Be brief."
	p.Tasks.Retention = 8
	p.Schedule.OpenPlantsBlocks, p.Plants = 0, params.Plants{}
	p.Verdicts, p.Seats.Unbonding, p.Seats.UnbondingSeconds = params.Verdicts{}, 40, 60
	return p
}

// Planting returns [Params] with a rate of planted answers, in 65536ths, and the
// other constants of plants as they ship.
func Planting(model protocol.ModelID, rate uint32) params.Params {
	p, local := Params(model), params.Local()
	p.Schedule.OpenPlantsBlocks, p.Plants = local.Schedule.OpenPlantsBlocks, local.Plants
	p.Plants.Rate = rate
	return p
}
