// Package marked turns the marks between which a model calls tools, and a schema of
// what stands between them, into an automaton: any text, in which each open mark
// is followed by a value of the schema and a close mark. White space may stand
// between a mark and a value as between two marks of JSON.
//
// So a model says what it likes, and calls what it may, as it must. What it says is
// read from the left: an open mark is the first one in what follows the last close
// mark. An answer may end where no mark is open.
package marked

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/jsonschema"
)

// ErrForm means a text that is no Form in JSON.
var ErrForm = errors.New("marked: want an object of open, close and schema")

// maxMark bounds the bytes of a mark.
const maxMark = 64

// Form is what is compiled, as JSON has it.
type Form struct {
	Open   string          `json:"open"`   // 1 to 64 bytes
	Close  string          `json:"close"`  // 1 to 64 bytes
	Schema json.RawMessage `json:"schema"` // a JSON schema, see package jsonschema
}

// Compile returns the automaton of a Form's texts. Errors: [ErrForm], and those of
// [jsonschema.Compile].
func Compile(text []byte) (*grammar.Automaton, error) {
	var f Form
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) { // More takes a brace for the end
		return nil, fmt.Errorf("%w, and nothing behind it", ErrForm)
	}
	if n, m := len(f.Open), len(f.Close); n < 1 || n > maxMark || m < 1 || m > maxMark || len(f.Schema) == 0 {
		return nil, fmt.Errorf("%w, a mark of 1 to %d bytes", ErrForm, maxMark)
	}
	b := grammar.NewBuilder()
	value, err := jsonschema.Write(b, f.Schema)
	if err != nil {
		return nil, err
	}
	rule, start := b.Rule()
	// State i of said is behind a text whose end is the first i bytes of the open
	// mark, and no more of it (Knuth, Morris and Pratt, "Fast pattern matching in
	// strings", SIAM Journal on Computing 6, 1977).
	said := make([]grammar.State, len(f.Open)+1)
	said[0] = start
	for i := 1; i < len(said); i++ {
		said[i] = b.State()
	}
	follow := followers(f.Open)
	for i := range len(f.Open) {
		b.Last(said[i])
		for lo := 0; lo < 256; {
			hi := lo
			for hi < 255 && follow[i][hi+1] == follow[i][lo] {
				hi++
			}
			b.Byte(said[i], byte(lo), byte(hi), said[follow[i][lo]])
			lo = hi + 1
		}
	}
	before, behind := spaced(b, said[len(f.Open)]), b.State()
	b.Call(before, value, behind)
	b.TextTo(spaced(b, behind), f.Close, start)
	return b.Build(rule)
}

// spaced goes on by a space, a line feed or nothing.
func spaced(b *grammar.Builder, from grammar.State) grammar.State {
	to := b.State()
	b.Free(from, to)
	b.Byte(from, ' ', ' ', to)
	b.Byte(from, '\n', '\n', to)
	return to
}

// followers are, by how many first bytes of a mark a text ends with and by the
// next byte, how many it ends with then.
func followers(mark string) [][256]int {
	out := make([][256]int, len(mark))
	for i := range len(mark) {
		for c := range 256 {
			text := mark[:i] + string([]byte{byte(c)})
			for n := len(text); n > 0; n-- {
				if n <= len(mark) && text[len(text)-n:] == mark[:n] {
					out[i][c] = n
					break
				}
			}
		}
	}
	return out
}
