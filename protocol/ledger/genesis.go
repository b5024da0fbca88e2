package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// Limits of a genesis.
const (
	// MaxGenesisBytes is enough for 65,536 accounts as indented JSON, and for the
	// state of a network with some hundred seats.
	MaxGenesisBytes    = 64 << 20
	maxGenesisAccounts = 1 << 16
)

// Genesis is what a network starts from. All nodes must have the same, which
// the chain id sees to. Its file form is JSON.
type Genesis struct {
	_        struct{}         `cbor:",toarray"`
	Params   params.Params    `json:"params"`
	Time     int64            `json:"time"` // Unix seconds
	Accounts []GenesisAccount `json:"accounts"`
	Seats    []GenesisSeat    `json:"seats"` // uids in this order
	// Former is the network that this one goes on with, whose state has what accounts
	// and seats have otherwise; see [Recover].
	Former *Former `json:"former,omitempty"`
}

// GenesisAccount is a balance at the start.
type GenesisAccount struct {
	_       struct{}           `cbor:",toarray"`
	Key     protocol.PublicKey `json:"key"`
	Balance protocol.Amount    `json:"balance"`
}

// GenesisSeat is a seat at the start. A validator has Consensus and Beacon.
type GenesisSeat struct {
	_       struct{}           `cbor:",toarray"`
	Hotkey  protocol.PublicKey `json:"hotkey"`
	Coldkey protocol.PublicKey `json:"coldkey"`
	Stake   protocol.Amount    `json:"stake"` // of the coldkey
	// Collateral is what the seat put up, beside its stake.
	Collateral protocol.Amount    `json:"collateral"`
	Offers     []wire.Offer       `json:"offers"`
	Addresses  []string           `json:"addresses"`
	Identity   protocol.PublicKey `json:"identity"` // libp2p
	Consensus  *Consensus         `json:"consensus,omitempty"`
	// Beacon is the anchor of the chain whose first link serves height 1.
	Beacon *protocol.Hash `json:"beacon,omitempty"`
	// Plants is the anchor of the chain whose first link serves epoch 0.
	Plants *protocol.Hash `json:"plants,omitempty"`
}

// ReadGenesis reads the JSON of a genesis and checks it. Unknown fields and
// anything behind the object are refused. Errors wrap [ErrGenesis].
func ReadGenesis(b []byte) (*Genesis, error) {
	if len(b) > MaxGenesisBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrGenesis, len(b), MaxGenesisBytes)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var g Genesis
	if err := d.Decode(&g); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGenesis, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: something follows the object", ErrGenesis)
	}
	return &g, g.Check()
}

// ChainID returns the chain id, whose hash is SHA-256 over the canonical CBOR of
// the genesis without its upgrades.
func (g *Genesis) ChainID() string {
	first := *g
	first.Params.Upgrades = nil
	return protocol.ChainID(g.Params.Name, sha256.Sum256(wire.Encode(&first)))
}

// Origin names the network where the chain id is not known yet, being the hash of
// what holds keys that follow from it: "genesis/NAME/TIME".
func (g *Genesis) Origin() string {
	if g.Former != nil {
		return g.Former.Origin
	}
	return fmt.Sprintf("genesis/%s/%d", g.Params.Name, g.Time)
}

// Check refuses a genesis that contradicts itself: [ErrGenesis].
func (g *Genesis) Check() error {
	if err := g.Params.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrGenesis, err)
	}
	if weight, bytes, blocks := plantRoom(&g.Params); weight > blocks*g.Params.Block.MaxWeight || bytes > blocks*uint64(g.Params.Block.MaxBytes) {
		return fmt.Errorf("%w: to open the plants of %d seats weighs %d and has %d bytes, more than %d blocks, which are left where a third of the power opens none",
			ErrGenesis, g.Params.Seats.Max, weight, bytes, blocks)
	}
	if g.Former != nil {
		if len(g.Accounts)+len(g.Seats) > 0 {
			return fmt.Errorf("%w: accounts or seats beside those of a former state", ErrGenesis)
		}
		return g.Former.check()
	}
	if len(g.Accounts) > maxGenesisAccounts || len(g.Seats) > int(g.Params.Seats.Max) {
		return fmt.Errorf("%w: %d accounts, at most %d; %d seats, at most %d", ErrGenesis, len(g.Accounts), maxGenesisAccounts, len(g.Seats), g.Params.Seats.Max)
	}
	var supply protocol.Amount
	seen := make(map[protocol.PublicKey]bool)
	for i, a := range g.Accounts {
		if err := freshKey(seen, a.Key); err != nil {
			return fmt.Errorf("%w: account %d: %w", ErrGenesis, i, err)
		}
		var err error
		if supply, err = supply.Add(a.Balance); err != nil {
			return fmt.Errorf("%w: account %d: %w", ErrGenesis, i, err)
		}
	}
	if err := g.checkTransports(); err != nil {
		return err
	}
	seen = make(map[protocol.PublicKey]bool)
	for i := range g.Seats {
		if err := g.Seats[i].check(&g.Params, seen); err != nil {
			return fmt.Errorf("%w: seat %d: %w", ErrGenesis, i, err)
		}
		var err error
		if supply, err = supply.Add(g.Seats[i].Stake); err == nil {
			supply, err = supply.Add(g.Seats[i].Collateral)
		}
		if err != nil {
			return fmt.Errorf("%w: seat %d: %w", ErrGenesis, i, err)
		}
	}
	if supply > g.Params.Emission.MaxSupply {
		return fmt.Errorf("%w: %s tokens, at most %s", ErrGenesis, supply, g.Params.Emission.MaxSupply)
	}
	if set, _ := validatorsOf(&g.Params, g.candidates(), nil, nil, 0); len(set) == 0 {
		return fmt.Errorf("%w: no seat has the stake, the consensus key and the beacon chain of a validator", ErrGenesis)
	}
	return nil
}

// checkTransports refuses a transport key that comes twice, or has a small order:
// everybody could sign with that.
func (g *Genesis) checkTransports() error {
	seen := make(map[protocol.Hash]bool)
	for i := range g.Seats {
		c := g.Seats[i].Consensus
		if c == nil || c.TransportKey.IsZero() {
			continue
		}
		if key.SmallOrder(c.TransportKey) {
			return fmt.Errorf("%w: seat %d: transport key %s has a small order", ErrGenesis, i, c.TransportKey)
		}
		if seen[c.TransportKey] {
			return fmt.Errorf("%w: seat %d: transport key %s comes twice", ErrGenesis, i, c.TransportKey)
		}
		seen[c.TransportKey] = true
	}
	return nil
}

// freshKey refuses what is no key, and what was seen before.
func freshKey(seen map[protocol.PublicKey]bool, k protocol.PublicKey) error {
	if err := key.CheckPublic(k); err != nil {
		return err
	}
	if seen[k] {
		return fmt.Errorf("key %s comes twice", k)
	}
	seen[k] = true
	return nil
}

func (s *GenesisSeat) check(p *params.Params, seen map[protocol.PublicKey]bool) error {
	if err := freshKey(seen, s.Hotkey); err != nil {
		return fmt.Errorf("hotkey: %w", err)
	}
	if err := key.CheckPublic(s.Coldkey); err != nil {
		return fmt.Errorf("coldkey: %w", err)
	}
	if !s.Identity.IsZero() {
		if err := freshKey(seen, s.Identity); err != nil {
			return fmt.Errorf("identity: %w", err)
		}
	}
	serve := wire.Serve{Offers: s.Offers, Addresses: s.Addresses}
	if err := serve.Check(); err != nil {
		return err
	}
	if err := checkOffers(p, s.Offers); err != nil {
		return err
	}
	if (s.Consensus == nil) != (s.Beacon == nil) {
		return fmt.Errorf("a validator has both a consensus key and a beacon chain")
	}
	if s.Plants != nil && s.Plants.IsZero() {
		return fmt.Errorf("a chain of plants of zeros")
	}
	if s.Consensus == nil {
		return nil
	}
	if err := freshKey(seen, s.Consensus.Key); err != nil {
		return fmt.Errorf("consensus key: %w", err)
	}
	if s.Beacon.IsZero() {
		return fmt.Errorf("a beacon chain of zeros")
	}
	c := wire.SetConsensusKey{Key: s.Consensus.Key, Address: s.Consensus.Address}
	return c.Check()
}

// seat returns the seat as the state has it.
func (s *GenesisSeat) seat(uid protocol.UID, p *params.Params) Seat {
	t := Seat{
		ID: protocol.SeatID{UID: uid}, Hotkey: s.Hotkey, Coldkey: s.Coldkey,
		Offers: s.Offers, Addresses: s.Addresses, Identity: s.Identity, Collateral: s.Collateral,
		Commission: Commission{Rate: p.Seats.Commission},
	}
	if s.Consensus != nil && s.Beacon != nil {
		t.Consensus = *s.Consensus
		t.Beacon = Chain{Start: 1, Link: *s.Beacon}
	}
	return t
}

// candidates returns the seats with their stakes, by uid.
func (g *Genesis) candidates() []candidate {
	out := make([]candidate, len(g.Seats))
	for i := range g.Seats {
		out[i] = candidate{g.Seats[i].seat(protocol.UID(i), &g.Params), g.Seats[i].Stake, g.Seats[i].Stake}
	}
	return out
}

// Init writes the state before the first block into an empty tree and returns
// the first consensus set, by uid. It calls [Genesis.Check].
func Init(t Tree, g *Genesis) ([]Power, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	if g.Former != nil {
		return g.goOn(t)
	}
	return g.begin(t)
}

// begin writes the state before the first block.
func (g *Genesis) begin(t Tree) ([]Power, error) {
	o := newOverlay(t)
	chain := g.ChainID()
	m := &machine{chain: chain, p: &g.Params, st: o}
	m.meta = Meta{Seats: uint32(len(g.Seats)), Price: g.Params.Seats.Price, Beacon: wire.HashOf("assay/1/beacon/genesis", []byte(chain))}
	for _, a := range g.Accounts {
		put(o, AccountKey(a.Key), Account{Balance: a.Balance})
		m.meta.Issued += a.Balance
		m.meta.Balances += a.Balance
	}
	seats := g.candidates()
	for _, c := range seats {
		m.meta.Issued += c.stake + c.seat.Collateral
		m.meta.Collateral += c.seat.Collateral
		m.meta.Stakes += c.stake
		put(o, HotkeyKey(c.seat.Hotkey), c.seat.ID.UID)
		m.own(c.seat.Coldkey, 1)
		m.shelter(&c.seat)
		if !c.seat.Identity.IsZero() {
			put(o, IdentityKey(c.seat.Identity), c.seat.ID.UID)
		}
		if !c.seat.Consensus.Key.IsZero() {
			put(o, ConsensusKeyKey(c.seat.Consensus.Key), c.seat.ID.UID)
			m.bindAddress(&c.seat)
		}
		if k := c.seat.Consensus.TransportKey; !k.IsZero() {
			put(o, TransportKeyKey(k), c.seat.ID.UID)
		}
		if c.stake > 0 {
			m.keepStake(c.seat.Hotkey, c.seat.Coldkey, Pool{Amount: c.stake, Shares: uint64(c.stake)}, Stake{Shares: uint64(c.stake)})
		}
	}
	put(o, BeaconKey(0), BeaconRecord{Beacon: m.meta.Beacon})
	for i := range g.Seats {
		if a := g.Seats[i].Plants; a != nil {
			id := seats[i].seat.ID
			put(o, PlanterKey(id.UID), Planter{Seat: id, Next: plant.NewChain(0, *a)})
		}
	}
	m.permits(seats, 0)
	m.events = nil
	m.rosters(seats, 0)
	m.expose()
	m.reorder(seats)
	set, _ := get[ValidatorSet](o, ValidatorsKey())
	put(o, ValidatorsKey(), ValidatorSet{Set: set.Set, Prev: set.Set})
	put(o, MetaKey(), m.meta)
	if *o.fault != nil {
		return nil, *o.fault
	}
	return set.Set, o.flush(t)
}
