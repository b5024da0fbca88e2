// Package simulationtest has what the tests of all simulations do alike.
package simulationtest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/simulation"
)

// Refuses breaks the shipped scenario in each of these ways, by name, and demands
// that read refuses it. A way is what stands in the scenario, what is put there,
// and what the error says.
func Refuses[S any](t *testing.T, shipped []byte, read func([]byte) (*S, error), ways map[string][3]string) {
	t.Helper()
	for name, way := range ways {
		part, other, want := way[0], way[1], way[2]
		if !strings.Contains(string(shipped), part) {
			t.Fatalf("%s: %q is not in the scenario", name, part)
		}
		_, err := read([]byte(strings.Replace(string(shipped), part, other, 1)))
		if !errors.Is(err, simulation.ErrScenario) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

// Threads demands that a report follows from the seed, and not from the number of
// threads.
func Threads[R any](t *testing.T, run func(seed uint64, threads int) R) {
	t.Helper()
	text := func(seed uint64, threads int) string {
		b, err := json.Marshal(run(seed, threads))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := text(1, 1)
	if got := text(1, 7); got != want {
		t.Errorf("seven threads: got %s, want %s", got, want)
	}
	if got := text(2, 1); got == want {
		t.Errorf("another seed gives the same: %s", got)
	}
}

// Fuzz demands that read returns a scenario or an error, whatever it is given.
func Fuzz[S any](f *testing.F, shipped []byte, read func([]byte) (*S, error)) {
	f.Add(shipped)
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := read(raw)
		if (s == nil) == (err == nil) {
			t.Errorf("got %v and %v", s, err)
		}
	})
}
