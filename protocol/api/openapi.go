package api

import (
	_ "embed"
	"encoding/json"
)

// openAPI describes every endpoint, every field and its unit (OpenAPI 3.1). It
// is written by hand; tests hold it against the routes and against answers.
//
//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the description that /v1/openapi.json serves.
func OpenAPI() []byte { return openAPI }

func (h *Handler) openapi(*request) (any, error) { return json.RawMessage(openAPI), nil }
