package arith_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/rope"
)

type goldenRun struct {
	Text           string
	Prompt, Output []int32
	States         []string
}

type golden struct {
	Greedy []goldenRun `json:"greedy"`
	Gemma  struct{ Short goldenRun }
	Exp    [][2]string `json:"exp"`
	Rope   struct {
		Tables []struct {
			Base   float32
			Rot    int
			SHA256 string
		} `json:"tables"`
	} `json:"rope"`
}

// loadGolden reads the bits that an independent program in C made from the same
// text (testdata/README.md).
func loadGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden-ac1.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func hexFloat(t *testing.T, s string) float32 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 32)
	if err != nil {
		t.Fatal(err)
	}
	return float32(f)
}

func TestExpEqualsTheIndependentProgram(t *testing.T) {
	for _, c := range loadGolden(t).Exp {
		x, want := hexFloat(t, c[0]), hexFloat(t, c[1])
		if got := arith.Exp(x); math.Float32bits(got) != math.Float32bits(want) {
			t.Errorf("Exp(%s): got %x, want %x", c[0], got, want)
		}
	}
}

func TestRopeTablesEqualTheIndependentProgram(t *testing.T) {
	for _, c := range loadGolden(t).Rope.Tables {
		r := rope.New(rope.Config{Base: c.Base, Rot: c.Rot})
		h := sha256.New()
		for pos := 0; pos < 131072; pos += 32 {
			var b []byte
			for _, v := range r.Row(nil, pos) {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			}
			h.Write(b)
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != c.SHA256 {
			t.Errorf("base %v, rot %d: got %s, want %s", c.Base, c.Rot, got, c.SHA256)
		}
	}
}

func TestExpKeepsItsPromises(t *testing.T) {
	if got := arith.Exp(0); got != 1 {
		t.Errorf("Exp(0) = %x", got)
	}
	if got := arith.Exp(float32(math.NaN())); got == got {
		t.Errorf("Exp(NaN) = %x", got)
	}
	if got := arith.Exp(float32(math.Inf(-1))); math.Float32bits(got) != 0 {
		t.Errorf("Exp(-inf) = %x", got)
	}
	if got, want := arith.Exp(float32(math.Inf(1))), arith.Exp(88); got != want {
		t.Errorf("Exp(inf) = %x, want %x", got, want)
	}
	worst := 0.0
	for b := uint32(0x80000000); b < 0xc2aea8f6; b += 9973 {
		x := math.Float32frombits(b)
		got, want := arith.Exp(x), math.Exp(float64(x))
		ulp := math.Abs(float64(math.Nextafter32(float32(want), 2))) - float64(float32(want))
		worst = max(worst, math.Abs(float64(got)-want)/ulp)
		if got > 1 || got < 0x1p-126 {
			t.Fatalf("Exp(%x) = %x", x, got)
		}
	}
	if worst > 0.9 {
		t.Errorf("Exp is off by %.3f ulp", worst)
	}
}

func TestExpEqualsItsDefinition(t *testing.T) {
	for b := uint32(0x80000000); b < 0xc2aea8f6; b += 1009 {
		x := math.Float32frombits(b)
		if got, want := arith.Exp(x), arith.PlainExp(x); got != want {
			t.Fatalf("Exp(%x): got %x, want %x", x, got, want)
		}
	}
	for b := uint32(0); b < 0x42b00000; b += 4099 {
		x := math.Float32frombits(b)
		if got, want := arith.Exp(x), arith.PlainExp(x); got != want {
			t.Fatalf("Exp(%x): got %x, want %x", x, got, want)
		}
	}
}
