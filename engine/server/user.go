package server

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"

	"github.com/assaynet/assay/engine"
)

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
	if len(name) > sha256.Size { // it outlives the request's own bytes
		sum := sha256.Sum256([]byte(name))
		name = string(sum[:])
	}
	return r.WithContext(engine.WithUser(r.Context(), name)), nil
}
