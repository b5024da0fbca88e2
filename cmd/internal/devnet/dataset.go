package devnet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/task/synthetic"
)

// What is shown of an export: so many lines, and so many characters of each.
const (
	shownLines = 3
	shownWidth = 200
)

// exportSets exports what the network's people and makers made, with `assay
// dataset export`, and shows the first lines of it.
func (n *network) exportSets(ctx context.Context, say *teller) error {
	for _, kind := range []protocol.Kind{preference.Kind, synthetic.Kind} {
		if n.params.Kind(kind) == nil {
			continue
		}
		dir := filepath.Join(n.dir, "data-"+string(kind))
		if _, err := process.Call(ctx, n.bin.assay, "dataset", "export", "--node", n.validators[0].api.url, "--kind", string(kind), "--out", dir); err != nil {
			return fmt.Errorf("export %s: %w", kind, err)
		}
		lines, err := firstLines(dir)
		if err != nil {
			return fmt.Errorf("export %s: %w", kind, err)
		}
		say.printf("export     assay dataset export --kind %s wrote %s, which begins:", kind, dir)
		for _, line := range lines {
			say.plain("  " + line)
		}
	}
	return nil
}

var errNoRows = errors.New("there are no rows")

// firstLines returns the first lines of the JSON Lines of a data set, cut to what
// is shown.
func firstLines(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var lines []string
	for _, file := range files {
		if lines, err = appendLines(lines, file); err != nil {
			return nil, err
		}
	}
	if len(lines) == 0 {
		return nil, errNoRows
	}
	return lines, nil
}

func appendLines(lines []string, file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	for r := bufio.NewReader(f); len(lines) < shownLines; {
		line, err := r.ReadString('\n')
		if err != nil {
			break // its end: an export is whole lines
		}
		line = strings.TrimSuffix(line, "\n")
		if runes := []rune(line); len(runes) > shownWidth {
			line = string(runes[:shownWidth]) + " …"
		}
		lines = append(lines, line)
	}
	return lines, nil
}
