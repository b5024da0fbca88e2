// Package goldentest compares what a test made with a file that a person has
// read: testdata that only a person changes, with UPDATE_GOLDEN=1, and by reading
// the difference.
package goldentest

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// JSON compares v, written as JSON that is indented by a space, with a file.
func JSON(t *testing.T, file string, v any) {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	Text(t, file, append(text, '\n'))
}

// Text compares bytes with a file, and says at which line they begin to differ.
// With UPDATE_GOLDEN set it writes the file first.
func Text(t *testing.T, file string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			t.Fatalf("%s:%d: got %.200s, want %.200s", file, i+1, g[i], w[i])
		}
	}
	if len(g) != len(w) {
		t.Errorf("%s: got %d lines, want %d", file, len(g), len(w))
	}
}
