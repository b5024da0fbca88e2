package simtest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/goldentest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// traffic is what scripts/oracle/protocol takes apart with nothing but
// protocol/SPEC.md: all that went over a network, and the ledger that it left.
type traffic struct {
	Genesis hexBytes    `json:"genesis"`
	Blocks  []block     `json:"blocks"`
	Answers []hexBytes  `json:"answers"` // their envelopes
	Cards   []hexBytes  `json:"cards"`
	Tasks   []hexBytes  `json:"tasks"` // that were derived, answered or not
	Receipt hexBytes    `json:"receipt"`
	State   []entry     `json:"state"` // after the last block, by key
	Miners  []secretive `json:"miners"`
}

type block struct {
	Height   protocol.Height `json:"height"`
	Time     int64           `json:"time"`   // in nanoseconds
	Before   hexBytes        `json:"before"` // ledger.MemTree's hash of the state before it
	Proposer hexBytes        `json:"proposer"`
	Eligible []hexBytes      `json:"eligible"` // true proposers of the block before
	Votes    []vote          `json:"votes"`
	Offences []offence       `json:"offences"`
	Items    []hexBytes      `json:"items"`
}

// vote is what a member did about the block before.
type vote struct {
	Address hexBytes        `json:"address"`
	Flag    ledger.VoteFlag `json:"flag"`
}

// offence is misbehaviour that was proven.
type offence struct {
	Address hexBytes `json:"address"`
	Height  uint64   `json:"height"`
}

type entry struct {
	Key   hexBytes `json:"key"`
	Value hexBytes `json:"value"`
}

// secretive are the secrets of a miner, so that the oracle can be that miner.
type secretive struct {
	Name string   `json:"name"`
	Seed hexBytes `json:"seed"` // of the hotkey, with the label "protocoltest"
	Salt hexBytes `json:"salt"`
}

func secretsOf(name string) secretive {
	seed, salt := sha256.Sum256([]byte(name)), sha256.Sum256([]byte(name+"'s salt"))
	return secretive{Name: name, Seed: seed[:], Salt: salt[:]}
}

// hexBytes are bytes that JSON shows as hex digits.
type hexBytes []byte

// MarshalText implements [encoding.TextMarshaler].
func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

// scribe writes down what goes over the network, once.
type scribe struct {
	traffic
	findings map[wire.Finding]int
	known    map[string]bool
}

func (*scribe) Step(context.Context, protocol.Height) error { return nil }
func (*scribe) Work(context.Context) error                  { return nil }

func (s *scribe) Message(_ context.Context, topic string, raw []byte) error {
	if topic == miner.TopicAnswer {
		s.Answers = append(s.Answers, bytes.Clone(raw))
		return nil
	}
	c, err := wire.ReadCard(raw)
	if err != nil || s.known[string(c.Payload)] {
		return err
	}
	s.known[string(c.Payload)] = true
	s.findings[c.Card.Finding]++
	s.Cards = append(s.Cards, bytes.Clone(raw))
	return nil
}

// ordered writes down a block, on the state with this hash.
func (s *scribe) ordered(b *ledger.Block, before protocol.Hash) {
	out := block{Height: b.Height, Time: b.Time, Before: before[:], Proposer: b.Proposer[:]}
	for i := range b.PrevEligible {
		out.Eligible = append(out.Eligible, b.PrevEligible[i][:])
	}
	for _, v := range b.Votes {
		out.Votes = append(out.Votes, vote{bytes.Clone(v.Address[:]), v.Flag})
	}
	for _, m := range b.Misbehaviour {
		out.Offences = append(out.Offences, offence{bytes.Clone(m.Address[:]), m.Height})
	}
	for _, item := range b.Txs {
		out.Items = append(out.Items, bytes.Clone(item))
	}
	s.Blocks = append(s.Blocks, out)
}

// punctual is a miner without a clock: its answers say that they took no time,
// so that they are the same each time. It leaves out what skip says.
func (s *stage) punctual(w *scribe, name string, m *engine.Model, skip func(t *wire.Task) bool) {
	o := s.outlaw(name)
	secret := [32]byte(secretsOf(name).Salt)
	sealed := map[protocol.Round]*task.Sealed{}
	o.seal = func(tasks []wire.Task, there bool) *wire.Commit {
		n := tasks[0].Round
		if there {
			return nil
		}
		if sealed[n] == nil {
			all := &task.Sealed{Tasks: tasks}
			for i := range tasks {
				w.Tasks = append(w.Tasks, wire.Encode(&tasks[i]))
				all.Salts = append(all.Salts, miner.Salt(secret, tasks[i].ID))
				all.Answers = append(all.Answers, nil)
				if !skip(&tasks[i]) {
					all.Answers[i] = o.result(m, &tasks[i])
				}
			}
			sealed[n] = all
		}
		root, err := sealed[n].Commitment(s.kinds, s.ChainID(), o.hotkey.PublicKey())
		if err != nil {
			s.Fatal(err)
		}
		return &wire.Commit{Round: n, Root: root}
	}
	o.open = func(tasks []wire.Task, head protocol.Height) (out [][]byte) {
		n := tasks[0].Round
		if sealed[n] == nil || head != s.Params().Schedule.CommitDeadline(n) {
			return nil
		}
		for i, r := range sealed[n].Answers {
			if r == nil {
				continue
			}
			a, err := sealed[n].Opening(s.kinds, s.ChainID(), o.hotkey.PublicKey(), uint16(i))
			if err != nil {
				s.Fatal(err)
			}
			out = append(out, o.signed(a, head))
		}
		return out
	}
}

// tx puts a transaction of a key into the pool.
func (s *stage) tx(k protocoltest.Signer, body wire.Body) {
	s.Helper()
	if err := s.Tx(k, body); err != nil {
		s.Fatal(err)
	}
}

// becomeJudge buys an actor a seat and makes it a validator from epoch 2 on, in
// six blocks of epoch 0.
func (s *stage) becomeJudge(name string) {
	s.Helper()
	cold, hotkey := protocoltest.Cold(name), protocoltest.Named(name)
	s.buy(name, name)
	s.block()
	s.tx(cold, &wire.AddStake{Hotkey: hotkey.PublicKey(), Amount: 2 * stake})
	s.block()
	s.tx(cold, &wire.RemoveStake{Hotkey: hotkey.PublicKey(), Amount: stake / 2})
	s.tx(hotkey, s.serve(name, 0))
	s.block()
	consensus, err := s.ConsensusKey(name)
	if err != nil {
		s.Fatal(err)
	}
	s.tx(hotkey, consensus)
	s.block()
	start := s.Params().Schedule.EpochStart(2)
	s.tx(hotkey, &wire.ExtendBeacon{Start: start, Anchor: protocoltest.Chain(name, start).Anchor()})
	s.block()
}

// becomeMiner buys an actor a seat that does work of one kind.
func (s *stage) becomeMiner(name string, kind protocol.Kind) {
	s.Helper()
	hotkey := protocoltest.Named(name)
	s.buy(name, name)
	s.block()
	body := s.serve(name, 0)
	body.Offers = []wire.Offer{{Kind: kind, Capacity: 1, Models: []protocol.ModelID{s.model.ID()}}}
	s.tx(hotkey, body)
	s.block()
}

// Ada answers all, Bob leaves out what is not his first slot, and once all,
// Cleo runs another model. In epoch 2 they have two slots, in epoch 4 up to
// four. Sue makes records, and Jo judges pairs. Dora becomes a validator and does
// nothing, Vera once misses her turn to propose, and Bob once stakes too little.
func TestTrafficIsTheGoldenTraffic(t *testing.T) {
	t.Parallel()
	list := cast()[:len(judges)]
	for _, name := range miners {
		list = append(list, protocoltest.Actor{Name: name, Capacity: 4})
	}
	list = append(list, protocoltest.Actor{Name: "dora"}, protocoltest.Actor{Name: "sue"}, protocoltest.Actor{Name: "jo"})
	reader, other := openReaders(t)
	model, altered := reader.Model, other.Model
	p := syntheticParams(model)
	p.Kinds[0].Share -= params.One / 8
	p.Kinds = slices.Insert(p.Kinds, 1, params.Kind{
		Name: judgement.Kind, Share: params.One / 8, Full: 4, Slots: 1, Judges: 2, Rounds: 1, Keep: params.One / 2, Models: p.Kinds[0].Models,
	})
	var s *stage
	w := &scribe{findings: map[wire.Finding]int{}, known: map[string]bool{}}
	s = openKinds(t, model, 1, protocoltest.Config{
		Cast: list, Params: p, Ordered: func(b *ledger.Block) { w.ordered(b, s.State().Hash()) },
	}, kinds.All(), scoring.NewJudgement(reader), syntheticJudge(t, model))
	s.punctual(w, "ada", model, func(*wire.Task) bool { return false })
	s.punctual(w, "bob", model, func(t *wire.Task) bool { return t.Slot > 0 || t.Round == 3 })
	s.punctual(w, "cleo", altered, func(*wire.Task) bool { return false })
	s.punctual(w, "sue", model, func(*wire.Task) bool { return false })
	s.punctual(w, "jo", model, func(*wire.Task) bool { return false })
	s.Attach("scribe", s.Port("scribe"), w)
	missed := false
	s.Propose("vera", func(turn protocoltest.Turn) *ledger.Block {
		if turn.Height > 30 && !missed {
			missed = true
			return nil
		}
		return turn.Honest
	})
	s.becomeJudge("dora")
	s.becomeMiner("sue", synthetic.Kind)
	s.becomeMiner("jo", judgement.Kind)
	s.tx(protocoltest.Cold("bob"), &wire.Transfer{To: protocoltest.Cold("eve").PublicKey(), Amount: protocol.Unit})
	s.tx(protocoltest.Cold("bob"), &wire.AddStake{Hotkey: protocoltest.Named("ada").PublicKey(), Amount: 1})
	s.play(5)
	if a, b := s.Payment("dora", 3), s.Payment("dora", 4); !a.Permit || a.Drawn+b.Drawn == 0 || a.Fulfilled+b.Fulfilled != 0 {
		t.Errorf("dora is no idle judge: %+v, %+v", a, b)
	}
	if !missed {
		t.Error("Vera did not miss a turn")
	}
	for _, f := range []wire.Finding{wire.FindingPassed, wire.FindingFalse} {
		if w.findings[f] == 0 {
			t.Errorf("no judge found %q: %v", f, w.findings)
		}
	}

	w.Genesis = wire.Encode(s.Genesis())
	w.Receipt = s.judgedReceipt("vera", w.Answers)
	for _, name := range append([]string{"sue", "jo"}, miners...) {
		w.Miners = append(w.Miners, secretsOf(name))
	}
	if err := s.State().Iterate(nil, func(k, v []byte) bool {
		w.State = append(w.State, entry{bytes.Clone(k), bytes.Clone(v)})
		return true
	}); err != nil {
		t.Fatal(err)
	}
	goldentest.JSON(t, "testdata/traffic.json", &w.traffic)
}

// judgedReceipt is the receipt of the first answer about which a validator has
// cards.
func (s *stage) judgedReceipt(validator string, answers []hexBytes) hexBytes {
	s.Helper()
	for _, raw := range answers {
		a, err := wire.OpenAnswer(raw, s.ChainID())
		if err != nil {
			s.Fatal(err)
		}
		r, err := s.validators[validator].Receipt(a.Answer.Key())
		if err != nil {
			s.Fatal(err)
		}
		if len(r.Cards) > 0 {
			return wire.Encode(r)
		}
	}
	s.Fatal("no answer has a card")
	return nil
}
