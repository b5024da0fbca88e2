package devnet

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
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
	scores, err := list[api.Score](ctx, n.validators[0].api, "/v1/scores")
	if err != nil {
		return err
	}
	for i := range n.params.Kinds {
		if n.params.Kinds[i].OnLedger() {
			continue // no run made it
		}
		kind := n.params.Kinds[i].Name
		of := slices.DeleteFunc(slices.Clone(scores), func(s api.Score) bool { return s.Kind != kind })
		if err := n.checkReceipt(ctx, say, of); err != nil {
			return fmt.Errorf("of the kind %s: %w", kind, err)
		}
	}
	return nil
}

// checkReceipt draws one answer among those that were scored.
func (n *network) checkReceipt(ctx context.Context, say *teller, scores []api.Score) error {
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
	if len(ids) == 0 {
		return errors.New("there is none to draw")
	}
	var seed [8]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	id := ids[binary.LittleEndian.Uint64(seed[:])%uint64(len(ids))]
	say.printf("receipt    drawn with seed %x: task %s, %s", seed, id, scores[0].Kind)
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
