package server

import (
	_ "embed"
	"encoding/json"
	"net/http"
)

// openAPI describes what can be asked (OpenAPI 3.1). It is written by hand; tests
// hold it against the routes and against answers.
//
//go:embed openapi.json
var openAPI []byte

func (s *Server) openapi(w http.ResponseWriter, _ *http.Request) error {
	reply(w, http.StatusOK, json.RawMessage(openAPI))
	return nil
}
