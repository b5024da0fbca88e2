package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
)

// TestHowLongToThinkIsSaidAlikeEverywhere: the levels that clients name change
// nothing, for the model decides that; not to think is done by one that does not,
// and refused by one that does, by the field that asks for it.
func TestHowLongToThinkIsSaidAlikeEverywhere(t *testing.T) {
	plain := newStand(t, nil)
	path := filepath.Join(t.TempDir(), "thinks.gguf")
	check(t, enginetest.Write(path, enginetest.Options{}))
	file, err := os.ReadFile(path)
	check(t, err)
	const said, thought = "You are Tiny", "</think> Tin" // in the chat template
	check(t, os.WriteFile(path, bytes.Replace(file, []byte(said), []byte(thought), 1), 0o600))
	thinks := newStandAt(t, path, nil)

	const ask = `"model":"tiny","messages":[{"role":"user","content":"a"}],`
	for _, c := range []struct{ path, field, body string }{
		{"/v1/chat/completions", "reasoning_effort", `{` + ask + `"max_tokens":1,"reasoning_effort":%s}`},
		{"/v1/responses", "reasoning.effort", `{"model":"tiny","input":"a","max_output_tokens":1,"reasoning":{"effort":%s}}`},
		{"/api/chat", "think", `{` + ask + `"options":{"num_predict":1},"stream":false,"think":%s}`},
	} {
		for value, want := range map[string][2]int{ // of a model that does not think, and of one that does
			`"low"`: {200, 200}, `"xhigh"`: {200, 200}, `null`: {200, 200}, `"none"`: {200, 400}, `"much"`: {400, 400}, `7`: {400, 400},
		} {
			for i, s := range []*stand{plain, thinks} {
				status, _, b := s.do("POST", c.path, fmt.Sprintf(c.body, value))
				if status != want[i] || status == http.StatusBadRequest && !strings.Contains(string(b), c.field) && c.path != "/api/chat" {
					t.Errorf("%s, %s %s, a model that thinks: %v: %d %s, want %d", c.path, c.field, value, i == 1, status, b, want[i])
				}
			}
		}
	}
	const message = `{` + ask + `"max_tokens":1,"thinking":{"type": "disabled"}}`
	if status, _, b := plain.do("POST", "/v1/messages", message); status != http.StatusOK {
		t.Errorf("a model that does not think is told not to: %d %s", status, b)
	}
	if status, _, b := thinks.do("POST", "/v1/messages", message); status != http.StatusBadRequest || !strings.Contains(string(b), "cannot be told not to") {
		t.Errorf("a model that thinks is told not to: %d %s", status, b)
	}
}
