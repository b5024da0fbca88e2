package daemon

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/miner/label"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/gossip"
)

// Explain adds what to do to an error of a component. What a component says of
// itself comes first: it knows whether a right is of a port or of a file.
func (d *Daemon) Explain(err error) error {
	if hint := d.hint(err); hint != "" {
		return fmt.Errorf("%w; %s", err, hint)
	}
	return err
}

func (d *Daemon) hint(err error) string {
	for _, h := range []struct {
		err  error
		hint string
	}{
		{gossip.ErrElsewhere, "two validators of one hotkey sign against each other, which burns stake, so this one stopped: find the other and stop it, then start one of them alone; with --force it starts, and goes on"},
		{gossip.ErrListen, config.ListenHint(err, "listen", "announce")},
		{consensus.ErrListen, config.ListenHint(err, "consensus-listen", "consensus-external")},
		{api.ErrListen, config.ListenHint(err, "http-listen", "")},
		{label.ErrListen, config.ListenHint(err, "label-listen", "")},
		{consensus.ErrExpired, "this node was away for longer than the network's signatures can be believed, or its clock is wrong: look with doctor; then give a newer block that you know, --trust HEIGHT:HASH, as assay status --node URL shows it of a node that you trust"},
		{consensus.ErrUpgrade, "install a program that knows them, or put the upgrade that the network's people name into genesis.json of this home, params.upgrades; nothing is lost, and it goes on from the block before"},
		{consensus.ErrCheckpoint, "this home follows another chain than the block that --trust names, or that block is wrong: ask the network's people; a new home follows the right one"},
		{consensus.ErrFork, "two thirds of the validators signed two histories: stop, keep " + string(d.Home) + " as it is, and ask the network's people"},
		{consensus.ErrStalled, "look at the clock and the network with doctor, then start again"},
	} {
		if errors.Is(err, h.err) {
			return h.hint
		}
	}
	return d.Home.Hint(err)
}
