package arith_test

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/assaynet/assay/engine/arith"
)

// choiceCase is one of testdata/choice.json, made by scripts/oracle/choice.py.
type choiceCase struct {
	Logits, Shaped string
	Prompt, Answer []int32
	Chosen         int32
	Settings       struct {
		Repetition  uint32 `json:"repetition_bits"`
		Frequency   uint32 `json:"frequency_bits"`
		Presence    uint32 `json:"presence_bits"`
		Biases      [][2]uint32
		Temperature uint32 `json:"temperature_bits"`
		TopK        uint32 `json:"top_k"`
		TopP        uint32 `json:"top_p"`
		MinP        uint32 `json:"min_p"`
		Seed        string
	}
}

func (c *choiceCase) settings(t *testing.T) (arith.Shaping, arith.Sampling) {
	t.Helper()
	f := math.Float32frombits
	shaping := arith.Shaping{Repetition: f(c.Settings.Repetition), Frequency: f(c.Settings.Frequency), Presence: f(c.Settings.Presence)}
	for _, b := range c.Settings.Biases {
		shaping.Biases = append(shaping.Biases, arith.Bias{Token: int32(b[0]), Add: f(b[1])})
	}
	s := arith.Sampling{Temperature: f(c.Settings.Temperature), TopK: c.Settings.TopK, TopP: c.Settings.TopP, MinP: c.Settings.MinP}
	if _, err := hex.Decode(s.Seed[:], []byte(c.Settings.Seed)); err != nil {
		t.Fatal(err)
	}
	return shaping, s
}

func floatsOf(t *testing.T, text string) []float32 {
	t.Helper()
	out := make([]float32, len(text)/8)
	for i := range out {
		b, err := strconv.ParseUint(text[8*i:8*i+8], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = math.Float32frombits(uint32(b))
	}
	return out
}

// TestShapedChoicesEqualTheIndependentProgram bit for bit, and leave the logits
// that they are made of as they are.
func TestShapedChoicesEqualTheIndependentProgram(t *testing.T) {
	data, err := os.ReadFile("testdata/choice.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []choiceCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		logits, want := floatsOf(t, c.Logits), floatsOf(t, c.Shaped)
		given := slices.Clone(logits)
		shaping, sampling := c.settings(t)
		m := shaping.Apply(logits, c.Prompt, c.Answer)
		if !slices.Equal(m.Logits, want) || !slices.Equal(logits, given) {
			t.Fatalf("case %d: shaped %v, want %v; given %v, were %v", i, m.Logits, want, logits, given)
		}
		if got := arith.Choose(m.Logits, sampling, len(c.Prompt)-1+len(c.Answer)); got != c.Chosen {
			t.Errorf("case %d: chose %d, want %d", i, got, c.Chosen)
		}
		m.Free()
	}
	if len(cases) != 150 {
		t.Errorf("%d cases", len(cases))
	}
}
