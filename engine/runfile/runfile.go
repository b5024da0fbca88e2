// Package runfile is the form in which a run is kept and passed on: the object
// that assay model generate --json prints, that assay model verify --run reads,
// and that a server hands out as an answer's receipt. Whoever has the model
// finds out from it alone whether the answer is the model's, to the bit.
package runfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// ErrForm says that something is no run.
var ErrForm = errors.New("it is no run")

// File is a run.
type File struct {
	ModelID     string         `json:"model_id"` // 32 bytes in hex
	PromptIDs   []engine.Token `json:"prompt_ids"`
	IDs         []engine.Token `json:"ids"`
	Text        *string        `json:"text"`
	Finish      string         `json:"finish"`      // see engine.Finish
	Fingerprint string         `json:"fingerprint"` // 32 bytes in hex
	Leaves      []string       `json:"leaves"`      // 32 bytes in hex for each of IDs
	Binding     string         `json:"binding"`     // hotkey and task id, 65 bytes in hex
	Settings    Settings       `json:"settings"`
	Timings     *Timings       `json:"timings,omitempty"`
	// Signature says who made the run, where they have a key.
	Signature *Signature `json:"signature,omitempty"`
}

// Signature is a key and what it made of a run's Statement, as whoever signs
// writes keys and signatures.
type Signature struct {
	Key       string `json:"key"`
	Signature string `json:"signature"`
}

// Statement is what a signature of the run signs: SHA-256 of its JSON without
// timings and signature, the fields in their order and without white space.
func (f File) Statement() []byte {
	f.Timings, f.Signature = nil, nil
	if f.Text != nil {
		text := string([]rune(*f.Text)) // as JSON has it: each byte that is not UTF-8 is U+FFFD
		f.Text = &text
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(f) // of numbers and texts it never fails
	sum := sha256.Sum256(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return sum[:]
}

// Settings are engine.Settings with every number exact.
type Settings struct {
	Temperature     float32 `json:"temperature"`      // for the reader
	TemperatureBits uint32  `json:"temperature_bits"` // of the binary32; what counts
	TopK            uint32  `json:"top_k"`
	TopP            uint32  `json:"top_p"` // in 65536ths
	MinP            uint32  `json:"min_p,omitempty"`
	Seed            string  `json:"seed"` // 32 bytes in hex
	MaxTokens       int     `json:"max_tokens"`
	// What follows is engine.Shaping, the bits of its binary32 numbers.
	RepetitionBits uint32 `json:"repetition_bits,omitempty"`
	FrequencyBits  uint32 `json:"frequency_bits,omitempty"`
	PresenceBits   uint32 `json:"presence_bits,omitempty"`
	Biases         []Bias `json:"biases,omitempty"`

	Grammar *Grammar `json:"grammar,omitempty"`
}

// Grammar is engine.Grammar with the version of its rules.
type Grammar struct {
	Kind  string `json:"kind"`
	Text  string `json:"text"`
	Rules int    `json:"rules"` // engine.GrammarRules of whoever made the run
}

// Bias is what is added to a token's logit.
type Bias struct {
	Token   engine.Token `json:"token"`
	AddBits uint32       `json:"add_bits"` // of the binary32
}

// settingsOf renders settings.
func settingsOf(s engine.Settings) Settings {
	out := Settings{
		Temperature: s.Temperature, TemperatureBits: math.Float32bits(s.Temperature),
		TopK: s.TopK, TopP: s.TopP, MinP: s.MinP, Seed: hex.EncodeToString(s.Seed[:]), MaxTokens: s.MaxTokens,
		RepetitionBits: math.Float32bits(s.Repetition), FrequencyBits: math.Float32bits(s.Frequency), PresenceBits: math.Float32bits(s.Presence),
	}
	if g := s.Grammar; g != (engine.Grammar{}) {
		out.Grammar = &Grammar{Kind: g.Kind, Text: g.Text, Rules: engine.GrammarRules}
	}
	for _, b := range s.Biases {
		out.Biases = append(out.Biases, Bias{b.Token, math.Float32bits(b.Add)})
	}
	return out
}

// engine reads what settingsOf made, except for the seed.
func (s *Settings) engine() engine.Settings {
	out := engine.Settings{
		Temperature: math.Float32frombits(s.TemperatureBits), TopK: s.TopK, TopP: s.TopP, MinP: s.MinP, MaxTokens: s.MaxTokens,
		Shaping: engine.Shaping{
			Repetition: math.Float32frombits(s.RepetitionBits), Frequency: math.Float32frombits(s.FrequencyBits), Presence: math.Float32frombits(s.PresenceBits),
		},
	}
	if g := s.Grammar; g != nil {
		out.Grammar = engine.Grammar{Kind: g.Kind, Text: g.Text}
	}
	for _, b := range s.Biases {
		out.Biases = append(out.Biases, engine.Bias{Token: b.Token, Add: math.Float32frombits(b.AddBits)})
	}
	return out
}

// Timings are of the machine that ran; nothing depends on them.
type Timings struct {
	LoadSeconds     float64 `json:"load_seconds"`
	PrefillSeconds  float64 `json:"prefill_seconds"` // until the first token
	DecodeSeconds   float64 `json:"decode_seconds"`  // from the first token to the last
	TokensPerSecond float64 `json:"tokens_per_second"`
}

// Of renders a run of the model with an id and a tokenizer.
func Of(id [32]byte, t *tokenizer.Tokenizer, r engine.Run) File {
	text := string(t.Decode(r.Output))
	out := File{
		ModelID: hex.EncodeToString(id[:]), PromptIDs: r.Prompt, IDs: r.Output, Text: &text, Finish: string(r.Finish),
		Fingerprint: hex.EncodeToString(r.Fingerprint[:]), Leaves: make([]string, len(r.Leaves)),
		Binding:  hex.EncodeToString(r.Binding.Hotkey[:]) + hex.EncodeToString(r.Binding.Task[:]),
		Settings: settingsOf(r.Settings),
	}
	for i, leaf := range r.Leaves {
		out.Leaves[i] = hex.EncodeToString(leaf[:])
	}
	return out
}

// Parse reads what Of made. Leaves may be absent. Errors wrap [ErrForm], or say
// which field is wrong.
func Parse(data []byte) (File, engine.Run, error) {
	var f File
	if err := json.Unmarshal(data, &f); err != nil {
		return f, engine.Run{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	r := engine.Run{Prompt: f.PromptIDs, Output: f.IDs, Finish: engine.Finish(f.Finish), Settings: f.Settings.engine()}
	if g := f.Settings.Grammar; g != nil && g.Rules != engine.GrammarRules {
		return f, r, fmt.Errorf("the grammar is of version %d of the rules, and here they are of version %d", g.Rules, engine.GrammarRules)
	}
	var err error
	if r.Binding, err = ParseBinding(f.Binding); err != nil {
		return f, r, err
	}
	if err := ParseHex("fingerprint", r.Fingerprint[:], f.Fingerprint); err != nil {
		return f, r, err
	}
	if err := ParseHex("seed", r.Settings.Seed[:], f.Settings.Seed); err != nil {
		return f, r, err
	}
	if f.Leaves == nil {
		return f, r, nil
	}
	r.Leaves = make([][32]byte, len(f.Leaves))
	for i, s := range f.Leaves {
		if err := ParseHex(fmt.Sprintf("leaf %d", i), r.Leaves[i][:], s); err != nil {
			return f, r, err
		}
	}
	return f, r, nil
}

// ParseBinding reads hotkey and task id, 65 bytes in hex.
func ParseBinding(s string) (b engine.Binding, err error) {
	raw := make([]byte, len(b.Hotkey)+len(b.Task))
	if err := ParseHex("binding (hotkey and task id)", raw, s); err != nil {
		return b, err
	}
	copy(b.Hotkey[:], raw)
	copy(b.Task[:], raw[len(b.Hotkey):])
	return b, nil
}

// ParseHex fills out from exactly as many hex digits; what names them in an
// error.
func ParseHex(what string, out []byte, s string) error {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(out) {
		return fmt.Errorf("the %s must be %d hex digits, not %.140q", what, 2*len(out), s)
	}
	copy(out, b)
	return nil
}
