package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

func lastSignedCommand() *cli.Command {
	return &cli.Command{
		Name:  "last-signed",
		Usage: "show what the consensus key signed last",
		Description: `Shows the record in consensus/` + consensus.LastSignedFile + ` of the home: the validator signs
nothing at or before it, whatever its database says. No backup has it.

Where the record is missing although the key was of the set before, or blocks carry a
later signature, the validator passes over the first height that it is asked for, in
case a copy of it signed there, and those behind it while blocks show the copy. If so
many validators do so at once that no block comes any more, or this one is alone,
let it sign from its newest block on, while it is stopped:

   validator last-signed --reset

Two signatures for one height cost the permit, so it is for who knows that no copy
of this validator runs, or ran later than the database here.`,
		Flags: []cli.Flag{
			config.HomeFlag(config.Validator),
			&cli.BoolFlag{Name: "reset", Usage: "forget it, and sign from the newest block here on", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print the record, one JSON object", DisableDefaultText: true},
		},
		Action: lastSigned,
	}
}

func lastSigned(c *cli.Context) error {
	home, err := config.HomeOf(c, config.Validator)
	if err != nil {
		return err
	}
	g, err := home.ReadGenesis()
	if err != nil {
		return usage.Mistake(err)
	}
	if c.Bool("reset") {
		if err := resetLastSigned(home, g.ChainID()); err != nil {
			return err
		}
	}
	l, err := consensus.ReadLastSigned(home.Consensus(), g.ChainID())
	if err != nil {
		return fmt.Errorf("%w; if no copy of this validator can sign: validator last-signed --reset", err)
	}
	switch {
	case c.Bool("json"):
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		err = e.Encode(l)
	case l.Height == 0:
		_, err = fmt.Fprintln(c.App.Writer, "nothing, as far as this home knows")
	default:
		_, err = fmt.Fprintln(c.App.Writer, l.String())
	}
	return err
}

// resetLastSigned has a home sign from the block after its newest one on. That is
// not the one after its state: a validator that was stopped or copied in between
// has the block, with its own signature, and what the block did is still to be
// done.
func resetLastSigned(home config.Home, chain string) error {
	db, err := store.Open(home.Data(), store.Options{})
	if err != nil {
		return home.Explain(err, "")
	}
	defer func() { _ = db.Close() }()
	if err := db.CheckChain(protocol.ShortChainID(chain)); err != nil {
		return err
	}
	st, err := state.Open(db.Space("state"))
	if err != nil {
		return err
	}
	// After a snapshot there is a state without a block.
	return consensus.ResetLastSigned(home.Consensus(), chain, max(st.Version(), consensus.OpenArchive(db).Newest()))
}
