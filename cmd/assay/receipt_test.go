package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// trueReceipt is a receipt as a node gives it; its answer's tokens are invented.
func trueReceipt(t testing.TB) api.Receipt {
	t.Helper()
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	ev := n.Work.Tasks[n.TaskOf(apitest.Round, 2).ID]
	r := wire.Receipt{ChainID: n.Genesis.ChainID(), Task: ev.Task, Answer: ev.Answers[0].Raw}
	for _, c := range ev.Cards {
		r.Cards = append(r.Cards, c.Raw)
	}
	f, err := api.NewReceipt(&r, ev.Hotkey)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// others are a signed card and a signed answer of another task.
func others(t testing.TB) [][]byte {
	t.Helper()
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	task := n.TaskOf(apitest.Round+1, 2)
	ev, err := n.Sign(&task, &inference.Result{Output: []int32{1}, Finish: "length"}, func(_ protocol.UID, c *inference.Card) { c.Root = wire.HashOf("root") })
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{ev.Cards[0].Raw, ev.Answers[0].Raw}
}

// asking is the body of a receipt's task, changed.
func asking(t testing.TB, r *wire.Receipt, change func(*inference.Task)) []byte {
	t.Helper()
	a, err := inference.ReadTask(r.Task.Body)
	if err != nil {
		t.Fatal(err)
	}
	change(a)
	return wire.Encode(a)
}

func encodeReceipt(t testing.TB, r api.Receipt) []byte {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestATrueReceiptIsRead(t *testing.T) {
	r, err := readReceipt(encodeReceipt(t, trueReceipt(t)))
	if err != nil {
		t.Fatal(err)
	}
	if r.answer.Sender != apitest.Public("miner-0") || len(r.cards) != 2 || r.cards[1].Sender != apitest.Public("validator-1") {
		t.Errorf("got hotkey %s, %d cards", r.answer.Sender, len(r.cards))
	}
}

// TestAReceiptThatWasChangedIsRefused changes one thing at a time.
func TestAReceiptThatWasChangedIsRefused(t *testing.T) {
	inner := func(change func(*wire.Receipt)) func(*api.Receipt) {
		return func(f *api.Receipt) {
			r, err := wire.DecodeReceipt(f.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			change(r)
			f.ChainID, f.Task, f.Kind, f.Bytes = r.ChainID, r.Task.ID, r.Task.Kind, wire.Encode(r)
			if body, err := api.TaskBody(&r.Task); err == nil {
				f.Body = body
			}
		}
	}
	envelope := func(raw []byte, change func(*wire.Envelope)) []byte {
		var e wire.Envelope
		if err := wire.Decode(raw, wire.MaxAnswerBytes, &e); err != nil {
			t.Fatal(err)
		}
		change(&e)
		return wire.Encode(&e)
	}
	for name, change := range map[string]func(*api.Receipt){
		"another format":        func(f *api.Receipt) { f.Format = "assay-receipt/2" },
		"another chain around":  func(f *api.Receipt) { f.ChainID = "assay-other" },
		"another task around":   func(f *api.Receipt) { f.Task[0] ^= 1 },
		"another kind around":   func(f *api.Receipt) { f.Kind = "echo" },
		"another prompt around": func(f *api.Receipt) { f.Body = bytes.Replace(f.Body, []byte("a cat"), []byte("a dog"), 1) },
		"no body around":        func(f *api.Receipt) { f.Body = nil },
		"another hotkey around": func(f *api.Receipt) { f.Hotkey = apitest.Public("miner-1") },
		"bytes cut":             func(f *api.Receipt) { f.Bytes = f.Bytes[:len(f.Bytes)-1] },
		"bytes appended":        func(f *api.Receipt) { f.Bytes = append(f.Bytes, 0) },
		"no bytes":              func(f *api.Receipt) { f.Bytes = nil },
		"another chain":         inner(func(r *wire.Receipt) { r.ChainID = "assay-other" }),
		"another kind":          inner(func(r *wire.Receipt) { r.Task.Kind = "echo" }),
		"another task":          inner(func(r *wire.Receipt) { r.Task.ID[0] ^= 1 }),
		"another slot":          inner(func(r *wire.Receipt) { r.Task.Slot++ }),
		"impossible settings":   inner(func(r *wire.Receipt) { r.Task.Body = asking(t, r, func(a *inference.Task) { a.TopK = 0 }) }),
		"no answer":             inner(func(r *wire.Receipt) { r.Answer = nil }),
		"a card for an answer":  inner(func(r *wire.Receipt) { r.Answer = r.Cards[0] }),
		"an answer for a card":  inner(func(r *wire.Receipt) { r.Cards[0] = r.Answer }),
		"an answer, signed for it": inner(func(r *wire.Receipt) {
			r.Answer = envelope(r.Answer, func(e *wire.Envelope) { e.Sender = apitest.Public("miner-1") })
		}),
		"an answer's signature": inner(func(r *wire.Receipt) { r.Answer = envelope(r.Answer, func(e *wire.Envelope) { e.Sig[0] ^= 1 }) }),
		"an answer's tokens": inner(func(r *wire.Receipt) {
			r.Answer = envelope(r.Answer, func(e *wire.Envelope) {
				e.Payload = bytes.Replace(e.Payload, []byte{0x83, 1, 2, 3}, []byte{0x83, 1, 2, 4}, 1)
			})
		}),
		"another task's card":   inner(func(r *wire.Receipt) { r.Cards[1] = others(t)[0] }),
		"another task's answer": inner(func(r *wire.Receipt) { r.Answer = others(t)[1] }),
		"a card's signature":    inner(func(r *wire.Receipt) { r.Cards[1] = envelope(r.Cards[1], func(e *wire.Envelope) { e.Sig[0] ^= 1 }) }),
	} {
		f := trueReceipt(t)
		before := encodeReceipt(t, f)
		change(&f)
		after := encodeReceipt(t, f)
		if bytes.Equal(before, after) {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := readReceipt(after); !errors.Is(err, errReceipt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	whole := string(encodeReceipt(t, trueReceipt(t)))
	for name, text := range map[string]string{
		"nothing":          "",
		"an array":         "[" + whole + "]",
		"two":              whole + whole,
		"an unknown field": strings.Replace(whole, "{", `{"note":"hello",`, 1),
		"a number":         "1",
	} {
		if _, err := readReceipt([]byte(text)); !errors.Is(err, errReceipt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// FuzzReadReceipt: whatever a file holds, it is refused, or signed by those whom
// it names.
func FuzzReadReceipt(f *testing.F) {
	whole := encodeReceipt(f, trueReceipt(f))
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"format":"assay-receipt/1","receipt":"hg=="}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := readReceipt(b)
		if err != nil {
			if !errors.Is(err, errReceipt) {
				t.Fatal(err)
			}
			return
		}
		if r.answer.Sender.IsZero() || r.answer.Answer.Task != r.Task.ID {
			t.Fatalf("%+v", r)
		}
	})
}
