package main

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/scripts/adversary/network"
)

// attack is one way to gain by breaking the network.
type attack struct {
	name  string
	does  string // in one line
	needs needs
	// slows is how many times as long as quiet ones its blocks may take on average;
	// 0 for any number, for it is what it costs the attacker that must deter him.
	slows float64
	// run attacks until ctx ends, or until it has done all that it can. An error
	// says that the network did what it must not, or that the attack could not be
	// made, which is no better: it says nothing then.
	run func(ctx context.Context, w *world) error
}

// needs is what an attack has from the genesis on.
type needs struct {
	// accounts is how many accounts it has, with a balance each.
	accounts int
	balance  protocol.Amount
	// seats is how many seats of miners it has, four of each account.
	seats int
}

// all holds the attacks in the order in which they are run: those that need seats
// of miners first, and the one that has seats pruned the last. Each third has some
// of each kind.
var all = []*attack{
	unopened, lanes, cards, bigAnswers, stolenIdentity, stolenHotkey,
	registers, worst, oneFee, gaps, swaps, stuffing, dust, outbid, replace, replays,
	strangers, rubbish, polls, hogs, history, lyingLight, rubbishEvidence, eclipse,
	bodies, churn, idle, frozen,
	prune,
}

// seatsPerOwner is below params.Seats.MaxPerColdkey.
const seatsPerOwner = 4

// account and hotkey are the keys of an attack's accounts and seats.
func (a *attack) account(i int) *keystore.Key {
	return keyOf(keystore.Coldkey, fmt.Sprintf("%s %d", a.name, i))
}

func (a *attack) hotkey(i int) *keystore.Key {
	return keyOf(keystore.Hotkey, fmt.Sprintf("%s %d", a.name, i))
}

// keyOf returns the key that a name stands for.
func keyOf(kind keystore.Kind, name string) *keystore.Key {
	seed := sha256.Sum256([]byte(name))
	p, err := key.FromSeed(seed[:], string(kind))
	if err != nil {
		panic(err) // the seed is long enough, the label constant
	}
	k, err := keystore.FromPrivate(kind, p)
	if err != nil {
		panic(err) // the kind is one
	}
	return k
}

// provide puts what an attack needs into a genesis.
func (a *attack) provide(g *ledger.Genesis) error {
	for i := range a.needs.accounts {
		g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: a.account(i).PublicKey(), Balance: a.needs.balance})
	}
	for i := range a.needs.seats {
		hotkey := a.hotkey(i)
		identity, _, err := node.Identity(hotkey, g, 0)
		if err != nil {
			return err
		}
		s := ledger.GenesisSeat{Hotkey: hotkey.PublicKey(), Coldkey: a.account(i / seatsPerOwner).PublicKey(), Identity: identity}
		network.Mines(&s, g)
		g.Seats = append(g.Seats, s)
	}
	return nil
}
