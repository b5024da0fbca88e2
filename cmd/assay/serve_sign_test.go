package main

import (
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/runfile"
	"github.com/assaynet/assay/protocol/keystore"
)

// TestASignedReceiptIsItsSigners, and nobody's once anything in it is another,
// but for how long it took.
func TestASignedReceiptIsItsSigners(t *testing.T) {
	k, err := keystore.Generate(keystore.Hotkey, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := "a <b> \xff\xc3" // an answer may end within a character
	file := runfile.File{ModelID: "aa", PromptIDs: []engine.Token{1}, IDs: []engine.Token{2, 3}, Text: &text, Fingerprint: "bb"}
	s, err := signReceipts(k)(file.Statement())
	if err != nil {
		t.Fatal(err)
	}
	file.Signature = &s
	file.Timings = &runfile.Timings{LoadSeconds: 1}
	sent, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	file = runfile.File{}
	if err := json.Unmarshal(sent, &file); err != nil {
		t.Fatal(err)
	}
	if by, ok := signer(file); !ok || by != k.PublicKey().String() {
		t.Fatalf("got %q, %v, want %s", by, ok, k.PublicKey())
	}
	for what, change := range map[string]func(f *runfile.File){
		"a token":     func(f *runfile.File) { f.IDs = []engine.Token{2, 4} },
		"the model":   func(f *runfile.File) { f.ModelID = "ab" },
		"the text":    func(f *runfile.File) { other := "a"; f.Text = &other },
		"the seed":    func(f *runfile.File) { f.Settings.Seed = "1" },
		"the grammar": func(f *runfile.File) { f.Settings.Grammar = &runfile.Grammar{Kind: "regex"} },
		"the key":     func(f *runfile.File) { f.Signature = &runfile.Signature{Key: "assay1", Signature: s.Signature} },
		"the signature": func(f *runfile.File) {
			f.Signature = &runfile.Signature{Key: s.Key, Signature: s.Signature[:127] + flipped(s.Signature[127])}
		},
	} {
		f := file
		change(&f)
		if by, ok := signer(f); ok || by != "" {
			t.Errorf("with another %s: %q, %v", what, by, ok)
		}
	}
	if by, ok := signer(runfile.File{}); !ok || by != "" {
		t.Errorf("nobody signed: %q, %v", by, ok)
	}
}

// flipped is another hex digit.
func flipped(digit byte) string {
	if digit == '0' {
		return "1"
	}
	return "0"
}
