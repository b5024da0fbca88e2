package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/assaynet/assay/protocol/api"
)

// fields describes an object that the API gives, one line for each field, from
// the same description that nodes serve: what help says and what a node says
// cannot differ.
func fields(name string) string {
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Required   []string                                `json:"required"`
				Properties map[string]struct{ Description string } `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(api.OpenAPI(), &doc); err != nil {
		return "" // a test reads it
	}
	s := doc.Components.Schemas[name]
	width := 0
	for _, f := range s.Required {
		width = max(width, len(f))
	}
	var b strings.Builder
	for _, f := range s.Required { // in the order in which they are written
		text := s.Properties[f].Description
		if text == "" {
			text = "see /v1/openapi.json"
		}
		fmt.Fprintf(&b, "   %-*s  %s\n", width, f, text)
	}
	return strings.TrimRight(b.String(), "\n")
}
