package proof

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/audit/audittest"
	"github.com/assaynet/assay/protocol/ledger"
)

// FuzzRows: whatever a row says, it is told what is wrong, without a panic: the
// ledger has no answers.
func FuzzRows(f *testing.F) {
	n := audittest.New(f, 12, 4, 2)
	tree := &ledger.MemTree{}
	r := audit.Replay{Genesis: n.Genesis, All: true, Believe: true, Threads: 1, Tree: tree}
	if _, err := r.Run(f.Context(), n.Source()); err != nil {
		f.Fatal(err)
	}
	f.Add(int64(1), int64(4), int64(0), []byte{0x86}, 0.5)
	f.Add(int64(-1), int64(-1), int64(1<<40), []byte(nil), -1.0)
	f.Fuzz(func(t *testing.T, round, uid, number int64, raw []byte, weight float64) {
		s := &state{Reader: tree, epoch: 1, run: &run{genesis: n.Genesis, report: &Report{Wrong: []export.Wrong{}}, names: history.Names{}}}
		tasks, err := newTasks(s)
		fail(t, err)
		err = tasks.row(&history.Task{Epoch: 1, Round: round, UID: int32(uid), Slot: int32(number), Body: string(raw)})
		told(t, err)
		answers, err := newAnswers(s)
		fail(t, err)
		err = answers.row(&history.Answer{Epoch: 1, Received: number, Raw: raw})
		told(t, err)
		cards, err := newCards(s)
		fail(t, err)
		err = cards.row(&history.Card{Epoch: 1, Judge: int32(uid), Received: number, Raw: raw})
		told(t, err)
		scores, err := newScores(s)
		fail(t, err)
		err = scores.row(&history.Score{Epoch: 1, UID: int32(uid), Registered: round, Kind: string(raw), Asked: number, Weight: weight})
		if _, is := errors.AsType[wrong](err); err != nil && !is {
			t.Error(err)
		}
	})
}

func fail(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func told(t *testing.T, err error) {
	t.Helper()
	if _, is := errors.AsType[wrong](err); !is {
		t.Errorf("got %v", err)
	}
}
