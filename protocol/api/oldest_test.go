package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// at sets the height of the network; its epochs have 20 blocks, and records of
// eight are kept.
func at(t *testing.T, n *apitest.Network, h protocol.Height) {
	t.Helper()
	m, _, err := ledger.ReadMeta(n.Tree)
	if err != nil {
		t.Fatal(err)
	}
	m.Height = h
	if err := n.Tree.Set(ledger.MetaKey(), wire.Encode(m)); err != nil {
		t.Fatal(err)
	}
}

// pay writes that seat 2 was paid in an epoch, and has a weight of it.
func pay(t *testing.T, n *apitest.Network, e protocol.Epoch) {
	t.Helper()
	seat := protocol.SeatID{UID: 2}
	err := errors.Join(
		n.Tree.Set(ledger.EpochKey(e), wire.Encode(ledger.EpochRecord{Epoch: e})),
		n.Tree.Set(ledger.PaymentKey(e, 2), wire.Encode(ledger.Payment{Seat: seat, Miner: 5})),
		n.Tree.Set(ledger.WeightsKey(e, 0), wire.Encode(ledger.Weights{UIDs: []protocol.UID{2}, Values: []uint16{7}})),
	)
	if err != nil {
		t.Fatal(err)
	}
}

func TestAListSaysFromWhichEpochOnThereAreRecords(t *testing.T) {
	n, h := seeded(t)
	for _, path := range []string{"/v1/miners", "/v1/validators", "/v1/scores", "/v1/weights", "/v1/emissions"} {
		w := get(t, h, path)
		var p struct {
			Oldest *protocol.Epoch `json:"oldest_epoch"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Oldest == nil || *p.Oldest != 0 {
			t.Errorf("%s: got %s, %v, want epoch 0", path, w.Body, err)
		}
	}
	// The ledger removes the records of an epoch in the last block of the one that
	// is eight later, so that the newest eight are there.
	for height, want := range map[protocol.Height]protocol.Epoch{178: 0, 179: 1, 180: 1, 198: 1, 199: 2} {
		at(t, n, height)
		var p api.Page[api.Emission]
		decode(t, get(t, h, "/v1/emissions"), &p)
		if p.OldestEpoch != want {
			t.Errorf("at %d: got epoch %d, want %d", height, p.OldestEpoch, want)
		}
	}
}

func TestWhatIsOlderThanWhatIsKeptIsGoneAndNotNothing(t *testing.T) {
	n, h := seeded(t)
	at(t, n, 330) // in epoch 16: records from epoch 8 on
	for e := protocol.Epoch(8); e < 12; e++ {
		pay(t, n, e)
	}
	n.Work.Scored = n.Work.Scored[2:] // from epoch 1 on
	oldest := map[string]protocol.Epoch{"emissions": 8, "weights": 8, "scores": 1}
	for what, e := range oldest {
		for _, query := range []string{"0", "0..0", fmt.Sprint(e - 1), fmt.Sprintf("0..%d", e-1)} {
			w := get(t, h, "/v1/"+what+"?epoch="+query)
			var p api.Problem
			decode(t, w, &p)
			if w.Code != http.StatusGone || p.Type != "urn:assay:problem:gone" || p.OldestEpoch == nil || *p.OldestEpoch != e || p.Hint != fmt.Sprintf("ask from epoch %d on", e) {
				t.Errorf("%s of %s: got %d %+v", what, query, w.Code, p)
			}
		}
		// A range that begins below says where it begins; what is kept and what is
		// yet to come is a list.
		for _, query := range []string{fmt.Sprintf("0..%d", e), fmt.Sprintf("%d..%d", e, e)} {
			var p api.Page[struct {
				Epoch protocol.Epoch `json:"epoch"`
			}]
			w := get(t, h, "/v1/"+what+"?epoch="+query)
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK || p.OldestEpoch != e || len(p.Items) == 0 || p.Items[0].Epoch != e {
				t.Errorf("%s of %s: got %d %s, %v", what, query, w.Code, w.Body, err)
			}
		}
		var p api.Page[json.RawMessage]
		decode(t, get(t, h, "/v1/"+what+"?epoch=99"), &p)
		if len(p.Items) != 0 || p.OldestEpoch != e {
			t.Errorf("%s of an epoch to come: got %+v", what, p)
		}
	}
}

// Records may be removed while a client reads page by page.
func TestAPageAfterWhatWasRemovedIsGone(t *testing.T) {
	n, h := seeded(t)
	at(t, n, 330)
	for e := protocol.Epoch(8); e < 12; e++ {
		pay(t, n, e)
	}
	for _, what := range []string{"emissions", "weights"} {
		at(t, n, 330)
		var first api.Page[json.RawMessage]
		decode(t, get(t, h, "/v1/"+what+"?limit=1"), &first)
		next := "/v1/" + what + "?limit=1&cursor=" + first.Next
		if w := get(t, h, next); w.Code != http.StatusOK {
			t.Errorf("%s: got %d", what, w.Code)
		}
		at(t, n, 350) // in epoch 17
		w := get(t, h, next)
		var p api.Problem
		decode(t, w, &p)
		if w.Code != http.StatusGone || p.OldestEpoch == nil || *p.OldestEpoch != 9 {
			t.Errorf("%s: got %d %+v", what, w.Code, p)
		}
		if w := get(t, h, next+"&epoch=10..11"); w.Code != http.StatusOK {
			t.Errorf("%s of later epochs: got %d %s", what, w.Code, w.Body)
		}
	}
}

func TestATaskThatIsNotThereMayBeTooOld(t *testing.T) {
	n, h := seeded(t)
	at(t, n, 330)
	for _, path := range []string{"/v1/tasks/", "/v1/receipts/"} {
		w := get(t, h, path+wire.HashOf("no task").String())
		var p api.Problem
		decode(t, w, &p)
		if w.Code != http.StatusNotFound || p.OldestEpoch == nil || *p.OldestEpoch != 8 || p.Hint != "answers and cards are kept for 8 epochs, here those of epoch 8 and later" {
			t.Errorf("%s: got %d %+v", path, w.Code, p)
		}
	}
}
