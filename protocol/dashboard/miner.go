package dashboard

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
)

// pageItems is how many items a list shows on one page.
const pageItems = 100

// listTarget is the question for a page of a list.
func (r *request) listTarget(path string) string {
	q := url.Values{"limit": {strconv.Itoa(pageItems)}}
	if at := r.URL.Query().Get("cursor"); at != "" {
		q.Set("cursor", at)
	}
	return path + "?" + q.Encode()
}

// nextLink leads to the next page of a list.
func nextLink(path, cursor string) []link {
	if cursor == "" {
		return nil
	}
	return []link{{"Next page", path + "?" + url.Values{"cursor": {cursor}}.Encode()}}
}

// miners lists the seats that work.
func (d *Dashboard) miners(r *request) (*document, error) {
	if err := r.needLedger(); err != nil {
		return nil, err
	}
	list, err := ask[api.Page[api.Miner]](r.Context(), d, r.listTarget("/v1/miners"))
	if err != nil {
		return nil, err
	}
	t := &table{Name: "Miners", Head: heads("#Seat", "Hotkey", "Asked", "#Incentive", "#Paid last epoch", "#Paid in all", "#Collateral")}
	var asked int
	for i := range list.Items {
		m := &list.Items[i]
		if m.Asked {
			asked++
		}
		t.Rows = append(t.Rows, []cell{
			minerCell(m.UID), tail(m.Hotkey), plain(yes(m.Asked)), part(uint64(m.Incentive), 65535), amount(m.Emission), amount(m.EmissionTotal), amount(m.Collateral),
		})
	}
	path := prefix + "miners"
	doc := &document{Title: "Miners", Here: path, Lead: fmt.Sprintf("%s on this page, of which %d are asked in epoch %d.", count(len(list.Items), "miner", "miners"), asked, r.epoch)}
	doc.Sections = []section{{Title: "Seats that work", Table: t, More: nextLink(path, list.Next)}}
	if len(t.Rows) == 0 {
		doc.Sections[0].Table = nil
	}
	return doc, nil
}

// miner is the page of one seat that works: why it is paid what it is paid.
func (d *Dashboard) miner(r *request) (*document, error) {
	if err := r.needLedger(); err != nil {
		return nil, err
	}
	uid, err := r.uid()
	if err != nil {
		return nil, err
	}
	s, ok, err := ledger.ReadSeat(r.ledger, uid)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, noPage("there is no seat %d", uid)
	}
	doc := &document{Title: fmt.Sprintf("Miner %d", uid), Here: prefix + "miners"}
	pays, why, err := d.pays(r, &s)
	if err != nil {
		return nil, err
	}
	doc.Lead = payLead(uid, pays, why)
	doc.Sections = append(doc.Sections, paySection(pays, why), d.seatSection(r, &s))
	for _, more := range []func(*request, *ledger.Seat) (*section, error){d.scoreSection, d.weighedSection} {
		sec, err := more(r, &s)
		if err != nil && !missing(err) {
			return nil, err
		}
		if sec != nil {
			doc.Sections = append(doc.Sections, *sec)
		}
	}
	doc.Sections = append(doc.Sections, section{Title: "The same on a terminal", Texts: []text{
		{"Earnings by epoch and day", fmt.Sprintf("assay earnings --seat %d --since 7d", uid)},
		{"One payment, back to its tasks", fmt.Sprintf("assay explain %d --epoch %d", uid, r.paid)},
	}})
	return doc, nil
}

// pays are a seat's payments of the last epochs, oldest first, and why each differs
// from the one before: the causes of the i-th payment are the i-th of why.
func (d *Dashboard) pays(r *request, s *ledger.Seat) (list []api.Emission, why [][]earning.Cause, err error) {
	if !r.any {
		return nil, nil, nil
	}
	who := strconv.Itoa(int(s.ID.UID))
	from := r.paid - min(r.paid, span)
	within := "&order=newest&epoch=" + strconv.FormatUint(uint64(from), 10) + ".." + strconv.FormatUint(uint64(r.paid), 10)
	page, err := ask[api.Page[api.Emission]](r.Context(), d, "/v1/emissions?seat="+who+within)
	if err != nil {
		return nil, nil, err
	}
	list = slices.DeleteFunc(slices.Clone(page.Items), func(m api.Emission) bool { return m.Registered != s.ID.Registered })
	slices.Reverse(list)
	works := api.Works{}
	back := from - min(from, earning.Lag)
	scores, err := ask[api.Page[api.Score]](r.Context(), d, fmt.Sprintf("/v1/scores?limit=%d&order=newest&miner=%s&epoch=%d..%d", api.MaxLimit, who, back, r.paid))
	if err != nil && !missing(err) {
		return nil, nil, err
	}
	for i := range scores.Items {
		if scores.Items[i].Registered == s.ID.Registered {
			works.Add(&scores.Items[i])
		}
	}
	why = make([][]earning.Cause, len(list))
	var before *earning.Pay
	for i := range list {
		pot, err := epochOf(r.ledger, list[i].Epoch)
		if err != nil {
			return nil, nil, err
		}
		is := list[i].Pay(pot)
		if before != nil && before.Epoch+1 == is.Epoch {
			why[i] = earning.Causes(before, is, works.PaidIn(before.Epoch), works.PaidIn(is.Epoch))
		}
		before = is
	}
	return list, why, nil
}

// epochOf is what the ledger says of an epoch; nil where it has forgotten it.
func epochOf(r ledger.Reader, e protocol.Epoch) (*api.Epoch, error) {
	rec, ok, err := ledger.ReadEpoch(r, e)
	if err != nil || !ok {
		return nil, err
	}
	return &api.Epoch{Epoch: e, Miners: rec.Miners, Validators: rec.Validators, Seats: rec.Seats}, nil
}

// payLead says what the newest payment was, and why it differs.
func payLead(uid protocol.UID, pays []api.Emission, why [][]earning.Cause) string {
	if len(pays) == 0 {
		return fmt.Sprintf("Seat %d was not paid yet: the first pay comes four to five epochs after its registration.", uid)
	}
	n := len(pays) - 1
	lead := fmt.Sprintf("Epoch %d paid seat %d %s", pays[n].Epoch, uid, earning.Short(pays[n].Total))
	if n > 0 && pays[n-1].Epoch+1 == pays[n].Epoch {
		lead += ", " + earning.Delta(pays[n-1].Total, pays[n].Total) + " against the epoch before"
		if len(why[n]) > 0 {
			lead += ": " + causes(why[n])
		}
	}
	return lead + "."
}

func causes(list []earning.Cause) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Text)
	}
	return strings.Join(out, "; ")
}

// paySection draws payments, and says of each why it changed.
func paySection(pays []api.Emission, why [][]earning.Cause) section {
	sec := section{Title: "Pay by epoch"}
	if len(pays) == 0 {
		sec.Notes = []string{"There is no payment to show."}
		return sec
	}
	work, judging := line{Name: "for work"}, line{Name: "for judging"}
	t := &table{Name: "Pay by epoch, newest first", Head: heads("#Epoch", "Time", "#For work", "#For judging", "#Incentive", "#Change", "Why")}
	var sum protocol.Amount
	for i := range pays {
		work.Values, judging.Values = append(work.Values, tokens(pays[i].Miner)), append(judging.Values, tokens(pays[i].Validator))
		sum += pays[i].Total // parts of what was issued
	}
	for i, m := range slices.Backward(pays) {
		change := ""
		if i > 0 && pays[i-1].Epoch+1 == m.Epoch {
			change = earning.Delta(pays[i-1].Total, m.Total)
		}
		t.Rows = append(t.Rows, []cell{
			epochCell(m.Epoch), when(m.Time), amount(m.Miner), amount(m.Validator), part(uint64(m.Incentive), 65535), {Text: change, Number: true}, plain(causes(why[i])),
		})
	}
	first, last := pays[0].Epoch, pays[len(pays)-1].Epoch
	sec.Chart = lines("pay", "Tokens paid to the seat by epoch", "tokens an epoch", epochName(first), epochName(last), work, judging)
	sec.Chart.Sentence = fmt.Sprintf("From epoch %d to %d it was paid %s in all, %s an epoch.", first, last, earning.Short(sum), earning.Short(sum/protocol.Amount(len(pays))))
	sec.Chart.Table = t
	return sec
}

// seatSection is what the ledger says of a seat now.
func (d *Dashboard) seatSection(r *request, s *ledger.Seat) section {
	sec := section{Title: "The seat", Facts: []fact{
		{"Hotkey", plain(s.Hotkey.String())},
		{"Coldkey", plain(s.Coldkey.String())},
		{"Registered in block", number(s.ID.Registered)},
		{"Asked in this epoch", plain(yes(s.Asked))},
		{"Slots in a round", number(s.Slots)},
		{"Collateral", amount(s.Collateral)},
	}}
	for _, o := range s.Offers {
		sec.Facts = append(sec.Facts, fact{"Offers", plain(fmt.Sprintf("%s, %d at a time", o.Kind, o.Capacity))})
	}
	if r.height < s.ID.Registered+protocol.Height(d.cfg.Params.Seats.Immunity) {
		sec.Notes = append(sec.Notes, "It is new, and cannot lose its seat to another yet.")
	}
	return sec
}

// scoreSection is what this node counted of the newest epochs' work.
func (d *Dashboard) scoreSection(r *request, s *ledger.Seat) (*section, error) {
	const newest = 10
	page, err := ask[api.Page[api.Score]](r.Context(), d, fmt.Sprintf("/v1/scores?order=newest&limit=%d&miner=%d&epoch=%d..", newest, s.ID.UID, r.epoch-min(r.epoch, span)))
	if err != nil || len(page.Items) == 0 {
		return nil, err
	}
	sec := &section{
		Title: "What this node counted", Notes: []string{"Weights follow from these counts; each validator makes its own, so others may differ a little."},
		Table: &table{Name: "Scores, newest first", Head: heads("#Epoch", "Kind", "#Asked", "#Answered", "#Exact", "#False", "#Late", "#Not given", "#Bound", "#Speed", "#Weight", "Because", "Tasks")},
	}
	for i := range page.Items {
		x := &page.Items[i]
		tasks := plain("–")
		if len(x.Tasks) > 0 {
			id := x.Tasks[0].String()
			tasks = cell{Text: short(id), Path: prefix + "task/" + id}
		}
		sec.Table.Rows = append(sec.Table.Rows, []cell{
			epochCell(x.Epoch), plain(string(x.Kind)), number(x.Asked), number(x.Answered), number(x.Exact), number(x.Inexact), number(x.Late), number(x.NotGiven),
			part(uint64(x.Bound), 65536), part(uint64(x.Speed), 65536), part(uint64(x.Weight), 65535), plain(x.Explain.Reason), tasks,
		})
	}
	return sec, nil
}

// weighedSection is what validators gave the seat in the newest epoch whose weights
// are open.
func (d *Dashboard) weighedSection(r *request, s *ledger.Seat) (*section, error) {
	e, rows, err := newestRows(r)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	t := &table{Name: "Weights of the seat", Head: heads("#Validator", "#Weight")}
	for i := range rows {
		v := weightOf(&rows[i], s.ID.UID)
		t.Rows = append(t.Rows, []cell{validatorCell(rows[i].Seat.UID), part(uint64(v), 65535)})
	}
	return &section{
		Title: fmt.Sprintf("Weights for its work of epoch %d", e), Table: t,
		Notes: []string{"What more than half of the stake agrees to counts; what one validator gives above that does not."},
	}, nil
}

// newestRows returns the newest weights that are open, and of which epoch.
func newestRows(r *request) (protocol.Epoch, []ledger.Weights, error) {
	for e := r.epoch; ; e-- {
		rows, err := ledger.ReadWeightRows(r.ledger, e)
		if err != nil || len(rows) > 0 || e == 0 || r.epoch-e > earning.Lag {
			return e, rows, err
		}
	}
}

// weightOf is what a row gives a seat.
func weightOf(w *ledger.Weights, uid protocol.UID) uint16 {
	i, ok := slices.BinarySearch(w.UIDs, uid)
	if !ok || i >= len(w.Values) {
		return 0
	}
	return w.Values[i]
}
