package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/validator"
)

// TestPayThatFallsIsTold: what the last payments say, compared with those before.
func TestPayThatFallsIsTold(t *testing.T) {
	paid := func(amounts ...protocol.Amount) map[protocol.Epoch]ledger.Payment {
		out := map[protocol.Epoch]ledger.Payment{}
		for e, a := range amounts {
			out[protocol.Epoch(e)] = ledger.Payment{Validator: a * protocol.Unit, Drawn: 4, Fulfilled: 4}
		}
		return out
	}
	missed := paid(10, 10, 10, 10)
	missed[3] = ledger.Payment{Validator: 10 * protocol.Unit, Drawn: 4, Fulfilled: 3}
	for name, c := range map[string]struct {
		pays map[protocol.Epoch]ledger.Payment
		last protocol.Epoch
		want string
	}{
		"steady":           {paid(10, 10, 10, 10), 3, ""},
		"a tenth less":     {paid(10, 10, 10, 9), 3, ""},
		"a fifth less":     {paid(10, 10, 10, 8), 3, "pay fell: 8.000000000 in epoch 3, 10.000000000 an epoch in the 3 before"},
		"more":             {paid(0, 0, 10, 20), 3, ""},
		"the first":        {paid(10), 0, ""},
		"older is no part": {paid(90, 10, 10, 10, 10), 4, ""},
		"stopped":          {paid(10, 10, 10, 0), 3, "nothing was paid in epoch 3"},
		"not there":        {nil, 3, "nothing was paid in epoch 3"},
		"a missed duty":    {missed, 3, "1 of 4 duties of epoch 2 were not fulfilled in time"},
	} {
		got, err := payReasons(func(e protocol.Epoch) (ledger.Payment, bool, error) {
			p, ok := c.pays[e]
			return p, ok, nil
		}, c.last)
		if text := strings.Join(got, "; "); err != nil || (c.want == "") != (text == "") || !strings.HasPrefix(text, c.want) {
			t.Errorf("%s: got %q, %v, want %q", name, text, err, c.want)
		}
	}
}

// TestOldNewsOfTheSeatIsNotTold: a validator that catches up reads the ledger of a
// time at which its seat was not bought.
func TestOldNewsOfTheSeatIsNotTold(t *testing.T) {
	const register, deaf = "the hotkey has no seat: register it (assay tx register)", "no round was heard"
	for name, c := range map[string]struct {
		v      validator.Status
		said   api.Status
		serves bool
		want   []string
	}{
		"catching up":       {validator.Status{Why: register, NotObserving: deaf}, api.Status{CatchingUp: true, Faults: []string{"catching up"}}, false, nil},
		"caught up":         {validator.Status{Why: register}, api.Status{}, false, []string{register}},
		"judging":           {validator.Status{Why: "judging"}, api.Status{}, true, nil},
		"not heard":         {validator.Status{Why: "judging", NotObserving: deaf}, api.Status{}, true, []string{"the network is not heard now (" + deaf + "): answers that are missed are fetched later, from who attested them"}},
		"deaf for a reason": {validator.Status{Why: "judging", NotObserving: deaf}, api.Status{Faults: []string{"no peers"}}, true, nil},
	} {
		if got, serves := standing(&c.v, &c.said); serves != c.serves || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, %v", name, got, serves)
		}
	}
}
