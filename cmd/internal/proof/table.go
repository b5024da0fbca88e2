package proof

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/protocol"
)

// tables are all tables, in the order of package history.
func tables() []*Table {
	return []*Table{
		table("payments", newPayments, "time"), table("weights", newWeights, "time"),
		table("scores", newScores, "time", "final", "units", "bound", "speed", "availability", "reason"),
		table("tasks", newTasks, "time"), table("answers", newAnswers, "received"), table("cards", newCards, "received"),
	}
}

// judge says of the rows of an epoch whether the ledger has them.
type judge[T any] interface {
	// row returns a [wrong] about a row that the ledger does not have so; other errors
	// are those of the state. The row is good until it returns.
	row(*T) error
	// end is called behind the last row: how much the ledger has that no row was of,
	// and errors as row has them.
	end(*Table) (missing int64, err error)
}

// wrong is what is wrong with a row, in words.
type wrong string

func (w wrong) Error() string { return string(w) }

func wrongf(format string, a ...any) error { return wrong(fmt.Sprintf(format, a...)) }

// table makes a table from what judges an epoch of it.
func table[T any](name string, begin func(*state) (judge[T], error), open ...string) *Table {
	return &Table{
		Table: name, Beyond: []protocol.Epoch{}, Gaps: []protocol.Epoch{}, Open: open,
		check: func(ctx context.Context, p *run, t *Table, e *export.Epoch) error {
			return check(ctx, p, t, e, begin)
		},
	}
}

// check compares the rows of an epoch with the ledger, after the files with the
// manifest and with each other.
func check[T any](ctx context.Context, p *run, t *Table, e *export.Epoch, begin func(*state) (judge[T], error)) error {
	j, err := begin(&state{Reader: p.Replay.Tree, epoch: e.Epoch, run: p})
	if err != nil {
		return err
	}
	name, read := t.Table+"/"+e.JSONL.Name, int64(0)
	files, err := export.Check(ctx, filepath.Join(p.Dir, t.Table), e, p.Rows, func(number int64, row *T) error {
		read = number
		err := j.row(row)
		if err == nil {
			t.Proven++
		}
		return p.told(name, number, err)
	})
	if err != nil {
		return err
	}
	t.Rows += read
	p.report.Bytes += files.Bytes
	for _, w := range files.Wrong {
		p.wrong(t.Table+"/"+w.File, w.Line, w.What)
	}
	if read < files.Rows || len(files.Wrong) > 0 {
		return nil // told; what could not be read is not missing
	}
	missing, err := j.end(t)
	t.Missing += missing
	return p.told(name, read+1, err)
}

// told notes what is wrong, and returns other errors.
func (p *run) told(file string, number int64, err error) error {
	if w, ok := errors.AsType[wrong](err); ok {
		p.wrong(file, number, string(w))
		return nil
	}
	return err
}

// maxSaid bounds what is said of a value of a row.
const maxSaid = 80

// differs returns a [wrong] that names the column in which a row is not what the
// ledger has; nil where none is. A time that the export does not know is no
// difference.
func differs[T any](got, want *T) error {
	a, b := reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem()
	for i := range a.NumField() {
		if x, is := reflect.TypeAssert[history.Micros](a.Field(i)); is && x == 0 {
			continue
		}
		if !equal(a.Field(i), b.Field(i)) {
			name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("json"), ",")
			return wrongf("%s is %s, and the ledger has %s", name, said(a.Field(i)), said(b.Field(i)))
		}
	}
	return nil
}

// equal compares columns, of which lists may be nil where they are empty.
func equal(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func said(v reflect.Value) string {
	b, err := json.Marshal(v.Interface())
	if err != nil {
		return "no value"
	}
	if len(b) > maxSaid {
		return strings.ToValidUTF8(string(b[:maxSaid]), "") + "…"
	}
	return string(b)
}
