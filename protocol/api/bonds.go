package api

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// Bond is an item of /v1/bonds: what a validator holds in a seat, from which its
// dividends follow.
type Bond struct {
	Validator protocol.UID `json:"validator_uid"`
	UID       protocol.UID `json:"uid"`
	Value     uint16       `json:"value"`
	Share     string       `json:"share"`
}

// bonds shows what all validators hold in the newest state, by validator and uid.
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
	p.oldest = v.oldest
	var holders []protocol.UID
	if err := ledger.Seats(v, func(s ledger.Seat) bool {
		if of.is(s.ID.UID, s.Hotkey) {
			holders = append(holders, s.ID.UID)
		}
		return true
	}); err != nil {
		return nil, err
	}
	for _, holder := range holders {
		b, _, err := ledger.ReadBonds(v, holder)
		if err != nil {
			return nil, err
		}
		for i := range min(len(b.UIDs), len(b.Values)) {
			pos := position{a: holder, b: b.UIDs[i]}
			if !p.wants(pos) || !about.is(b.UIDs[i], protocol.PublicKey{}) {
				continue
			}
			if p.full() {
				return p.page(), nil
			}
			p.add(pos, Bond{Validator: holder, UID: b.UIDs[i], Value: b.Values[i], Share: share(uint64(b.Values[i]), ofWeight)})
		}
	}
	return p.page(), nil
}
