package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// runFile is the object that generate --json prints and verify --run reads.
type runFile struct {
	ModelID     string         `json:"model_id"`
	PromptIDs   []engine.Token `json:"prompt_ids"`
	IDs         []engine.Token `json:"ids"`
	Text        *string        `json:"text"`
	Finish      string         `json:"finish"`
	Fingerprint string         `json:"fingerprint"`
	Leaves      []string       `json:"leaves"`
	Binding     string         `json:"binding"`
	Settings    runSettings    `json:"settings"`
	Timings     *runTimings    `json:"timings,omitempty"`
}

// runSettings are engine.Settings with every number exact.
type runSettings struct {
	Temperature     float32 `json:"temperature"`      // for the reader
	TemperatureBits uint32  `json:"temperature_bits"` // of the binary32; what counts
	TopK            uint32  `json:"top_k"`
	TopP            uint32  `json:"top_p"` // in 65536ths
	Seed            string  `json:"seed"`  // 32 bytes in hex
	MaxTokens       int     `json:"max_tokens"`
}

// runTimings are of the machine that ran; nothing depends on them.
type runTimings struct {
	LoadSeconds     float64 `json:"load_seconds"`
	PrefillSeconds  float64 `json:"prefill_seconds"` // until the first token
	DecodeSeconds   float64 `json:"decode_seconds"`  // from the first token to the last
	TokensPerSecond float64 `json:"tokens_per_second"`
}

// makeRunFile renders a run.
func makeRunFile(id [32]byte, t *tokenizer.Tokenizer, r engine.Run) runFile {
	text := string(t.Decode(r.Output))
	out := runFile{
		ModelID: hex.EncodeToString(id[:]), PromptIDs: r.Prompt, IDs: r.Output, Text: &text, Finish: string(r.Finish),
		Fingerprint: hex.EncodeToString(r.Fingerprint[:]), Leaves: make([]string, len(r.Leaves)),
		Binding: hex.EncodeToString(r.Binding.Hotkey[:]) + hex.EncodeToString(r.Binding.Task[:]),
		Settings: runSettings{
			Temperature: r.Settings.Temperature, TemperatureBits: math.Float32bits(r.Settings.Temperature),
			TopK: r.Settings.TopK, TopP: r.Settings.TopP, Seed: hex.EncodeToString(r.Settings.Seed[:]), MaxTokens: r.Settings.MaxTokens,
		},
	}
	for i, leaf := range r.Leaves {
		out.Leaves[i] = hex.EncodeToString(leaf[:])
	}
	return out
}

// parseRunFile reads what makeRunFile made. Leaves may be absent.
func parseRunFile(data []byte) (runFile, engine.Run, error) {
	var f runFile
	if err := json.Unmarshal(data, &f); err != nil {
		return f, engine.Run{}, fmt.Errorf("it is no run: %w", err)
	}
	r := engine.Run{Prompt: f.PromptIDs, Output: f.IDs, Finish: engine.Finish(f.Finish)}
	r.Settings = engine.Settings{
		Temperature: math.Float32frombits(f.Settings.TemperatureBits), TopK: f.Settings.TopK, TopP: f.Settings.TopP, MaxTokens: f.Settings.MaxTokens,
	}
	var err error
	if r.Binding, err = parseBinding(f.Binding); err != nil {
		return f, r, err
	}
	if err := parseHex("fingerprint", r.Fingerprint[:], f.Fingerprint); err != nil {
		return f, r, err
	}
	if err := parseHex("seed", r.Settings.Seed[:], f.Settings.Seed); err != nil {
		return f, r, err
	}
	if f.Leaves == nil {
		return f, r, nil
	}
	r.Leaves = make([][32]byte, len(f.Leaves))
	for i, s := range f.Leaves {
		if err := parseHex(fmt.Sprintf("leaf %d", i), r.Leaves[i][:], s); err != nil {
			return f, r, err
		}
	}
	return f, r, nil
}

// parseHex fills out from exactly as many hex digits.
func parseHex(what string, out []byte, s string) error {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(out) {
		return fmt.Errorf("the %s must be %d hex digits, not %q", what, 2*len(out), abridge(s))
	}
	copy(out, b)
	return nil
}

// abridge keeps an error line short.
func abridge(s string) string {
	const most = 140
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// parseBinding reads hotkey ‖ task id.
func parseBinding(s string) (b engine.Binding, err error) {
	raw := make([]byte, len(b.Hotkey)+len(b.Task))
	if err := parseHex("binding (hotkey and task id)", raw, s); err != nil {
		return b, err
	}
	copy(b.Hotkey[:], raw)
	copy(b.Task[:], raw[len(b.Hotkey):])
	return b, nil
}

// parseSeed reads 64 hex digits, or a decimal number that stands for its 32
// bytes, little-endian. Sixty-four digits are hex.
func parseSeed(s string) (seed [32]byte, err error) {
	if len(s) == 2*len(seed) {
		return seed, parseHex("seed", seed[:], s)
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok || n.Sign() < 0 || n.BitLen() > 8*len(seed) || s[0] == '+' {
		return seed, fmt.Errorf("the seed must be 64 hex digits or a number from 0 to 2^256 - 1, not %q", abridge(s))
	}
	n.FillBytes(seed[:])
	for i, j := 0, len(seed)-1; i < j; i, j = i+1, j-1 {
		seed[i], seed[j] = seed[j], seed[i]
	}
	return seed, nil
}

// parseTemperature reads 0, which is greedy, or the nearest binary32, which
// must not be 0 then.
func parseTemperature(s string) (float32, error) {
	t, err := strconv.ParseFloat(s, 32)
	if err != nil || math.IsNaN(t) || math.IsInf(t, 0) || t < 0 {
		return 0, fmt.Errorf("the temperature must be 0 or a number above it, not %q", abridge(s))
	}
	if t == 0 {
		if d, err := strconv.ParseFloat(s, 64); err != nil || d != 0 {
			return 0, fmt.Errorf("the temperature %q is below all binary32 numbers; 0 is greedy", abridge(s))
		}
	}
	return float32(math.Abs(t)), nil // −0 is 0
}

// parseTopP reads a share of 1 and rounds it to 65536ths, half to even, in
// binary64.
func parseTopP(p float64) (uint32, error) {
	n := math.RoundToEven(p * 65536)
	if !(n >= 1 && n <= 65536) {
		return 0, fmt.Errorf("top-p must be above 0 and at most 1, not %v", p)
	}
	return uint32(n), nil
}

// errDiffers ends verify with exit status 1 after it has said what differs.
var errDiffers = errors.New("the run differs")
