package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// keeper is a network whose node keeps what the ledger forgets: epochs from two to
// seven, and the bonds of epoch three.
type keeper struct {
	*apitest.Network
	closed map[protocol.Epoch]*ledger.MemTree
	bonds  *ledger.MemTree
}

func (k *keeper) PastEpochs() (oldest, next protocol.Epoch) { return 2, 8 }

func (k *keeper) PastPaid(e protocol.Epoch) (ledger.Reader, error) {
	if t := k.closed[e]; t != nil {
		return t, nil
	}
	return nil, nil
}

func (k *keeper) PastWeights(e protocol.Epoch) (ledger.Reader, error) { return k.PastPaid(e) }

func (k *keeper) PastBonds(e protocol.Epoch) (ledger.Reader, error) {
	if e == 3 {
		return k.bonds, nil
	}
	return nil, nil
}

// remembering is a network in epoch 16, whose ledger has epochs from 8 on and whose
// node keeps those before.
func remembering(t *testing.T) *api.Handler {
	t.Helper()
	n, _ := seeded(t)
	at(t, n, 330)
	k := &keeper{Network: n, closed: map[protocol.Epoch]*ledger.MemTree{}, bonds: &ledger.MemTree{}}
	for e := range protocol.Epoch(12) {
		pay(t, n, e)
		if e < 2 || e > 7 {
			continue
		}
		k.closed[e] = &ledger.MemTree{}
		for _, key := range [][]byte{ledger.EpochKey(e), ledger.PaymentKey(e, 2), ledger.WeightsKey(e, 0)} {
			b, err := n.Tree.Get(key)
			if err == nil {
				err = k.closed[e].Set(key, b)
			}
			if err == nil {
				err = n.Tree.Remove(key)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := k.bonds.Set(ledger.BondsKey(1), wire.Encode(ledger.Bonds{UIDs: []protocol.UID{2, 5}, Values: []uint16{65535, 9}})); err != nil {
		t.Fatal(err)
	}
	cfg := n.Config()
	cfg.Source.State = k
	return handler(t, cfg)
}

// TestWhatTheLedgerForgotIsShownFromWhatTheNodeKept: weights, payments and epochs
// go on before the ledger's oldest, up to where the node's own begin, page by page
// and in both orders; what is before is gone, and says where it begins.
func TestWhatTheLedgerForgotIsShownFromWhatTheNodeKept(t *testing.T) {
	h := remembering(t)
	for _, what := range []string{"weights", "emissions", "epochs"} {
		for _, order := range []string{"oldest", "newest"} {
			var epochs []protocol.Epoch
			for cursor := ""; ; {
				var p api.Page[json.RawMessage]
				decode(t, get(t, h, fmt.Sprintf("/v1/%s?epoch=..11&limit=4&order=%s%s", what, order, cursor)), &p)
				if p.OldestEpoch != 2 {
					t.Fatalf("%s begin at epoch %d", what, p.OldestEpoch)
				}
				for _, raw := range p.Items {
					var item struct {
						Epoch protocol.Epoch `json:"epoch"`
						Paid  bool           `json:"paid"`
					}
					if err := json.Unmarshal(raw, &item); err != nil {
						t.Fatal(err)
					}
					epochs = append(epochs, item.Epoch)
					if what == "epochs" && !item.Paid {
						t.Errorf("epoch %d paid nothing", item.Epoch)
					}
				}
				if p.Next == "" {
					break
				}
				cursor = "&cursor=" + p.Next
			}
			want := "[2 3 4 5 6 7 8 9 10 11]"
			if order == "newest" {
				want = "[11 10 9 8 7 6 5 4 3 2]"
			}
			if got := fmt.Sprint(epochs); got != want {
				t.Errorf("%s, the %s first: %s, want %s", what, order, got, want)
			}
		}
		var gone api.Problem
		if w := get(t, h, "/v1/"+what+"?epoch=1"); w.Code != http.StatusGone {
			t.Errorf("%s of epoch 1: %d %s", what, w.Code, w.Body)
		} else if decode(t, w, &gone); gone.OldestEpoch == nil || *gone.OldestEpoch != 2 {
			t.Errorf("%s of epoch 1: %+v", what, gone)
		}
	}
	var weights api.Page[api.Weight]
	decode(t, get(t, h, "/v1/weights?epoch=5"), &weights)
	if len(weights.Items) != 1 || weights.Items[0].Validator != 0 || weights.Items[0].UID != 2 || weights.Items[0].Value != 7 {
		t.Errorf("the weights of epoch 5: %+v", weights.Items)
	}
	var paid api.Page[api.Emission]
	decode(t, get(t, h, "/v1/emissions?epoch=5&seat=2"), &paid)
	if len(paid.Items) != 1 || paid.Items[0].Miner != 5 {
		t.Errorf("what epoch 5 paid to seat 2: %+v", paid.Items)
	}
}

// TestBondsOfAnEpochThatEnded: the newest by default, an older one's where the node
// saw its end, and a sentence where it did not.
func TestBondsOfAnEpochThatEnded(t *testing.T) {
	h := remembering(t)
	var p api.Page[api.Bond]
	decode(t, get(t, h, "/v1/bonds?epoch=3&seat=2"), &p)
	if want := (api.Bond{Epoch: 3, Validator: 1, UID: 2, Value: 65535, Share: "1.000000"}); len(p.Items) != 1 || p.Items[0] != want {
		t.Errorf("bonds of epoch 3: %+v, want %+v", p.Items, want)
	}
	var now, latest api.Page[api.Bond]
	decode(t, get(t, h, "/v1/bonds"), &now)
	decode(t, get(t, h, "/v1/bonds?epoch=latest"), &latest)
	if len(now.Items) == 0 || now.Items[0].Epoch != 15 || fmt.Sprint(now) != fmt.Sprint(latest) {
		t.Errorf("the newest bonds: %+v, and of the latest epoch: %+v", now, latest)
	}
	for query, want := range map[string]int{"4": http.StatusNotFound, "99": http.StatusNotFound, "3..4": http.StatusBadRequest, "..": http.StatusBadRequest} {
		if w := get(t, h, "/v1/bonds?epoch="+query); w.Code != want {
			t.Errorf("bonds of epoch %s: %d %s, want %d", query, w.Code, w.Body, want)
		}
	}
}
