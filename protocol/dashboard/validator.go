package dashboard

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
)

// validators lists the seats that judge.
func (d *Dashboard) validators(r *request) (*document, error) {
	if err := r.needLedger(); err != nil {
		return nil, err
	}
	list, err := ask[api.Page[api.Validator]](r.Context(), d, r.listTarget("/v1/validators"))
	if err != nil {
		return nil, err
	}
	t := &table{Name: "Validators", Head: heads("#Seat", "Hotkey", "Permit", "#Stake", "#Power", "#Unsigned blocks", "#Duties", "#Dividend", "#Paid last epoch")}
	for i := range list.Items {
		v := &list.Items[i]
		t.Rows = append(t.Rows, []cell{
			validatorCell(v.UID), tail(v.Hotkey), plain(yes(v.Permit)), amount(v.Stake), number(v.Power), unsigned(r.height, v),
			{Text: fmt.Sprintf("%d of %d", v.Fulfilled, v.Drawn), Number: true},
			part(uint64(v.Dividend), 65535), amount(v.Emission),
		})
	}
	path := prefix + "validators"
	doc := &document{Title: "Validators", Here: path, Lead: fmt.Sprintf("%s on this page.", count(len(list.Items), "validator", "validators"))}
	doc.Sections = []section{{Title: "Seats that judge", Table: t, More: nextLink(path, list.Next)}}
	return doc, nil
}

// unsigned is how many blocks a validator is known not to have signed.
func unsigned(height protocol.Height, v *api.Validator) cell {
	if v.Power == 0 {
		return plain("–")
	}
	return number(height - min(height, v.LastSigned))
}

// validator is the page of one seat that judges: duties, votes, stake.
func (d *Dashboard) validator(r *request) (*document, error) {
	if err := r.needLedger(); err != nil {
		return nil, err
	}
	uid, err := r.uid()
	if err != nil {
		return nil, err
	}
	list, err := ask[api.Page[api.Validator]](r.Context(), d, fmt.Sprintf("/v1/validators?limit=%d", api.MaxLimit))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list.Items, func(v api.Validator) bool { return v.UID == uid })
	if i < 0 {
		return nil, noPage("seat %d is no validator's", uid)
	}
	v := &list.Items[i]
	s, _, err := ledger.ReadSeat(r.ledger, uid)
	if err != nil {
		return nil, err
	}
	pays, _, err := d.pays(r, &s)
	if err != nil {
		return nil, err
	}
	doc := &document{Title: fmt.Sprintf("Validator %d", uid), Here: prefix + "validators", Lead: validatorLead(r, v)}
	doc.Sections = append(doc.Sections, dutySection(pays), stakeSection(r, v))
	for _, more := range []func(*request, protocol.UID) (*section, error){d.votesSection, d.rowSection} {
		sec, err := more(r, uid)
		if err != nil && !missing(err) {
			return nil, err
		}
		if sec != nil {
			doc.Sections = append(doc.Sections, *sec)
		}
	}
	return doc, nil
}

func validatorLead(r *request, v *api.Validator) string {
	switch {
	case v.Jailed:
		return fmt.Sprintf("Validator %d is jailed: it was silent, and holds no permit before epoch %d.", v.UID, v.JailEnds)
	case !v.Permit:
		return fmt.Sprintf("Validator %d has stake of %s and no permit in epoch %d.", v.UID, earning.Short(v.Stake), r.epoch)
	case v.Power == 0:
		return fmt.Sprintf("Validator %d holds a permit, and is not in the consensus set.", v.UID)
	}
	return fmt.Sprintf("Validator %d holds a permit with a stake of %s; it fulfilled %d of its %s that the last epoch paid.", v.UID, earning.Short(v.Stake), v.Fulfilled, count(v.Drawn, "duty", "duties"))
}

// dutySection draws which part of its duties a validator fulfilled.
func dutySection(pays []api.Emission) section {
	sec := section{Title: "Duties by epoch"}
	if len(pays) == 0 {
		sec.Notes = []string{"No epoch has paid it yet."}
		return sec
	}
	done := line{Name: "duties fulfilled"}
	drawn := line{Name: "duties drawn"}
	t := &table{Name: "Duties by epoch, newest first", Head: heads("#Epoch", "Time", "#Drawn", "#Fulfilled", "What it found", "#Dividend", "#Paid")}
	var all, kept uint64
	for i := range pays {
		done.Values, drawn.Values = append(done.Values, float64(pays[i].Fulfilled)), append(drawn.Values, float64(pays[i].Drawn))
		all, kept = all+uint64(pays[i].Drawn), kept+uint64(pays[i].Fulfilled)
	}
	for _, m := range slices.Backward(pays) {
		t.Rows = append(t.Rows, []cell{
			epochCell(m.Epoch), when(m.Time), number(m.Drawn), number(m.Fulfilled), plain(findings(m.Findings)), part(uint64(m.Dividend), 65535), amount(m.Validator),
		})
	}
	first, last := pays[0].Epoch, pays[len(pays)-1].Epoch
	sec.Chart = lines("duties", "Duties drawn and fulfilled by epoch", "duties of the epoch before", epochName(first), epochName(last), done, drawn)
	sec.Chart.Sentence = fmt.Sprintf("From epoch %d to %d it fulfilled %d of %s.", first, last, kept, count(all, "duty", "duties"))
	sec.Chart.Table = t
	return sec
}

// findings says in words what the ledger has of a judge's cards.
func findings(f string) string {
	switch f {
	case api.FindingsMissing:
		return "never sealed"
	case api.FindingsSealed:
		return "sealed, never opened"
	case api.FindingsOpened:
		return "opened in time"
	case api.FindingsLazy:
		return "a plant found right: nothing counts"
	case api.FindingsForfeit:
		return "lost by a challenge"
	}
	return "–"
}

func stakeSection(r *request, v *api.Validator) section {
	sec := section{Title: "Stake and votes", Facts: []fact{
		{"Hotkey", plain(v.Hotkey.String())},
		{"Coldkey", plain(v.Coldkey.String())},
		{"Stake on it", amount(v.Stake)},
		{"of which its owner's", amount(v.Self)},
		{"Commission", part(uint64(v.Commission), 65536)},
		{"Permit in this epoch", plain(yes(v.Permit))},
		{"Power in consensus", number(v.Power)},
	}}
	if v.Power > 0 {
		sec.Facts = append(sec.Facts, fact{"Newest block that it signed", number(v.LastSigned)}, fact{"Blocks since", unsigned(r.height, v)})
	}
	if v.NextCommission != nil {
		sec.Notes = append(sec.Notes, fmt.Sprintf("From epoch %d on its commission is %s.", v.CommissionFrom, part(uint64(*v.NextCommission), 65536).Text))
	}
	return sec
}

// votesSection is how it voted on challenges.
func (d *Dashboard) votesSection(r *request, uid protocol.UID) (*section, error) {
	page, err := ask[api.Page[api.Challenge]](r.Context(), d, fmt.Sprintf("/v1/challenges?limit=%d", pageItems))
	if err != nil {
		return nil, err
	}
	t := &table{Name: "Votes on challenges", Head: heads("#Round", "#Accused seat", "#Block", "Stage", "Its vote")}
	for i := range page.Items {
		c := &page.Items[i]
		j := slices.IndexFunc(c.Electors, func(e api.Elector) bool { return e.UID == uid })
		if j < 0 {
			continue
		}
		vote := "none yet"
		switch e := &c.Electors[j]; {
		case e.Opened && e.Finding == "":
			vote = "cannot tell"
		case e.Opened:
			vote = string(e.Finding)
		case e.Sealed:
			vote = "sealed"
		}
		t.Rows = append(t.Rows, []cell{number(c.Round), minerCell(c.Accused), number(c.Posted), plain(c.Stage), plain(vote)})
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	return &section{Title: "Votes on challenges", Table: t}, nil
}

// rowSection is what it gave to miners, most first.
func (d *Dashboard) rowSection(r *request, uid protocol.UID) (*section, error) {
	e, rows, err := newestRows(r)
	i := slices.IndexFunc(rows, func(w ledger.Weights) bool { return w.Seat.UID == uid })
	if err != nil || i < 0 {
		return nil, err
	}
	type entry struct {
		uid   protocol.UID
		value uint16
	}
	var list []entry
	for j, to := range rows[i].UIDs[:min(len(rows[i].UIDs), len(rows[i].Values))] {
		if to != protocol.Nobody && rows[i].Values[j] > 0 {
			list = append(list, entry{to, rows[i].Values[j]})
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return int(b.value) - int(a.value) })
	const most = 20
	t := &table{Name: "Its highest weights", Head: heads("#Miner", "#Weight")}
	for _, x := range list[:min(len(list), most)] {
		t.Rows = append(t.Rows, []cell{minerCell(x.uid), part(uint64(x.value), 65535)})
	}
	n := strconv.FormatUint(uint64(e), 10)
	sec := &section{Title: "Its weights for epoch " + n, Table: t, More: []link{{"All weights of epoch " + n, prefix + "weights?epoch=" + n}}}
	if len(list) == 0 {
		sec.Table, sec.Notes = nil, []string{"It gave nobody any."}
	}
	return sec, nil
}
