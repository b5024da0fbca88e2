package source_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
	"github.com/assaynet/assay/validator/source"
)

// records are a validator's, of epochs 0 to 2: seats 2 and 3 in each, in one kind.
type records struct {
	none bool
	from protocol.Epoch
}

func (r *records) Scores(e protocol.Epoch, from protocol.UID, limit int) (out []scoring.Explanation, more bool, err error) {
	for uid := max(from, 2); uid < 4 && e < 3 && len(out) < limit; uid++ {
		out = append(out, scoring.Explanation{
			Epoch: e, Tally: scoring.Tally{Seat: protocol.SeatID{UID: uid}, Kind: inference.Kind, Asked: 5, Opened: 2, Late: 1, NotGiven: 2, Units: 12, Runs: 4, Passes: 3, False: 1, Work: 7, Delay: 8, Commits: 9},
			Average: scoring.Average{Epochs: 1, Asked: 2, Opened: 3, Runs: 4, Passes: 5}, Work: 10, Bound: 11, Availability: 12, Speed: 13, Raw: 14, Weight: 15, Reason: scoring.ReasonPaid,
		})
	}
	return out, false, nil
}

func (r *records) OldestScores() (protocol.Epoch, error) {
	if r.none {
		return 0, record.ErrNotFound
	}
	return 0, nil
}

// Finals are counted of seats 2 and 3, and final in epochs 0 and 1.
func (r *records) Finals(_ ledger.Reader, e protocol.Epoch) ([]record.Final, bool, error) {
	return []record.Final{
		{Seat: protocol.SeatID{UID: 2}, Kind: "another", Exact: 8, Tasks: []protocol.TaskID{{9}}},
		{Seat: protocol.SeatID{UID: 2}, Kind: inference.Kind, Hotkey: apitest.Public("then"), Exact: 3, Inexact: 1, Tasks: []protocol.TaskID{task(e)}},
		{Seat: protocol.SeatID{UID: 3}, Kind: inference.Kind, Hotkey: apitest.Public("miner-1")},
		{Seat: protocol.SeatID{UID: 2, Registered: 9}, Kind: inference.Kind, Exact: 9}, // of another holder of the uid
	}, e < 2, nil
}

func task(e protocol.Epoch) protocol.TaskID { return protocol.TaskID{byte(e + 1)} }

func (r *records) Abstained(e protocol.Epoch) ([]protocol.Round, error) {
	return make([]protocol.Round, e), nil
}

func (r *records) SeenFrom(protocol.Epoch) (protocol.Epoch, error) { return r.from, nil }

func (r *records) Absent(protocol.Epoch) ([]record.Absence, error) {
	return []record.Absence{{Round: 1, Seat: protocol.SeatID{UID: 3}}, {Round: 2, Seat: protocol.SeatID{UID: 2, Registered: 9}}}, nil
}

func (r *records) Task(id protocol.TaskID) (*record.TaskView, error) {
	if id.IsZero() {
		return nil, record.ErrNotFound
	}
	t := wire.Task{ID: id, Seat: protocol.SeatID{UID: 2}}
	return &record.TaskView{Answer: &record.Answer{Task: t, Received: 7}, Envelope: []byte("answer"), Cards: []record.Card{{Envelope: []byte("card"), Received: 8}}}, nil
}

func (r *records) TasksBeginning(prefix string) ([]protocol.TaskID, error) {
	if id := task(2); strings.HasPrefix(id.String(), prefix) {
		return []protocol.TaskID{id}, nil
	}
	return nil, nil
}

func work(t *testing.T) (*records, api.Work) {
	t.Helper()
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &records{}
	return r, source.Work(&n.Genesis.Params, r, n)
}

func TestScoresAreWhatTheValidatorWroteDown(t *testing.T) {
	_, w := work(t)
	got, err := w.Scores(t.Context(), api.ScoreKey{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 6 {
		t.Fatalf("got %d scores", len(got))
	}
	for i, s := range got {
		e := protocol.Epoch(i / 2)
		want := api.Score{
			Epoch: e, UID: 2, Kind: inference.Kind, Hotkey: apitest.Public("then"), Final: e < 2, Exact: 3, Inexact: 1, Tasks: []protocol.TaskID{task(e)},
			Asked: 5, Answered: 2, Late: 1, NotGiven: 2, Units: 12, OwnRuns: 4, OwnPasses: 3,
			Bound: 11, Speed: 13, Availability: 12, Weight: 15,
			Explain: api.Explain{
				Reason: "paid", Work: 7, MeanWork: 10, Raw: 14, Delay: 8, Commits: 9, Unobserved: uint32(e),
				AverageEpochs: 1, AverageAsked: 2, AverageOpened: 3, AverageRuns: 4, AveragePasses: 5,
			},
		}
		if i%2 == 1 {
			want.UID, want.Hotkey, want.Exact, want.Inexact, want.Tasks = 3, apitest.Public("miner-1"), 0, 0, nil
			want.Explain.Unobserved++
		}
		want.Explain.Partial = want.Explain.Unobserved > 0
		if a, b := fmt.Sprintf("%+v", s), fmt.Sprintf("%+v", want); a != b {
			t.Errorf("score %d: got  %s\nwant %s", i, a, b)
		}
	}
}

// TestAScoreSaysFromWhereOnAllWasSeen: weights are made of the epoch before, so
// that the first that are made of a seat of epoch 0 are those of epoch 1.
func TestAScoreSaysFromWhereOnAllWasSeen(t *testing.T) {
	r, w := work(t)
	for from, partial := range []bool{false, false, true} {
		r.from = protocol.Epoch(from)
		got, err := w.Scores(t.Context(), api.ScoreKey{}, 1) // of a seat of the genesis, with nothing left out
		if err != nil || len(got) != 1 || got[0].Explain.SeenFrom != r.from || got[0].Explain.Partial != partial {
			t.Errorf("counted from epoch %d on: got %+v, %v; want that it is partial: %t", from, got, err, partial)
		}
	}
}

// TestAGapIsForgottenAsWhatWasBeforeIt: an average halves, or keeps nine tenths, or
// nothing.
func TestAGapIsForgottenAsWhatWasBeforeIt(t *testing.T) {
	got := source.Memories([]params.Kind{{Name: "half", Keep: params.One / 2}, {Name: "long", Keep: params.One * 9 / 10}, {Name: "none"}})
	want := map[protocol.Kind]protocol.Epoch{"half": 17, "long": 88, "none": 1}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestScoresGoOnWhereTheyStopped(t *testing.T) {
	_, w := work(t)
	all, err := w.Scores(t.Context(), api.ScoreKey{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range all {
		got, err := w.Scores(t.Context(), api.ScoreKey{Epoch: s.Epoch, UID: s.UID}, 2)
		if err != nil {
			t.Fatal(err)
		}
		want := all[i:min(i+2, len(all))]
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("from %d: got %+v", i, got)
		}
	}
	if got, err := w.Scores(t.Context(), api.ScoreKey{Epoch: 9}, 2); err != nil || len(got) != 0 {
		t.Errorf("after the last: got %v, %v", got, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := w.Scores(ctx, api.ScoreKey{}, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

// TestTheScoresOfOneSeatAreThoseAmongAll, and a uid without any has none of
// another's.
func TestTheScoresOfOneSeatAreThoseAmongAll(t *testing.T) {
	_, w := work(t)
	all, err := w.Scores(t.Context(), api.ScoreKey{Epoch: 1, UID: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.(api.SeatScorer).SeatScores(t.Context(), 1, 3)
	if err != nil || len(got) != 1 || fmt.Sprint(got) != fmt.Sprint(all) {
		t.Errorf("got %+v %v, want %+v", got, err, all)
	}
	for _, uid := range []protocol.UID{1, 4} {
		if got, err := w.(api.SeatScorer).SeatScores(t.Context(), 1, uid); err != nil || len(got) != 0 {
			t.Errorf("uid %d: got %+v %v", uid, got, err)
		}
	}
}

func TestTheOldestScoresAreTheRunningEpochsWhereThereAreNone(t *testing.T) {
	r, w := work(t)
	for none, want := range map[bool]protocol.Epoch{false: 0, true: 2} {
		r.none = none
		if got, err := w.OldestScores(t.Context()); err != nil || got != want {
			t.Errorf("none: %v, got %d, %v, want %d", none, got, err, want)
		}
	}
}

func TestEvidenceIsWhatWasAccepted(t *testing.T) {
	_, w := work(t)
	ev, err := w.Evidence(t.Context(), wire.HashOf("x"))
	if err != nil {
		t.Fatal(err)
	}
	if string(ev.Answers[0].Raw) != "answer" || ev.Answers[0].Received != 7 || string(ev.Cards[0].Raw) != "card" || ev.Cards[0].Received != 8 {
		t.Errorf("got %+v", ev)
	}
	if _, err := w.Evidence(t.Context(), protocol.TaskID{}); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// Answers has one place in each round; that of round 9 is of another kind, and that
// of round 8 has lost its answer.
func (r *records) Answers(n protocol.Round) ([]wire.AnswerKey, error) {
	return []wire.AnswerKey{{Round: n, UID: 2}}, nil
}

func (r *records) Answer(k wire.AnswerKey) (*record.Answer, error) {
	switch k.Round {
	case 8:
		return nil, nil
	case 9:
		return &record.Answer{Task: wire.Task{Kind: "echo"}}, nil
	}
	return &record.Answer{Task: wire.Task{Kind: inference.Kind}}, nil
}

func (r *records) Slot(k wire.AnswerKey) (*record.TaskView, error) {
	if k.Round == 8 {
		return nil, record.ErrNotFound
	}
	return r.Task(protocol.TaskID{byte(k.Round)})
}

// Pairs are of seat 2 in every round, and found to be false in round 9.
func (r *records) Pairs(n protocol.Round, setter protocol.UID) (*wire.Pairs, error) {
	if setter != 2 {
		return nil, nil
	}
	return &wire.Pairs{Round: n, Setter: protocol.SeatID{UID: 2}, Texts: [][3]string{{"p", "a", "b"}}}, nil
}

func (r *records) Checked(n protocol.Round, setter protocol.UID) (*record.Checked, error) {
	if n == 9 {
		return &record.Checked{Setter: protocol.SeatID{UID: setter}, False: true}, nil
	}
	return nil, nil
}

func TestTextsAreThoseOfTheSetterAndSayWhetherItLied(t *testing.T) {
	_, w := work(t)
	for _, c := range []struct {
		round  protocol.Round
		setter protocol.SeatID
		want   int
		lie    bool
	}{
		{7, protocol.SeatID{UID: 2}, 1, false},
		{9, protocol.SeatID{UID: 2}, 1, true},
		{7, protocol.SeatID{UID: 3}, 0, false},
		{7, protocol.SeatID{UID: 2, Registered: 5}, 0, false},
	} {
		if got, lie, err := w.Texts(t.Context(), c.round, c.setter); err != nil || len(got) != c.want || lie != c.lie {
			t.Errorf("round %d, seat %v: got %v, %v, %v", c.round, c.setter, got, lie, err)
		}
	}
}

func TestEvidenceIsFoundByPlaceAndKind(t *testing.T) {
	_, w := work(t)
	places, err := w.Answered(t.Context(), 7)
	if err != nil || len(places) != 1 || places[0].Round != 7 {
		t.Fatalf("got %v, %v", places, err)
	}
	ev, err := w.EvidenceAt(t.Context(), places[0], inference.Kind)
	if err != nil || ev.Task.ID != (protocol.TaskID{7}) || len(ev.Cards) != 1 {
		t.Errorf("got %+v, %v", ev, err)
	}
	if ev, err := w.EvidenceAt(t.Context(), wire.AnswerKey{Round: 9}, inference.Kind); ev != nil || err != nil {
		t.Errorf("of another kind: got %v, %v", ev, err)
	}
	if _, err := w.EvidenceAt(t.Context(), wire.AnswerKey{Round: 8}, inference.Kind); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("of none: got %v", err)
	}
}

func TestATaskIsFoundByHowItsIDBegins(t *testing.T) {
	_, w := work(t)
	f, ok := w.(api.Finder)
	if !ok {
		t.Fatal("the records find nothing by prefix")
	}
	for prefix, want := range map[string]int{"030000": 1, "040000": 0} {
		if got, err := f.TasksBeginning(t.Context(), prefix); err != nil || len(got) != want {
			t.Errorf("%s: got %v, %v, want %d", prefix, got, err, want)
		}
	}
	if ev, err := w.EvidenceAt(t.Context(), wire.AnswerKey{Round: 9}, ""); ev == nil || err != nil {
		t.Errorf("of any kind: got %v, %v", ev, err)
	}
}

// full is a running node whose pool is full, and which knows one result.
type full struct {
	*apitest.Network
	pool, unproven error
	known          bool
	inBlock        protocol.Hash
	standing       consensus.Standing
	stands         bool
}

func (f full) Latest() (ledger.Reader, protocol.Height) { return f.Tree, apitest.Height }

func (f full) StateHash(h protocol.Height) (protocol.Hash, error) {
	if h > apitest.Height {
		return protocol.Hash{}, fmt.Errorf("height %d: %w", h, consensus.ErrNoBlock)
	}
	return apitest.StateHash(h), nil
}

func (f full) Prove(k []byte) (consensus.Proof, error) {
	return consensus.Proof{Height: apitest.Height - 1, Key: k, State: f.Tree}, f.unproven
}

func (f full) SubmitRaw(context.Context, []byte) (bool, error) { return f.known, f.pool }

func (f full) NextNonce(protocol.PublicKey) (uint64, error) { return 7, nil }

// TxResult knows one transaction, which is in block 46.
func (f full) TxResult(hash protocol.Hash) (ledger.TxResult, protocol.Height, bool) {
	broken := &ledger.RuleError{Reason: ledger.ErrFull, Detail: "no seat is free"}
	return ledger.TxResult{Hash: hash, Type: wire.TxRegister, Signer: apitest.Public("miner-0-cold"), Err: broken}, 46, hash == f.inBlock
}

func (f full) TxStanding(protocol.Hash) (consensus.Standing, bool) { return f.standing, f.stands }

func TestARunningNodeIsShown(t *testing.T) {
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	f := full{Network: n}
	if _, err := source.State(f).StateHash(t.Context(), 99); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("a height that is not there: got %v", err)
	}
	prover, ok := source.State(f).(api.Prover)
	if !ok {
		t.Fatal("a running node proves nothing")
	}
	if p, err := prover.Prove(t.Context(), []byte("k")); err != nil || p.Height != apitest.Height-1 || string(p.Key) != "k" || p.State != n.Tree {
		t.Errorf("got %+v, %v", p, err)
	}
	f.unproven = consensus.ErrNoBlock
	if _, err := source.State(f).(api.Prover).Prove(t.Context(), nil); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("before anything is proven: got %v", err)
	}
	tx, err := ledger.NewTx(apitest.Key("miner-0-cold"), n.Genesis.ChainID(), &n.Genesis.Params.Fees, 0, &wire.Commit{})
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []bool{false, true} {
		f.known = known
		if hash, got, err := source.Pool(f).Submit(t.Context(), wire.Encode(tx)); err != nil || got != known || hash != tx.Hash() {
			t.Errorf("got %s, %v, %v, want known %v", hash, got, err, known)
		}
	}
	if got, err := source.Pool(f).NextNonce(t.Context(), tx.Signer); got != 7 || err != nil {
		t.Errorf("next nonce: got %d, %v", got, err)
	}
	for pool, want := range map[error]error{consensus.ErrPoolFull: api.ErrFull, consensus.ErrNonceTaken: api.ErrNonceTaken, ledger.ErrNoSeat: ledger.ErrNoSeat} {
		f.pool = pool
		if _, _, err := source.Pool(f).Submit(t.Context(), wire.Encode(tx)); !errors.Is(err, want) {
			t.Errorf("%v: got %v, want %v", pool, err, want)
		}
	}
}

func TestWhatBecameOfATransactionIsShown(t *testing.T) {
	hash := wire.HashOf("assay/test/tx")
	for _, tc := range []struct {
		what string
		full full
		want error
		text string
	}{
		{"unknown", full{}, api.ErrNotFound, ""},
		{"waiting", full{stands: true, standing: consensus.Standing{Nonce: 5, Missing: 6}}, api.ErrWaiting, ""},
		{"waiting in vain", full{stands: true, standing: consensus.Standing{Nonce: 5, Missing: 3}}, api.ErrWaiting, "nonce 3 has not come yet"},
		{"dropped", full{stands: true, standing: consensus.Standing{Dropped: consensus.ErrReplaced}}, api.ErrDropped, "another transaction with this nonce"},
	} {
		_, err := source.Pool(tc.full).Result(t.Context(), hash)
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: got %v, want %v with %q", tc.what, err, tc.want, tc.text)
		}
	}
	// What is in a block is, whatever the pool says of it.
	got, err := source.Pool(full{inBlock: hash, stands: true, standing: consensus.Standing{Dropped: consensus.ErrReplaced}}).Result(t.Context(), hash)
	want := api.TxResult{
		Hash: hash, Height: 46, Type: "register", Signer: apitest.Public("miner-0-cold"),
		Rule: "ErrFull", Error: "ledger: ErrFull: no seat is free",
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestADatabaseOfAnotherNetworkIsRefused(t *testing.T) {
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := source.Open(dir, n.Genesis); !errors.Is(err, store.ErrMissing) {
		t.Errorf("no database: got %v", err)
	}
	db, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.BindChain("assay-other"), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Open(dir, n.Genesis); !errors.Is(err, store.ErrOtherChain) {
		t.Errorf("another network: got %v", err)
	}
}
