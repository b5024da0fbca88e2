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

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// checkReceipts draws one answer of each kind by an honest miner and lets `assay
// verify` run it again.
func (n *network) checkReceipts(ctx context.Context, say *teller) error {
	ids, err := n.exactTasks(ctx)
	if err != nil {
		return err
	}
	want := map[protocol.Kind]bool{}
	for i := range n.params.Kinds {
		if !n.params.Kinds[i].OnLedger() { // else no run made it
			want[n.params.Kinds[i].Name] = true
		}
	}
	var seed [8]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	for i := range ids {
		if len(want) == 0 {
			break
		}
		id := ids[(binary.LittleEndian.Uint64(seed[:])+uint64(i))%uint64(len(ids))]
		var t api.Task
		if err := n.validators[0].api.get(ctx, "/v1/tasks/"+id.String(), &t); err != nil {
			return err
		}
		if !want[t.Kind] {
			continue
		}
		delete(want, t.Kind)
		say.printf("receipt    drawn with seed %x: task %s, %s", seed, id, t.Kind)
		if err := n.checkReceipt(ctx, say, id); err != nil {
			return fmt.Errorf("of the kind %s: %w", t.Kind, err)
		}
	}
	for kind := range want {
		return fmt.Errorf("there is none of the kind %s to draw", kind)
	}
	return nil
}

// exactTasks lists the tasks of honest miners of whose answers some were found
// exact, in an order that everyone gets.
func (n *network) exactTasks(ctx context.Context) ([]protocol.TaskID, error) {
	scores, err := list[api.Score](ctx, n.validators[0].api, "/v1/scores")
	if err != nil {
		return nil, err
	}
	honest := map[protocol.PublicKey]bool{}
	for _, a := range n.miners {
		honest[a.hotkey.PublicKey()] = !a.role.cheats()
	}
	var ids []protocol.TaskID
	for _, s := range scores {
		if honest[s.Hotkey] && s.Exact > 0 {
			ids = append(ids, s.Tasks...)
		}
	}
	slices.SortFunc(ids, func(a, b protocol.TaskID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids), nil
}

// checkReceipt lets the receipt of an answer be made, and run again.
func (n *network) checkReceipt(ctx context.Context, say *teller, id protocol.TaskID) error {
	receipt, err := call(ctx, n.bin.assay, "receipt", "--node", n.validators[0].api.url, id.String())
	if err != nil {
		return err
	}
	path := filepath.Join(n.dir, "receipt.json")
	if err := os.WriteFile(path, receipt, 0o600); err != nil {
		return err
	}
	out, err := call(ctx, n.bin.assay, "verify", "--model", n.model, path)
	if err != nil {
		return err
	}
	say.printf("receipt    assay verify: %s", strings.TrimSpace(string(out)))
	return nil
}
