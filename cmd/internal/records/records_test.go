package records_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/records"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/scoring/synthetic"
)

var specification = fmt.Sprintf(`{"specification":{"count":9,"price":1,"maximum":9,"beacon":"%064d"}}`, 1)

func record(id, block int, text string) string {
	return fmt.Sprintf(`{"record":"%064x","maker":1,"block":%d,"text":%q}`, id, block, text)
}

func nothing() {}

// TestTheOrderOfLinesIsNothing: the records come by block, whatever the lines, and
// those of one block in one order.
func TestTheOrderOfLinesIsNothing(t *testing.T) {
	lines := []string{record(1, 5, "five"), record(2, 3, "three"), specification, record(3, 4, "four"), record(4, 4, "vier"), record(5, 4, "quatre")}
	var want []string
	for range 6 {
		text := strings.Join(lines, "\n")
		f, err := records.Scan(strings.NewReader(text), nothing)
		if err != nil || f.Len() != 5 || f.Specification.Count != 9 {
			t.Fatalf("got %+v, %v", f, err)
		}
		var got []string
		if err := f.Each(strings.NewReader(text), func(r *synthetic.Record) error {
			got = append(got, r.Text)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) || got[0] != "three" || got[4] != "five" {
			t.Errorf("got %q, want %q", got, want)
		}
		lines = append(lines[1:], lines[0])
	}
}

func TestFilesThatAreNoRequestAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":            {"", records.ErrFile},
		"no specification":   {record(1, 1, "a"), records.ErrFile},
		"two specifications": {specification + "\n" + specification, records.ErrFile},
		"a record twice":     {specification + "\n" + record(1, 1, "a") + "\n" + record(1, 2, "b"), records.ErrFile},
		"an empty line":      {specification + "\n\n", value.ErrForm},
		"half a line":        {specification + "\n" + record(1, 1, "a")[:20], value.ErrForm},
		"a long line":        {specification + "\n" + record(1, 1, strings.Repeat("a", synthetic.MaxLine)), records.ErrLong},
		"another kind":       {`{"pair":"p"}`, synthetic.ErrLine},
	} {
		_, err := records.Scan(strings.NewReader(c.text), nothing)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestAFileThatChangesIsSaid(t *testing.T) {
	text := specification + "\n" + record(1, 1, "a")
	f, err := records.Scan(strings.NewReader(text), nothing)
	if err != nil {
		t.Fatal(err)
	}
	changed := specification + "\n" + record(2, 1, "a")
	if err := f.Each(strings.NewReader(changed), func(*synthetic.Record) error { return nil }); !errors.Is(err, records.ErrFile) {
		t.Errorf("got %v, want %v", err, records.ErrFile)
	}
}
