package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
	"github.com/assaynet/assay/engine/server/page"
)

// described is as much of OpenAPI as openapi.json uses.
type described struct {
	Paths map[string]map[string]struct {
		Parameters []struct{ In string }
		Request    *struct {
			Content map[string]struct {
				Schema  shape
				Example json.RawMessage
			}
		} `json:"requestBody"`
		Responses map[string]struct {
			Content map[string]struct{ Schema shape }
		}
	}
	Components struct{ Schemas map[string]shape }
}

type shape struct {
	Ref        string `json:"$ref"`
	Required   []string
	Properties map[string]shape
	Items      *shape
	OneOf      []shape // an object, and a list
}

func (d *described) resolve(t *testing.T, s shape) shape {
	t.Helper()
	if s.Ref == "" {
		return s
	}
	out, ok := d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	if !ok {
		t.Errorf("nothing is at %s", s.Ref)
	}
	return out
}

// lacks returns the field that a schema says is there and that a value has not.
func (d *described) lacks(t *testing.T, s shape, v any) string {
	t.Helper()
	for _, one := range s.OneOf {
		if _, list := v.([]any); list == (one.Items != nil) {
			s = one
			break
		}
	}
	s = d.resolve(t, s)
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if s.Items == nil {
				break
			}
			if field := d.lacks(t, *s.Items, x); field != "" {
				return "[]." + field
			}
		}
	case map[string]any:
		for _, name := range s.Required {
			if _, there := v[name]; !there {
				return name
			}
		}
		for name, p := range s.Properties {
			if inner, there := v[name]; there {
				if field := d.lacks(t, p, inner); field != "" {
					return name + "." + field
				}
			}
		}
	}
	return ""
}

// TestTheDescriptionIsOfWhatIsServed: it has each route and no other, each of its
// examples is answered, and answers have the fields that it says they have.
func TestTheDescriptionIsOfWhatIsServed(t *testing.T) {
	s := newStandOf(t, enginetest.Options{Context: 2048}, nil)
	var d described
	s.get(&d, "GET", "/v1/openapi.json", "")
	var routes, has []string
	for _, r := range server.Routes() {
		if r = strings.ReplaceAll(r, "...}", "}"); !strings.HasPrefix(r, "GET "+page.Prefix) && r != "GET /{$}" {
			routes = append(routes, r)
		}
	}
	for path, methods := range d.Paths {
		for method, o := range methods {
			has = append(has, strings.ToUpper(method)+" "+path)
			ask := ""
			if o.Request != nil {
				ask = string(o.Request.Content["application/json"].Example)
				d.resolve(t, o.Request.Content["application/json"].Schema)
			}
			if ask == "" && (o.Request != nil || strings.Contains(path, "{id}")) {
				if o.Request != nil {
					t.Errorf("%s has no example", path)
				}
				continue
			}
			status, _, b := s.do(strings.ToUpper(method), strings.ReplaceAll(path, "{name}", "tiny"), ask)
			var v any
			if err := json.Unmarshal(b, &v); err != nil || status != http.StatusOK {
				t.Errorf("%s %s: status %d, %.200s", path, ask, status, b)
				continue
			}
			if field := d.lacks(t, o.Responses["200"].Content["application/json"].Schema, v); field != "" {
				t.Errorf("%s: the answer has no %s: %.300s", path, field, b)
			}
		}
	}
	slices.Sort(routes)
	slices.Sort(has)
	if fmt.Sprint(routes) != fmt.Sprint(has) {
		t.Errorf("described are\n%v\nand served\n%v", has, routes)
	}
}

// TestEachFieldThatIsTakenIsDescribed: of all names that fields have anywhere, a
// request has in its description those that the server knows there, and no other.
// What it asks for is nonsense, so that none is answered.
func TestEachFieldThatIsTakenIsDescribed(t *testing.T) {
	s := newStandOf(t, enginetest.Options{Context: 2048}, nil)
	var d described
	s.get(&d, "GET", "/v1/openapi.json", "")
	names := map[string]bool{}
	for _, x := range d.Components.Schemas {
		for name := range x.Properties {
			names[name] = true
		}
	}
	for path, methods := range d.Paths {
		o := methods["post"]
		if o.Request == nil {
			continue
		}
		content := o.Request.Content["application/json"]
		has := d.resolve(t, content.Schema).Properties
		for name := range names {
			var ask map[string]any
			check(t, json.Unmarshal(content.Example, &ask))
			ask[name] = []any{[]any{map[string]any{}}}
			b, err := json.Marshal(ask)
			check(t, err)
			status, _, said := s.do("POST", path, string(b))
			_, described := has[name]
			if status == http.StatusOK && !described {
				continue // of no effect
			}
			if known := !strings.Contains(string(said), "is no field that") && !strings.Contains(string(said), "is not done by this server; leave it out"); known != described || status == http.StatusOK {
				t.Errorf("%s knows %s: %v, and the description has it: %v: %.200s", path, name, known, described, said)
			}
		}
	}
}
