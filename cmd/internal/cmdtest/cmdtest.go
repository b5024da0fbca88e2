// Package cmdtest prepares what the scripts of the daemons' commands need: a
// network of one validator, with a miner that has a seat, keys, free ports, and
// a model that is tiny.
package cmdtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// Passphrase opens the keys of the prepared homes.
const Passphrase = "correct-horse"

// Setup puts into a script's directory: genesis.json and other-genesis.json;
// tiny.gguf, the model of the network, and altered.gguf, another; keys of a
// validator and a miner that the genesis seats, in validator/keys and
// miner/keys; and passphrase and wrong, files with the right one and a wrong
// one. It sets the variables
//
//	VALIDATOR_P2P, VALIDATOR_CONSENSUS, VALIDATOR_HTTP, MINER_P2P, MINER_HTTP,
//	OTHER_CONSENSUS
//	    free ports of loopback
//	BOOT   the validator's address in the gossip
//	CHAIN  the chain id
func Setup(env *testscript.Env) error { return SetupFor(env, env.Defer) }

// SetupFor is Setup for a test that is no script: what after is given is called at
// its end.
func SetupFor(env *testscript.Env, after func(end func())) error {
	n := &network{dir: env.WorkDir}
	var err error
	if n.ports, err = Ports(len(portNames), after); err != nil {
		return err
	}
	if err := n.writeModels(); err != nil {
		return err
	}
	if err := n.writeGenesis(); err != nil {
		return err
	}
	for name, text := range map[string]string{"passphrase": Passphrase, "wrong": "battery-staple"} {
		if err := os.WriteFile(filepath.Join(n.dir, name), []byte(text+"\n"), 0o600); err != nil {
			return err
		}
	}
	for i, name := range portNames {
		env.Setenv(name, fmt.Sprint(n.ports[i]))
	}
	env.Setenv("BOOT", n.boot)
	env.Setenv("CHAIN", n.chain)
	env.Setenv("HOME", n.dir)
	env.Setenv("ASSAY_YES", "1") // no script has a person
	return nil
}

var portNames = []string{"VALIDATOR_P2P", "VALIDATOR_CONSENSUS", "VALIDATOR_HTTP", "MINER_P2P", "MINER_HTTP", "OTHER_CONSENSUS"}

type network struct {
	dir   string
	ports []int
	model params.Model
	boot  string
	chain string
}

// Ports returns n free TCP ports of loopback that no other script is given, of no
// other program either, until what after is given is called at this one's end: what
// listens there may begin late and end early. Each is held by the UDP port of the
// same number, which no daemon of ours takes.
func Ports(n int, after func(end func())) ([]int, error) {
	var ports []int
	for len(ports) < n {
		p, err := process.FreePorts(1)
		if err != nil {
			return nil, err
		}
		held, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", p[0])) //nolint:noctx // it does not wait
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return nil, err
		}
		after(func() { _ = held.Close() })
		ports = append(ports, p[0])
	}
	return ports, nil
}

// writeModels writes the network's model and another.
func (n *network) writeModels() error {
	path := filepath.Join(n.dir, "tiny.gguf")
	if err := enginetest.Write(path, enginetest.Options{}); err != nil {
		return err
	}
	if err := enginetest.Write(filepath.Join(n.dir, "altered.gguf"), enginetest.Options{Seed: 2}); err != nil {
		return err
	}
	f, err := gguf.Open(path)
	if err != nil {
		return err
	}
	n.model = params.Model{ID: gguf.ModelID(f), Name: "tiny.gguf", Class: params.One}
	return f.Close()
}

// writeGenesis writes the two genesis files and the keys of who is seated.
func (n *network) writeGenesis() error {
	p := params.Local()
	p.Name = "assay-test"
	for i := range p.Kinds {
		p.Kinds[i].Models = []params.Model{n.model}
	}
	p.Kinds[0].Share -= params.One / 8
	p.Kinds = slices.Insert(p.Kinds, 2, params.Raters(params.One/8, 1)) // what people answer, in the order of names
	p.Block.CommitMillis = 200
	g := &ledger.Genesis{Params: p, Time: time.Now().Unix()}
	for i, role := range []string{"validator", "miner"} {
		hot, err := n.makeKey(role, keystore.Hotkey)
		if err != nil {
			return err
		}
		cold, err := n.makeKey(role, keystore.Coldkey)
		if err != nil {
			return err
		}
		g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: cold.PublicKey(), Balance: 1000 * protocol.Unit})
		identity, _, err := node.Identity(hot, g, 0) // its statement is for those who join later
		if err != nil {
			return err
		}
		at := fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", n.ports[3*i])
		s := ledger.GenesisSeat{Hotkey: hot.PublicKey(), Coldkey: cold.PublicKey(), Identity: identity, Addresses: []string{at}}
		if role == "miner" {
			s.Offers = []wire.Offer{{Kind: inference.Kind, Capacity: 1, Models: []protocol.ModelID{n.model.ID}}}
			anchor, err := node.GenesisPlants(hot, g)
			if err != nil {
				return err
			}
			s.Collateral, s.Plants = p.Seats.Collateral, &anchor
		} else {
			n.boot = at + "/p2p/" + gossip.PeerID(identity)
			if err := n.seatValidator(&s, g, hot); err != nil {
				return err
			}
		}
		g.Seats = append(g.Seats, s)
	}
	n.chain = protocol.ShortChainID(g.ChainID())
	other := *g
	other.Params.Name = "assay-other"
	return errors.Join(writeJSON(filepath.Join(n.dir, "genesis.json"), g), writeJSON(filepath.Join(n.dir, "other-genesis.json"), &other))
}

func (n *network) seatValidator(s *ledger.GenesisSeat, g *ledger.Genesis, hot *keystore.Key) error {
	consensus, err := node.ConsensusKey(hot, g, 0, fmt.Sprintf("127.0.0.1:%d", n.ports[1]))
	if err != nil {
		return err
	}
	beacon, err := node.GenesisBeacon(hot, g)
	if err != nil {
		return err
	}
	anchor := beacon.Anchor()
	s.Stake, s.Beacon = 1000*protocol.Unit, &anchor
	s.Consensus = &ledger.Consensus{Key: consensus.Key, TransportKey: consensus.TransportKey, Address: consensus.Address}
	return nil
}

// makeKey makes a key of role that is the same in each script, so that nothing
// else is random.
func (n *network) makeKey(role string, kind keystore.Kind) (*keystore.Key, error) {
	k, err := keystore.Generate(kind, bytes.NewReader(bytes.Repeat([]byte(role+string(kind)), 64)))
	if err != nil {
		return nil, err
	}
	store, err := keystore.New(keystore.Config{Dir: filepath.Join(n.dir, role, "keys"), WorkFactor: 1})
	if err != nil {
		return nil, err
	}
	p, err := keystore.NewPassphrase(Passphrase)
	if err != nil {
		return nil, err
	}
	return k, store.Create(string(kind), k, p)
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// Patience is how long scripts wait for what a daemon does: well under a second, or
// never.
const Patience = 5 * time.Minute

// Cmds are commands of the scripts:
//
//	height PORT N       waits until the daemon with this HTTP port is at height N
//	faulty PORT TEXT    waits until that daemon tells of a fault with a text in it
//	metrics PORT FILE   writes what that daemon tells prometheus to a file
//	fetch PORT PATH FILE
//	                    writes what that daemon answers at a path to a file
//	shows PORT PATH TEXT
//	                    waits until that daemon answers with a text in it
//	says FILE TEXT      waits until a text is in a file
//	term HOME           sends SIGTERM to the daemon of a home
//	hold PORT           listens on a port until the script ends
//	newer HOME          makes the database in a home one of a newer program
//	network             runs a node of the validator until the script ends
var Cmds = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"height": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: height PORT N")
		}
		want, err := strconv.ParseUint(args[1], 10, 64)
		ts.Check(err)
		if err := waitStatus(args[0], func(s *status) bool { return s.Height >= want }); err != nil {
			ts.Fatalf("height %d: %v", want, err)
		}
	},
	"faulty": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: faulty PORT TEXT")
		}
		has := func(fault string) bool { return strings.Contains(fault, args[1]) }
		if err := waitStatus(args[0], func(s *status) bool { return slices.ContainsFunc(s.Faults, has) }); err != nil {
			ts.Fatalf("no fault %q: %v", args[1], err)
		}
	},
	"metrics": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: metrics PORT FILE")
		}
		text, err := getBody("http://127.0.0.1:" + args[0] + "/metrics")
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
	},
	"fetch": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 3 {
			ts.Fatalf("usage: fetch PORT PATH FILE")
		}
		text, err := getBody("http://127.0.0.1:" + args[0] + args[1])
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), text, 0o600))
	},
	"shows": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 3 {
			ts.Fatalf("usage: shows PORT PATH TEXT")
		}
		for deadline := time.Now().Add(Patience); ; time.Sleep(50 * time.Millisecond) {
			text, err := getBody("http://127.0.0.1:" + args[0] + args[1])
			if err == nil && strings.Contains(string(text), args[2]) {
				return
			}
			if time.Now().After(deadline) {
				ts.Fatalf("%s does not show %q: %v, %s", args[1], args[2], err, text)
			}
		}
	},
	"says": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: says FILE TEXT")
		}
		for deadline := time.Now().Add(Patience); !strings.Contains(ts.ReadFile(args[0]), args[1]); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				ts.Fatalf("%s does not say %q", args[0], args[1])
			}
		}
	},
	"term": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: term HOME")
		}
		r, err := config.Home(ts.MkAbs(args[0])).ReadRunning()
		ts.Check(err)
		ts.Check(syscall.Kill(r.PID, syscall.SIGTERM))
	},
	"hold": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: hold PORT")
		}
		l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
		ts.Check(err)
		ts.Defer(func() { _ = l.Close() })
	},
	"newer": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: newer HOME")
		}
		db, err := store.Open(config.Home(ts.MkAbs(args[0])).Data(), store.Options{})
		ts.Check(err)
		ts.Check(db.Space("schema").Set([]byte("version"), []byte{0, 0, 0, 99}))
		ts.Check(db.Close())
	},
	"network": runNetwork,
}

// status is of what a daemon says of itself what the scripts wait for.
type status struct {
	Height uint64   `json:"height"`
	Faults []string `json:"faults"`
}

// waitStatus waits until the daemon with an HTTP port says what is wanted.
func waitStatus(port string, wanted func(*status) bool) error {
	for deadline := time.Now().Add(Patience); ; time.Sleep(50 * time.Millisecond) {
		var s status
		err := getJSON("http://127.0.0.1:"+port+"/v1/status", &s)
		if err == nil && wanted(&s) {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(err, fmt.Errorf("not within %s: it is at height %d, with faults %q", Patience, s.Height, s.Faults))
		}
	}
}

func getJSON(url string, v any) error {
	body, err := getBody(url)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

func getBody(url string) ([]byte, error) {
	resp, err := http.Get(url) //nolint:noctx // the script ends with its test
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(io.LimitReader(resp.Body, 1<<20))
}
