package devnet

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
)

// network is everything that is made before the first process starts.
type network struct {
	dir        string
	bin        *programs
	model      string
	params     params.Params
	genesis    *ledger.Genesis
	validators []*actor
	miners     []*actor
	resumed    bool // it ran before, and goes on
}

// Money at the start, in tokens: enough for fees and one more registration.
const (
	startBalance = 1000 * protocol.Unit
	startStake   = 1000 * protocol.Unit
	collateral   = 16 * protocol.Unit // of each miner: more slots than it is asked
)

// newNetwork makes keys, genesis and homes in dir.
func newNetwork(c *Config, dir string, bin *programs) (*network, error) {
	model, err := filepath.Abs(c.Model)
	if err != nil {
		return nil, fmt.Errorf("find the model: %w", err)
	}
	n := &network{dir: dir, bin: bin, model: model, params: params.Local()}
	if isKept(dir) {
		return n, n.resume(c)
	}
	roles := []role{roleHonest, roleHonest}
	if c.Cheats {
		roles = append(roles, roleAltered, roleCopier)
	}
	if c.Story {
		n.params = params.Demo()
		for range 7 {
			roles = append(roles, roleReader)
		}
		roles = append(roles, roleLonger, roleLate)
	}
	for i := range 4 {
		n.validators = append(n.validators, &actor{name: "validator-" + strconv.Itoa(i+1), role: roleValidator})
	}
	numbered := map[string]int{}
	for _, r := range roles {
		name := "miner"
		if r.rates() {
			name = "reader"
		}
		numbered[name]++
		n.miners = append(n.miners, &actor{name: name + "-" + strconv.Itoa(numbered[name]), role: r})
	}
	ports, err := process.FreePorts(3 * len(n.actors()))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(n.dir, "log"), 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	for i, a := range n.actors() {
		a.p2p, a.consensus, a.http = ports[3*i], ports[3*i+1], ports[3*i+2]
		a.place(n.dir)
		if err := a.makeKeys(); err != nil {
			return nil, fmt.Errorf("keys of %s: %w", a.name, err)
		}
	}
	if err := n.makeGenesis(); err != nil {
		return nil, err
	}
	return n, n.keep(c)
}

func (n *network) actors() []*actor {
	return append(append([]*actor{}, n.validators...), n.miners...)
}

// makeGenesis seats everybody but the late miner, which has money only.
func (n *network) makeGenesis() error {
	g := &ledger.Genesis{Params: n.params, Time: time.Now().Unix()}
	for _, a := range n.actors() {
		g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: a.coldkey.PublicKey(), Balance: startBalance})
		if a.role == roleLate {
			continue
		}
		seat, err := a.genesisSeat(g)
		if err != nil {
			return fmt.Errorf("genesis seat of %s: %w", a.name, err)
		}
		g.Seats = append(g.Seats, seat)
	}
	if err := g.Check(); err != nil {
		return err
	}
	n.genesis = g
	b, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(n.genesisPath(), b, 0o600)
}

func (n *network) genesisPath() string { return filepath.Join(n.dir, "genesis.json") }
