package devnet

import (
	"path/filepath"
	"strings"

	"github.com/assaynet/assay/protocol"
)

// Address is where a running network is found, and what it takes to join it.
type Address struct {
	ChainID   string   `json:"chain_id"`
	Dir       string   `json:"dir"`
	Genesis   string   `json:"genesis"` // a path
	Bootstrap string   `json:"bootstrap"`
	Model     string   `json:"model"` // a path
	Keys      string   `json:"keys"`  // a directory with keys, without a passphrase, of an account that has money
	Nodes     []Member `json:"nodes"`
}

// Member is one node of the network.
type Member struct {
	Name string `json:"name"`
	Role string `json:"role"`
	Home string `json:"home"`
	URL  string `json:"url"` // "" for one that answers no HTTP
}

// address returns where the network is, without the miner that joins later.
func (n *network) address() (*Address, error) {
	boot, err := n.validators[0].bootstrap(n.genesis)
	if err != nil {
		return nil, err
	}
	at := &Address{
		ChainID: protocol.ShortChainID(n.genesis.ChainID()), Dir: n.dir, Genesis: n.genesisPath(), Bootstrap: boot, Model: n.model,
		Keys: filepath.Join(n.miners[0].home, "keys"),
	}
	for _, a := range n.actors() {
		if a.role == roleLate {
			continue
		}
		m := Member{Name: a.name, Role: string(a.role), Home: a.home, URL: a.api.url}
		if !a.role.answers() {
			m.URL = ""
		}
		at.Nodes = append(at.Nodes, m)
	}
	return at, nil
}

// commands tells how to join the running network and how to query it.
func (n *network) commands() (string, error) {
	at, err := n.address()
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(
		"{MINER}", n.bin.miner, "{VALIDATOR}", n.bin.validator, "{ASSAY}", n.bin.assay,
		"{GENESIS}", at.Genesis, "{BOOT}", at.Bootstrap, "{URL}", at.Nodes[0].URL, "{MODEL}", at.Model, "{RICH}", at.Keys, "{DIR}", at.Dir,
	).Replace(joinHelp), nil
}

const joinHelp = `
the network is up; Ctrl-C stops it. In another terminal:

  # look at it
  {ASSAY} status --node {URL}
  {ASSAY} miners --node {URL}
  {ASSAY} scores --node {URL} --epoch 1..2

  # your own miner: keys, money from an account of this network, a seat, run
  export ASSAY_NODE={URL}
  {MINER} init --home ~/.assay/devnet-miner --genesis {GENESIS} --bootstrap {BOOT} --new-coldkey --insecure-no-passphrase
  {ASSAY} tx transfer --yes --keys {RICH} --insecure-no-passphrase --to "$(cat ~/.assay/devnet-miner/keys/coldkey.pub)" --amount 100
  {ASSAY} tx register --yes --keys ~/.assay/devnet-miner/keys --insecure-no-passphrase --hotkey "$(cat ~/.assay/devnet-miner/keys/hotkey.pub)"
  {ASSAY} tx collateral --yes --keys ~/.assay/devnet-miner/keys --insecure-no-passphrase --hotkey "$(cat ~/.assay/devnet-miner/keys/hotkey.pub)" --amount 16
  {MINER} run --home ~/.assay/devnet-miner --model {MODEL} --insecure-no-passphrase

  # your own validator: the same, then stake on its hotkey
  {VALIDATOR} init --home ~/.assay/devnet-validator --genesis {GENESIS} --bootstrap {BOOT} --new-coldkey --insecure-no-passphrase
  {ASSAY} tx transfer --yes --keys {RICH} --insecure-no-passphrase --to "$(cat ~/.assay/devnet-validator/keys/coldkey.pub)" --amount 300
  {ASSAY} tx register --yes --keys ~/.assay/devnet-validator/keys --insecure-no-passphrase --hotkey "$(cat ~/.assay/devnet-validator/keys/hotkey.pub)"
  {ASSAY} tx stake --yes --keys ~/.assay/devnet-validator/keys --insecure-no-passphrase --hotkey "$(cat ~/.assay/devnet-validator/keys/hotkey.pub)" --amount 200
  {VALIDATOR} run --home ~/.assay/devnet-validator --model {MODEL} --insecure-no-passphrase

the nodes' homes are in {DIR}; after Ctrl-C, if the directory is kept, {ASSAY} miners --home {DIR}/validator-1 still answers from the database
`
