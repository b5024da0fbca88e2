package record_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// closedEpoch writes an epoch of some seats and two kinds whose scores are final,
// and in which a round and a seat were left out.
func closedEpoch(t *testing.T, book *record.Book, e protocol.Epoch, seats int) {
	t.Helper()
	var b record.Batch
	for uid := range protocol.UID(seats) {
		for _, k := range []protocol.Kind{"echo", "other"} {
			id := protocol.SeatID{UID: uid, Registered: 5}
			b.Score(&scoring.Explanation{Epoch: e, Tally: scoring.Tally{Seat: id, Kind: k, Asked: uint32(e) + uint32(uid)}, Weight: uint16(uid) + 1})
			b.Final(e, &record.Final{Seat: id, Kind: k, Hotkey: protocol.PublicKey{byte(uid)}, Exact: uint32(e), Tasks: []protocol.TaskID{{byte(e), byte(uid)}}})
		}
	}
	b.Sealed(&record.Sealed{Epoch: e, Height: 9, Rounds: []protocol.Round{protocol.Round(e)}})
	b.Abstained(e, &record.Abstention{Rounds: []protocol.Round{7}, Absent: []record.Absence{{Round: 8, Seat: seat}}})
	b.Findings(&wire.OpenCards{Epoch: e})
	b.Closed(e, &record.Closed{Height: 10})
	if err := book.Write(&b); err != nil {
		t.Fatal(err)
	}
}

// said is all that a reader says of an epoch's scores.
func said(t *testing.T, r *record.Reader, e protocol.Epoch) string {
	t.Helper()
	all, err := r.ScoresOf(e)
	page, more, err1 := r.Scores(e, 1, 1)
	one, err2 := r.Score(e, 1, "other")
	finals, final, err3 := r.Finals(&ledger.MemTree{}, e)
	rounds, err4 := r.Abstained(e)
	absent, err5 := r.Absent(e)
	made, err6 := r.Weights(e)
	closed, err7 := r.IsClosed(e)
	last, err8 := r.LastSealed(e+1, 1)
	if err := errors.Join(err, err1, err2, err3, err4, err5, err6, err7, err8); err != nil {
		t.Fatalf("epoch %d: %v", e, err)
	}
	return fmt.Sprintf("%+v %+v %v %+v %+v %v %v %v %+v %v %+v", all, page, more, one, finals, final, rounds, absent, made, closed, last)
}

// rowsOf counts the rows of a table.
func (s *memory) rowsOf(table string) (n int) {
	for k := range s.rows {
		if strings.HasPrefix(k, table+"\x00") {
			n++
		}
	}
	return n
}

// TestAFoldedEpochReadsAsBefore folds all but the last epoch, and finds all that
// was said of each, by who folded it and by who opens the database later.
func TestAFoldedEpochReadsAsBefore(t *testing.T) {
	s := newMemory()
	book := record.NewBook(s, "chain")
	var want []string
	for e := range protocol.Epoch(5) {
		closedEpoch(t, book, e, 3)
		want = append(want, said(t, book.Reader, e))
	}
	if err := errors.Join(book.Prune(4, 4), book.Fold(4)); err != nil {
		t.Fatal(err)
	}
	for table, n := range map[string]int{
		"validator-past": 4, "validator-scores": 6, "validator-finals": 6, "validator-epochs": 1,
		"validator-abstained": 1, "validator-closed": 1, "validator-findings": 1,
	} {
		if got := s.rowsOf(table); got != n {
			t.Errorf("%s has %d rows, want %d", table, got, n)
		}
	}
	for what, r := range map[string]*record.Reader{"who folded": book.Reader, "another": record.NewReader(s, "chain")} {
		for e, want := range want {
			if got := said(t, r, protocol.Epoch(e)); got != want {
				t.Errorf("%s, epoch %d: got %s, want %s", what, e, got, want)
			}
		}
		if e, err := r.OldestScores(); err != nil || e != 0 {
			t.Errorf("%s: oldest %d, %v", what, e, err)
		}
		if _, err := r.Score(2, 3, "echo"); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("%s: a seat without a score: %v", what, err)
		}
		if _, err := r.Score(7, 1, "echo"); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("%s: an epoch that was not: %v", what, err)
		}
	}
	writes := s.writes
	if err := book.Fold(4); err != nil || s.writes != writes {
		t.Errorf("folding again: %v, %d writes", err, s.writes-writes)
	}
}

// TestAnEpochIsFoldedByOneWrite looks at every state that a process which dies can
// leave: each epoch is in rows or folded, whole.
func TestAnEpochIsFoldedByOneWrite(t *testing.T) {
	s := newMemory()
	book := record.NewBook(s, "chain")
	var want []string
	for e := range protocol.Epoch(3) {
		closedEpoch(t, book, e, 2)
		want = append(want, said(t, book.Reader, e))
	}
	for e := range protocol.Epoch(3) {
		writes := s.writes
		if err := book.Fold(e + 1); err != nil {
			t.Fatal(err)
		}
		if s.writes != writes+1 {
			t.Fatalf("epoch %d took %d writes", e, s.writes-writes)
		}
		died := &memory{rows: maps.Clone(s.rows)}
		for e, want := range want {
			if got := said(t, record.NewReader(died, "chain"), protocol.Epoch(e)); got != want {
				t.Errorf("epoch %d: got %s, want %s", e, got, want)
			}
		}
		again := record.NewBook(died, "chain")
		if err := again.Fold(3); err != nil || died.rowsOf("validator-past") != 3 || died.rowsOf("validator-scores") != 0 {
			t.Errorf("going on: %v, %d are folded", err, died.rowsOf("validator-past"))
		}
	}
}

// TestAnOldDatabaseIsFoldedByAndBy has rows of more epochs than are folded at once,
// as programs left that folded none, and one whose scores are not final.
func TestAnOldDatabaseIsFoldedByAndBy(t *testing.T) {
	s := newMemory()
	book := record.NewBook(s, "chain")
	const epochs = 150
	for e := range protocol.Epoch(epochs) {
		closedEpoch(t, book, e, 1)
	}
	delete(s.rows, "validator-closed\x00\x00\x00\x00\x00\x00\x00\x00\x03")
	for _, want := range []int{64, 128, epochs - 1, epochs - 1} {
		if err := book.Fold(epochs); err != nil {
			t.Fatal(err)
		}
		if got := s.rowsOf("validator-past"); got != want {
			t.Fatalf("%d epochs are folded, want %d", got, want)
		}
		for e := range protocol.Epoch(epochs) {
			if rows, err := book.ScoresOf(e); err != nil || len(rows) != 2 || rows[0].Epoch != e {
				t.Fatalf("epoch %d: %+v, %v", e, rows, err)
			}
		}
		if e, err := book.OldestScores(); err != nil || e != 0 {
			t.Errorf("oldest: %d, %v", e, err)
		}
	}
	if open, err := book.IsClosed(3); open || err != nil {
		t.Errorf("the epoch that is not final is: %v", err)
	}
}

// TestTheOldestScoresAreNamed in rows, in a record, in rows before a record, and in
// a record that is written after that of a later epoch.
func TestTheOldestScoresAreNamed(t *testing.T) {
	s := newMemory()
	book := record.NewBook(s, "chain")
	oldest := func(what string, want protocol.Epoch) {
		t.Helper()
		for who, r := range map[string]*record.Reader{"the book": book.Reader, "another": record.NewReader(s, "chain")} {
			if e, err := r.OldestScores(); err != nil || e != want {
				t.Errorf("%s, %s: got %d, %v, want %d", what, who, e, err, want)
			}
		}
	}
	fold := func(before protocol.Epoch) {
		t.Helper()
		if err := record.NewBook(s, "chain").Fold(before); err != nil {
			t.Fatal(err)
		}
	}
	for e := protocol.Epoch(5); e < 8; e++ {
		closedEpoch(t, book, e, 1)
	}
	closedEpoch(t, book, 2, 0) // without scores
	const closed = "validator-closed\x00\x00\x00\x00\x00\x00\x00\x00\x05"
	mark := s.rows[closed]
	delete(s.rows, closed)
	oldest("all in rows", 5)
	fold(7)
	if got := s.rowsOf("validator-past"); got != 2 {
		t.Errorf("%d epochs are folded, want 2 and 6", got)
	}
	oldest("5 in rows, 6 in a record", 5)
	s.rows[closed] = mark
	fold(7)
	oldest("both in records", 5)
	fold(8)
	oldest("all in records", 5)
	if s.rowsOf("validator-scores") != 0 {
		t.Error("rows are left")
	}
}

// counting is a store that counts walks.
type counting struct {
	*memory
	walks int
}

func (s *counting) Scan(table string, prefix []byte, fn func(key, value []byte) bool) error {
	s.walks++
	return s.memory.Scan(table, prefix, fn)
}

// TestAnEpochThatIsTooLargeKeepsItsRows, and is not read again and again.
func TestAnEpochThatIsTooLargeKeepsItsRows(t *testing.T) {
	s := &counting{memory: newMemory()}
	book := record.NewBook(s, "chain")
	closedEpoch(t, book, 1, 1)
	closedEpoch(t, book, 2, 1)
	for uid := range byte(2) {
		s.rows["validator-finals\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01"+string(uid)+"echo"] = make([]byte, 33<<20)
	}
	if err := book.Fold(3); err != nil {
		t.Fatal(err)
	}
	if past, rows := s.rowsOf("validator-past"), s.rowsOf("validator-finals"); past != 1 || rows != 4 {
		t.Errorf("%d epochs are folded, want one, and %d rows are left, want four", past, rows)
	}
	if rows, err := book.ScoresOf(1); err != nil || len(rows) != 2 {
		t.Errorf("the large one: %+v, %v", rows, err)
	}
	s.walks = 0
	if err := book.Fold(3); err != nil || s.walks != 1 {
		t.Errorf("again: %v, %d walks, want that over what is final", err, s.walks)
	}
}

// TestALargeEpochIsFolded has more rows than a list may have.
func TestALargeEpochIsFolded(t *testing.T) {
	s := newMemory()
	book := record.NewBook(s, "chain")
	closedEpoch(t, book, 1, 4500)
	want := said(t, book.Reader, 1)
	if err := book.Fold(2); err != nil {
		t.Fatal(err)
	}
	if s.rowsOf("validator-past") != 1 || s.rowsOf("validator-scores") != 0 {
		t.Error("it is not folded")
	}
	if got := said(t, book.Reader, 1); got != want {
		t.Error("it reads otherwise")
	}
}

// TestADamagedRecordIsSaidToBe: bytes that nobody wrote so are an error, and no
// epoch without scores.
func TestADamagedRecordIsSaidToBe(t *testing.T) {
	s := newMemory()
	book := record.NewBook(s, "chain")
	closedEpoch(t, book, 1, 2)
	if err := book.Fold(2); err != nil {
		t.Fatal(err)
	}
	key := "validator-past\x00\x00\x00\x00\x00\x00\x00\x00\x01"
	whole := s.rows[key]
	for what, b := range map[string][]byte{
		"nothing": {}, "a byte": {1}, "cut": whole[:len(whole)-1], "longer": append(slices.Clip(whole), 0),
		"no chunks":         packed(t, []any{[]any{5, []any{}}}),
		"tables descending": packed(t, []any{[]any{1, []any{}}, []any{0, []any{}}}),
		"keys descending":   packed(t, []any{[]any{0, []any{[]any{[]byte{2}, []byte{}}, []any{[]byte{1}, []byte{}}}}}),
		"a key twice":       packed(t, []any{[]any{0, []any{[]any{[]byte{2}, []byte{}}}}, []any{0, []any{[]any{[]byte{2}, []byte{}}}}}),
		"too large":         compressed(t, make([]byte, 65<<20)),
	} {
		s.rows[key] = b
		r := record.NewReader(s, "chain")
		_, one := r.Score(1, 1, "echo")
		_, many := r.ScoresOf(1)
		_, _, finals := r.Finals(&ledger.MemTree{}, 1)
		for read, err := range map[string]error{"score": one, "scores": many, "finals": finals} {
			if !errors.Is(err, record.ErrStore) || !errors.Is(err, record.ErrCorrupt) {
				t.Errorf("%s, %s: got %v, want ErrCorrupt", what, read, err)
			}
		}
	}
	// A row in it that is damaged is named, too.
	s.rows[key] = packed(t, []any{[]any{0, []any{[]any{[]byte{0, 1, 'e', 'c', 'h', 'o'}, []byte{0xff}}}}})
	if _, err := record.NewReader(s, "chain").ScoresOf(1); !errors.Is(err, record.ErrCorrupt) || !strings.Contains(err.Error(), "validator-scores") {
		t.Errorf("a damaged row: %v", err)
	}
	s.rows["validator-marks\x00oldest"] = []byte{0xff}
	if _, err := book.OldestScores(); !errors.Is(err, record.ErrCorrupt) {
		t.Errorf("a damaged mark: %v", err)
	}
	s.err = errors.New("disk is gone")
	if err := book.Fold(3); !errors.Is(err, record.ErrStore) || !errors.Is(err, s.err) {
		t.Errorf("folding: %v", err)
	}
}

func packed(t testing.TB, list any) []byte { return compressed(t, wire.Encode(list)) }

func compressed(t testing.TB, raw []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(raw, nil)
}

// FuzzUnpack gives what a database may have become: an error or rows, which pack
// to rows again.
func FuzzUnpack(f *testing.F) {
	f.Add(wire.Encode([]any{[]any{0, []any{[]any{[]byte{1}, []byte{2}}}}, []any{4, []any{[]any{[]byte{}, []byte{2}}}}}))
	f.Add(wire.Encode([]any{}))
	f.Add([]byte{0x9f})
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _ = record.Unpack(raw)
		rows, err := record.Unpack(compressed(t, raw))
		if err != nil {
			return
		}
		again, fits := rows.Pack()
		if !fits {
			t.Fatal("it does not fit any more")
		}
		if back, err := record.Unpack(again); err != nil || !reflect.DeepEqual(back, rows) {
			t.Errorf("got %v, %v, want %v", back, err, rows)
		}
	})
}
