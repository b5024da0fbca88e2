package history

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
)

// Format is the version of a [Manifest], and before that of one without states.
const (
	Format = "assay-history/2"
	before = "assay-history/1"
)

const manifestName = "manifest.json"

// maxManifest bounds the manifest of all tables: six of them, of a line each, and
// the states, below 150 bytes an epoch, of a century of epochs of an hour.
const maxManifest = 128 << 20

// ErrManifest says that a directory holds no export of a network's history.
var ErrManifest = errors.New("no manifest of a history")

// Manifest says which tables there are, and names each by the hash of its own
// manifest, which has the hashes of the table's files. Height and StateHash are of
// a block that the node had when it was asked last, and States are of those blocks
// from which on nothing of an epoch's rows changes: they are what the node said,
// and package proof compares them, and the rows, with blocks that it carries out
// again.
type Manifest struct {
	Format     string          `json:"format"`
	ChainID    string          `json:"chain_id"`
	Checkpoint string          `json:"checkpoint"` // HEIGHT:HASH of the block
	Height     protocol.Height `json:"height"`
	StateHash  protocol.Hash   `json:"app_hash"`
	States     []State         `json:"states"` // ascending; of epochs whose state hash the node had
	Tables     []Entry         `json:"tables"`
}

// State is the ledger's state in which the rows of an epoch are final: that after
// the last block of the epoch behind it. The header of Height + 1 carries
// StateHash, signed by the validators.
type State struct {
	Epoch     protocol.Epoch  `json:"epoch"`
	Height    protocol.Height `json:"height"`
	StateHash protocol.Hash   `json:"app_hash"`
}

// FinalAt returns the height of the block from which on nothing of an epoch's rows
// changes.
func FinalAt(s protocol.Schedule, e protocol.Epoch) protocol.Height { return s.EpochEnd(e + 1) }

// Entry is one table.
type Entry struct {
	Table  string         `json:"table"`
	From   protocol.Epoch `json:"from"`
	To     protocol.Epoch `json:"to"`
	Rows   int64          `json:"rows"`
	Bytes  int64          `json:"bytes"`
	SHA256 protocol.Hash  `json:"sha256"` // of TABLE/manifest.json
}

// Table is one of the tables.
type Table struct {
	Name   string
	row    any
	write  func(context.Context, export.Config, Node) (*export.Summary, error)
	verify func(context.Context, string, *export.Manifest, Node, *atomic.Int64) (*export.Report, error)
}

// Tables are all tables, in the order in which they are written.
func Tables() []Table {
	return []Table{
		table[Payment]("payments", payments), table[Weight]("weights", weights), table[Score]("scores", scores),
		table[Task]("tasks", tasks), table[Answer]("answers", answers), table[Card]("cards", cards),
	}
}

func table[T any, P export.Row[T]](name string, source func(Node) export.Source[T]) Table {
	var row T
	return Table{
		Name: name, row: row,
		write: func(ctx context.Context, c export.Config, n Node) (*export.Summary, error) {
			return export.Write(ctx, c, source(n))
		},
		verify: func(ctx context.Context, dir string, m *export.Manifest, n Node, rows *atomic.Int64) (*export.Report, error) {
			var from export.Source[T]
			if n != nil {
				from = source(n)
			}
			return export.Verify[T, P](ctx, dir, m, from, rows)
		},
	}
}

// Write writes the epochs of a table that are not there yet into DIR/NAME, as
// [export.Write] does; c.Dir is DIR.
func (t *Table) Write(ctx context.Context, c export.Config, n Node) (*export.Summary, error) {
	c.Dir, c.Kind = filepath.Join(c.Dir, t.Name), t.Name
	c.Card = func(m *export.Manifest) []byte { return t.card(m) }
	return t.write(ctx, c, n)
}

// Verify reads a table again; see [export.Verify]. A nil node is not asked.
func (t *Table) Verify(ctx context.Context, dir string, n Node, rows *atomic.Int64) (*export.Report, error) {
	dir = filepath.Join(dir, t.Name)
	m, err := export.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	return t.verify(ctx, dir, m, n, rows)
}

// card is the README of a table: its columns, and how to load it.
func (t *Table) card(m *export.Manifest) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s of %s\n\n%d rows, an epoch a file: Parquet, and JSON Lines with the same rows.\n\n", t.Name, m.ChainID, m.Rows())
	fmt.Fprintf(&b, "```sql\nSELECT * FROM read_parquet('data/*.parquet');\n```\n\n```python\nimport glob, pandas\npandas.concat(map(pandas.read_parquet, sorted(glob.glob(\"data/*.parquet\"))))\n```\n\nColumns:\n\n")
	for f := range reflect.TypeOf(t.row).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fmt.Fprintf(&b, "- `%s`%s\n", name, unit(f.Type))
	}
	b.WriteString("\n`assay export --help` says what the tables are. `manifest.json` has the SHA-256 of each file.\n")
	return b.Bytes()
}

// unit says what values of a type are, where that is not plain.
func unit(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Tokens]():
		return ": tokens, exact"
	case reflect.TypeFor[Micros]():
		return ": time, UTC; null where it is not known"
	}
	return ""
}

// Fits refuses a directory that has tables of another network: [export.ErrOther].
func Fits(dir, chainID string) error {
	for _, t := range Tables() {
		m, err := export.ReadManifest(filepath.Join(dir, t.Name))
		switch {
		case errors.Is(err, export.ErrManifest): // none, or Write says what is wrong
		case err != nil:
			return err
		case m.ChainID != chainID:
			return fmt.Errorf("%s holds %s of %s, not of %s: %w", dir, t.Name, m.ChainID, chainID, export.ErrOther)
		}
	}
	return nil
}

// WriteManifest writes the manifest of all tables that are in a directory.
func WriteManifest(dir string, m *Manifest) error {
	m.Format, m.Tables = Format, []Entry{}
	if m.States == nil {
		m.States = []State{}
	}
	for _, t := range Tables() {
		e, err := entry(dir, t.Name)
		if errors.Is(err, export.ErrManifest) {
			continue // not exported
		}
		if err != nil {
			return err
		}
		m.Tables = append(m.Tables, e)
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return export.Replace(filepath.Join(dir, manifestName), append(b, '\n'))
}

// entry is what the manifest says of a table.
func entry(dir, name string) (Entry, error) {
	dir = filepath.Join(dir, name)
	m, err := export.ReadManifest(dir)
	if err != nil {
		return Entry{}, err
	}
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Table: name, Rows: m.Rows(), Bytes: m.Bytes(), SHA256: sha256.Sum256(b)}
	if n := len(m.Epochs); n > 0 {
		e.From, e.To = m.Epochs[0].Epoch, m.Epochs[n-1].Epoch
	}
	return e, nil
}

// ReadManifest reads the manifest of all tables. Errors: [ErrManifest], and those
// of the system.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, manifestName)
	b, err := export.ManifestBytes(dir, maxManifest, ErrManifest)
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrManifest, err)
	}
	if d.More() {
		return nil, fmt.Errorf("%s: something follows the object: %w", path, ErrManifest)
	}
	if m.Format != Format && m.Format != before {
		return nil, fmt.Errorf("%s: format %.40q: %w", path, m.Format, ErrManifest)
	}
	for i := 1; i < len(m.States); i++ {
		if m.States[i-1].Epoch >= m.States[i].Epoch {
			return nil, fmt.Errorf("%s: the state of epoch %d comes after that of epoch %d: %w", path, m.States[i].Epoch, m.States[i-1].Epoch, ErrManifest)
		}
	}
	return m, nil
}

// Of returns the state in which the rows of an epoch are final; nil where the
// manifest has none.
func (m *Manifest) Of(e protocol.Epoch) *State {
	i, ok := slices.BinarySearchFunc(m.States, e, func(s State, e protocol.Epoch) int { return cmp.Compare(s.Epoch, e) })
	if !ok {
		return nil
	}
	return &m.States[i]
}

// Has reports whether the manifest names a table.
func (m *Manifest) Has(table string) bool {
	return slices.ContainsFunc(m.Tables, func(e Entry) bool { return e.Table == table })
}

// Epochs returns the epochs of the tables in a directory, ascending, each once.
func Epochs(dir string) ([]protocol.Epoch, error) {
	var out []protocol.Epoch
	for _, t := range Tables() {
		m, err := export.ReadManifest(filepath.Join(dir, t.Name))
		if errors.Is(err, export.ErrManifest) {
			continue // not exported
		}
		if err != nil {
			return nil, err
		}
		for i := range m.Epochs {
			out = append(out, m.Epochs[i].Epoch)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Differs says which tables are not those of the manifest, by the hashes of their
// own.
func (m *Manifest) Differs(dir string) ([]string, error) {
	var out []string
	for _, want := range m.Tables {
		if !slices.ContainsFunc(Tables(), func(t Table) bool { return t.Name == want.Table }) {
			out = append(out, fmt.Sprintf("%.40q: there is no such table", want.Table))
			continue
		}
		got, err := entry(dir, want.Table)
		if errors.Is(err, export.ErrManifest) {
			out = append(out, want.Table+": it is not there")
			continue
		}
		if err != nil {
			return nil, err
		}
		if got != want {
			out = append(out, want.Table+": its manifest is another")
		}
	}
	return out, nil
}
