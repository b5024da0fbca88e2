package export_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/goldentest"
)

// run is the i-th row of an epoch, always the same.
func run(e protocol.Epoch, i int) *export.Run {
	r := &export.Run{
		System: "Be brief.", Prompt: fmt.Sprintf("Say \"%d\" <of> %d.\n", i, e), Response: strings.Repeat("word ", i%7) + "né\u2028", Finish: "stop", Passed: 2,
		Tokens:     []int32{},
		Provenance: export.Provenance{Task: fmt.Sprintf("%064x", i), Epoch: int64(e), Slot: int32(i), Block: int64(e)*20 + 3},
	}
	for k := range i % 4 {
		r.Tokens = append(r.Tokens, int32(k))
	}
	return r
}

// source gives n rows an epoch and counts who asks.
func source(n int, asked *[]protocol.Epoch) export.Source[export.Run] {
	return func(_ context.Context, e protocol.Epoch, yield func(*export.Run) error) (int64, error) {
		*asked = append(*asked, e)
		for i := range n {
			if err := yield(run(e, i)); err != nil {
				return 0, err
			}
		}
		return 3, nil
	}
}

func config(dir string, from, to protocol.Epoch) export.Config {
	return export.Config{Dir: dir, ChainID: "assay-test", Kind: "inference", From: from, To: to, Card: export.Card(export.AboutInference())}
}

// files reads all files of a directory, by their names.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir+"/")] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func write(t *testing.T, c export.Config, s export.Source[export.Run]) *export.Summary {
	t.Helper()
	sum, err := export.Write(t.Context(), c, s)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestColumnsAreThoseThatAreRecorded: names, order and types of both forms. Who
// loads a data set relies on them; UPDATE_GOLDEN=1 writes them anew.
func TestColumnsAreThoseThatAreRecorded(t *testing.T) {
	for name, row := range map[string]any{"inference": export.Run{}, "synthetic": export.Record{}, "preference": export.Preference{}, "judgement": export.Judgement{}} {
		var b strings.Builder
		b.WriteString(parquet.SchemaOf(row).String() + "\n\n")
		keys(&b, reflect.TypeOf(row), "")
		goldentest.Text(t, "testdata/"+name+".txt", []byte(b.String()))
	}
}

// keys lists the keys of JSON in their order.
func keys(b *strings.Builder, t reflect.Type, in string) {
	for t.Kind() == reflect.Slice {
		t, in = t.Elem(), in+"[]"
	}
	if t.Kind() != reflect.Struct {
		fmt.Fprintf(b, "%s %s\n", in, t)
		return
	}
	for f := range t.Fields() {
		keys(b, f.Type, strings.TrimPrefix(in+"."+f.Tag.Get("json"), "."))
	}
}

// TestAnExportGoesOnWhereItWasEnded: a source fails in the middle of the third
// epoch; the second run asks for that one and those that follow alone, and leaves
// the bytes of an export that was never ended.
func TestAnExportGoesOnWhereItWasEnded(t *testing.T) {
	var asked []protocol.Epoch
	whole, ended := t.TempDir(), t.TempDir()
	all := write(t, config(whole, 4, 8), source(500, &asked))
	if all.Written != 2500 || all.Manifest.Rows() != 2500 || all.Manifest.Dropped() != 15 {
		t.Fatalf("got %d rows, manifest %+v", all.Written, all.Manifest)
	}
	failure := errors.New("the node went away")
	good := source(500, &asked)
	_, err := export.Write(t.Context(), config(ended, 4, 8), func(ctx context.Context, e protocol.Epoch, yield func(*export.Run) error) (int64, error) {
		if e < 6 {
			return good(ctx, e, yield)
		}
		_, _ = good(ctx, e, func(r *export.Run) error {
			if r.Provenance.Slot == 250 {
				return failure
			}
			return yield(r)
		})
		return 0, failure
	})
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), "epoch 6") {
		t.Fatalf("got %v", err)
	}
	if got := slices.Sorted(maps.Keys(files(t, ended))); len(got) != 5 {
		t.Errorf("two epochs and a manifest are there, not %v", got)
	}
	// What kill -9 leaves: half a file, and no word of it in the manifest.
	if err := os.WriteFile(filepath.Join(ended, "data/epoch-00000006.jsonl.part"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked = nil
	rest := write(t, config(ended, 4, 8), good)
	if rest.Known != 2 || rest.Written != 1500 || fmt.Sprint(asked) != "[6 7 8]" {
		t.Errorf("got %d known, %d rows, asked for %v", rest.Known, rest.Written, asked)
	}
	if a, b := files(t, whole), files(t, ended); !maps.Equal(a, b) {
		t.Errorf("the two differ: %v and %v", slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
	}
	// A file that is gone is written again, and nothing else.
	if err := os.Remove(filepath.Join(ended, "data/epoch-00000005.parquet")); err != nil {
		t.Fatal(err)
	}
	asked = nil
	if write(t, config(ended, 4, 8), good); fmt.Sprint(asked) != "[5]" {
		t.Errorf("asked for %v", asked)
	}
}

func TestVerifyFindsWhatDoesNotHold(t *testing.T) {
	for name, c := range map[string]struct {
		change func(dir string) error
		source export.Source[export.Run]
		want   string
	}{
		"nothing": {},
		"a letter of a line": {change: func(dir string) error {
			return alter(dir, "jsonl", func(b []byte) []byte { return []byte(strings.Replace(string(b), "brief", "loud!", 1)) })
		}, want: "epoch-00000003.parquet:1 the row differs"},
		"a line less": {change: func(dir string) error {
			return alter(dir, "jsonl", func(b []byte) []byte { return b[:strings.LastIndex(string(b[:len(b)-1]), "\n")+1] })
		}, want: "epoch-00000003.parquet:30 it has more rows"},
		"half a line": {change: func(dir string) error {
			return alter(dir, "jsonl", func(b []byte) []byte { return b[:len(b)-5] })
		}, want: "epoch-00000003.jsonl:30 no row: the last line does not end"},
		"a page of Parquet": {change: func(dir string) error {
			return alter(dir, "parquet", func(b []byte) []byte { clear(b[200:400]); return b })
		}, want: "epoch-00000003.parquet"},
		"no Parquet": {change: func(dir string) error {
			return alter(dir, "parquet", func([]byte) []byte { return []byte("PAR1") })
		}, want: "epoch-00000003.parquet:0 no Parquet"},
		"a file": {change: func(dir string) error {
			return os.Remove(filepath.Join(dir, "data/epoch-00000003.jsonl"))
		}, want: "epoch-00000003.jsonl:0 it is not there"},
		"another row on the ledger": {source: changed(func(r *export.Run) { r.Provenance.Root = "x" }), want: "epoch-00000003.jsonl:8 the network has another row"},
		"a row more": {source: func(ctx context.Context, e protocol.Epoch, yield func(*export.Run) error) (int64, error) {
			return source(31, new([]protocol.Epoch))(ctx, e, yield)
		}, want: "epoch-00000003.jsonl:31 the network has more rows"},
		"a row less": {source: func(ctx context.Context, e protocol.Epoch, yield func(*export.Run) error) (int64, error) {
			return source(29, new([]protocol.Epoch))(ctx, e, yield)
		}, want: "epoch-00000003.jsonl:30 the network has no more rows"},
		"another node, with fewer cards": {source: changed(func(r *export.Run) { r.Passed = 1 })},
	} {
		dir, good := t.TempDir(), source(30, new([]protocol.Epoch))
		sum := write(t, config(dir, 3, 3), good)
		if c.change != nil {
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
		}
		if c.source == nil {
			c.source = good
		}
		rep, err := export.Verify(t.Context(), dir, &sum.Manifest, c.source, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, w := range rep.Wrong {
			got = append(got, fmt.Sprintf("%s:%d %s", strings.TrimPrefix(w.File, "data/"), w.Line, w.What))
		}
		if c.want == "" && len(got) != 0 || c.want != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, c.want) }) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if c.want == "" && (rep.Rows != 30 || rep.Ledger != 1) {
			t.Errorf("%s: got %+v", name, rep)
		}
	}
}

// alter changes a file of epoch 3.
func alter(dir, form string, change func([]byte) []byte) error {
	path := filepath.Join(dir, "data/epoch-00000003."+form)
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, change(b), 0o600)
}

// changed gives the rows with a change in the eighth.
func changed(change func(*export.Run)) export.Source[export.Run] {
	return func(ctx context.Context, e protocol.Epoch, yield func(*export.Run) error) (int64, error) {
		return source(30, new([]protocol.Epoch))(ctx, e, func(r *export.Run) error {
			if r.Provenance.Slot == 7 {
				change(r)
			}
			return yield(r)
		})
	}
}

func TestEpochsThatAreGoneAreSaid(t *testing.T) {
	dir := t.TempDir()
	sum := write(t, config(dir, 1, 4), source(5, new([]protocol.Epoch)))
	rep, err := export.Verify(t.Context(), dir, &sum.Manifest, func(ctx context.Context, e protocol.Epoch, yield func(*export.Run) error) (int64, error) {
		if e < 3 {
			return 0, export.ErrGone
		}
		return source(5, new([]protocol.Epoch))(ctx, e, yield)
	}, nil)
	if err != nil || fmt.Sprint(rep.Gone) != "[1 2]" || rep.Ledger != 2 || len(rep.Wrong) != 0 {
		t.Errorf("got %+v, %v", rep, err)
	}
}

func TestTwoDataSetsAreNotMixed(t *testing.T) {
	dir := t.TempDir()
	s := source(2, new([]protocol.Epoch))
	write(t, config(dir, 1, 1), s)
	for _, change := range []func(*export.Config){func(c *export.Config) { c.ChainID = "assay-other" }, func(c *export.Config) { c.Kind = "synthetic" }} {
		c := config(dir, 2, 2)
		change(&c)
		if _, err := export.Write(t.Context(), c, s); !errors.Is(err, export.ErrOther) {
			t.Errorf("got %v, want %v", err, export.ErrOther)
		}
	}
	// Two programs in one directory: the second is refused while the first writes.
	_, err := export.Write(t.Context(), config(dir, 3, 3), func(ctx context.Context, _ protocol.Epoch, _ func(*export.Run) error) (int64, error) {
		_, err := export.Write(ctx, config(dir, 4, 4), s)
		return 0, err
	})
	if !errors.Is(err, export.ErrBusy) {
		t.Errorf("got %v, want %v", err, export.ErrBusy)
	}
}

func TestAnExportEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	c := config(t.TempDir(), 1, 1)
	c.Rows = new(atomic.Int64)
	_, err := export.Write(ctx, c, func(ctx context.Context, e protocol.Epoch, yield func(*export.Run) error) (int64, error) {
		return source(100, new([]protocol.Epoch))(ctx, e, func(r *export.Run) error {
			if r.Provenance.Slot == 50 {
				stop()
			}
			return yield(r)
		})
	})
	if !errors.Is(err, context.Canceled) || c.Rows.Load() != 51 {
		t.Errorf("got %v after %d rows", err, c.Rows.Load())
	}
}

func TestAManifestThatIsNoneIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, config(dir, 1, 2), source(1, new([]protocol.Epoch)))
	good := files(t, dir)["manifest.json"]
	for name, c := range map[string]struct{ part, other string }{
		"another format":      {"assay-dataset/1", "assay-dataset/2"},
		"a file elsewhere":    {`"data/epoch-00000001.jsonl"`, `"../../etc/passwd"`},
		"an epoch twice":      {`"epoch": 2`, `"epoch": 1`},
		"fewer than no rows":  {`"rows": 1`, `"rows": -1`},
		"an unknown field":    {`"kind"`, `"kinds"`},
		"something behind it": {"]\n}\n", "]\n}\n{}"},
		"half of it":          {"]\n}\n", ""},
	} {
		if !strings.Contains(good, c.part) {
			t.Fatalf("%s: %q is not there", name, c.part)
		}
		if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(strings.Replace(good, c.part, c.other, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := export.ReadManifest(dir); !errors.Is(err, export.ErrManifest) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := export.ReadManifest(t.TempDir()); !errors.Is(err, export.ErrManifest) {
		t.Errorf("none: got %v", err)
	}
}

func TestTheCardSaysWhatItMust(t *testing.T) {
	m := &export.Manifest{ChainID: "assay-test", Kind: "preference", Epochs: []export.Epoch{{Epoch: 7, Rows: 1200, Dropped: 5}, {Epoch: 9}}}
	for about, wants := range map[string][]string{
		string(export.Card(export.AboutPreference())(m)): {
			"---\npretty_name: \"Assay: preferences\"\n", "size_categories:\n- 1K<n<10K\n", "    path: data/*.parquet\n---\n", "1200 rows of the network `assay-test`, of 2 of the epochs 7 to 9. 5 more are left out",
			"**Nobody attests that a person answered.**", "| `confidence` | posterior", "--kind preference --out DIR --verify",
		},
		string(export.Card(export.AboutInference())(m)): {"| `provenance.block` | height", "pretty_name: \"Assay: verified inference\""},
		string(export.Card(export.AboutSynthetic())(m)): {"| `checks` | what each", "verified synthesis", "| `novelty` | share"},
		string(export.Card(export.AboutJudgement())(m)): {"| `margin` | by how much", "the kind `preference`, whose lane is `people`"},
	} {
		for _, want := range wants {
			if !strings.Contains(about, want) {
				t.Errorf("%q is not in\n%s", want, about)
			}
		}
		if strings.Contains(about, "|  |") {
			t.Errorf("a column without a word:\n%s", about)
		}
	}
}
