package api

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// maxTexts bounds the bytes of texts on a page of records.
const maxTexts = 4 << 20

// Request is a request for records of synthetic data.
type Request struct {
	ID            protocol.Hash      `json:"id"`
	Requester     protocol.PublicKey `json:"requester"`
	Height        protocol.Height    `json:"height"`
	Specification string             `json:"specification"`
	Count         uint32             `json:"count"`
	Price         protocol.Amount    `json:"price"`
	Maximum       protocol.Amount    `json:"maximum"`
	// Until Deadline records are sealed, until OpenDeadline opened, until
	// JudgeDeadline judged, and by SettleDeadline it has ended.
	Deadline       protocol.Height `json:"deadline"`
	OpenDeadline   protocol.Height `json:"open_deadline"`
	JudgeDeadline  protocol.Height `json:"judge_deadline"`
	SettleDeadline protocol.Height `json:"settle_deadline"`
	Sealed         uint32          `json:"sealed"`
	Opened         uint32          `json:"opened"`
	// Ended is the height at which it was settled, or all went back; 0 before.
	Ended  protocol.Height `json:"ended"`
	Escrow protocol.Amount `json:"escrow"`
	Paid   protocol.Amount `json:"paid"`
	// PaidRecords is how many records were paid.
	PaidRecords uint32 `json:"paid_records"`
	// Fee is for its judges, and neither paid nor returned; Judged is what they were
	// paid.
	Fee    protocol.Amount `json:"fee"`
	Judged protocol.Amount `json:"judged"`
}

// MadeRecord is an opened record of a request.
type MadeRecord struct {
	Number uint32             `json:"number"` // among those of the request
	Seal   protocol.Hash      `json:"seal"`
	Maker  protocol.PublicKey `json:"maker"`
	Height protocol.Height    `json:"height"` // of its seal
	Seed   protocol.Hash      `json:"seed"`
	Text   string             `json:"text"`
	Paid   protocol.Amount    `json:"paid"`
}

// requests lists them by height, then id.
func (h *Handler) requests(r *request) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	p, err := newPager[Request](r)
	if err != nil {
		return nil, err
	}
	var all []Request
	err = ledger.Requests(v, func(id protocol.Hash, q ledger.Request) bool {
		all = append(all, h.shownRequest(id, &q))
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b Request) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), bytes.Compare(a.ID[:], b.ID[:]))
	})
	at := position{}
	for i := range all {
		if next := protocol.Epoch(all[i].Height); next != at.epoch {
			at = position{epoch: next}
		} else {
			at.a++
		}
		if !p.wants(at) {
			continue
		}
		if p.full() {
			break
		}
		p.add(at, all[i])
	}
	return p.page(), nil
}

func (h *Handler) shownRequest(id protocol.Hash, q *ledger.Request) Request {
	return Request{
		ID: id, Requester: q.Requester, Height: q.Height, Specification: q.Asked.Specification,
		Count: q.Asked.Count, Price: q.Asked.Price, Maximum: q.Asked.Maximum, Deadline: q.Asked.Deadline,
		OpenDeadline: q.OpenDeadline(h.params), JudgeDeadline: q.JudgeDeadline(h.params), SettleDeadline: q.SettleDeadline(h.params),
		Sealed: q.Sealed, Opened: q.Opened, Ended: q.Ended, Escrow: q.Escrow, Paid: q.Paid, PaidRecords: q.Count,
		Fee: q.Fee, Judged: q.Judged,
	}
}

// readRequest returns the request that the path names.
func (h *Handler) readRequest(r *request, v *view) (protocol.Hash, *ledger.Request, error) {
	s := r.http.PathValue("id")
	id, err := protocol.ParseHash(s)
	if err != nil {
		return id, nil, problem(http.StatusBadRequest, problemPath, "an id has 64 hex digits", "request %.100q", s)
	}
	q, ok, err := ledger.ReadRequest(v, id)
	if err != nil {
		return id, nil, err
	}
	if !ok {
		return id, nil, problem(http.StatusNotFound, problemNotFound, "requests are kept for some epochs after their end; /v1/requests lists them", "no request %s", id)
	}
	return id, &q, nil
}

func (h *Handler) request(r *request) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	id, q, err := h.readRequest(r, v)
	if err != nil {
		return nil, err
	}
	return h.shownRequest(id, q), nil
}

// requestRecords lists the opened records of a request, by number.
func (h *Handler) requestRecords(r *request) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	id, _, err := h.readRequest(r, v)
	if err != nil {
		return nil, err
	}
	p, err := newPager[MadeRecord](r)
	if err != nil {
		return nil, err
	}
	list, err := ledger.ReadRecords(v, id)
	if err != nil {
		return nil, err
	}
	texts := 0
	for i := range list {
		k, at := &list[i], position{epoch: protocol.Epoch(i)}
		if !p.wants(at) {
			continue
		}
		if texts += len(k.Text); p.full() || texts > maxTexts && len(p.items) > 0 {
			p.more = true
			break
		}
		p.add(at, MadeRecord{Number: uint32(i), Seal: k.Seal, Maker: k.Maker, Height: k.Height, Seed: k.Seed, Text: k.Text, Paid: k.Paid})
	}
	return p.page(), nil
}
