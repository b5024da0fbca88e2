package simtest_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// echo is a kind of task that is as small as a kind can be, with all its places:
// the kind itself, its worker and its judge. A task is eight bytes, the right
// answer is the same, and a judge's card says these bytes behind its own hotkey,
// so that it cannot be copied. Package task counts what it costs.
type echo struct {
	lies bool // the worker's answers are wrong
}

const echoes protocol.Kind = "echo"

// Name, Derive, the checks and Work are the kind's.
func (echo) Name() protocol.Kind { return echoes }

func (echo) Derive(_ *params.Params, id protocol.TaskID, _ []protocol.ModelID) []byte {
	b := task.NewStream(id).Block()
	return b[:8]
}

func (echo) CheckTask(t *wire.Task) error { return size(t.Body, 8) }

func (echo) CheckAnswer(_ *wire.Task, body []byte) error { return size(body, 8) }

func (echo) CheckCard(c *wire.Card) error { return size(c.Body, len(protocol.PublicKey{})+8) }

func (echo) Sum(body []byte) (wire.Sum, error) { return wire.SumOf(body), nil }

func (echo) Work(_ *params.Params, opened []task.Opened) []task.Worth {
	out := make([]task.Worth, len(opened))
	for i := range out {
		out[i] = task.Worth{Units: 1, Work: params.One}
	}
	return out
}

// Offer and Answer are its worker's.
func (echo) Offer() wire.Offer { return wire.Offer{Kind: echoes, Capacity: 1} }

func (e echo) Answer(_ context.Context, t *wire.Task, _ protocol.PublicKey) ([]byte, error) {
	body := bytes.Clone(t.Body)
	if e.lies {
		body[0]++
	}
	return body, nil
}

// Kind, Check, Judge and Body are its judge's.
func (echo) Kind() protocol.Kind { return echoes }

func (echo) Check(*params.Params) error { return nil }

func (echo) Judge(_ context.Context, t *wire.Task, _ protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	o := scoring.Outcome{Task: t.ID, Kind: t.Kind, Finding: wire.FindingPassed, Found: answer}
	if !bytes.Equal(answer, t.Body) {
		o.Finding = wire.FindingFalse
	}
	return o, nil
}

func (echo) Body(o *scoring.Outcome, hotkey protocol.PublicKey) ([]byte, error) {
	return append(hotkey[:], o.Found...), nil
}

func size(b []byte, want int) error {
	if len(b) != want {
		return wire.ErrLimit
	}
	return nil
}

// echoNetwork has the usual cast, which is paid three quarters for inference, and
// one quarter for four echoes an epoch.
func echoNetwork(t *testing.T, more ...protocoltest.Actor) *stage {
	p := protocoltest.Params(honest.ID())
	p.Kinds[0].Share = 3 * params.One / 4
	p.Kinds = append([]params.Kind{{
		Name: echoes, Share: params.One / 4, Full: 4, Slots: 1, Judges: 2, Rounds: 1, Keep: params.One / 2,
	}}, p.Kinds...)
	table := append(task.Table{echo{}}, kinds.All()...)
	return openKinds(t, honest, *seed, protocoltest.Config{Cast: cast(more...), Params: p}, table, echo{})
}

// joinWith registers a seat whose miner has these workers, and announces them.
func (s *stage) joinWith(name string, workers ...miner.Worker) {
	s.Helper()
	s.miner(name, func(c *miner.Config) {
		c.Workers = workers
		c.Announce = func() wire.Serve {
			body := *s.serve(name, 0)
			body.Offers = nil
			for _, w := range workers {
				body.Offers = append(body.Offers, w.Offer())
			}
			return body
		}
	})
	s.buy(name, name)
}

func TestAFourthKindGoesFromTaskToPay(t *testing.T) {
	t.Parallel()
	s := echoNetwork(t, protocoltest.Actor{Name: "edna"}, protocoltest.Actor{Name: "liz"})
	s.joinWith("edna", echo{})
	s.joinWith("liz", echo{lies: true})
	s.play(15)

	s.found("edna", wire.FindingPassed)
	s.found("liz", wire.FindingFalse)
	for _, name := range miners {
		s.found(name, wire.FindingPassed)
	}
	roster, ok, err := ledger.ReadRosterSeat(s.State(), s.lastEpoch(), s.seat("edna").ID.UID)
	if err != nil || !ok || len(roster.Asked) != 1 || roster.Asked[0].Kind != echoes || roster.Asked[0].Slots != 1 {
		t.Errorf("edna is asked %+v, %v, %v", roster.Asked, ok, err)
	}
	if got := s.Mined("liz", 0, 15); got != 0 {
		t.Errorf("who echoes wrong was paid %s", got)
	}
	const from, to = 5, 15
	var inference protocol.Amount
	for _, name := range miners {
		s.near(name, s.Mined(name, from, to), s.Mined(miners[0], from, to), 10)
		inference += s.Mined(name, from, to)
	}
	// Edna is the only one who echoes, and does a quarter of what the kind pays in
	// full: of its quarter she gets a quarter, or less while judges doubt her, and
	// that is at most a twelfth of what inference gets.
	if got := s.Mined("edna", from, to); 12*got > inference || 20*got < inference {
		t.Errorf("edna got %s beside %s for inference", got, inference)
	}
	// What is left of the kind's share goes to nobody: what was to be paid in these
	// epochs is what was issued in them.
	var emission, paid, unearned protocol.Amount
	for e := protocol.Epoch(from); e <= to; e++ {
		rec, ok, err := ledger.ReadEpoch(s.State(), e)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		emission += rec.Emission
		paid += rec.Miners + rec.Validators
		unearned += rec.Unearned
	}
	if part := 1000 * unearned / emission; part < 150 || part > 220 {
		t.Errorf("%s of %s was not earned, want about three sixteenths", unearned, emission)
	}
	if left := emission - paid - unearned; left > emission/100 {
		t.Errorf("%s of %s was neither paid nor left to nobody", left, emission)
	}
	meta, _, err := ledger.ReadMeta(s.State())
	if err != nil || meta.Pot < meta.Unearned || meta.Unearned < unearned {
		t.Errorf("a pot of %s holds %s that nobody earned, %v", meta.Pot, meta.Unearned, err)
	}
}

// A seat may be asked of several kinds: its answers stand under one commitment.
func TestASeatThatDoesTwoKindsCommitsOnceAndIsPaidForBoth(t *testing.T) {
	t.Parallel()
	s := echoNetwork(t, protocoltest.Actor{Name: "bea"})
	s.joinWith("bea", echo{}, miner.NewInference(1, nil, bridge.Model{Model: s.model}))
	s.play(9)
	s.found("bea", wire.FindingPassed)
	kindsOf := map[protocol.Kind]int{}
	last := s.Params().Schedule.RoundOf(s.Height()) - 1
	uid := s.seat("bea").ID.UID
	for slot := range uint16(2) {
		view, err := s.validators["vera"].Slot(wire.AnswerKey{Round: last, UID: uid, Slot: slot})
		if err != nil {
			t.Fatal(err)
		}
		kindsOf[view.Answer.Task.Kind]++
	}
	if len(kindsOf) != 2 {
		t.Errorf("answers of one commitment are of %v", kindsOf)
	}
	for e := protocol.Epoch(6); e <= 9; e++ {
		if both, one := s.Mined("bea", e, e), s.Mined("ada", e, e); both <= one {
			t.Errorf("epoch %d: %s for two kinds, %s for one", e, both, one)
		}
	}
}
