package dashboard

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
)

// span is how many epochs a chart and its table show.
const span = 30

// paidEpoch is what the ledger says of an epoch that has paid.
type paidEpoch struct {
	ledger.EpochRecord
}

// epochsBack returns the last n epochs up to one that the ledger has, oldest first.
func epochsBack(r ledger.Reader, last protocol.Epoch, n int) ([]paidEpoch, error) {
	var out []paidEpoch
	if p, ok := r.(api.Prefetcher); ok {
		var keys [][]byte
		for e := last - min(last, protocol.Epoch(n-1)); e <= last; e++ {
			keys = append(keys, ledger.EpochKey(e))
		}
		if err := p.Prefetch(keys...); err != nil {
			return nil, err
		}
	}
	for e := last; len(out) < n; e-- {
		rec, ok, err := ledger.ReadEpoch(r, e)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, paidEpoch{rec})
		}
		if e == 0 || !ok {
			break
		}
	}
	slices.Reverse(out)
	return out, nil
}

// glance is the first page.
func (d *Dashboard) glance(r *request) (*document, error) {
	doc := &document{Title: "The network at a glance", Here: "/", News: r.ledger != nil}
	s, err := ask[api.Status](r.Context(), d, "/v1/status")
	if err != nil {
		return nil, err
	}
	doc.Lead = d.lead(&s)
	doc.Sections = append(doc.Sections, nodeSection(&s))
	if r.ledger == nil {
		return doc, nil
	}
	if r.any {
		sec, err := d.paidSection(r)
		if err != nil {
			return nil, err
		}
		doc.Sections = append(doc.Sections, *sec)
		if sec, err = d.bestSection(r); err != nil && !missing(err) {
			return nil, err
		}
		if sec != nil {
			doc.Sections = append(doc.Sections, *sec)
		}
	}
	sec, err := d.termsSection(r.Context())
	if err != nil {
		return nil, err
	}
	doc.Sections = append(doc.Sections, *sec)
	return doc, nil
}

// lead says in a sentence how the node is.
func (d *Dashboard) lead(s *api.Status) string {
	switch {
	case s.Height == 0:
		return "This node has no block yet."
	case s.CatchingUp:
		return fmt.Sprintf("This node is catching up with the network; it has block %d.", s.Height)
	case len(s.Faults) > 0:
		return "This node cannot do its work: " + strings.Join(s.Faults, "; ") + "."
	}
	return fmt.Sprintf("This node is at block %d, in epoch %d, with %s.", s.Height, s.Epoch, count(s.Peers, "peer", "peers"))
}

func nodeSection(s *api.Status) section {
	sec := section{Title: "This node", Facts: []fact{
		{"Role", plain(s.Role)},
		{"Version", plain(s.Version)},
		{"Newest block", number(s.Height)},
		{"Made at", when(s.BlockTime)},
		{"Peers", number(s.Peers)},
		{"Hotkey", plain(s.Hotkey)},
	}}
	for _, why := range s.Reasons {
		sec.Notes = append(sec.Notes, sentence(why))
	}
	return sec
}

// paidSection is what the last epochs paid.
func (d *Dashboard) paidSection(r *request) (*section, error) {
	list, err := epochsBack(r.ledger, r.paid, span)
	if err != nil {
		return nil, err
	}
	return &section{Title: "What epochs paid", Chart: paidChart(list), More: []link{{"All epochs", prefix + "epochs"}}}, nil
}

// tokens is an amount for a drawing, which need not be exact.
func tokens(a protocol.Amount) float64 { return float64(a) / float64(protocol.Unit) }

// paidChart draws what epochs paid, the oldest first.
func paidChart(list []paidEpoch) *chart {
	miners, validators, nobody := line{Name: "miners"}, line{Name: "validators"}, line{Name: "nobody (unearned)"}
	t := &table{Name: "What epochs paid, newest first", Head: heads("#Epoch", "#Block", "#To miners", "#To validators", "#Unearned", "#Carried", "#Seats")}
	for i := range list {
		e := &list[i]
		miners.Values = append(miners.Values, tokens(e.Miners))
		validators.Values = append(validators.Values, tokens(e.Validators))
		nobody.Values = append(nobody.Values, tokens(e.Unearned))
	}
	for _, e := range slices.Backward(list) {
		t.Rows = append(t.Rows, []cell{
			epochCell(e.Epoch), number(e.Height), amount(e.Miners), amount(e.Validators), amount(e.Unearned), amount(e.Carried), number(e.Seats),
		})
	}
	if len(list) == 0 {
		return nil
	}
	first, last := &list[0], &list[len(list)-1]
	c := lines("paid", "Tokens paid to miners and validators by epoch", "tokens an epoch", epochName(first.Epoch), epochName(last.Epoch), miners, validators, nobody)
	c.Table = t
	c.Sentence = fmt.Sprintf("Epoch %d paid %s to miners and %s to validators", last.Epoch, earning.Short(last.Miners), earning.Short(last.Validators))
	if len(list) > 1 {
		c.Sentence += fmt.Sprintf("; epoch %d had paid %s and %s", first.Epoch, earning.Short(first.Miners), earning.Short(first.Validators))
	}
	c.Sentence += "."
	return c
}

func epochName(e protocol.Epoch) string { return "epoch " + strconv.FormatUint(uint64(e), 10) }

func epochCell(e protocol.Epoch) cell {
	n := strconv.FormatUint(uint64(e), 10)
	return cell{Text: n, Path: prefix + "epoch/" + n, Number: true}
}

// bestOf is how many seats the first page shows.
const bestOf = 10

// bestSection is whom the newest epoch paid most.
func (d *Dashboard) bestSection(r *request) (*section, error) {
	list, err := ledger.ReadPayments(r.ledger, r.paid)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b ledger.Payment) int {
		x, y := a.Miner+a.Validator, b.Miner+b.Validator // parts of one emission
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	t := &table{Name: "Best paid seats", Head: heads("#Seat", "Hotkey", "#For work", "#For judging")}
	for i := range list[:min(len(list), bestOf)] {
		p := &list[i]
		if p.Miner+p.Validator == 0 {
			break
		}
		at := minerCell(p.Seat.UID)
		if p.Validator > p.Miner {
			at = validatorCell(p.Seat.UID)
		}
		t.Rows = append(t.Rows, []cell{at, tail(p.Hotkey), amount(p.Miner), amount(p.Validator)})
	}
	sec := &section{Title: fmt.Sprintf("Best paid in epoch %d", r.paid), Table: t}
	if len(t.Rows) == 0 {
		sec.Table, sec.Notes = nil, []string{"Nobody was paid in it."}
	}
	return sec, nil
}

// termsSection is what it costs to take part, and what is paid for.
func (d *Dashboard) termsSection(ctx context.Context) (*section, error) {
	n, err := ask[api.Network](ctx, d, "/v1/network")
	if err != nil {
		return nil, err
	}
	sec := &section{Title: "What it takes", Facts: []fact{
		{"Chain", plain(n.ChainID)},
		{"Seats", plain(fmt.Sprintf("%d of %d", n.Seats, n.MaxSeats))},
		{"Price of a seat", amount(n.Price)},
		{"Fee of a transfer", amount(n.Fee)},
		{"Least stake of a validator", amount(n.MinStake)},
		{"Collateral of a slot", amount(n.Collateral)},
		{"An epoch", plain(fmt.Sprintf("%d blocks, in rounds of %d", n.Tempo, n.RoundLength))},
		{"Answers and cards are kept", plain(count(n.Retention, "epoch", "epochs"))},
	}}
	sec.Table = &table{Name: "Models that are paid for", Head: heads("Kind", "Model", "Id")}
	for i := range n.Kinds {
		for _, m := range n.Kinds[i].Models {
			sec.Table.Rows = append(sec.Table.Rows, []cell{plain(string(n.Kinds[i].Kind)), plain(m.Name), plain(m.ID.String())})
		}
	}
	if len(sec.Table.Rows) == 0 {
		sec.Table = nil
	}
	return sec, nil
}
