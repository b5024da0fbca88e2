package export

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"strings"
)

// About is what the card of a kind says, beside what the manifest does.
type About struct {
	Title string
	Tags  []string // of Hugging Face
	Task  string   // task category of Hugging Face
	// Text is paragraphs of Markdown: how the data came about, and what it cannot
	// say.
	Text string
	// Dropped says why things are left out.
	Dropped string
	// Columns says what each column is, by the name of the column; those of
	// Provenance stand for themselves.
	Columns map[string]string
	Row     any // a row, whose columns are listed
	// Flags name the data set to the command; "" is --kind and the kind.
	Flags string
}

// Card returns what writes the card of a kind: README.md, whose head in YAML is
// what Hugging Face reads. The same manifest gives the same card.
func Card(a About) func(*Manifest) []byte {
	return func(m *Manifest) []byte {
		var b bytes.Buffer
		flags := cmp.Or(a.Flags, "--kind "+m.Kind)
		fmt.Fprintf(&b, "---\npretty_name: %q\nlicense: unknown\ntask_categories:\n- %s\ntags:\n", a.Title, a.Task)
		for _, t := range append([]string{"assay"}, a.Tags...) {
			fmt.Fprintf(&b, "- %s\n", t)
		}
		fmt.Fprintf(&b, "size_categories:\n- %s\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: %s/*.%s\n---\n\n", size(m.Rows()), dataDir, formParquet)
		fmt.Fprintf(&b, "# %s\n\n%s\n\n", a.Title, strings.TrimSpace(a.Text))
		fmt.Fprintf(&b, "## What is here\n\n%d rows of the network `%s`, %s. %d more are left out: %s\n", m.Rows(), m.ChainID, epochs(m), m.Dropped(), a.Dropped)
		b.WriteString("Each epoch is a file of Parquet, and one of JSON Lines with the same rows; `manifest.json` has the\nSHA-256 of each.\n\n| column | what it is |\n|---|---|\n")
		columns(&b, a.Columns, reflect.TypeOf(a.Row), "")
		fmt.Fprintf(&b, "\n## How to check it\n\nThe command `assay` compares files and manifest, and makes the rows again from what a node of the\nnetwork keeps, against the commitments on its ledger:\n\n    assay dataset export %s --out DIR --verify --node URL\n", flags)
		return b.Bytes()
	}
}

// columns lists the columns of a struct, those of a struct in it with its name
// before.
func columns(b *bytes.Buffer, about map[string]string, t reflect.Type, under string) {
	for f := range t.Fields() {
		name := under + strings.Split(f.Tag.Get("json"), ",")[0]
		if f.Type.Kind() == reflect.Struct {
			columns(b, about, f.Type, name+".")
			continue
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, about[name])
	}
}

func epochs(m *Manifest) string {
	switch n := len(m.Epochs); n {
	case 0:
		return "of no epoch"
	case 1:
		return fmt.Sprintf("of epoch %d", m.Epochs[0].Epoch)
	default:
		first, last := m.Epochs[0].Epoch, m.Epochs[n-1].Epoch
		if uint64(last-first) == uint64(n-1) {
			return fmt.Sprintf("of the epochs %d to %d", first, last)
		}
		return fmt.Sprintf("of %d of the epochs %d to %d", n, first, last)
	}
}

// size is Hugging Face's word for so many rows.
func size(n int64) string {
	names := []string{"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B"}
	at := 0
	for limit := int64(1000); n >= limit && at < len(names)-1; limit *= 10 {
		at++
	}
	return names[at]
}
