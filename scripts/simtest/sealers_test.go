package simtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// outlaw is a seat that runs no shipped program: it is made of the same parts.
type outlaw struct {
	*stage
	hotkey protocoltest.Signer
	port   *protocoltest.Port
	// seal is called at every height of a round whose tasks are drawn, before
	// the deadline, and told whether there is a commitment; open from then on.
	seal func(tasks []wire.Task, there bool) *wire.Commit
	open func(tasks []wire.Task, head protocol.Height) [][]byte
	hear func(a *wire.Answer)
}

func (o *outlaw) Work(context.Context) error { return nil }

func (o *outlaw) Message(_ context.Context, topic string, raw []byte) error {
	if topic != miner.TopicAnswer || o.hear == nil {
		return nil
	}
	a, err := wire.OpenAnswer(raw, o.ChainID())
	if err != nil {
		return err
	}
	o.hear(&a.Answer)
	return nil
}

func (o *outlaw) Step(ctx context.Context, head protocol.Height) error {
	p := o.Params()
	n := p.Schedule.RoundOf(head)
	seat, ok, err := ledger.ReadSeatByHotkey(o.State(), o.hotkey.PublicKey())
	if err != nil || !ok {
		return err
	}
	roster, ok, err := ledger.ReadRosterSeat(o.State(), p.Schedule.EpochOf(head), seat.ID.UID)
	if err != nil || !ok {
		return err
	}
	seeds, _, err := ledger.ReadRound(o.State(), n)
	if err != nil || seeds.TaskSeed.IsZero() {
		return err
	}
	asked, err := ledger.ReadTasks(o.State(), o.ChainID(), p, n, &roster)
	if err != nil {
		return err
	}
	tasks, err := kinds.All().DeriveAll(&asked)
	if err != nil {
		return err
	}
	if head >= p.Schedule.CommitDeadline(n) {
		for _, raw := range o.open(tasks, head) {
			if err := o.port.Publish(ctx, miner.TopicAnswer, raw); err != nil {
				return err
			}
		}
		return nil
	}
	_, there, err := ledger.ReadCommit(o.State(), n, seat.ID.UID)
	if err != nil {
		return err
	}
	if c := o.seal(tasks, there); c != nil {
		return o.port.Submit(ctx, c)
	}
	return nil
}

// outlaw gives an actor's seat to an outlaw.
func (s *stage) outlaw(name string) *outlaw {
	o := &outlaw{stage: s, hotkey: protocoltest.Named(name), port: s.Port(name)}
	s.Attach(name, o.port, o)
	return o
}

// signed returns an answer as its maker sends it.
func (o *outlaw) signed(a *wire.Answer, head protocol.Height) []byte {
	e, err := wire.Seal(o.hotkey, wire.DomainAnswer, o.ChainID(), head, wire.Encode(a))
	if err != nil {
		o.Fatal(err)
	}
	return wire.Encode(e)
}

// result runs a model on a task, bound to the outlaw's hotkey.
func (o *outlaw) result(m *engine.Model, asked *wire.Task) []byte {
	switch asked.Kind {
	case judgement.Kind:
		return o.preference(bridge.Model{Model: m}, asked)
	case synthetic.Kind:
		t, err := synthetic.ReadTask(asked.Body)
		if err != nil {
			o.Fatal(err)
		}
		run := o.run(m, asked.ID, &t.Run)
		return wire.Encode(&synthetic.Record{Text: bridge.Model{Model: m}.Text(run.Output), Run: *run})
	}
	t, err := inference.ReadTask(asked.Body)
	if err != nil {
		o.Fatal(err)
	}
	return wire.Encode(o.run(m, asked.ID, t))
}

// preference asks a model which response it prefers, and takes no time.
func (o *outlaw) preference(m bridge.Model, asked *wire.Task) []byte {
	t, err := judgement.ReadTask(asked.Body)
	if err != nil {
		o.Fatal(err)
	}
	requests, err := bridge.Judgement(m, t.Pair())
	if err != nil {
		o.Fatal(err)
	}
	ran, err := m.Logits(o.Context(), requests[:])
	if err != nil {
		o.Fatal(err)
	}
	result, err := bridge.JudgementResult(requests, ran, engine.Binding{Hotkey: o.hotkey.PublicKey(), Task: asked.ID}, 0)
	if err != nil {
		o.Fatal(err)
	}
	return wire.Encode(result)
}

// run runs a model for a task, and takes no time.
func (o *outlaw) run(m *engine.Model, id protocol.TaskID, t *inference.Task) *inference.Result {
	request, err := bridge.Request(bridge.Model{Model: m}, id, t, o.hotkey.PublicKey())
	if err != nil {
		o.Fatal(err)
	}
	run, err := m.Generate(o.Context(), request, nil)
	if err != nil {
		o.Fatal(err)
	}
	return bridge.Result(run, 0)
}

// Mallory puts ada's commitment on the ledger as her own, and when ada opens
// it says the same, of ada's task and of her own.
func TestACopiedAnswerEarnsNothing(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	ada := s.seat("ada")
	o := s.outlaw("mallory")
	var heard *wire.Answer
	o.hear = func(a *wire.Answer) {
		if a.Seat == ada.ID {
			heard = a
		}
	}
	o.seal = func(tasks []wire.Task, there bool) *wire.Commit {
		c, ok, err := ledger.ReadCommit(s.State(), tasks[0].Round, ada.ID.UID)
		if err != nil || !ok || there {
			return nil
		}
		return &wire.Commit{Round: tasks[0].Round, Root: c.Root}
	}
	o.open = func(tasks []wire.Task, head protocol.Height) [][]byte {
		if heard == nil || heard.Round != tasks[0].Round {
			return nil
		}
		mine, hers := *heard, *heard
		mine.Seat, mine.Task = tasks[0].Seat, tasks[0].ID
		hers.Seat = tasks[0].Seat
		return [][]byte{o.signed(&mine, head), o.signed(&hers, head), o.signed(heard, head)}
	}
	s.play(8)
	s.minedNothing("mallory")
	s.found("mallory")
	s.refusedFor(validator.ErrBadProof, validator.ErrNoSeat)
}

// Mallory has one slot and seals two answers, to open the better; then she
// tries to commit again, to the other alone.
func TestSealingTwoAnswersForOneSlotEarnsNothing(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	o := s.outlaw("mallory")
	var sealed [2][]byte
	var leaves [2]protocol.Hash
	again := 0
	o.seal = func(tasks []wire.Task, there bool) *wire.Commit {
		task := &tasks[0]
		if there {
			if err := s.Tx(o.hotkey, &wire.Commit{Round: task.Round, Root: leaves[0]}); !errors.Is(err, ledger.ErrDuplicate) {
				t.Errorf("a second commitment: got %v, want %v", err, ledger.ErrDuplicate)
			}
			again++
			return nil
		}
		for i, m := range []*engine.Model{honest, altered} {
			sealed[i] = o.result(m, task)
			leaves[i] = wire.SlotLeaf(s.ChainID(), task.ID, o.hotkey.PublicKey(), [32]byte{}, s.sum(task, sealed[i]))
		}
		return &wire.Commit{Round: task.Round, Root: wire.MerkleRoot(leaves[:])}
	}
	o.open = func(tasks []wire.Task, head protocol.Height) (out [][]byte) {
		task := &tasks[0]
		for i, r := range sealed {
			a := wire.Answer{Round: task.Round, Seat: task.Seat, Task: task.ID, Proof: wire.MerkleProof(leaves[:], i)}
			if r == nil {
				return nil
			}
			a.Body = r
			for _, slots := range []uint16{1, 2} {
				a.Slots = slots
				a.Slot = min(uint16(i), slots-1)
				out = append(out, o.signed(&a, head))
			}
		}
		return out
	}
	s.play(8)
	s.minedNothing("mallory")
	s.found("mallory")
	s.refusedFor(validator.ErrBadProof, validator.ErrNoSeat)
	if again == 0 {
		t.Error("nobody tried to commit twice")
	}
}
