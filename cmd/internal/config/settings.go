package config

import (
	"strings"

	"github.com/assaynet/assay/engine"
)

// setting is one thing to set: a key of config.toml, a flag, and a variable of
// the environment.
type setting struct {
	section, key string
	flag         string
	only         Role   // "" is both
	usage        string // one line, with the unit
	why          string // more lines of config.toml
	value        func(*Config) any
}

// name is how messages name it.
func (s *setting) name() string { return s.section + "." + s.key }

// env is its variable in the environment.
func (s *setting) env() string {
	return "ASSAY_" + strings.ToUpper(strings.ReplaceAll(s.flag, "-", "_"))
}

// of says whether a role has the setting.
func (s *setting) of(role Role) bool { return s.only == "" || s.only == role }

// sections explains each section of config.toml.
var sections = []struct{ name, usage string }{
	{"node", "The place in the peer-to-peer network."},
	{"http", "The daemon's own web address, for its status and metrics."},
	{"engine", "How the model is run. Nothing here changes an answer."},
	{"seat", "What this miner offers to the network."},
	{"label", "The page on which a person compares responses, where seat.kinds names preference."},
	{"consensus", "Where the validators vote on blocks."},
	{"log", "What the daemon writes to standard error."},
	{"keys", "How the hotkey in keys/hotkey.age is opened, and whom it works for."},
}

// settings is every setting, in the order of config.toml.
var settings = []setting{
	{
		section: "node", key: "listen", flag: "listen",
		usage: "multiaddrs on which peers reach this node; port 0 takes any free one",
		why:   "It must be reachable from outside for a validator. A miner behind a firewall\nstill works: it dials. Without any, the node only dials.",
		value: func(c *Config) any { return &c.Node.Listen },
	},
	{
		section: "node", key: "announce", flag: "announce",
		usage: "multiaddrs that the ledger tells others, when they differ from listen",
		why:   "For a machine behind a router that forwards a port. By default: what is in\nlisten, and for 0.0.0.0 the address from which the bootstrap peers are reached.",
		value: func(c *Config) any { return &c.Node.Announce },
	},
	{
		section: "node", key: "bootstrap", flag: "bootstrap",
		usage: "multiaddrs, with /p2p/ID, of peers to stay connected to",
		why:   "Through these the node finds the others; two or more survive the loss of one.",
		value: func(c *Config) any { return &c.Node.Bootstrap },
	},
	{
		section: "node", key: "mdns", flag: "mdns",
		usage: "find peers of the same chain on the local network",
		why:   "It tells everybody on that network that this node is here.",
		value: func(c *Config) any { return &c.Node.MDNS },
	},
	{
		section: "node", key: "dht", flag: "dht",
		usage: "find peers by asking those of the same chain for others",
		why:   "Only while too few are connected of those that this file and the ledger name,\nwhich come first in any case. A validator that listens names its peers to who asks.",
		value: func(c *Config) any { return &c.Node.DHT },
	},
	{
		section: "node", key: "nat", flag: "nat",
		usage: "ask peers whether they can dial this node, and show it in status",
		why:   "A node that nobody can dial works, for it dials; others are not told of it. A\nvalidator that listens dials those that ask it, at the address they ask from.",
		value: func(c *Config) any { return &c.Node.NAT },
	},
	{
		section: "node", key: "relay", flag: "relay",
		usage: "use relays where nobody can dial this node, and be one if it listens",
		why:   "The last resort, for requests alone: seats keep a place at validators that have\nthis on, which carry little between seats, and for nobody else. Two that met so\ntry to connect through their routers. Who is dialled, or dials, needs none of it.",
		value: func(c *Config) any { return &c.Node.Relay },
	},
	{
		section: "node", key: "trust", flag: "trust",
		usage: "HEIGHT:HASH of a block that you know to be the network's",
		why:   "For a node that is new, or was away for longer than signatures can be believed:\nassay status shows one, of a node that you trust. A validator stops where the\nchain has another block there; a new one begins with a snapshot after it.",
		value: func(c *Config) any { return &c.Node.Trust },
	},
	{
		section: "http", key: "listen", flag: "http-listen",
		usage: "HOST:PORT of the web address",
		why:   "It has no password: beyond loopback, put a proxy before it.",
		value: func(c *Config) any { return &c.HTTP.Listen },
	},
	{
		section: "engine", key: "models", flag: "model",
		usage: "paths of the models, GGUF files; from the home if they are not absolute",
		why:   "They must be those that the network pays for, to the bit: doctor checks it. By\ndefault, the file names of the genesis are looked for in HOME/models and in the\nuser's cache, where \"make model\" puts them.",
		value: func(c *Config) any { return &c.Engine.Models },
	},
	{
		section: "engine", key: "threads", flag: "threads",
		usage: "threads that compute; 0 is one a processor",
		why:   "More than there are cores costs time.",
		value: func(c *Config) any { return &c.Engine.Threads },
	},
	{
		section: "engine", key: "device", flag: "device",
		usage: "where it computes: " + engine.DeviceForms,
		why:   "cuda:N is an NVIDIA GPU by its number; doctor lists them. cuda:0,1 share a model's\nlayers; of cuda:0,cpu the CPU has those for which there is no room. auto: the first GPU\nthat passes its self-test and has room for the model, else all, else with the CPU.",
		value: func(c *Config) any { return &c.Engine.Device },
	},
	{
		section: "engine", key: "backend", flag: "backend",
		usage: "what computes: " + strings.Join(engine.Backends(), ", "),
		why:   "They give the same bits and differ in speed. auto: the first of them that this\nmachine has, and that knows the model.",
		value: func(c *Config) any { return &c.Engine.Backend },
	},
	{
		section: "engine", key: "weights", flag: "weights",
		usage: "where weights are read: mapped, interleaved or auto",
		why:   "mapped: in the model's file, whose pages all processes of a machine share.\ninterleaved: in a copy of the same size, made at the start, which some processors\nread much faster. auto: what is quicker on this one.",
		value: func(c *Config) any { return &c.Engine.Weights },
	},
	{
		section: "engine", key: "draft_model", flag: "draft-model", only: Miner,
		usage: "GGUF file of a smaller model that guesses tokens of answers",
		why:   "It needs the vocabulary of each model. What it guesses is tried where that is\nquicker, and no token changes. By default: what prompt and answer hold already.",
		value: func(c *Config) any { return &c.Engine.DraftModel },
	},
	{
		section: "engine", key: "nice", flag: "nice",
		usage: "how far these threads stand back, 0 to 19, as nice(1) does",
		why:   "Above 0, blocks and messages are served while the model runs.",
		value: func(c *Config) any { return &c.Engine.Nice },
	},
	{
		section: "seat", key: "capacity", flag: "capacity", only: Miner,
		usage: "answers a round that this miner can give, 1 to 1024",
		why:   "More is asked, and paid, only after so many were given in time: a number that\nis too high costs pay for what comes late.",
		value: func(c *Config) any { return &c.Seat.Capacity },
	},
	{
		section: "seat", key: "kinds", flag: "kinds", only: Miner,
		usage: "kinds of tasks to serve; without any, all that the network has",
		why:   "Each kind has slots, a share of the pay and averages of its own.",
		value: func(c *Config) any { return &c.Seat.Kinds },
	},
	{
		section: "label", key: "listen", flag: "label-listen", only: Miner,
		usage: "HOST:PORT of the label page",
		why:   "Its address has a token in it: who knows that rates in this miner's name. The\nline is not encrypted: beyond loopback, put a proxy before it that speaks TLS.",
		value: func(c *Config) any { return &c.Label.Listen },
	},
	{
		section: "label", key: "hosts", flag: "label-host", only: Miner,
		usage: "names and addresses, without a port, by which other machines reach the page",
		why:   "Without any, this machine alone is answered, and listen must be loopback.",
		value: func(c *Config) any { return &c.Label.Hosts },
	},
	{
		section: "consensus", key: "listen", flag: "consensus-listen", only: Validator,
		usage: "HOST:PORT on which other validators reach this one; it must be open to them",
		value: func(c *Config) any { return &c.Consensus.Listen },
	},
	{
		section: "consensus", key: "external", flag: "consensus-external", only: Validator,
		usage: "HOST:PORT that the ledger tells other validators, when it differs from listen",
		why:   "By default: what is in listen, and for 0.0.0.0 the address from which the\nbootstrap peers are reached.",
		value: func(c *Config) any { return &c.Consensus.External },
	},
	{
		section: "consensus", key: "peers", flag: "consensus-peer", only: Validator,
		usage: "ID@HOST:PORT of consensus transports to connect to, beside those on the ledger",
		why:   "For a validator that joins a network whose first validators have moved, and for\none behind sentries: its log says \"consensus is up\" with a node's ID.",
		value: func(c *Config) any { return &c.Consensus.Peers },
	},
	{
		section: "consensus", key: "retention", flag: "retention", only: Validator,
		usage: "blocks to keep; 0 keeps all",
		why:   "With all of them this node serves whoever re-derives every payment since the\nfirst, and who joins. With fewer, a few old ones go with each new block. The least\nis the time for which a double signature is punished.",
		value: func(c *Config) any { return &c.Consensus.Retention },
	},
	{
		section: "consensus", key: "replay", flag: "consensus-replay", only: Validator,
		usage: "carry out every block since the first, also with node.trust",
		why:   "A new validator that trusts a block begins with a snapshot of the ledger after it,\nwhich takes minutes and leaves what came before to others. This has it all, and\ntakes as long as all blocks take, where nodes are left that keep them.",
		value: func(c *Config) any { return &c.Consensus.Replay },
	},
	{
		section: "consensus", key: "private", flag: "consensus-private", only: Validator,
		usage: "connect to consensus.peers alone, and tell nobody where this validator is",
		why:   "For a validator behind sentries: nodes without a seat, which stand in public in\nits place and are its only peers.",
		value: func(c *Config) any { return &c.Consensus.Private },
	},
	{
		section: "consensus", key: "unjail", flag: "consensus-unjail", only: Validator,
		usage: "ask for the permit again where silence cost it, once the wait is over",
		why:   "A validator from which nothing is heard for the network's max_silence is jailed.\nWithout this its owner asks: assay tx unjail.",
		value: func(c *Config) any { return &c.Consensus.Unjail },
	},
	{
		section: "log", key: "level", flag: "log-level",
		usage: "least importance of what is written: debug, info, warn or error",
		value: func(c *Config) any { return &c.Log.Level },
	},
	{
		section: "log", key: "format", flag: "log-format",
		usage: "console (for people), json (for programs), or auto: console on a terminal",
		value: func(c *Config) any { return &c.Log.Format },
	},
	{
		section: "keys", key: "passphrase_file", flag: "passphrase-file",
		usage: "file whose first line is the hotkey's passphrase; only its owner may read it",
		why:   "Without one: the variable ASSAY_PASSPHRASE, or a question on the terminal.",
		value: func(c *Config) any { return &c.Keys.PassphraseFile },
	},
	{
		section: "keys", key: "coldkey", flag: "coldkey",
		usage: "ADDRESS of the owner, whose coldkey is elsewhere",
		why:   "Where the hotkey's seat is another's, nothing is done for it. Without one: the\naddress in keys/coldkey.pub, if it is there, else whoever has the seat.",
		value: func(c *Config) any { return &c.Keys.Coldkey },
	},
	{
		section: "keys", key: "generation", flag: "key-generation",
		usage: "number of the keys that follow from the hotkey, from 0",
		why:   "One more makes others: the identity in gossip, and of a validator the keys that\nsign blocks and that its peers know. The daemon tells the ledger when it starts, and\nsigns blocks by the key before until the ledger has the new one in its place: count\nup by one, and again after two epochs at the earliest.",
		value: func(c *Config) any { return &c.Keys.Generation },
	},
}
