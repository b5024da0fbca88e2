package grammar_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/gbnf"
	"github.com/assaynet/assay/engine/grammar/jsonschema"
	"github.com/assaynet/assay/engine/grammar/regex"
)

// peerMasks is what a program of others allows along random texts.
type peerMasks struct {
	Tokens []string // in hex; the first ends an answer
	Cases  []struct {
		Kind, Text string
		Walks      [][]struct {
			Mask  string // in hex, a bit each, the lowest of a byte first
			Token int32
		}
	}
}

// TestMasksAreThoseOfPeers along their random texts, token by token. Of JSON
// schemas tokens with white space are left out, which each program puts where it
// likes; the scripts say what else is, and why.
func TestMasksAreThoseOfPeers(t *testing.T) {
	for _, peer := range []struct {
		name, file string // as scripts/oracle/peers/FILE.py writes it
		masks      int
	}{
		{"llguidance", "masks", 557},
		{"xgrammar", "masks_xgrammar", 557},
	} {
		t.Run(peer.name, func(t *testing.T) {
			text, err := os.ReadFile("testdata/" + peer.file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var theirs peerMasks
			if err := json.Unmarshal(text, &theirs); err != nil {
				t.Fatal(err)
			}
			if n := compareMasks(t, &theirs); n != peer.masks {
				t.Errorf("%d masks were compared and not %d", n, peer.masks)
			}
			t.Logf("%d masks of %d grammars", peer.masks, len(theirs.Cases))
		})
	}
}

// compareMasks walks all texts and returns how many masks it saw.
func compareMasks(t *testing.T, peers *peerMasks) (masks int) {
	texts := make([]string, len(peers.Tokens))
	for i, s := range peers.Tokens {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(b)
	}
	texts[end] = "</s>"
	v, err := grammar.NewVocabulary(texts, []int32{end}, false)
	if err != nil {
		t.Fatal(err)
	}
	compile := map[string]func(string) (*grammar.Automaton, error){
		"regex": regex.Compile, "gbnf": gbnf.Compile,
		"json_schema": func(s string) (*grammar.Automaton, error) { return jsonschema.Compile([]byte(s)) },
	}
	for _, c := range peers.Cases {
		a, err := compile[c.Kind](c.Text)
		if err != nil {
			t.Fatalf("%s %s: %v", c.Kind, c.Text, err)
		}
		p, err := grammar.NewProgram(a, v)
		if err != nil {
			t.Fatalf("%s %s: %v", c.Kind, c.Text, err)
		}
		for _, walk := range c.Walks {
			at, said := p.Start(), ""
			for _, step := range walk {
				theirs, err := hex.DecodeString(step.Mask)
				if err != nil || len(theirs) != (len(texts)+7)/8 {
					t.Fatalf("a mask of %d bytes, %v", len(theirs), err)
				}
				ours, err := p.Allowed(at)
				if err != nil {
					t.Fatalf("%s %s after %q: %v", c.Kind, c.Text, said, err)
				}
				for id, piece := range texts {
					if c.Kind == "json_schema" && strings.ContainsAny(piece, " \n\t\r") {
						continue
					}
					if got, want := ours.Has(int32(id)), theirs[id/8]>>(id%8)&1 == 1; got != want {
						t.Errorf("%s %s after %q: token %q is allowed here: %v, there: %v", c.Kind, c.Text, said, piece, got, want)
					}
				}
				masks++
				if step.Token == end {
					break
				}
				var ok bool
				if at, ok = p.Advance(at, step.Token); !ok {
					t.Fatalf("%s %s after %q: no token %q", c.Kind, c.Text, said, texts[step.Token])
				}
				said += texts[step.Token]
			}
		}
	}
	return masks
}
