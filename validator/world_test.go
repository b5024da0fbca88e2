package validator_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

const chain = "assay-test-01234567"

// In these tests an epoch is one round of 20 blocks. Epoch 2 begins at 40: its
// commitments count until 51, openings until 53, attestations until 56, what judges
// found is sealed until 66 and opened until 71, its cards are in time until 76, and
// weights are made of it, those of epoch 3, from 77.
const (
	epoch    = protocol.Epoch(2)
	round    = protocol.Round(2)
	start    = protocol.Height(40)
	deadline = start + 11
	openEnd  = start + 13
	given    = start + 16
	over     = start + 20 // the first block of the next epoch
	sealEnd  = start + 26
	shownEnd = start + 31
	cardEnd  = start + 36
	sealFrom = start + 37

	weighed = epoch + 1 // the epoch whose weights are made of all that
)

// signer signs with a key made from a name.
type signer struct{ key.Private }

func named(name string) signer {
	seed := sha256.Sum256([]byte(name))
	k, err := key.FromBytes(seed[:])
	if err != nil {
		panic(err)
	}
	return signer{k}
}

func (s signer) PublicKey() protocol.PublicKey { return s.Public() }

func (s signer) Sign(domain string, msg []byte) (wire.Signature, error) {
	return s.Private.Sign(domain, msg)
}

// memory is a store in memory; after limit writes all others fail.
type memory struct {
	mu     sync.Mutex
	rows   map[string][]byte // table, zero byte, key
	writes int
	limit  int           // 0: none
	after  func(*memory) // called with a copy after each write: what a crash would leave
}

var errDisk = errors.New("disk is full")

func newMemory() *memory { return &memory{rows: map[string][]byte{}} }

func (s *memory) clone() *memory { return &memory{rows: maps.Clone(s.rows)} }

func (s *memory) Get(table string, key []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.rows[table+"\x00"+string(key)]), nil
}

func (s *memory) Write(fn func(put func(string, []byte, []byte))) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit > 0 && s.writes >= s.limit {
		return errDisk
	}
	s.writes++
	fn(func(table string, key, value []byte) {
		if value == nil {
			delete(s.rows, table+"\x00"+string(key))
			return
		}
		s.rows[table+"\x00"+string(key)] = bytes.Clone(value)
	})
	if s.after != nil {
		s.after(s.clone())
	}
	return nil
}

func (s *memory) Scan(table string, prefix []byte, fn func(key, value []byte) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	begin := table + "\x00"
	for _, k := range slices.Sorted(maps.Keys(s.rows)) {
		if strings.HasPrefix(k, begin+string(prefix)) && !fn([]byte(k[len(begin):]), s.rows[k]) {
			break
		}
	}
	return nil
}

// puppet judges by what a result says of itself: outputs that begin with 666 are
// false. It counts its runs.
type puppet struct {
	mu   sync.Mutex
	runs int // guarded by mu
	// ran gets something for each run; nil for nothing.
	ran chan struct{}
}

func (*puppet) Kind() protocol.Kind { return inference.Kind }

func (*puppet) Check(*params.Params) error { return nil }

func (*puppet) Body(o *scoring.Outcome, hotkey protocol.PublicKey) ([]byte, error) {
	return new(scoring.Inference).Body(o, hotkey)
}

func (p *puppet) Judge(_ context.Context, t *wire.Task, _ protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	p.mu.Lock()
	p.runs++
	p.mu.Unlock()
	if p.ran != nil {
		p.ran <- struct{}{}
	}
	return outcome(t.ID, answer), nil
}

func outcome(task protocol.TaskID, answer []byte) scoring.Outcome {
	r, err := inference.ReadResult(answer)
	if err != nil {
		panic(err) // the validator reads it first
	}
	c := scoring.Comparison{Code: inference.CodeExact, Tokens: uint32(len(r.Output)), First: 9, FailedAt: -1}
	for i, token := range r.Output {
		c.States = append(c.States, sha256.Sum256([]byte{byte(i)}))
		c.Choices = append(c.Choices, token)
	}
	if r.Output[0] == 666 {
		c.Code, c.Choices[0] = inference.CodeToken, 1
	}
	return scoring.Outcome{Task: task, Kind: inference.Kind, Finding: c.Code.Finding(), Found: wire.Encode(&c)}
}

// bodyOf is what the judge with this hotkey says of an outcome.
func bodyOf(o *scoring.Outcome, hotkey protocol.PublicKey) []byte {
	body, err := new(puppet).Body(o, hotkey)
	if err != nil {
		panic(err) // the outcome is made above
	}
	return body
}

// maker is a miner that the test plays.
type maker struct {
	signer
	id     protocol.SeatID
	slots  uint16
	sealed *task.Sealed
}

// world is a ledger that the test writes by hand, and what the validator sent.
type world struct {
	metrics   *prometheus.Registry // nil for most tests
	t         testing.TB
	p         params.Params
	tree      *ledger.MemTree
	self      signer
	seat      protocol.SeatID
	other     signer
	otherID   protocol.SeatID
	makers    []*maker
	judge     *puppet
	submitted []wire.Body
	published [][]byte
	next      chan protocol.Height
	evidence  func(wire.AnswerKey) ([]byte, error)
	silent    map[protocol.UID]bool // whose answers the judges do not get
	presence  func() validator.Presence
}

// newWorld has two judges, uid 1 (the validator under test) and 2, and two
// miners, uid 10 and 11, with one slot each.
func newWorld(t testing.TB) *world {
	w := &world{
		t: t, p: constants(), tree: new(ledger.MemTree), judge: &puppet{}, next: make(chan protocol.Height),
		self: named("self"), seat: protocol.SeatID{UID: 1, Registered: 1},
		other: named("other"), otherID: protocol.SeatID{UID: 2, Registered: 1},
	}
	w.put(ledger.HotkeyKey(w.self.PublicKey()), w.seat.UID)
	w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{ID: w.seat, Hotkey: w.self.PublicKey(), Permit: true})
	for _, uid := range []protocol.UID{10, 11} {
		w.makers = append(w.makers, &maker{signer: named(uid.String()), id: protocol.SeatID{UID: uid, Registered: 5}, slots: 1})
	}
	return w
}

func (w *world) put(key []byte, v any) {
	w.t.Helper()
	if err := w.tree.Set(key, wire.Encode(v)); err != nil {
		w.t.Fatal(err)
	}
}

// rosters writes who is asked and who judges in epoch e.
func (w *world) rosters(e protocol.Epoch) {
	for _, m := range w.makers {
		w.put(ledger.RosterSeatKey(e, m.id.UID), &ledger.RosterSeat{ID: m.id, Hotkey: m.PublicKey(), Asked: asked(m.slots, params.SmolLM2().ID)})
	}
	w.put(ledger.RosterJudgeKey(e, w.seat.UID), &ledger.RosterJudge{ID: w.seat, Hotkey: w.self.PublicKey(), Stake: 5})
	w.put(ledger.RosterJudgeKey(e, w.otherID.UID), &ledger.RosterJudge{ID: w.otherID, Hotkey: w.other.PublicKey(), Stake: 5})
}

// asked is a number of slots of the one kind.
func asked(slots uint16, model protocol.ModelID) []task.Asked {
	return []task.Asked{{Kind: inference.Kind, Slots: slots, Models: []protocol.ModelID{model}}}
}

// due is what a seat is asked in a round.
func due(p *params.Params, n protocol.Round, seed protocol.Hash, seat protocol.SeatID, asked []task.Asked) *task.Round {
	return &task.Round{Chain: chain, Params: p, Number: n, Seat: seat, Due: []task.Due{{Asked: asked[0], Seed: seed}}}
}

// drawTasks writes round n's task seed.
func (w *world) drawTasks(n protocol.Round) {
	w.put(ledger.RoundKey(n), &ledger.RoundRecord{Round: n, TaskSeed: wire.HashOf("seed", []byte{byte(n)}), TaskHeight: w.p.Schedule.RoundStart(n) + 3})
}

// drawn writes what a judge drew in the epoch of round n: a list of slots of each
// miner.
func (w *world) drawn(n protocol.Round, judge protocol.SeatID, slots ...uint16) {
	rec := ledger.DrawnRecord{Judge: judge, Kinds: make([]wire.AnswerKeys, len(w.p.Kinds))}
	for _, m := range w.makers {
		for _, slot := range slots {
			rec.Kinds[0].Add(wire.AnswerKey{Round: n, UID: m.id.UID, Slot: slot})
		}
	}
	w.put(ledger.DrawnKey(w.p.Schedule.EpochOfRound(n), judge.UID), &rec)
}

// carry puts on the ledger what the validator sealed and opened.
func (w *world) carry(b wire.Body) {
	w.t.Helper()
	switch b := b.(type) {
	case *wire.SealCards:
		w.put(ledger.CardsKey(b.Epoch, w.seat.UID), &ledger.CardsRecord{Seat: w.seat, Seal: b.Seal})
	case *wire.OpenCards:
		said, _, err := ledger.ReadCards(w.tree, b.Epoch, w.seat.UID)
		if err != nil || said.Seal != b.Seal(w.self.PublicKey()) {
			w.t.Fatalf("opened is %+v, sealed %s, %v", b, said.Seal, err)
		}
		said.Findings, said.Root = b.Findings, b.Root
		w.put(ledger.CardsKey(b.Epoch, w.seat.UID), &said)
	}
}

// theirs writes that the other judge opened these cards, of all that it drew, and
// returns them with their proofs. One without a finding it did not make.
func (w *world) theirs(cards ...wire.Card) []wire.Card {
	w.t.Helper()
	said := ledger.CardsRecord{Seat: w.otherID}
	var leaves []protocol.Hash
	var made []wire.Card
	for i := range cards {
		said.Findings = append(said.Findings, cards[i].Finding.Byte())
		if cards[i].Finding != "" {
			made, leaves = append(made, cards[i]), append(leaves, cards[i].Leaf(w.other.PublicKey()))
		}
	}
	for i := range made {
		made[i].Proof = wire.MerkleProof(leaves, i)
	}
	said.Root = wire.MerkleRoot(leaves)
	w.put(ledger.CardsKey(epoch, w.otherID.UID), &said)
	return made
}

// truths are the other judge's cards about slot 0 of each miner, opened.
func (w *world) truths() []wire.Card {
	w.t.Helper()
	var list []wire.Card
	for _, m := range w.makers {
		list = append(list, w.trueCard(m))
	}
	return w.theirs(list...)
}

// settle has the validator seal and open what it found, and send its cards.
func (w *world) settle(v *validator.Validator) {
	w.t.Helper()
	w.step(v, over)
	w.step(v, sealEnd-1)
	w.step(v, sealEnd)
	w.step(v, sealEnd+1)
}

// drawDuties writes that both judges judge slot 0 of each miner.
func (w *world) drawDuties(n protocol.Round) {
	w.put(ledger.RoundKey(n), &ledger.RoundRecord{
		Round: n, TaskSeed: wire.HashOf("seed", []byte{byte(n)}), TaskHeight: w.p.Schedule.RoundStart(n) + 3,
		DutySeed: wire.HashOf("duty", []byte{byte(n)}), DutyHeight: w.p.Schedule.CommitDeadline(n) + 1,
	})
	for _, m := range w.makers {
		w.put(ledger.DutyKey(n, m.id.UID), &ledger.DutyRecord{Duties: []ledger.Duty{{Slot: 0, Judge: w.seat}, {Slot: 0, Judge: w.otherID}}})
	}
	w.drawn(n, w.seat, 0)
	w.drawn(n, w.otherID, 0)
}

// commit makes miner m's answers of round n, with these first tokens, and puts
// the commitment on the ledger.
func (w *world) commit(m *maker, n protocol.Round, height protocol.Height, first ...int32) {
	w.t.Helper()
	m.sealed = &task.Sealed{}
	seed := wire.HashOf("seed", []byte{byte(n)})
	var err error
	if m.sealed.Tasks, err = kinds.All().DeriveAll(due(&w.p, n, seed, m.id, asked(m.slots, params.SmolLM2().ID))); err != nil {
		w.t.Fatal(err)
	}
	for i, token := range first {
		r := &inference.Result{Output: []int32{token, 2, 3, 4}, Finish: "stop"}
		for j := range r.Output {
			r.Leaves = append(r.Leaves, protocol.Hash{byte(j), byte(i)})
		}
		r.Fingerprint = wire.MerkleRoot(r.Leaves)
		m.sealed.Salts, m.sealed.Answers = append(m.sealed.Salts, [32]byte{byte(i)}), append(m.sealed.Answers, wire.Encode(r))
	}
	root, err := m.sealed.Commitment(kinds.All(), chain, m.PublicKey())
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(ledger.CommitKey(n, m.id.UID), &ledger.CommitRecord{Seat: m.id, Root: root, Height: height})
	w.give(m, n)
}

// give writes that the judges hold all that a miner answered in round n.
func (w *world) give(m *maker, n protocol.Round) {
	if w.silent[m.id.UID] {
		return
	}
	rec := ledger.GivenRecord{Seat: m.id}
	for slot, body := range m.sealed.Answers {
		if body != nil {
			rec.Slots.Set(slot)
		}
	}
	w.put(ledger.GivenKey(n, m.id.UID), &rec)
	w.put(ledger.AttestKey(n, w.otherID.UID), &ledger.AttestRecord{Seat: w.otherID, Bits: bytes.Repeat([]byte{0xff}, 8)})
}

// commitFirst writes the ledger until the first miner's commitment.
func (w *world) commitFirst() {
	w.t.Helper()
	w.rosters(epoch)
	w.drawTasks(round)
	w.commit(w.makers[0], round, start+6, 5)
}

// kinds are those of all tests together.
func (w *world) kinds() task.Table { return append(task.Table{echo{}}, kinds.All()...) }

// opening returns the answer of a slot, changed and signed.
func (w *world) opening(m *maker, slot uint16, at protocol.Height, change func(*wire.Answer)) []byte {
	w.t.Helper()
	a, err := m.sealed.Opening(w.kinds(), chain, m.PublicKey(), slot)
	if err != nil {
		w.t.Fatal(err)
	}
	if change != nil {
		change(a)
	}
	return w.seal(m.signer, wire.DomainAnswer, chain, at, a)
}

// openAll brings the answers of all slots to the validator.
func (w *world) openAll(v *validator.Validator) {
	w.t.Helper()
	for _, m := range w.makers {
		for slot := range m.slots {
			w.take(v.OnAnswer(w.t.Context(), w.opening(m, slot, deadline, nil)))
		}
	}
}

// judgeAll opens all answers, and has those judged that are drawn.
func (w *world) judgeAll(v *validator.Validator) {
	w.t.Helper()
	w.openAll(v)
	w.drawDuties(round)
	w.step(v, deadline+2)
	w.work(v)
}

func (w *world) seal(s signer, d wire.Domain, chain string, at protocol.Height, v any) []byte {
	w.t.Helper()
	e, err := wire.Seal(s, d, chain, at, wire.Encode(v))
	if err != nil {
		w.t.Fatal(err)
	}
	return wire.Encode(e)
}

// trueCard returns the card that the other judge gives for miner m's slot 0.
func (w *world) trueCard(m *maker) wire.Card {
	t := &m.sealed.Tasks[0]
	o := outcome(t.ID, m.sealed.Answers[0])
	return o.Card(w.otherID, m.id, wire.AnswerKey{Round: t.Round, UID: m.id.UID}, protocol.Hash{1}, bodyOf(&o, w.other.PublicKey()))
}

func (w *world) card(at protocol.Height, c wire.Card) []byte {
	return w.seal(w.other, wire.DomainCard, chain, at, &c)
}

func (w *world) WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	for {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case h := <-w.next:
			if h > after {
				return h, nil
			}
		}
	}
}

func (w *world) At(context.Context, protocol.Height) (ledger.Reader, error) {
	return w.tree.Clone(), nil
}

func (w *world) config(s *memory) validator.Config {
	cfg := validator.Config{
		ChainID: chain, Kinds: kinds.All(), Params: &w.p, Hotkey: w.self, Salt: [32]byte{1}, Judges: []validator.Judge{w.judge}, Ledger: w, Store: s,
		Submit: func(_ context.Context, b wire.Body) error {
			w.submitted = append(w.submitted, b)
			w.carry(b)
			return nil
		},
		Publish: func(_ context.Context, topic string, raw []byte) error {
			if topic != validator.TopicCard {
				return fmt.Errorf("published on %q", topic)
			}
			w.published = append(w.published, raw)
			return nil
		},
		Logger: zerolog.Nop(), Presence: w.presence,
	}
	if w.metrics != nil {
		cfg.Metrics = w.metrics
	}
	if w.evidence != nil {
		cfg.Evidence = func(_ context.Context, holder protocol.PublicKey, k wire.AnswerKey) ([]byte, error) {
			if holder != w.other.PublicKey() {
				return nil, errors.New("asked who holds nothing")
			}
			return w.evidence(k)
		}
	}
	return cfg
}

func (w *world) validator(s *memory) *validator.Validator {
	w.t.Helper()
	v, err := validator.New(w.config(s))
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) step(v *validator.Validator, h protocol.Height) {
	w.t.Helper()
	if err := v.Step(context.Background(), h); err != nil {
		w.t.Fatalf("step at %d: %v", h, err)
	}
}

func (w *world) work(v *validator.Validator) {
	w.t.Helper()
	if err := v.Work(context.Background()); err != nil {
		w.t.Fatalf("work: %v", err)
	}
}

func (w *world) take(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("message refused: %v", err)
	}
}

// cards opens what was published.
func (w *world) cards() []wire.Card {
	w.t.Helper()
	out := make([]wire.Card, len(w.published))
	for i, raw := range w.published {
		c, err := wire.OpenCard(raw, chain)
		if err != nil {
			w.t.Fatal(err)
		}
		out[i] = c.Card
	}
	return out
}

// said reads the body of a card.
func (w *world) said(c wire.Card) *inference.Card {
	w.t.Helper()
	b, err := inference.ReadCard(c.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// resay changes the body of a card.
func (w *world) resay(c *wire.Card, change func(*inference.Card)) {
	w.t.Helper()
	b := w.said(*c)
	change(b)
	c.Body = wire.Encode(b)
}

// sent returns the bodies of one kind that were submitted.
func sent[T wire.Body](w *world) (out []T) {
	for _, b := range w.submitted {
		if t, ok := b.(T); ok {
			out = append(out, t)
		}
	}
	return out
}

// root is the judge's root that a card about result r must carry.
func root(task protocol.TaskID, hotkey protocol.PublicKey, answer []byte) protocol.Hash {
	o := outcome(task, answer)
	c, err := scoring.ReadComparison(&o)
	if err != nil {
		panic(err) // it is made above
	}
	return fingerprint.Root(fingerprint.Leaves(fingerprint.Binding{Hotkey: hotkey, Task: task}, 9, c.Choices, c.States))
}

// constants are the local network's, with the heights and averages that the
// stories below are told in.
func constants() params.Params {
	p := params.Local()
	p.Schedule.CommitBlocks, p.Schedule.OpenBlocks, p.Schedule.AttestBlocks = 11, 13, 16
	p.Kinds = p.Kinds[:1]
	p.Kinds[0].Share, p.Kinds[0].Keep = params.One, params.One/2
	p.Plants.Rate = params.One / 8 // of one kind there are fewer duties in which to meet a plant
	p.Verdicts = params.Verdicts{} // but where they are what a story is about
	return p
}

// counted returns how many messages of a topic were refused, by reason.
func (w *world) counted(topic string) map[string]int {
	w.t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]int{}
	for _, f := range families {
		if f.GetName() != "assay_validator_messages_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			l := m.GetLabel() // reason, topic
			if l[1].GetValue() == topic && l[0].GetValue() != "ok" {
				out[l[0].GetValue()] += int(m.GetCounter().GetValue())
			}
		}
	}
	return out
}
