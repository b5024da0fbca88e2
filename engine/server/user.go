package server

import (
	"encoding/json"
	"net/http"

	"github.com/assaynet/assay/engine"
)

// maxUser bounds the name of a user, in bytes. OpenAI's safety_identifier has at
// most 64 characters, Anthropic's user_id 256.
const maxUser = 1024

// forUser has a request wait for the turn of the user that it names: OpenAI's
// safety_identifier or user, Anthropic's metadata.user_id. Users of one key take
// turns; who names none is one of them. The fields stay where they are.
func forUser(r *http.Request, b body) (*http.Request, error) {
	name := ""
	var metadata struct {
		UserID string `json:"user_id"`
	}
	if json.Unmarshal(b["metadata"], &metadata) == nil {
		name = metadata.UserID
	}
	for _, field := range []string{"user", "safety_identifier"} {
		if raw, ok := b[field]; ok && json.Unmarshal(raw, &name) != nil {
			return r, refuse(field, "%s is a text", field)
		}
	}
	if len(name) > maxUser {
		return r, refuse("user", "the name of a user has at most %d bytes, and this one has %d", maxUser, len(name))
	}
	return r.WithContext(engine.WithUser(r.Context(), name)), nil
}
