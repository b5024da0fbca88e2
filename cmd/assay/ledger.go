package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
)

func ledgerCommand() *cli.Command {
	return &cli.Command{
		Name:  "ledger",
		Usage: "bring a network back that makes no blocks any more",
		Subcommands: usage.WithoutArguments([]*cli.Command{{
			Name:  "recover",
			Usage: "write the genesis of a network that goes on without validators that are dead",
			Description: `For the owners of a network in which validators with a third of the power are gone for
good: no rule can help there, for rules take blocks. Those that are left agree, by
talking, on a new network that begins with the last state: with all balances, stakes,
seats, rows and payments, at the next height. Validators that are dropped keep their
stake and lose the permit; they may ask for it again when they are back (assay tx
unjail). The chain id is another, so that nothing that was signed before counts.

   assay ledger recover --home HOME --drop 2,3 genesis-recovered.json

The home is a stopped validator's, the one with the highest block. Who runs it on the
same block gets the same file. It changes nothing in the home, and says what to do
then. JSON fields: chain_id, former, height, state_hash, validators, dropped, supply.`,
			ArgsUsage: "FILE",
			Flags: []cli.Flag{
				config.HomeFlag(config.Validator),
				&cli.StringFlag{Name: "drop", Usage: "`SEATS` of validators that are dead, as assay validators shows their uids: 2,3"},
				&cli.BoolFlag{Name: "json", Usage: "print one JSON object", DisableDefaultText: true},
			},
			Action: recoverLedger,
		}}),
	}
}

// recovered is what --json prints.
type recovered struct {
	Chain      string          `json:"chain_id"`
	Former     string          `json:"former"`
	Height     protocol.Height `json:"height"` // of the last block
	StateHash  protocol.Hash   `json:"state_hash"`
	Validators []protocol.UID  `json:"validators"`
	Dropped    []protocol.UID  `json:"dropped"`
	Supply     ledger.Supply   `json:"supply"`
}

func recoverLedger(c *cli.Context) error {
	args, err := arguments(c, 1, "one FILE")
	if err != nil {
		return err
	}
	drop, err := seatsOf(c.String("drop"))
	if err != nil {
		return err
	}
	home, err := config.HomeOf(c, config.Validator)
	if err != nil {
		return err
	}
	g, err := home.ReadGenesis()
	if err != nil {
		return usage.Mistake(err)
	}
	next, err := recoverHome(home, g, drop)
	if err != nil {
		return err
	}
	b, err := json.Marshal(next)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return withHint(err, "name a file that is not there yet")
	}
	if _, err := f.Write(append(b, '\n')); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return tellRecovered(c, args[0], home, next, drop)
}

// recoverHome makes the genesis of the newest state in a stopped home.
func recoverHome(home config.Home, g *ledger.Genesis, drop []protocol.UID) (_ *ledger.Genesis, err error) {
	db, err := store.Open(home.Data(), store.Options{ReadOnly: true, Logger: zerolog.Nop()})
	if err != nil {
		return nil, withHint(err, "the validator must be stopped")
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.CheckChain(protocol.ShortChainID(g.ChainID())); err != nil {
		return nil, err
	}
	return consensus.Recover(g, db, drop)
}

// seatsOf reads "2,3".
func seatsOf(list string) (out []protocol.UID, err error) {
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		uid, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("--drop %q: %q is no seat; give uids such as 2,3", abridge(list), abridge(part))
		}
		out = append(out, protocol.UID(uid))
	}
	return out, nil
}

func tellRecovered(c *cli.Context, path string, home config.Home, g *ledger.Genesis, drop []protocol.UID) error {
	tree := &ledger.MemTree{}
	set, err := ledger.Init(tree, g)
	if err != nil {
		return err
	}
	out := recovered{Chain: g.ChainID(), Former: g.Former.Chain, Height: g.Former.Height, StateHash: g.Former.StateHash, Dropped: drop}
	for _, v := range set {
		out.Validators = append(out.Validators, v.UID)
	}
	if out.Supply, err = ledger.CountSupply(tree); err != nil {
		return err
	}
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		return e.Encode(&out)
	}
	return sayRecovered(c.App.Writer, path, home, &out)
}

func sayRecovered(w io.Writer, path string, home config.Home, out *recovered) error {
	aside := home.Data() + "-before-" + strconv.FormatUint(uint64(out.Height), 10)
	_, err := fmt.Fprintf(w, `%s goes on after block %d, whose state is %s
former chain  %s
new chain     %s
validators    %v, without %v
supply        %s issued, the same as before

What to do now, on each validator that is left:

1. Compare the height, the state and the new chain with the others'. Who has a lower
   height takes the file of the one with the highest.
2. Stop the validator, and keep its database: mv %s %s
3. Put the genesis in its place: cp %s %s
4. Start it. It finds the others by the ledger, and by node.bootstrap of config.toml.
   Blocks come when more than two thirds of the power of those above run.
5. Miners do the same with their homes, and with the same file.

The former chain's log of a running height, %s*, is used
no more; it may go when you are sure that you do not go back.

Nothing is asked for two epochs, until the validators' next beacon chains serve.
`, filepath.Base(path), out.Height, out.StateHash, out.Former, out.Chain, out.Validators, out.Dropped, out.Supply.Issued,
		home.Data(), aside, path, home.Genesis(), filepath.Join(home.Consensus(), "wal", protocol.ShortChainID(out.Former)))
	return err
}
