package fingerprint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/assaynet/assay/engine/fingerprint"
)

func hashOf(t *testing.T, s string) (h fingerprint.Hash) {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		t.Fatalf("%q is no hash", s)
	}
	return fingerprint.Hash(b)
}

// TestRootEqualsTheIndependentProgram takes states and tokens of runs that a
// program in C made (see testdata/README.md).
func TestRootEqualsTheIndependentProgram(t *testing.T) {
	data, err := os.ReadFile("testdata/runs.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Hotkey, Task string
		Runs         []struct {
			First  int
			Tokens []int32
			States []string
			Root   string
		}
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	var b fingerprint.Binding
	hotkey, _ := hex.DecodeString(g.Hotkey)
	copy(b.Hotkey[:], hotkey)
	b.Task = hashOf(t, g.Task)
	for i, run := range g.Runs {
		var states []fingerprint.Hash
		for _, s := range run.States {
			states = append(states, hashOf(t, s))
		}
		got := fingerprint.Root(fingerprint.Leaves(b, run.First, run.Tokens, states))
		if want := hashOf(t, run.Root); got != want {
			t.Errorf("run %d: got %x, want %x", i, got, want)
		}
	}
}

func TestTreeIsThatOfRFC6962(t *testing.T) {
	// The leaves and roots that Certificate Transparency's implementations
	// share as test vectors.
	inputs := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var leaves []fingerprint.Hash
	for i, in := range inputs {
		b, _ := hex.DecodeString(in)
		leaves = append(leaves, sha256.Sum256(append([]byte{0}, b...)))
		if got, want := fingerprint.Root(leaves), hashOf(t, roots[i]); got != want {
			t.Errorf("%d leaves: got %x, want %x", i+1, got, want)
		}
	}
	if got, want := fingerprint.Root(nil), sha256.Sum256(nil); got != want {
		t.Errorf("no leaves: got %x, want %x", got, want)
	}
}

func TestEveryPartOfALeafChangesIt(t *testing.T) {
	b := fingerprint.Binding{}
	base := fingerprint.Leaf(b, 1, 2, fingerprint.State([]float32{1, 2}))
	other := b
	other.Hotkey[32] = 1
	third := b
	third.Task[0] = 1
	for i, h := range []fingerprint.Hash{
		fingerprint.Leaf(other, 1, 2, fingerprint.State([]float32{1, 2})),
		fingerprint.Leaf(third, 1, 2, fingerprint.State([]float32{1, 2})),
		fingerprint.Leaf(b, 2, 2, fingerprint.State([]float32{1, 2})),
		fingerprint.Leaf(b, 1, 3, fingerprint.State([]float32{1, 2})),
		fingerprint.Leaf(b, 1, 2, fingerprint.State([]float32{2, 1})),
		fingerprint.Failed(b, 1),
	} {
		if h == base {
			t.Errorf("variant %d has the same hash", i)
		}
	}
	f, g := fingerprint.Failed(b, 1), fingerprint.Failed(b, 2)
	if bytes.Equal(f[:], g[:]) {
		t.Error("failing later gives the same root")
	}
}
