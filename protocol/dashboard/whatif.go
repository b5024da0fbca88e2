package dashboard

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/whatif"
)

// whatIf computes the running epoch, as if it ended now, with other settings.
func (d *Dashboard) whatIf(r *request) (*document, error) {
	if err := r.needLedger(); err != nil {
		return nil, err
	}
	if !d.trying.TryLock() {
		return nil, &api.Problem{Title: "The node is busy", Status: http.StatusServiceUnavailable, Detail: "another epoch is being computed", Hint: "try again in a second"}
	}
	defer d.trying.Unlock()
	in, err := ledger.Coming(r.ledger, d.cfg.Chain, d.cfg.Params)
	if err != nil {
		return nil, err
	}
	doc := &document{
		Title: "What if", Here: prefix + "what-if",
		Lead: fmt.Sprintf("What epoch %d would pay if it ended now, with the weights and bonds of now, by the rules that pay; and what it would pay with other settings.", r.epoch),
	}
	set, changed := in.Params, []string{}
	f := &form{Path: prefix + "what-if", Button: "Compute"}
	var wrong error
	for _, s := range whatif.Settings() {
		value := s.Value(&in.Params)
		if given := strings.TrimSpace(r.URL.Query().Get(s.Name)); given != "" && given != value {
			if err := whatif.Change(&set, s.Name, given); err != nil {
				wrong = err
			}
			changed, value = append(changed, s.Name+"="+given), given
		}
		f.Fields = append(f.Fields, field{s.Name, s.About, value})
	}
	settings := section{Title: "Settings", Form: f, Notes: []string{"These are the network's; change some."}}
	if wrong != nil {
		settings.Notes = []string{sentence(wrong.Error())}
		doc.Sections = []section{settings}
		return doc, nil
	}
	seats, err := whatif.Run(in, &set)
	if err != nil {
		settings.Notes = []string{sentence(err.Error())}
		doc.Sections = []section{settings}
		return doc, nil
	}
	doc.Sections = []section{settings, outcome(seats, changed, protocol.Amount(in.Emission))}
	if len(changed) > 0 && r.any {
		doc.Sections = append(doc.Sections, section{Title: "A past epoch, from its blocks", Texts: []text{
			{"Command", fmt.Sprintf("assay simulate --from-network %d --set %s", r.paid, strings.Join(changed, " --set "))},
		}})
	}
	return doc, nil
}

// outcome is what each seat gets, as it is and as it would be.
func outcome(seats []whatif.Seat, changed []string, emission protocol.Amount) section {
	is, would := line{Name: "as it is"}, line{Name: "as it would be"}
	order := make([]int, 0, len(seats))
	moved := 0
	for i := range seats {
		s := &seats[i]
		if s.Miner+s.Validator+s.MinerSet+s.ValidatorSet == 0 { // parts of one emission
			continue
		}
		order = append(order, i)
		if s.Difference() != "+"+protocol.Amount(0).String() {
			moved++
		}
		is.Values, would.Values = append(is.Values, tokens(s.Miner+s.Validator)), append(would.Values, tokens(s.MinerSet+s.ValidatorSet))
	}
	sec := section{Title: "What seats would get"}
	if len(order) == 0 {
		sec.Notes = []string{"Nobody would be paid, either way: no weights count yet."}
		return sec
	}
	first, last := order[0], order[len(order)-1]
	most := func(i int) protocol.Amount { return difference(&seats[i]) }
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := most(a), most(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	t := &table{Name: "Seats, the largest difference first", Head: heads("#Seat", "#For work", "#would be", "#For judging", "#would be", "#Difference")}
	for _, i := range order[:min(len(order), pageItems)] {
		s := &seats[i]
		t.Rows = append(t.Rows, []cell{minerCell(protocol.UID(i)), amount(s.Miner), amount(s.MinerSet), amount(s.Validator), amount(s.ValidatorSet), {Text: s.Difference(), Number: true}})
	}
	c := lines("what-if", "Tokens that each seat gets as it is and as it would be", "seats by uid", "seat "+strconv.Itoa(first), "seat "+strconv.Itoa(last), is, would)
	c.Table = t
	c.Sentence = fmt.Sprintf("Of %s that are payable now, nothing changes.", earning.Short(emission))
	if len(changed) > 0 {
		c.Sentence = fmt.Sprintf("With %s, of %s that are payable now, %s would get another amount", strings.Join(changed, ", "), earning.Short(emission), count(moved, "seat", "seats"))
		if moved > 0 {
			c.Sentence += fmt.Sprintf(", seat %d most of all: %s", order[0], seats[order[0]].Difference())
		}
		c.Sentence += "."
	}
	sec.Chart = c
	return sec
}

// difference is by how much a seat's amounts differ.
func difference(s *whatif.Seat) protocol.Amount {
	a, b := s.Miner+s.Validator, s.MinerSet+s.ValidatorSet // parts of one emission
	return max(a, b) - min(a, b)
}

// find leads to the page of what somebody looks for.
func (d *Dashboard) find(r *request) (*document, error) {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if q == "" {
		return nil, redirect("/")
	}
	if n, err := strconv.ParseUint(q, 10, 16); err == nil && r.ledger != nil {
		s, ok, err := ledger.ReadSeat(r.ledger, protocol.UID(n))
		if err != nil {
			return nil, err
		}
		if ok {
			return nil, seatPage(&s)
		}
	}
	if k, err := protocol.ParseAddress(q); err == nil && r.ledger != nil {
		s, ok, err := ledger.ReadSeatByHotkey(r.ledger, k)
		if err != nil {
			return nil, err
		}
		if ok {
			return nil, seatPage(&s)
		}
		return nil, noPage("the address %s is no seat's hotkey", k)
	}
	if strings.Trim(q, "0123456789abcdef") == "" && len(q) >= 6 && len(q) <= 64 {
		return nil, redirect(prefix + "task/" + q)
	}
	var p *api.Problem
	if errors.As(noPage("nothing here is called %.80q", q), &p) {
		p.Hint = "give a seat's uid, the address of a hotkey, or the first six digits of a task's id"
	}
	return nil, p
}

// seatPage leads to a seat's page.
func seatPage(s *ledger.Seat) error {
	n := strconv.Itoa(int(s.ID.UID))
	if s.Permit || !s.Consensus.Key.IsZero() {
		return redirect(prefix + "validator/" + n)
	}
	return redirect(prefix + "miner/" + n)
}
