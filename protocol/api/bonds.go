package api

import (
	"net/http"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// Bond is an item of /v1/bonds: what a validator holds in a seat, from which its
// dividends follow.
type Bond struct {
	Epoch     protocol.Epoch `json:"epoch"` // whose end left it
	Validator protocol.UID   `json:"validator_uid"`
	UID       protocol.UID   `json:"uid"`
	Value     uint16         `json:"value"`
	Share     string         `json:"share"`
}

// bonds shows what all validators hold in the newest state, or held after the end
// of an epoch, by validator and uid.
func (h *Handler) bonds(r *request) (any, error) {
	p, err := newPager[Bond](r)
	if err != nil {
		return nil, err
	}
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	of, err := h.seated(r, "validator")
	if err != nil {
		return nil, err
	}
	about, err := h.seated(r, "seat")
	if err != nil {
		return nil, err
	}
	p.oldest = h.oldestKept(v)
	e, from, err := h.bondsOf(r, v)
	if err != nil {
		return nil, err
	}
	err = ledger.EachBonds(from, func(holder protocol.UID, b ledger.Bonds) bool {
		if !of.is(holder, protocol.PublicKey{}) {
			return true
		}
		for i := range min(len(b.UIDs), len(b.Values)) {
			pos := position{a: holder, b: b.UIDs[i]}
			if !p.wants(pos) || !about.is(b.UIDs[i], protocol.PublicKey{}) {
				continue
			}
			if p.full() {
				return false
			}
			p.add(pos, Bond{Epoch: e, Validator: holder, UID: b.UIDs[i], Value: b.Values[i], Share: share(uint64(b.Values[i]), ofWeight)})
		}
		return true
	})
	return p.page(), err
}

// bondsOf returns the epoch whose bonds are asked for, and what has them.
func (h *Handler) bondsOf(r *request, v *view) (protocol.Epoch, ledger.Reader, error) {
	if _, ok := r.query["epoch"]; !ok {
		return v.paid, v, nil
	}
	want, err := h.epochs(r)
	switch {
	case err != nil:
		return 0, nil, err
	case want.from != want.to:
		return 0, nil, problem(http.StatusBadRequest, problemQuery, "give one epoch, as epoch=7, latest or -1", "bonds of several epochs")
	case want.from == v.paid:
		return v.paid, v, nil
	}
	var from ledger.Reader
	if past, ok := h.src.State.(Past); ok {
		if from, err = past.PastBonds(want.from); err != nil {
			return 0, nil, err
		}
	}
	if from == nil {
		return 0, nil, problem(http.StatusNotFound, problemNotFound, "this node has the bonds of epochs whose end it carried out itself, while it kept them; ask another", "bonds of epoch %d", want.from)
	}
	return want.from, from, nil
}
