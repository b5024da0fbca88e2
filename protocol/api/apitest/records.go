package apitest

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// Round is the round of the task that has evidence: the last of epoch 1.
const Round protocol.Round = 1

// set writes a record into the tree, which never fails in memory.
func (n *Network) set(key []byte, record any) { _ = n.Tree.Set(key, wire.Encode(record)) }

// live writes what 45 blocks left behind: a late miner, two paid epochs, opened
// weights, stake on its way back, a commitment with its judges.
func (n *Network) live() error {
	m, _, err := ledger.ReadMeta(n.Tree)
	if err != nil {
		return err
	}
	late := ledger.Seat{ID: protocol.SeatID{UID: 4, Registered: 30}, Hotkey: Public(names[4]), Coldkey: coldkey(4), LastUpdate: 30}
	n.set(ledger.SeatKey(4), late)
	n.set(ledger.HotkeyKey(late.Hotkey), protocol.UID(4))
	n.set(ledger.UnbondingKey(Public(names[0]), 20, coldkey(1)), ledger.Unbonding{Amount: 5 * protocol.Unit})
	n.set(ledger.UnbondingWaitKey(20, Public(names[0]), coldkey(1)), int64(1_700_000_000e9))
	n.set(ledger.AccountKey(Public(names[2])), ledger.Account{Nonce: 3})
	m.Height, m.Seats = Height, 5
	m.Burned, m.Pot = protocol.Unit, 6*protocol.Unit
	m.Unbonding = 5 * protocol.Unit
	m.Issued += 5*protocol.Unit + m.Burned + m.Pot
	n.set(ledger.MetaKey(), m)
	for e := range protocol.Epoch(2) {
		n.paid(e)
	}
	for v := range protocol.UID(2) {
		n.set(ledger.WeightsKey(0, v), ledger.Weights{
			Seat: protocol.SeatID{UID: v}, Height: 18, UIDs: []protocol.UID{2, 3}, Values: []uint16{65535, 100 * uint16(v)},
		})
	}
	n.set(ledger.BondsKey(1), ledger.Bonds{UIDs: []protocol.UID{2, 3}, Values: []uint16{39321, 65535}})
	n.requested()
	n.set(ledger.CommitKey(Round, 2), ledger.CommitRecord{Seat: protocol.SeatID{UID: 2}, Root: wire.HashOf("assay/test/root"), Height: 27})
	n.set(ledger.DutyKey(Round, 2), ledger.DutyRecord{Duties: []ledger.Duty{{Judge: protocol.SeatID{UID: 0}}, {Judge: protocol.SeatID{UID: 1}}}})
	return nil
}

// RequestID names the one request for data.
func RequestID() protocol.Hash { return wire.HashOf("assay/test/request") }

// requested writes a request that was settled: one of two records was paid.
func (n *Network) requested() {
	n.set(ledger.RequestKey(RequestID()), ledger.Request{
		Requester: coldkey(0), Height: 5, Sealed: 2, Opened: 2, Ended: 41, Paid: protocol.Unit, Count: 1, Judged: protocol.Unit / 32,
		Asked: wire.Request{Specification: `{"topic":"tea"}`, Count: 2, Price: protocol.Unit, Maximum: 2 * protocol.Unit, Deadline: 19},
	})
	for i, text := range []string{"Tea is a leaf.", "Tea"} {
		r := ledger.MadeRecord{Maker: coldkey(2), Height: 7, Text: text}
		if i == 0 {
			r.Paid = protocol.Unit
		}
		n.set(ledger.MadeRecordKey(RequestID(), protocol.Hash{byte(i)}), r)
	}
}

// paid writes the payments of an epoch: 10 tokens to miners, 4 and 6 to validators.
func (n *Network) paid(e protocol.Epoch) {
	n.set(ledger.EpochKey(e), ledger.EpochRecord{
		Epoch: e, Height: n.Genesis.Params.Schedule.EpochEnd(e), Emission: 20 * protocol.Unit,
		Miners: 10 * protocol.Unit, Validators: 10 * protocol.Unit, Seats: 4,
	})
	for uid := range protocol.UID(4) {
		p := ledger.Payment{Seat: protocol.SeatID{UID: uid}, Hotkey: Public(names[uid]), Coldkey: coldkey(int(uid))}
		switch uid {
		case 0:
			p.Dividend, p.Duty, p.Drawn, p.Fulfilled, p.Validator, p.Permit = 26214, 65535, 2, 2, 4*protocol.Unit, true
		case 1:
			p.Dividend, p.Duty, p.Drawn, p.Fulfilled, p.Validator, p.Permit = 39321, 32767, 2, 1, 6*protocol.Unit, true
		case 2:
			p.Incentive, p.Miner = 65435, 9_984_741_000+protocol.Amount(e)
		case 3:
			p.Incentive, p.Miner = 100, 15_259_000-protocol.Amount(e)
		}
		n.set(ledger.PaymentKey(e, uid), p)
	}
}

// TaskOf is the task that a seat was asked in a round.
func (n *Network) TaskOf(round protocol.Round, uid protocol.UID) wire.Task {
	place := wire.Encode([]uint64{uint64(round), uint64(uid)})
	p := &n.Genesis.Params
	return wire.Task{
		ID: wire.HashOf("assay/test/task", place), Kind: inference.Kind, Round: round, Seat: protocol.SeatID{UID: uid},
		Body: wire.Encode(&inference.Task{
			Model: p.Kinds[0].Models[0].ID, System: p.Inference.System, Prompt: "Ask a cat.", TopK: 40, TopP: 1 << 16,
			Seed: wire.HashOf("assay/test/seed", place), MaxTokens: p.Inference.MaxTokens,
		}),
	}
}

// scores are of epochs 0 and 1 and of miners 2 and 3: one honest, one false.
func (n *Network) scores() []api.Score {
	var out []api.Score
	for e := range protocol.Epoch(2) {
		for _, uid := range []protocol.UID{2, 3} {
			s := api.Score{
				Epoch: e, UID: uid, Hotkey: Public(names[uid]), Kind: inference.Kind, Final: e == 0, Asked: 1, Answered: 1, Exact: 1, Units: 6,
				OwnRuns: 1, OwnPasses: 1, Bound: 52429, Speed: 65536, Availability: 65536, Weight: 65535,
				Explain: api.Explain{Reason: "paid", Work: 393216, MeanWork: 393216, Raw: 314574, Part: 65536, Delay: 5, Commits: 1, AverageEpochs: 65536},
				Tasks:   []protocol.TaskID{n.TaskOf(protocol.Round(e), uid).ID},
			}
			if uid == 3 {
				s.Exact, s.Inexact, s.OwnPasses, s.Bound, s.Weight = 0, 1, 0, 0, 0
				s.Explain.Reason, s.Explain.Raw, s.Explain.Part = "false", 0, 0
			}
			out = append(out, s)
		}
	}
	return out
}

// evidence is of miner 2's task of [Round]: an answer of invented tokens, and the
// cards of both judges.
func (n *Network) evidence() (*api.Evidence, error) {
	t := n.TaskOf(Round, 2)
	r := inference.Result{Output: []int32{1, 2, 3}, Finish: "stop", Fingerprint: wire.HashOf("assay/test/fingerprint"), Millis: 1234}
	for i := range r.Output {
		r.Leaves = append(r.Leaves, wire.HashOf("assay/test/leaf", []byte{byte(i)}))
	}
	root := wire.HashOf("assay/test/root-of-judge")
	return n.Sign(&t, &r, func(_ protocol.UID, c *inference.Card) { c.Root = root })
}

// Sign makes the evidence of a task of miner 2 from its result: the answer, and a
// card "exact" of each judge, which card may change before it is signed.
func (n *Network) Sign(t *wire.Task, r *inference.Result, card func(judge protocol.UID, c *inference.Card)) (*api.Evidence, error) {
	a := wire.Answer{Round: t.Round, Seat: t.Seat, Slot: t.Slot, Slots: t.Slot + 1, Task: t.ID, Body: wire.Encode(r)}
	return n.sign(t, &a, len(r.Output), card)
}

// Answer lets miner 2 answer a round: one slot for each result, all of them under
// the commitment that the ledger then has, and found exact by both judges.
func (n *Network) Answer(round protocol.Round, results []*inference.Result) error {
	var s task.Sealed
	for slot, r := range results {
		t := n.TaskOf(round, 2)
		t.ID, t.Slot = wire.HashOf("assay/test/slot", wire.Encode([]uint64{uint64(round), uint64(slot)})), uint16(slot)
		s.Tasks, s.Answers = append(s.Tasks, t), append(s.Answers, wire.Encode(r))
		s.Salts = append(s.Salts, [32]byte{byte(slot)})
	}
	root, err := s.Commitment(kinds.All(), n.Genesis.ChainID(), Public(names[2]))
	if err != nil {
		return err
	}
	height := n.Genesis.Params.Schedule.RoundStart(round) + 7
	n.set(ledger.CommitKey(round, 2), ledger.CommitRecord{Seat: protocol.SeatID{UID: 2}, Root: root, Height: height})
	for slot, r := range results {
		a, err := s.Opening(kinds.All(), n.Genesis.ChainID(), Public(names[2]), uint16(slot))
		if err != nil {
			return err
		}
		t := &s.Tasks[slot]
		n.Work.Tasks[t.ID], err = n.sign(t, a, len(r.Output), func(_ protocol.UID, c *inference.Card) { c.Root = wire.HashOf("assay/test/root-of-judge") })
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) sign(t *wire.Task, a *wire.Answer, tokens int, card func(protocol.UID, *inference.Card)) (*api.Evidence, error) {
	chain := n.Genesis.ChainID()
	e, err := wire.Seal(Key(names[2]), wire.DomainAnswer, chain, 33, wire.Encode(a))
	if err != nil {
		return nil, fmt.Errorf("sign answer: %w", err)
	}
	ev := &api.Evidence{Task: *t, Hotkey: Public(names[2]), Answers: []api.Signed{{Raw: wire.Encode(e), Received: 33}}}
	for v := range protocol.UID(2) {
		body := inference.Card{Code: inference.CodeExact, Tokens: uint32(tokens)}
		card(v, &body)
		c := wire.Card{
			Judge: protocol.SeatID{UID: v}, Round: t.Round, Seat: t.Seat, Slot: t.Slot, Task: t.ID,
			Answer: e.Hash(), Kind: t.Kind, Finding: body.Code.Finding(), Body: wire.Encode(&body),
		}
		ce, err := wire.Seal(Key(names[v]), wire.DomainCard, chain, 35, wire.Encode(&c))
		if err != nil {
			return nil, fmt.Errorf("sign card: %w", err)
		}
		ev.Cards = append(ev.Cards, api.Signed{Raw: wire.Encode(ce), Received: 35})
	}
	return ev, nil
}
