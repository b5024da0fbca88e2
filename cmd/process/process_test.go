package process_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/process"
)

func TestPortsAreFreeAndDifferent(t *testing.T) {
	ports, err := process.FreePorts(30)
	if err != nil || len(ports) != 30 {
		t.Fatalf("got %v, %v", ports, err)
	}
	slices.Sort(ports)
	if len(slices.Compact(ports)) != 30 || ports[0] < 12_000 || ports[29] >= 32_000 {
		t.Errorf("got %v", ports)
	}
}

// A process that ends by itself is told of, with its name and where it printed
// what; one that was killed, or is frozen, is not; and all end together.
func TestAGroupTellsWhoEndedByItself(t *testing.T) {
	dir := t.TempDir()
	g := process.New(dir)
	defer g.Stop()
	long, err := g.Start("long", "/bin/sleep", "1000")
	if err != nil {
		t.Fatal(err)
	}
	killed, err := g.Start("killed", "/bin/sleep", "1000")
	if err != nil {
		t.Fatal(err)
	}
	g.Kill(killed)
	if err := long.Freeze(); err != nil {
		t.Fatal(err)
	}
	if err := g.Failed(); err != nil {
		t.Errorf("nobody ended by itself: %v", err)
	}
	short, err := g.Start("short", "/bin/sh", "-c", "echo gone; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	<-short.Done()
	if err := g.Failed(); err == nil || !strings.Contains(err.Error(), "short ended by itself: exit status 3; see "+filepath.Join(dir, "short.log")) {
		t.Errorf("got %v", err)
	}
	if said, err := os.ReadFile(filepath.Join(dir, "short.log")); err != nil || string(said) != "gone\n" {
		t.Errorf("got %q, %v", said, err)
	}
	g.Stop()
	<-long.Done() // frozen as it was
	if err := g.Failed(); err != nil {
		t.Errorf("all ended when they should: %v", err)
	}
}

func TestCallTellsWhatAProgramSaid(t *testing.T) {
	if out, err := process.Call(t.Context(), "/bin/sh", "-c", "echo out; echo err >&2"); err != nil || string(out) != "out\n" {
		t.Errorf("got %q, %v", out, err)
	}
	_, err := process.Call(t.Context(), "/bin/sh", "-c", "echo why >&2; exit 2")
	if err == nil || err.Error() != "sh -c: exit status 2: why\n" {
		t.Errorf("got %v", err)
	}
	if _, err := g(t).Start("none", filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a program that is not there was started")
	}
}

func g(t *testing.T) *process.Group { return process.New(t.TempDir()) }
