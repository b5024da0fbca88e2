package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

const (
	// founderFormat is the version of [founder].
	founderFormat = "assay-founder/1"
	// maxFounder bounds a founder's file, which has about 2,000 bytes.
	maxFounder = 64 << 10
	// founderSlots is how many answers a miner's seat takes in a round at first.
	founderSlots = 1
)

// founder is the seat that a founder takes. Keys of the seat follow from its hotkey
// and from Origin, the name and time of the draft, so that a file fits one draft.
type founder struct {
	Format  string                `json:"format"`
	Origin  string                `json:"origin"`
	Role    string                `json:"role"` // validator or miner
	Account ledger.GenesisAccount `json:"account"`
	Seat    ledger.GenesisSeat    `json:"seat"`
}

// newGenesis prints a draft: the settings of a local network under another name.
func newGenesis(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	if c.String("name") == "" {
		return usage.Mistake(withHint(errors.New("genesis new needs --name NAME"), "take one that no other network of yours has, such as our-net"))
	}
	p := params.Local()
	p.Name = c.String("name")
	if d := c.Duration("pause"); c.IsSet("pause") {
		if d < time.Millisecond || d.Milliseconds() > math.MaxUint32 {
			return usage.Mistake(fmt.Errorf("--pause %s is none; give 3s", d))
		}
		p.Block.CommitMillis = uint32(d.Milliseconds())
	}
	if path := c.String("model"); path != "" {
		f, err := gguf.Open(path)
		if err != nil {
			return modelHint(err)
		}
		m := params.Model{ID: protocol.ModelID(gguf.CachedModelID(f)), Name: filepath.Base(path), Class: params.One}
		if err := f.Close(); err != nil {
			return err
		}
		for i := range p.Kinds {
			if len(p.Kinds[i].Models) > 0 {
				p.Kinds[i].Models = []params.Model{m}
			}
		}
	}
	g := &ledger.Genesis{Params: p, Time: time.Now().Unix(), Accounts: []ledger.GenesisAccount{}, Seats: []ledger.GenesisSeat{}}
	if err := p.Check(); err != nil {
		return usage.Mistake(fmt.Errorf("a network of these settings: %w", err))
	}
	return printIndented(c, g)
}

func printIndented(c *cli.Context, v any) error {
	e := json.NewEncoder(c.App.Writer)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// readDraft reads a genesis that has no seats yet.
func readDraft(c *cli.Context, path string) (*ledger.Genesis, error) {
	b, err := readInput(c, path, "a draft of assay genesis new", ledger.MaxGenesisBytes)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	g := &ledger.Genesis{}
	err = d.Decode(g)
	if err == nil {
		err = g.Params.Check()
	}
	if err == nil && (len(g.Accounts)+len(g.Seats) > 0 || g.Former != nil) {
		err = errors.New("it has seats already")
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("%s is no draft of a network: %w", abridge(path), err), "make one: assay genesis new --name NAME > draft.json")
	}
	return g, nil
}

// joinGenesis prints the seat of a founder.
func joinGenesis(c *cli.Context) error {
	args, err := arguments(c, 1, "one DRAFT")
	if err != nil {
		return err
	}
	g, err := readDraft(c, args[0])
	if err != nil {
		return err
	}
	f := &founder{Format: founderFormat, Origin: g.Origin(), Role: c.String("role")}
	if f.Role != "validator" && f.Role != "miner" {
		return usage.Mistake(withHint(fmt.Errorf("--role %q is none", abridge(f.Role)), "give --role validator or --role miner"))
	}
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return err
	}
	if f.Account, err = ownerAccount(c, keys); err != nil {
		return err
	}
	pass, err := keyflags.Read(c, "key "+keys.Path(string(keystore.Hotkey)))
	if err != nil {
		return err
	}
	hotkey, err := keys.Open(string(keystore.Hotkey), pass)
	if err != nil {
		return keyflags.Hint(err)
	}
	defer hotkey.Wipe()
	f.Seat = ledger.GenesisSeat{Hotkey: hotkey.PublicKey(), Coldkey: f.Account.Key, Addresses: []string{}, Offers: []wire.Offer{}}
	if at := c.String("listen"); at != "" {
		f.Seat.Addresses = append(f.Seat.Addresses, at)
	}
	if f.Seat.Identity, _, err = node.Identity(hotkey, g, 0); err != nil {
		return err
	}
	if f.Role == "validator" {
		err = seatJudge(c, g, hotkey, &f.Seat)
	} else {
		err = seatWorker(g, hotkey, &f.Seat)
	}
	if err != nil {
		return err
	}
	return printIndented(c, f)
}

// ownerAccount is the account of the coldkey that --coldkey or the key directory
// names.
func ownerAccount(c *cli.Context, keys *keystore.Store) (a ledger.GenesisAccount, err error) {
	if c.String("coldkey") != "" {
		a.Key, err = address(c, "coldkey")
	} else if a.Key, err = keys.Public(string(keystore.Coldkey)); err != nil {
		err = withHint(keyflags.Hint(err), "or name the owner by --coldkey ADDRESS")
	}
	if err != nil {
		return a, err
	}
	if a.Balance, err = protocol.ParseAmount(c.String("balance")); err != nil {
		return a, usage.Mistake(fmt.Errorf("--balance: %w", err))
	}
	return a, nil
}

// seatJudge makes the seat a validator's.
func seatJudge(c *cli.Context, g *ledger.Genesis, hotkey *keystore.Key, s *ledger.GenesisSeat) (err error) {
	if len(s.Addresses) == 0 || c.String("consensus") == "" {
		return usage.Mistake(errors.New("a validator is reached by others: give --listen MULTIADDR and --consensus HOST:PORT"))
	}
	if s.Stake, err = protocol.ParseAmount(c.String("stake")); err != nil {
		return usage.Mistake(fmt.Errorf("--stake: %w", err))
	}
	k, err := node.ConsensusKey(hotkey, g, 0, c.String("consensus"))
	if err != nil {
		return err
	}
	s.Consensus = &ledger.Consensus{Key: k.Key, TransportKey: k.TransportKey, Address: k.Address}
	beacon, err := node.GenesisBeacon(hotkey, g)
	if err != nil {
		return err
	}
	anchor := beacon.Anchor()
	s.Beacon = &anchor
	return nil
}

// seatWorker makes the seat a miner's, which offers all kinds that a model answers.
func seatWorker(g *ledger.Genesis, hotkey *keystore.Key, s *ledger.GenesisSeat) error {
	anchor, err := node.GenesisPlants(hotkey, g)
	if err != nil {
		return err
	}
	s.Plants = &anchor
	for i := range g.Params.Kinds {
		k := &g.Params.Kinds[i]
		if k.OnLedger() || len(k.Models) == 0 {
			continue // for people
		}
		s.Offers = append(s.Offers, wire.Offer{Kind: k.Name, Capacity: founderSlots, Models: []protocol.ModelID{k.Models[0].ID}})
		s.Collateral += founderSlots * g.Params.Seats.Collateral
	}
	return nil
}

// parseFounder reads a founder's file for a draft of this origin.
func parseFounder(b []byte, origin string) (*founder, error) {
	f := &founder{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("it is no file of assay genesis join: %w", err)
	}
	if d.More() {
		return nil, errors.New("it is no file of assay genesis join: something follows the object")
	}
	switch {
	case f.Format != founderFormat:
		return nil, fmt.Errorf("its format is %.40q, not %q", f.Format, founderFormat)
	case f.Origin != origin:
		return nil, fmt.Errorf("it is for the draft %.100q, and this one is %q", f.Origin, origin)
	case f.Role != "validator" && f.Role != "miner":
		return nil, fmt.Errorf("%.20q is no role", f.Role)
	case f.Seat.Coldkey != f.Account.Key:
		return nil, errors.New("its account is not that of the seat's coldkey")
	case (f.Role == "validator") != (f.Seat.Consensus != nil):
		return nil, fmt.Errorf("its seat is not that of a %.20q", f.Role)
	case f.Seat.Consensus != nil && len(f.Seat.Addresses) == 0:
		return nil, errors.New("its validator has no address, at which others reach it")
	}
	return f, nil
}

// makeGenesis prints a draft with the seats of its founders, validators first.
func makeGenesis(c *cli.Context) error {
	args, err := anyArguments(c)
	if err != nil {
		return err
	}
	if len(args) < 2 {
		return usage.Mistake(withHint(errors.New("genesis make takes a DRAFT and a file of each FOUNDER"), "assay genesis join makes those"))
	}
	g, err := readDraft(c, args[0])
	if err != nil {
		return err
	}
	var list []*founder
	for _, path := range args[1:] {
		b, err := readInput(c, path, "a file of assay genesis join", maxFounder)
		if err != nil {
			return err
		}
		f, err := parseFounder(b, g.Origin())
		if err != nil {
			return withHint(fmt.Errorf("%s: %w", abridge(path), err), "its founder makes it again: assay genesis join DRAFT")
		}
		list = append(list, f)
	}
	slices.SortStableFunc(list, func(a, b *founder) int {
		return map[string]int{"validator": 0, "miner": 1}[a.Role] - map[string]int{"validator": 0, "miner": 1}[b.Role]
	})
	for _, f := range list {
		i := slices.IndexFunc(g.Accounts, func(a ledger.GenesisAccount) bool { return a.Key == f.Account.Key })
		if i < 0 {
			g.Accounts = append(g.Accounts, f.Account)
		} else { // one owner of several seats
			if g.Accounts[i].Balance, err = g.Accounts[i].Balance.Add(f.Account.Balance); err != nil {
				return err
			}
		}
		g.Seats = append(g.Seats, f.Seat)
	}
	if err := g.Check(); err != nil {
		return fmt.Errorf("these seats make no network: %w", err)
	}
	if err := tellFounders(c, g, list); err != nil {
		return err
	}
	return printIndented(c, g)
}

// tellFounders says, on standard error, what all founders compare.
func tellFounders(c *cli.Context, g *ledger.Genesis, list []*founder) error {
	rows := [][]string{{"uid", "role", "hotkey", "stake", "collateral", "owner", "has"}}
	var bootstrap []string
	for i, f := range list {
		rows = append(rows, []string{fmt.Sprint(i), f.Role, end(f.Seat.Hotkey), f.Seat.Stake.String(), f.Seat.Collateral.String(), end(f.Seat.Coldkey), f.Account.Balance.String()})
		if f.Seat.Consensus != nil {
			bootstrap = append(bootstrap, f.Seat.Addresses[0]+"/p2p/"+gossip.PeerID(f.Seat.Identity))
		}
	}
	if err := printTable(c.App.ErrWriter, rows); err != nil {
		return err
	}
	note(c, "chain %s: all founders compare it, and start with the same file", protocol.ShortChainID(g.ChainID()))
	for _, at := range bootstrap {
		note(c, "bootstrap %s", at)
	}
	return nil
}
