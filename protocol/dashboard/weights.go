package dashboard

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
)

// weights is what validators think of miners, as a heat map.
func (d *Dashboard) weights(r *request) (*document, error) {
	if err := r.needLedger(); err != nil {
		return nil, err
	}
	e, rows, err := r.rows()
	if err != nil {
		return nil, err
	}
	doc := &document{Title: "Weights", Here: prefix + "weights"}
	if len(rows) == 0 {
		doc.Lead = fmt.Sprintf("No validator has opened weights for epoch %d here: they are opened in the epoch after it, and kept for %d epochs.", e, d.cfg.Params.Tasks.Retention)
		return doc, nil
	}
	uids := weighed(rows)
	doc.Lead = fmt.Sprintf("%s opened weights for the work of epoch %d, for %s; epoch %d pays by them.", count(len(rows), "validator", "validators"), e, count(len(uids), "miner", "miners"), e+earning.Lag)
	doc.Sections = []section{heatSection(e, rows, uids)}
	more := &doc.Sections[0].More
	if e > 0 {
		*more = append(*more, link{fmt.Sprintf("Epoch %d", e-1), fmt.Sprintf("%sweights?epoch=%d", prefix, e-1)})
	}
	if e < r.epoch {
		*more = append(*more, link{fmt.Sprintf("Epoch %d", e+1), fmt.Sprintf("%sweights?epoch=%d", prefix, e+1)})
	}
	return doc, nil
}

// rows are the weights of the epoch that is asked for, or the newest.
func (r *request) rows() (protocol.Epoch, []ledger.Weights, error) {
	given := r.URL.Query().Get("epoch")
	if given == "" {
		return newestRows(r)
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil || protocol.Epoch(n) > r.epoch {
		return 0, nil, noPage("%.40q is no epoch from 0 to %d", given, r.epoch)
	}
	rows, err := ledger.ReadWeightRows(r.ledger, protocol.Epoch(n))
	return protocol.Epoch(n), rows, err
}

// weighed are the miners that have some weight, by uid.
func weighed(rows []ledger.Weights) []protocol.UID {
	var out []protocol.UID
	seen := map[protocol.UID]bool{}
	for i := range rows {
		w := &rows[i]
		for j, uid := range w.UIDs[:min(len(w.UIDs), len(w.Values))] {
			if w.Values[j] > 0 && uid != protocol.Nobody && !seen[uid] {
				seen[uid] = true
				out = append(out, uid)
			}
		}
	}
	slices.Sort(out)
	return out
}

// columnsOf is how many validators a table has in columns of their own.
const columnsOf = 8

func heatSection(e protocol.Epoch, rows []ledger.Weights, uids []protocol.UID) section {
	shown := uids[:min(len(uids), maxHeatX)]
	values := make([][]uint16, len(rows))
	for i := range rows {
		values[i] = make([]uint16, len(shown))
		for j, uid := range shown {
			values[i][j] = weightOf(&rows[i], uid)
		}
	}
	c := heat("weights", fmt.Sprintf("Weights that validators gave to miners for epoch %d, darker is more", e), "validators", "miners, by uid", values)
	apart, at := 0, protocol.UID(0)
	t := &table{Name: "Weights by miner", Head: heads("#Miner")}
	few := len(rows) <= columnsOf
	if few {
		for i := range rows {
			t.Head = append(t.Head, cell{Text: fmt.Sprintf("Validator %d", rows[i].Seat.UID), Number: true})
		}
	} else {
		t.Head = append(t.Head, heads("#Least", "#Middle", "#Most", "#Validators above zero")...)
	}
	for j, uid := range shown {
		column := make([]uint16, len(rows))
		for i := range rows {
			column[i] = values[i][j]
		}
		row := []cell{minerCell(uid)}
		if few {
			for _, v := range column {
				row = append(row, part(uint64(v), 65535))
			}
		}
		slices.Sort(column)
		least, most := column[0], column[len(column)-1]
		if diff := int(most) - int(least); diff >= apart {
			apart, at = diff, uid
		}
		if !few {
			positive := len(column) - slices.IndexFunc(column, func(v uint16) bool { return v > 0 })
			row = append(row, part(uint64(least), 65535), part(uint64(column[len(column)/2]), 65535), part(uint64(most), 65535), number(positive))
		}
		t.Rows = append(t.Rows, row)
	}
	c.Table = t
	c.Sentence = "All validators agree to the last unit."
	if apart > 0 {
		c.Sentence = fmt.Sprintf("Validators differ most about miner %d, by %s of a whole.", at, part(uint64(apart), 65535).Text)
	}
	sec := section{Title: fmt.Sprintf("Epoch %d", e), Chart: c}
	if len(uids) > len(shown) {
		sec.Notes = append(sec.Notes, fmt.Sprintf("The first %d of %d miners are shown; assay weights --epoch %d lists all.", len(shown), len(uids), e))
	}
	if len(rows) > maxHeatY {
		sec.Notes = append(sec.Notes, fmt.Sprintf("The first %d of %d validators are drawn.", maxHeatY, len(rows)))
	}
	return sec
}

// epochs is the network over time.
func (d *Dashboard) epochs(r *request) (*document, error) {
	if err := r.needLedger(); err != nil {
		return nil, err
	}
	doc := &document{Title: "Epochs", Here: prefix + "epochs", Lead: fmt.Sprintf("Epoch %d runs, and ends with block %d.", r.epoch, d.cfg.Params.Schedule.EpochEnd(r.epoch))}
	if !r.any {
		doc.Sections = []section{{Title: "None has ended", Notes: []string{"The first payments come at the end of epoch 2."}}}
		return doc, nil
	}
	last := r.paid
	if given := r.URL.Query().Get("to"); given != "" {
		n, err := strconv.ParseUint(given, 10, 64)
		if err != nil || protocol.Epoch(n) > r.paid {
			return nil, noPage("%.40q is no epoch from 0 to %d", given, r.paid)
		}
		last = protocol.Epoch(n)
	}
	const most = 60
	list, err := epochsBack(r.ledger, last, most)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		if list, err = d.oldEpochs(r, last, most); err != nil {
			return nil, err
		}
	}
	sec := section{Title: "What epochs paid", Chart: paidChart(list)}
	if len(list) == 0 {
		sec.Notes = []string{"This node has nothing of these epochs any more."}
	} else if first := list[0].Epoch; first > 0 {
		sec.More = append(sec.More, link{"Earlier epochs", fmt.Sprintf("%sepochs?to=%d", prefix, first-1)})
	}
	if last < r.paid {
		sec.More = append(sec.More, link{"The newest epochs", prefix + "epochs"})
	}
	doc.Sections = []section{sec}
	return doc, nil
}

// oldEpochs are those that blocks alone tell of, oldest first.
func (d *Dashboard) oldEpochs(r *request, last protocol.Epoch, n int) ([]paidEpoch, error) {
	from := last - min(last, protocol.Epoch(n-1))
	page, err := ask[api.Page[api.Epoch]](r.Context(), d, fmt.Sprintf("/v1/epochs?epoch=%d..%d", from, last))
	if err != nil && !missing(err) {
		return nil, err
	}
	var out []paidEpoch
	for i := range page.Items {
		if e := &page.Items[i]; e.Paid {
			out = append(out, paidEpoch{ledger.EpochRecord{
				Epoch: e.Epoch, Height: e.Last, Emission: e.Emission, Miners: e.Miners, Validators: e.Validators, Carried: e.Carried, Unearned: e.Unearned, Seats: e.Seats,
			}})
		}
	}
	return out, nil
}

// epoch is whom one epoch paid.
func (d *Dashboard) epoch(r *request) (*document, error) {
	if err := r.needLedger(); err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(r.PathValue("epoch"), 10, 64)
	if err != nil || protocol.Epoch(n) > r.epoch {
		return nil, noPage("%.40q is no epoch from 0 to %d", r.PathValue("epoch"), r.epoch)
	}
	e := protocol.Epoch(n)
	all, err := ask[api.Page[api.Epoch]](r.Context(), d, fmt.Sprintf("/v1/epochs?epoch=%d", e))
	if err != nil {
		return nil, err
	}
	doc := &document{Title: fmt.Sprintf("Epoch %d", e), Here: prefix + "epochs", Lead: "It has not paid yet."}
	if len(all.Items) == 0 || !all.Items[0].Paid {
		return doc, nil
	}
	x := &all.Items[0]
	doc.Lead = fmt.Sprintf("It paid %s to %s and %s to %s.", earning.Short(x.Miners), count(x.PaidMiners, "miner", "miners"), earning.Short(x.Validators), count(x.PaidValidators, "validator", "validators"))
	facts := section{Title: "The epoch", Facts: []fact{
		{"Blocks", plain(fmt.Sprintf("%d to %d", x.First, x.Last))},
		{"Began", when(x.Began)},
		{"Ended", when(x.Ended)},
		{"There was to pay", amount(x.Emission)},
		{"Carried on", amount(x.Carried)},
		{"Unearned", amount(x.Unearned)},
		{"Issued so far", amount(x.Issued)},
		{"Burned so far", amount(x.Burned)},
	}, More: []link{{"Its weights", fmt.Sprintf("%sweights?epoch=%d", prefix, e)}}}
	q := fmt.Sprintf("/v1/emissions?epoch=%d&limit=%d", e, api.MaxLimit)
	if at := r.URL.Query().Get("cursor"); at != "" {
		q += "&cursor=" + url.QueryEscape(at)
	}
	page, err := ask[api.Page[api.Emission]](r.Context(), d, q)
	if err != nil {
		return nil, err
	}
	t := &table{Name: "Payments by seat", Head: heads("#Seat", "Hotkey", "#Incentive", "#Dividend", "#For work", "#For judging", "Duties")}
	for i := range page.Items {
		p := &page.Items[i]
		if p.Total == 0 {
			continue
		}
		at, duties := minerCell(p.UID), "–"
		if p.Drawn > 0 {
			at, duties = validatorCell(p.UID), fmt.Sprintf("%d of %d", p.Fulfilled, p.Drawn)
		}
		t.Rows = append(t.Rows, []cell{at, tail(p.Hotkey), part(uint64(p.Incentive), 65535), part(uint64(p.Dividend), 65535), amount(p.Miner), amount(p.Validator), plain(duties)})
	}
	paid := section{Title: "Who was paid", Table: t, More: nextLink(fmt.Sprintf("%sepoch/%d", prefix, e), page.Next)}
	if len(t.Rows) == 0 {
		paid.Table, paid.Notes = nil, []string{"Nobody."}
	}
	doc.Sections = []section{facts, paid}
	return doc, nil
}
