package devnet

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// provable says of each kind which lies can be proven, and who is found out that
// judges without looking.
var provable = map[protocol.Kind]string{
	"inference":  "every run is exact, so that a wrong token or state shows in one more run; who judges without one finds right what was planted",
	"judgement":  "the logits of both orders are exact, so that a wrong choice shows in one more run; plants as above",
	"preference": "nothing: people cannot be run again. Pairs with a known answer are among those that are rated, and who rates by a cheap rule is paid little",
	"synthetic":  "the run that made a record is exact, plants as above; and every judge has the same gates, so that a wrong finding shows when they run again",
}

// lies prints what can be proven of each kind that the network pays for.
func (n *network) lies(b *strings.Builder) {
	_, _ = fmt.Fprintln(b, "\nwhat can be proven of an answer:")
	for i := range n.params.Kinds {
		k := n.params.Kinds[i].Name
		_, _ = fmt.Fprintf(b, "  %-11s %s\n", k, provable[k])
	}
	_, _ = fmt.Fprintln(b)
}

// table prints what became of every miner, as the first validator has it.
func (n *network) table(ctx context.Context, say *teller) error {
	node := n.validators[0].api
	scores, err := list[api.Score](ctx, node, "/v1/scores")
	if err != nil {
		return err
	}
	rows, err := list[api.Miner](ctx, node, "/v1/miners")
	if err != nil {
		return err
	}
	sum := map[protocol.PublicKey]*api.Score{}
	for _, s := range scores {
		t := sum[s.Hotkey]
		if t == nil {
			t = &api.Score{}
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
	_, _ = fmt.Fprintln(w, "\nminer\trole\tasked\tanswered\texact\tlate\tweight\tincentive\temission\tbalance\t")
	for _, a := range n.miners {
		var row api.Miner
		for _, r := range rows {
			if r.Hotkey == a.hotkey.PublicKey() {
				row = r
			}
		}
		s := sum[a.hotkey.PublicKey()]
		if s == nil {
			s = &api.Score{}
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t\n", a.name, a.role, s.Asked, s.Answered, s.Exact, s.Late, s.Weight, row.Incentive, row.EmissionTotal, row.Balance)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	n.lies(&b)
	say.plain(b.String() + "weight and incentive in 65535ths, of the newest epoch; emission and balance in tokens; the rest over all epochs, as " + n.validators[0].name + " saw it")
	return nil
}
