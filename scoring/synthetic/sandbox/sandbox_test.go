package sandbox_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/sandbox"
)

// open returns a sandbox of each engine.
func open(t testing.TB) map[string]*sandbox.Sandbox {
	t.Helper()
	out := map[string]*sandbox.Sandbox{}
	for name, e := range map[string]sandbox.Engine{"interpreter": sandbox.Interpreter, "compiler": sandbox.Compiler} {
		s, err := sandbox.New(t.Context(), e, most)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close(t.Context()) })
		out[name] = s
	}
	return out
}

// program is one that somebody might send, and what becomes of it on every
// machine: the fuel is part of it. output is all of standard output, or how a
// long one begins; errors is in standard error.
type program struct {
	name, text, output, errors string
	end                        sandbox.End
	code                       uint32
	fuel                       int64
}

// most is the fuel of tests: little, so that what is endless ends soon.
const most = 600_000

var programs = []program{
	{"a sum", "print(1 + 1)", "2\n", "", "exit", 0, 20896},
	{"an error", "raise ValueError(3)", "", "ValueError: 3", "exit", 1, 20774},
	{"no program", "def", "", "SyntaxError", "exit", 1, 18982},
	{"numbers", "print(2**0.5, 1/3, float('nan'), 1e308 * 10, hash((1, 'a')), {3, 1, 2}, 2**100)", "1.414", "", "exit", 0, 30190},

	// Endless.
	{"a loop", "while True: pass", "", "", "fuel", 0, most},
	{"a loop that catches", "while True:\n  try:\n    while True: pass\n  except BaseException: pass", "", "", "fuel", 0, most},
	{"an endless list", "x = []\nwhile True: x.append(1)", "", "", "fuel", 0, most},
	{"a generator", "def g():\n  while True: yield 1\nsum(g())", "", "", "fuel", 0, most},
	{"a large power", "print(len(str(3 ** (10 ** 7))))", "", "", "fuel", 0, most},
	{"a costly pattern", "import re\nre.match('(a*)*b', 'a' * 5000)", "", "", "trap", 0, 51996},
	{"calls in each other", "def f(): return f()\nprint(f())", "", "maximum recursion depth exceeded", "exit", 1, 45388},
	{"calls that catch", "def f():\n  try: f()\n  except RuntimeError: f()\nprint(f())", "", "", "fuel", 0, most},
	{"deep source", strings.Repeat("(", 5000), "", "", "fuel", 0, most},
	{"code that writes code", "s = 'exec(s)'\nexec(s)", "", "", "exit", 1, 269133},

	// Too much.
	{"a flood", "while True: print('x' * 100)", "xxxx", "", "output", 0, 529280},
	{"a flood of errors", "import sys\nwhile True: sys.stderr.write('y' * 100)", "", "yyyy", "output", 0, 520739},
	{"a flood at once", "print('z' * 100000)", "zzzz", "", "output", 0, 430953},
	{"100 MB", "x = bytearray(100000000)", "", "MemoryError", "exit", 1, 56735},
	{"doubling", "s = 'a'\nwhile True: s += s", "", "", "fuel", 0, most},

	// Out.
	{"a file", "open('/etc/passwd')", "", "OSError", "exit", 1, 21654},
	{"a file to write", "open('x', 'w').write('y')", "", "OSError", "exit", 1, 23407},
	{"a directory", "import os\nprint(os.listdir('/'))", "", "Error", "exit", 1, 23741},
	{"another process", "import os\nos.system('true')", "", "AttributeError", "exit", 1, 24360},
	{"a fork bomb", "import os\nwhile True: os.fork()", "", "AttributeError", "exit", 1, 24323},
	{"a socket", "import socket\nsocket.socket()", "", "ImportError", "exit", 1, 22968},
	{"a foreign function", "import ffi", "", "ImportError", "exit", 1, 21591},
	{"machine code", "@micropython.native\ndef f(): pass", "", "Error", "exit", 1, 20872},
	{"addresses", "import uctypes\nprint(uctypes.bytes_at(0, 4))", "b'\\x00\\x00\\x00\\x00'\n", "", "exit", 0, 23441},
	{"the host", "import host\nprint(host.call('x', '{}'))", "", "Error", "exit", 1, 49246},
	{"the environment", "import os\nprint(os.getenv('HOME'))", "None\n", "", "exit", 0, 23697},
	{"input", "print(repr(input()))", "''\n", "", "exit", 0, 22843},

	// Chance and time.
	{"a clock", "import time\nprint(time.time(), time.ticks_ms(), time.time_ns())", "0.0 0 0\n", "", "exit", 0, 26278},
	{"sleep", "import time\ntime.sleep(3600)\nprint('awake')", "", "OSError: 52", "exit", 1, 24736},
	{"chance", "import random\nprint(random.random())", "", "Error", "exit", 1, 23310},
	{"names of things", "print(id(1), id('a'), object())", "3 6610 <object>\n", "", "exit", 0, 24241},

	// Ends.
	{"a code of its own", "import sys\nprint('bye')\nsys.exit(7)", "bye\n", "", "exit", 7, 23776},
	{"a quiet end", "raise SystemExit", "", "", "exit", 0, 20123},
}

// TestNothingGetsOut runs every program on both engines: they agree on everything,
// and on what is written above.
func TestNothingGetsOut(t *testing.T) {
	engines := open(t)
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			got, err := engines["interpreter"].Run(t.Context(), p.text)
			if err != nil {
				t.Fatal(err)
			}
			if other, err := engines["compiler"].Run(t.Context(), p.text); err != nil || other != got {
				t.Errorf("the interpreter gives %.300v, the compiler %.300v, %v", got, other, err)
			}
			if got.End != p.end || got.Code != p.code || got.Fuel != p.fuel {
				t.Errorf("ended %s, code %d, fuel %d, want %s, %d, %d", got.End, got.Code, got.Fuel, p.end, p.code, p.fuel)
			}
			if !strings.HasPrefix(got.Output, p.output) || p.output == "" && got.Output != "" || !strings.Contains(got.Errors, p.errors) {
				t.Errorf("wrote %.200q and %.300q, want %q and %q", got.Output, got.Errors, p.output, p.errors)
			}
			if len(got.Output)+len(got.Errors) > sandbox.MaxOutput {
				t.Errorf("wrote %d bytes", len(got.Output)+len(got.Errors))
			}
		})
	}
}

// TestTheInterpreterIsTheOneThatIsNamed: its hash is written in
// licences/README.md, too.
func TestTheInterpreterIsTheOneThatIsNamed(t *testing.T) {
	const want = "1c054a4d21d4a6589bc568821ebf562889988ddaaf8a17a2e2985a56cf228051"
	if got := sandbox.Name().String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	readme, err := os.ReadFile("licences/README.md")
	if err != nil || !strings.Contains(string(readme), want) {
		t.Errorf("the README names another hash, or %v", err)
	}
}

func TestWhatIsNoProgramIsRefused(t *testing.T) {
	s := open(t)["interpreter"]
	for name, text := range map[string]string{"a zero byte": "print(1)\x00", "too long": strings.Repeat("#", sandbox.MaxProgram+1)} {
		if _, err := s.Run(t.Context(), text); !errors.Is(err, sandbox.ErrProgram) {
			t.Errorf("%s: got %v, want %v", name, err, sandbox.ErrProgram)
		}
		if _, ok, err := s.Passes(t.Context(), text); ok || err != nil {
			t.Errorf("%s passes, or %v", name, err)
		}
	}
}

// TestRunsKnowNothingOfEachOther: also at the same time.
func TestRunsKnowNothingOfEachOther(t *testing.T) {
	s := open(t)["compiler"]
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			output, ok, _ := s.Passes(t.Context(), fmt.Sprintf("try:\n  x\nexcept NameError:\n  x = %d\nimport sys\nsys.modules['y'] = x\nprint(x)", i))
			if want := fmt.Sprintln(i); !ok || output != want {
				t.Errorf("run %d wrote %q, want %q", i, output, want)
			}
		})
	}
	wg.Wait()
}

// solutions are right answers to every problem of the family code; K is the number
// that the prompt names.
var solutions = map[string]string{
	"sum_of_multiples": "return sum(x for x in xs if x % K == 0)",
	"count_above":      "return len([x for x in xs if x > K])",
	"keep_small":       "return [x for x in xs if x <= K]",
	"rotate":           "return xs[K % len(xs):] + xs[:K % len(xs)] if xs else []",
	"every_nth":        "return xs[::K]",
	"largest_gap":      "s = sorted(xs)\n  return K + max([b - a for a, b in zip(s, s[1:])] + [0])",
	"count_pairs":      "return sum((xs[i] + xs[j]) % K == 0 for j in range(len(xs)) for i in range(j))",
	"to_base":          "def d(x): return (d(x // K) if x >= K else '') + str(x % K)\n  return ','.join(d(x) for x in xs)",
	"running_total":    "out = []\n  for x in xs: out.append(((out[-1] if out else 0) + x) % K)\n  return out",
	"first_missing":    "k = K\n  while k in xs: k += 1\n  return k",
}

// TestEveryProblemCanBeSolved: right answers pass the checks of the family
// code, and answers with a mistake do not.
func TestEveryProblemCanBeSolved(t *testing.T) {
	s := open(t)["compiler"]
	run := func(p string) (string, bool) { output, ok, _ := s.Passes(t.Context(), p); return output, ok }
	left, wrong := len(solutions), 0
	seen := map[string]bool{}
	for i := range 120 {
		k, err := synthetic.Derive(synthetic.Code, protocol.Hash{0: 9, 31: byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(strings.SplitN(k.Prompt, "(", 2)[0], "Write a Python function ")
		number := k.Prompt[strings.IndexAny(k.Prompt, "23456789"):][:1]
		answer := "```python\ndef " + name + "(xs):\n  " + strings.ReplaceAll(solutions[name], "K", number) + "\n```"
		for _, f := range k.Check(answer, run) {
			if !f.Pass {
				t.Errorf("%s with %s: check %q did not pass", name, number, f.Check)
			}
		}
		if f := k.Check("def "+name+"(xs):\n  return 0", run); !f[1].Pass {
			wrong++
		}
		if !seen[name] {
			seen[name] = true
			left--
		}
	}
	if left != 0 || wrong < 100 {
		t.Errorf("%d problems were never asked for; of 120 wrong answers %d were found", left, wrong)
	}
}

// BenchmarkRun is of a program that does next to nothing: what each record costs.
func BenchmarkRun(b *testing.B) {
	for name, s := range open(b) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, ok, _ := s.Passes(b.Context(), "print(1 + 1)"); !ok {
					b.Fatal("it does not pass")
				}
			}
		})
	}
}

// FuzzRun: no program makes a run fail but by itself.
func FuzzRun(f *testing.F) {
	s, err := sandbox.New(f.Context(), sandbox.Compiler, most)
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range programs[:4] {
		f.Add(p.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if o, err := s.Run(t.Context(), text); err != nil && !errors.Is(err, sandbox.ErrProgram) || o.Fuel > most {
			t.Fatalf("%+v, %v", o, err)
		}
	})
}
