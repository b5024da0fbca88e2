package cuda_test

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
)

// source is a line of PTX that is an instruction.
type source struct {
	module string // such as sm_61/norm
	kernel string
	line   int // from 0
	guard  string
	op     string
	args   []string
}

var (
	entryLine       = regexp.MustCompile(`\.entry (\w+)\(`)
	instructionLine = regexp.MustCompile(`^\t(@!?%p\d+ )?([a-z][a-z0-9_.]*)(?:\s+(.+))?;$`)
)

// sources are all instructions of the committed kernels, and the modules' lines.
func sources(t *testing.T) (list []source, text map[string][]string) {
	t.Helper()
	files, err := fs.Glob(cuda.Modules, "ptx/*/*.ptx")
	if err != nil {
		t.Fatal(err)
	}
	text = map[string][]string{}
	for _, f := range files {
		data, err := cuda.Modules.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		module, kernel := strings.TrimSuffix(strings.TrimPrefix(f, "ptx/"), ".ptx"), ""
		text[module] = strings.Split(string(data), "\n")
		for i, line := range text[module] {
			if m := entryLine.FindStringSubmatch(line); m != nil {
				kernel = m[1]
			} else if m := instructionLine.FindStringSubmatch(line); m != nil {
				list = append(list, source{module, kernel, i, m[1], m[2], arguments(m[3])})
			}
		}
	}
	return list, text
}

// arguments splits operands at the commas that stand in no braces.
func arguments(s string) (list []string) {
	depth, from := 0, 0
	for i, c := range s {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 0 {
				list, from = append(list, strings.TrimSpace(s[from:i])), i+1
			}
		}
	}
	if s = strings.TrimSpace(s[from:]); s != "" {
		list = append(list, s)
	}
	return list
}

func (s source) String() string {
	return strings.TrimSpace(s.guard + s.op + " " + strings.Join(s.args, ", "))
}

// equivalents are the mutants that do what the kernel does, with why.
func equivalents(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/equivalent.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		if line := lines.Text(); line != "" && !strings.HasPrefix(line, "#") {
			key, reason, ok := strings.Cut(line, " # ")
			if !ok {
				t.Fatalf("%q has no reason", line)
			}
			all[key] = reason
		}
	}
	return all
}

// TestEquivalentMutantsAreOfTheseKernels holds the list against the committed
// PTX: each of its instructions is there, and what it becomes is another one that
// is read. A list of other kernels would excuse nothing, and who reads it would
// take it for one of these.
func TestEquivalentMutantsAreOfTheseKernels(t *testing.T) {
	list, text := sources(t)
	where := map[string]source{}
	for _, s := range list {
		where[s.module+" "+s.kernel+": "+s.String()] = s
	}
	for key, reason := range equivalents(t) {
		was, is, ok := strings.Cut(key, " => ")
		if !ok || reason == "" {
			t.Errorf("%q is no change with a reason", key)
			continue
		}
		s, ok := where[was]
		if !ok {
			t.Errorf("%q is not in the kernels; hint: make mutants says what survives now", was)
			continue
		}
		if is == s.String() {
			t.Errorf("%q changes nothing", key)
		}
		if is == "nothing" {
			continue
		}
		lines := slices.Clone(text[s.module])
		lines[s.line] = "\t" + is + ";"
		if _, err := ptx.Parse(strings.Join(lines, "\n")); err != nil {
			t.Errorf("%q is not read: %v", key, err)
		}
	}
}
