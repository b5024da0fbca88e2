package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/params"
)

// Role is which daemon a home belongs to; also the name of its program.
type Role string

// The roles.
const (
	Miner     Role = "miner"
	Validator Role = "validator"
)

// Config holds the settings of one daemon. Each field's meaning, unit and
// default stand in settings.go, where operators find them, too.
type Config struct {
	Role      Role
	Node      Node
	HTTP      HTTP
	Engine    Engine
	Seat      Seat      // miners
	Label     Label     // miners
	Consensus Consensus // validators
	Log       Log
	Keys      Keys
}

// Node is the daemon's place in the gossip.
type Node struct {
	Listen    []string `toml:"listen"`
	Announce  []string `toml:"announce"`
	Bootstrap []string `toml:"bootstrap"`
	MDNS      bool     `toml:"mdns"`
	DHT       bool     `toml:"dht"`
	NAT       bool     `toml:"nat"`
	Relay     bool     `toml:"relay"`
	Trust     string   `toml:"trust"`
}

// HTTP is the daemon's own web address.
type HTTP struct {
	Listen string `toml:"listen"`
}

// Engine is how the model is run.
type Engine struct {
	Models  []string `toml:"models"`
	Threads int      `toml:"threads"`
	Device  string   `toml:"device"`
	Backend string   `toml:"backend"`
	Weights string   `toml:"weights"`
	// DraftModel guesses for all Models, whose vocabulary it must have; a miner's.
	DraftModel string `toml:"draft_model"`
	Nice       int    `toml:"nice"`
}

// Seat is what a miner offers.
type Seat struct {
	Capacity int      `toml:"capacity"`
	Kinds    []string `toml:"kinds"`
}

// Label is where a person rates pairs.
type Label struct {
	Listen string   `toml:"listen"`
	Hosts  []string `toml:"hosts"`
}

// Consensus is where validators find each other.
type Consensus struct {
	Listen    string   `toml:"listen"`
	External  string   `toml:"external"`
	Peers     []string `toml:"peers"`
	Retention int      `toml:"retention"`
	Private   bool     `toml:"private"`
	Replay    bool     `toml:"replay"`
	Unjail    bool     `toml:"unjail"`
}

// Log is how the daemon speaks.
type Log struct {
	Level  string `toml:"level"`
	Format string `toml:"format"`
}

// Keys is how the hotkey is opened, whom it works for, and which of the keys that
// follow from it are used.
type Keys struct {
	PassphraseFile string `toml:"passphrase_file"`
	Coldkey        string `toml:"coldkey"`
	Generation     int    `toml:"generation"`
}

// Default returns the settings of a role before anybody set one. The ports are
// one block per role, so that both roles run side by side: 9660 to 9662 for a
// validator's HTTP, gossip and consensus, 9670 to 9672 for a miner's HTTP, gossip
// and label page.
func Default(role Role) Config {
	c := Config{
		Role:   role,
		Node:   Node{Listen: []string{"/ip4/0.0.0.0/tcp/9671"}, DHT: true, NAT: true},
		HTTP:   HTTP{Listen: "127.0.0.1:9670"},
		Engine: Engine{Device: engine.DeviceAuto, Backend: engine.BackendAuto, Weights: engine.WeightsAuto, Nice: 5},
		Seat:   Seat{Capacity: 1},
		Label:  Label{Listen: "127.0.0.1:9672"},
		Log:    Log{Level: "info", Format: "auto"},
	}
	if role == Validator {
		c.Node.Listen = []string{"/ip4/0.0.0.0/tcp/9661"}
		c.HTTP.Listen = "127.0.0.1:9660"
		c.Consensus.Listen, c.Consensus.Unjail = "0.0.0.0:9662", true
	}
	return c
}

// Where weights are read.
var weightsWays = []string{engine.WeightsAuto, engine.WeightsMapped, engine.WeightsInterleaved}

// The bounds of numbers. The engine's own are the same.
const (
	maxThreads  = 1024
	maxNice     = 19
	maxCapacity = 1024 // as many tasks a round as any network gives a seat
	maxPeers    = 64   // bootstrap peers: each is dialled again for ever
	maxListen   = 8
	maxHosts    = 8  // as many names as one machine has
	maxModels   = 64 // as many as a network has
	// maxRetention is more blocks than a network makes in a thousand years.
	maxRetention = 1 << 40
	// maxGeneration is more rotations than one a day for a century.
	maxGeneration = 65535
)

// Owner returns the coldkey that the settings name, zero where they name none.
func (c *Config) Owner() protocol.PublicKey {
	k, err := protocol.ParseAddress(c.Keys.Coldkey)
	if err != nil || key.CheckPublic(k) != nil {
		return protocol.PublicKey{}
	}
	return k
}

// Checkpoint returns the block that the settings trust, zero where they name none.
func (c *Config) Checkpoint() protocol.Checkpoint {
	p, err := protocol.ParseCheckpoint(c.Node.Trust)
	if err != nil {
		return protocol.Checkpoint{}
	}
	return p
}

// Generation numbers the keys that follow from the hotkey.
func (c *Config) Generation() uint32 { return uint32(c.Keys.Generation) }

// Check refuses values that make no sense, with a hint: [ErrValue]. It writes
// multiaddrs in their one form.
func (c *Config) Check() error {
	if err := c.checkAddresses(); err != nil {
		return err
	}
	rules := []struct {
		ok              bool
		key, text, hint string
	}{
		{len(c.Node.Listen) <= maxListen, "node.listen", count(c.Node.Listen), "at most 8"},
		{len(c.Node.Announce) <= maxListen, "node.announce", count(c.Node.Announce), "at most 8"},
		{c.Node.Trust == "" || !c.Checkpoint().IsZero(), "node.trust", c.Node.Trust, "want HEIGHT:HASH with 64 hex digits, as assay status prints"},
		{len(c.Engine.Models) <= maxModels, "engine.models", count(c.Engine.Models), "at most 64"},
		{len(c.Seat.Kinds) <= params.MaxKinds, "seat.kinds", count(c.Seat.Kinds), "at most 8"},
		{len(c.Consensus.Peers) <= maxPeers, "consensus.peers", count(c.Consensus.Peers), "at most 64"},
		{c.Consensus.Retention >= 0 && c.Consensus.Retention <= maxRetention, "consensus.retention", strconv.Itoa(c.Consensus.Retention), "want a number of blocks, or 0 for all"},
		{len(c.Node.Bootstrap) <= maxPeers, "node.bootstrap", count(c.Node.Bootstrap), "at most 64"},
		{c.Engine.Threads >= 0 && c.Engine.Threads <= maxThreads, "engine.threads", strconv.Itoa(c.Engine.Threads), "want 1 to 1024, or 0 for one a processor"},
		{engine.CheckDevice(c.Engine.Device) == nil, "engine.device", c.Engine.Device, "want " + engine.DeviceForms},
		{slices.Contains(engine.Backends(), c.Engine.Backend), "engine.backend", c.Engine.Backend, "want one of " + strings.Join(engine.Backends(), ", ")},
		{slices.Contains(weightsWays, c.Engine.Weights), "engine.weights", c.Engine.Weights, "want one of " + strings.Join(weightsWays, ", ")},
		{c.Role == Miner || c.Engine.DraftModel == "", "engine.draft_model", c.Engine.DraftModel, "a validator makes no answers that could be guessed: leave it out"},
		{c.Engine.Nice >= 0 && c.Engine.Nice <= maxNice, "engine.nice", strconv.Itoa(c.Engine.Nice), "want 0 (first) to 19 (last)"},
		{c.Keys.Coldkey == "" || !c.Owner().IsZero(), "keys.coldkey", c.Keys.Coldkey, "give the address that assay wallet show prints"},
		{c.Keys.Generation >= 0 && c.Keys.Generation <= maxGeneration, "keys.generation", strconv.Itoa(c.Keys.Generation), "want 0 to 65535"},
		{slices.Contains(logLevels, c.Log.Level), "log.level", c.Log.Level, "want one of " + strings.Join(logLevels, ", ")},
		{slices.Contains(logFormats, c.Log.Format), "log.format", c.Log.Format, "want one of " + strings.Join(logFormats, ", ")},
	}
	for _, r := range rules {
		if !r.ok {
			return wrong(r.key, r.text, r.hint)
		}
	}
	return c.checkRole()
}

// checkRole looks at the settings that one role has.
func (c *Config) checkRole() error {
	if c.Role == Miner {
		if n := c.Seat.Capacity; n < 1 || n > maxCapacity {
			return wrong("seat.capacity", strconv.Itoa(n), "want 1 to 1024 answers a round")
		}
		return c.checkLabel()
	}
	return c.checkConsensus()
}

var (
	logLevels  = []string{"debug", "info", "warn", "error"}
	logFormats = []string{"auto", "console", "json"}
)

func count(list []string) string { return strconv.Itoa(len(list)) + " entries" }

// wrong is the error of a setting's value.
func wrong(name, value, hint string) error {
	for i := range settings {
		if settings[i].name() == name {
			return &valueError{&settings[i], value, hint}
		}
	}
	panic("config: there is no setting " + name)
}
