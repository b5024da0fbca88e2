package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// stateHashAt asks a node for the hash of the state after a block; false where it
// does not know it.
func stateHashAt(ctx context.Context, n *client, h protocol.Height) (protocol.Hash, bool, error) {
	var s api.StateHash
	err := n.get(ctx, fmt.Sprintf("/v1/state-hash?height=%d", h), &s)
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Status == http.StatusNotFound {
		return protocol.Hash{}, false, nil
	}
	if err == nil && s.Height != h {
		err = fmt.Errorf("%s answers with the state after block %d, not %d", n.url, s.Height, h)
	}
	return s.AppHash, err == nil, err
}

// finalStates returns the states in which the epochs of an export are final: those
// that its manifest has, and for the others what the node says.
func finalStates(c *cli.Context, n *client, dir, chain string) ([]history.State, error) {
	epochs, err := history.Epochs(dir)
	if err != nil {
		return nil, err
	}
	old, err := history.ReadManifest(dir)
	if err != nil && !errors.Is(err, history.ErrManifest) {
		return nil, err
	}
	var network api.Network
	if err := n.get(c.Context, "/v1/network", &network); err != nil {
		return nil, err
	}
	if network.Tempo == 0 {
		return nil, fmt.Errorf("%s says that epochs have no blocks", n.url)
	}
	schedule := protocol.Schedule{Tempo: network.Tempo}
	out, unknown := []history.State{}, 0
	for _, e := range epochs {
		if old != nil && old.ChainID == chain && old.Of(e) != nil {
			out = append(out, *old.Of(e))
			continue
		}
		s := history.State{Epoch: e, Height: history.FinalAt(schedule, e)}
		var known bool
		if s.StateHash, known, err = stateHashAt(c.Context, n, s.Height); err != nil {
			return nil, err
		}
		if !known {
			unknown++
			continue
		}
		out = append(out, s)
	}
	if unknown > 0 {
		note(c, "of %d epochs this node has no state hash: the manifest does not name their states", unknown)
	}
	return out, nil
}
