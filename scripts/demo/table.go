package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/assaynet/assay/protocol"
)

// table prints what became of every miner, as the first validator has it.
func (n *network) table(ctx context.Context, say *teller) error {
	api := n.validators[0].api
	scores, err := list[scoreRow](ctx, api, "/v1/scores")
	if err != nil {
		return err
	}
	rows, err := list[minerRow](ctx, api, "/v1/miners")
	if err != nil {
		return err
	}
	sum := map[protocol.PublicKey]*scoreRow{}
	for _, s := range scores {
		t := sum[s.Hotkey]
		if t == nil {
			t = &scoreRow{}
			sum[s.Hotkey] = t
		}
		t.Asked += s.Asked
		t.Answered += s.Answered
		t.Exact += s.Exact
		t.Late += s.Late
		if s.Epoch >= t.Epoch && s.Final {
			t.Epoch, t.Weight = s.Epoch, s.Weight
		}
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nminer\trole\tasked\tanswered\texact\tlate\tweight\tincentive\temission\tbalance\t")
	for _, a := range n.miners {
		var row minerRow
		for _, r := range rows {
			if r.Hotkey == a.hotkey.PublicKey() {
				row = r
			}
		}
		s := sum[a.hotkey.PublicKey()]
		if s == nil {
			s = &scoreRow{}
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t\n", a.name, a.role, s.Asked, s.Answered, s.Exact, s.Late, s.Weight, row.Incentive, row.Total, row.Balance)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	say.plain(b.String() + "weight and incentive in 65535ths, of the newest epoch; emission and balance in tokens; the rest over all epochs, as " + n.validators[0].name + " saw it")
	return nil
}

// checkReceipt draws one answer of an honest miner and lets `assay verify` run
// it again.
func (n *network) checkReceipt(ctx context.Context, say *teller) error {
	scores, err := list[scoreRow](ctx, n.validators[0].api, "/v1/scores")
	if err != nil {
		return err
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
	if len(ids) == 0 {
		return errors.New("there is none to draw")
	}
	var seed [8]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	id := ids[binary.LittleEndian.Uint64(seed[:])%uint64(len(ids))]
	say.printf("receipt    drawn with seed %x: task %s", seed, id)
	assay := filepath.Join(n.bin, "assay")
	receipt, err := call(ctx, assay, "receipt", "--node", n.validators[0].api.url, id.String())
	if err != nil {
		return err
	}
	path, err := n.writeReceipt(receipt)
	if err != nil {
		return err
	}
	out, err := call(ctx, assay, "verify", "--model", n.model, path)
	if err != nil {
		return err
	}
	say.printf("receipt    assay verify: %s", strings.TrimSpace(string(out)))
	return nil
}
