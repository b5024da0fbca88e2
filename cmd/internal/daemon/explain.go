package daemon

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/store"
)

// Explain adds what to do to an error of a component.
func (d *Daemon) Explain(err error) error {
	for _, h := range []struct {
		err  error
		hint string
	}{
		{store.ErrFull, "free some space on the disk of " + string(d.Home) + " and start again; nothing that was acknowledged is lost"},
		{syscall.ENOSPC, "free some space on the disk of " + string(d.Home) + " and start again"},
		{store.ErrLocked, "stop the other one, or give this one another --home"},
		{store.ErrNewerSchema, "install the newer program; the database was not touched"},
		{store.ErrCorrupt, "restore " + d.Home.Data() + " from a copy, or move it away: then the node fetches the ledger anew, and has lost what it kept for itself"},
		{consensus.ErrGenesis, "put the right genesis.json back into " + string(d.Home) + ", or use another --home"},
		{gossip.ErrListen, "stop the program that has the port, or choose another by --listen"},
		{consensus.ErrListen, "stop the program that has the port, or choose another by --consensus-listen"},
		{syscall.EADDRINUSE, "--http-listen sets the address"},
		{consensus.ErrExpired, "this node was away for longer than the network's signatures can be believed, or its clock is wrong; look with doctor"},
		{consensus.ErrFork, "two thirds of the validators signed two histories: stop, keep " + string(d.Home) + " as it is, and ask the network's people"},
		{consensus.ErrStalled, "look at the clock and the network with doctor, then start again"},
	} {
		if errors.Is(err, h.err) {
			return fmt.Errorf("%w; %s", err, h.hint)
		}
	}
	return err
}
