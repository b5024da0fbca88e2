package devnet

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// checkReceipts draws one answer of each kind by an honest miner and lets `assay
// verify` run it again.
func (n *network) checkReceipts(ctx context.Context, say *teller) error {
	exact, err := n.exactTasks(ctx)
	if err != nil {
		return err
	}
	var seed [8]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	for i := range n.params.Kinds {
		k := &n.params.Kinds[i]
		if k.OnLedger() {
			continue // no run made it
		}
		ids := exact[k.Name]
		if len(ids) == 0 {
			return fmt.Errorf("there is none of the kind %s to draw", k.Name)
		}
		id := ids[binary.LittleEndian.Uint64(seed[:])%uint64(len(ids))]
		say.printf("receipt    drawn with seed %x: task %s, %s", seed, id, k.Name)
		if err := n.checkReceipt(ctx, say, id); err != nil {
			return fmt.Errorf("of the kind %s: %w", k.Name, err)
		}
	}
	return nil
}

// exactTasks lists by kind the tasks of honest miners of whose answers some were
// found exact, in an order that everyone gets.
func (n *network) exactTasks(ctx context.Context) (map[protocol.Kind][]protocol.TaskID, error) {
	scores, err := list[api.Score](ctx, n.validators[0].api, "/v1/scores")
	if err != nil {
		return nil, err
	}
	honest := map[protocol.PublicKey]bool{}
	for _, a := range n.miners {
		honest[a.hotkey.PublicKey()] = !a.role.cheats()
	}
	exact := map[protocol.Kind][]protocol.TaskID{}
	for i := range scores {
		if s := &scores[i]; honest[s.Hotkey] && s.Exact > 0 {
			exact[s.Kind] = append(exact[s.Kind], s.Tasks...)
		}
	}
	for _, ids := range exact {
		slices.SortFunc(ids, func(a, b protocol.TaskID) int { return bytes.Compare(a[:], b[:]) })
	}
	return exact, nil
}

// checkReceipt lets the receipt of an answer be made, and run again.
func (n *network) checkReceipt(ctx context.Context, say *teller, id protocol.TaskID) error {
	receipt, err := process.Call(ctx, n.bin.assay, "receipt", "--node", n.validators[0].api.url, id.String())
	if err != nil {
		return err
	}
	path := filepath.Join(n.dir, "receipt.json")
	if err := os.WriteFile(path, receipt, 0o600); err != nil {
		return err
	}
	out, err := process.Call(ctx, n.bin.assay, "verify", "--model", n.model, path)
	if err != nil {
		return err
	}
	say.printf("receipt    assay verify: %s", strings.TrimSpace(string(out)))
	return nil
}
