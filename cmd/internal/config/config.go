package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	ma "github.com/multiformats/go-multiaddr"
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
}

// HTTP is the daemon's own web address.
type HTTP struct {
	Listen string `toml:"listen"`
}

// Engine is how the model is run.
type Engine struct {
	Models  []string `toml:"models"`
	Threads int      `toml:"threads"`
	Nice    int      `toml:"nice"`
}

// Seat is what a miner offers.
type Seat struct {
	Capacity int `toml:"capacity"`
}

// Consensus is where validators find each other.
type Consensus struct {
	Listen   string   `toml:"listen"`
	External string   `toml:"external"`
	Peers    []string `toml:"peers"`
}

// Log is how the daemon speaks.
type Log struct {
	Level  string `toml:"level"`
	Format string `toml:"format"`
}

// Keys is how the hotkey is opened.
type Keys struct {
	PassphraseFile string `toml:"passphrase_file"`
}

// Default returns the settings of a role before anybody set one. The ports are
// one block per role, so that both roles run side by side: 9660 to 9662 for a
// validator's HTTP, gossip and consensus, 9670 and 9671 for a miner's HTTP and
// gossip.
func Default(role Role) Config {
	c := Config{
		Role:   role,
		Node:   Node{Listen: []string{"/ip4/0.0.0.0/tcp/9671"}},
		HTTP:   HTTP{Listen: "127.0.0.1:9670"},
		Engine: Engine{Nice: 5},
		Seat:   Seat{Capacity: 1},
		Log:    Log{Level: "info", Format: "auto"},
	}
	if role == Validator {
		c.Node.Listen = []string{"/ip4/0.0.0.0/tcp/9661"}
		c.HTTP.Listen = "127.0.0.1:9660"
		c.Consensus.Listen = "0.0.0.0:9662"
	}
	return c
}

// The bounds of numbers. The engine's own are the same.
const (
	maxThreads  = 1024
	maxNice     = 19
	maxCapacity = 1024 // as many tasks a round as any network gives a seat
	maxPeers    = 64   // bootstrap peers: each is dialled again for ever
	maxListen   = 8
	maxModels   = 64 // as many as a network has
)

// Check refuses values that make no sense, with a hint: [ErrValue].
func (c *Config) Check() error {
	for _, a := range c.Node.Listen {
		if err := checkTransport(a); err != nil {
			return wrong("node.listen", a, err.Error())
		}
	}
	for _, a := range c.Node.Announce {
		if err := checkTransport(a); err != nil {
			return wrong("node.announce", a, err.Error())
		}
	}
	for _, a := range c.Node.Bootstrap {
		if err := checkPeer(a); err != nil {
			return wrong("node.bootstrap", a, err.Error())
		}
	}
	if err := checkHostPort(c.HTTP.Listen); err != nil {
		return wrong("http.listen", c.HTTP.Listen, err.Error()+", such as "+Default(c.Role).HTTP.Listen)
	}
	rules := []struct {
		ok              bool
		key, text, hint string
	}{
		{len(c.Node.Listen) <= maxListen, "node.listen", count(c.Node.Listen), "at most 8"},
		{len(c.Node.Announce) <= maxListen, "node.announce", count(c.Node.Announce), "at most 8"},
		{len(c.Engine.Models) <= maxModels, "engine.models", count(c.Engine.Models), "at most 64"},
		{len(c.Consensus.Peers) <= maxPeers, "consensus.peers", count(c.Consensus.Peers), "at most 64"},
		{len(c.Node.Bootstrap) <= maxPeers, "node.bootstrap", count(c.Node.Bootstrap), "at most 64"},
		{c.Engine.Threads >= 0 && c.Engine.Threads <= maxThreads, "engine.threads", strconv.Itoa(c.Engine.Threads), "want 1 to 1024, or 0 for one a processor"},
		{c.Engine.Nice >= 0 && c.Engine.Nice <= maxNice, "engine.nice", strconv.Itoa(c.Engine.Nice), "want 0 (first) to 19 (last)"},
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
		return nil
	}
	if err := checkHostPort(c.Consensus.Listen); err != nil {
		return wrong("consensus.listen", c.Consensus.Listen, err.Error()+", such as 0.0.0.0:9662")
	}
	if strings.HasSuffix(c.Consensus.Listen, ":0") {
		return wrong("consensus.listen", c.Consensus.Listen, "the port is announced on the ledger: choose one above 0")
	}
	for _, p := range c.Consensus.Peers {
		if id, at, ok := strings.Cut(p, "@"); !ok || len(id) != 40 || checkHostPort(at) != nil {
			return wrong("consensus.peers", p, "want ID@HOST:PORT with an id of 40 hex digits")
		}
	}
	if c.Consensus.External == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(c.Consensus.External)
	if err != nil || host == "" || port == "0" || unspecified(host) {
		return wrong("consensus.external", c.Consensus.External, "want the HOST:PORT that other validators dial")
	}
	return nil
}

var (
	logLevels  = []string{"debug", "info", "warn", "error"}
	logFormats = []string{"auto", "console", "json"}
)

func count(list []string) string { return strconv.Itoa(len(list)) + " entries" }

// wrong names a setting in all its forms.
func wrong(name, value, hint string) error {
	flag := ""
	for i := range settings {
		if settings[i].name() == name {
			flag = settings[i].flag
		}
	}
	return fmt.Errorf("%w: %s (--%s) is %.80q: %s", ErrValue, name, flag, value, hint)
}

// checkTransport accepts the addresses on which gossip listens.
func checkTransport(s string) error {
	m, err := ma.NewMultiaddr(s)
	if err != nil || len(m) != 2 || m[1].Protocol().Code != ma.P_TCP {
		return fmt.Errorf("want a multiaddr such as /ip4/0.0.0.0/tcp/9661")
	}
	return nil
}

// checkPeer accepts the addresses that gossip dials.
func checkPeer(s string) error {
	m, err := ma.NewMultiaddr(s)
	if err != nil || len(m) != 3 || m[2].Protocol().Code != ma.P_P2P {
		return fmt.Errorf("want a multiaddr with its peer id, such as /ip4/192.0.2.1/tcp/9661/p2p/16Uiu2…; a running node logs its own")
	}
	return nil
}

func checkHostPort(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("want HOST:PORT")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("want HOST:PORT with a port of 0 to 65535")
	}
	return nil
}

// unspecified says whether host stands for all addresses of a machine.
func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}
