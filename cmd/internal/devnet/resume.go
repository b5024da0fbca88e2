package devnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/assaynet/assay/protocol/durable"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
)

// keptName is the file in a network's directory by which it goes on.
const keptName = "devnet.json"

// kept is what of a network is in no other file: who there is, and at which ports,
// which are on the ledger.
type kept struct {
	Story  bool        `json:"story"`
	Cheats bool        `json:"cheats"`
	Actors []keptActor `json:"actors"`
}

type keptActor struct {
	Name      string `json:"name"`
	Role      role   `json:"role"`
	P2P       int    `json:"p2p"`
	Consensus int    `json:"consensus"`
	HTTP      int    `json:"http"`
}

// keep writes the file by which the network goes on.
func (n *network) keep(c *Config) error {
	k := kept{Story: c.Story, Cheats: c.Cheats}
	for _, a := range n.actors() {
		k.Actors = append(k.Actors, keptActor{a.name, a.role, a.p2p, a.consensus, a.http})
	}
	b, err := json.MarshalIndent(&k, "", "  ")
	if err != nil {
		return err
	}
	return durable.Replace(filepath.Join(n.dir, keptName), append(b, '\n'), 0o600)
}

// isKept reports whether a directory has a network that can go on.
func isKept(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, keptName))
	return err == nil
}

// resume reads a network that ran in a directory before. Errors are [ErrDir], with
// what is wrong.
func (n *network) resume(c *Config) error {
	k, err := readKept(n.dir)
	if err != nil {
		return err
	}
	switch {
	case k.Story || c.Story:
		return fmt.Errorf("%w: a story is played once, and %s has a network already; name another directory", ErrDir, n.dir)
	case k.Cheats != c.Cheats:
		return fmt.Errorf("%w: the network of %s was made with --cheats=%v; say the same, or name another directory", ErrDir, n.dir, k.Cheats)
	}
	b, err := os.ReadFile(n.genesisPath())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDir, err)
	}
	if n.genesis, err = ledger.ReadGenesis(b); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDir, n.genesisPath(), err)
	}
	n.params, n.resumed = n.genesis.Params, true
	for _, x := range k.Actors {
		a := &actor{name: filepath.Base(x.Name), role: x.Role, p2p: x.P2P, consensus: x.Consensus, http: x.HTTP}
		a.place(n.dir)
		if err := a.openKeys(); err != nil {
			return fmt.Errorf("%w: keys of %s: %w", ErrDir, a.name, err)
		}
		if a.role == roleValidator {
			n.validators = append(n.validators, a)
		} else {
			n.miners = append(n.miners, a)
		}
	}
	if len(n.validators) == 0 {
		return fmt.Errorf("%w: %s names no validators", ErrDir, filepath.Join(n.dir, keptName))
	}
	return nil
}

func readKept(dir string) (*kept, error) {
	path := filepath.Join(dir, keptName)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDir, err)
	}
	k := &kept{}
	if err := json.Unmarshal(b, k); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDir, path, err)
	}
	return k, nil
}

// place says where the actor's home is, and where it answers.
func (a *actor) place(dir string) {
	a.home = filepath.Join(dir, a.name)
	a.api = &endpoint{url: fmt.Sprintf("http://127.0.0.1:%d", a.http)}
}

// openKeys reads the keys that makeKeys wrote.
func (a *actor) openKeys() error {
	store, err := keystore.New(keystore.Config{Dir: filepath.Join(a.home, "keys"), WorkFactor: 1})
	if err != nil {
		return err
	}
	if a.hotkey, err = store.Open("hotkey", keystore.InsecurePassphrase()); err != nil {
		return err
	}
	a.coldkey, err = store.Open("coldkey", keystore.InsecurePassphrase())
	return err
}

// hasHome reports whether init made the actor's home before.
func (a *actor) hasHome() bool {
	_, err := os.Stat(filepath.Join(a.home, "config.toml"))
	return !errors.Is(err, fs.ErrNotExist)
}
