package api_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/api"
)

func protocolHex(b []byte) string { return hex.EncodeToString(b) }

// spec is as much of OpenAPI as openapi.json uses.
type spec struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas    map[string]*schema `json:"schemas"`
		Parameters map[string]struct {
			Name string `json:"name"`
			In   string `json:"in"`
		} `json:"parameters"`
	} `json:"components"`
}

type operation struct {
	Parameters []struct {
		Ref string `json:"$ref"`
	} `json:"parameters"`
	Responses map[string]json.RawMessage `json:"responses"`
}

type schema struct {
	Ref         string             `json:"$ref"`
	Type        string             `json:"type"`
	Description string             `json:"description"`
	Pattern     string             `json:"pattern"`
	Const       string             `json:"const"`
	Minimum     *float64           `json:"minimum"`
	Maximum     *float64           `json:"maximum"`
	Additional  *bool              `json:"additionalProperties"`
	Required    []string           `json:"required"`
	Properties  map[string]*schema `json:"properties"`
	Items       *schema            `json:"items"`
	OneOf       []*schema          `json:"oneOf"`
}

func readSpec(t *testing.T) *spec {
	t.Helper()
	var s spec
	if err := json.Unmarshal(api.OpenAPI(), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

func (s *spec) resolve(c *schema) *schema {
	for c.Ref != "" {
		c = s.Components.Schemas[strings.TrimPrefix(c.Ref, "#/components/schemas/")]
		if c == nil {
			return &schema{}
		}
	}
	return c
}

// check returns how a value differs from a schema, "" if it does not.
func (s *spec) check(c *schema, v any, at string) string {
	c = s.resolve(c)
	if len(c.OneOf) > 0 {
		return s.checkOneOf(c, v, at)
	}
	switch v := v.(type) {
	case map[string]any:
		return s.checkObject(c, v, at)
	case []any:
		if c.Type != "array" {
			return at + " is an array"
		}
		for i, x := range v {
			if d := s.check(c.Items, x, fmt.Sprintf("%s[%d]", at, i)); d != "" {
				return d
			}
		}
	case string:
		if c.Type != "string" || c.Const != "" && v != c.Const || !regexp.MustCompile(c.Pattern).MatchString(v) {
			return fmt.Sprintf("%s is %q", at, v)
		}
	case float64:
		if c.Type != "integer" || v != math.Trunc(v) || c.Minimum != nil && v < *c.Minimum || c.Maximum != nil && v > *c.Maximum {
			return fmt.Sprintf("%s is %v", at, v)
		}
	case bool:
		if c.Type != "boolean" {
			return at + " is a boolean"
		}
	default:
		return fmt.Sprintf("%s is %v", at, v)
	}
	return ""
}

func (s *spec) checkOneOf(c *schema, v any, at string) string {
	fit, why := 0, ""
	for _, one := range c.OneOf {
		if d := s.check(one, v, at); d != "" {
			why += "; " + d
		} else {
			fit++
		}
	}
	if fit == 1 {
		return ""
	}
	return fmt.Sprintf("%s fits %d of %d schemas%s", at, fit, len(c.OneOf), why)
}

func (s *spec) checkObject(c *schema, v map[string]any, at string) string {
	if c.Type != "object" || c.Additional == nil || *c.Additional {
		return at + " is an object"
	}
	for _, name := range c.Required {
		if _, ok := v[name]; !ok {
			return at + " lacks " + name
		}
	}
	for name, x := range v {
		p := c.Properties[name]
		if p == nil {
			return at + " has " + name
		}
		if d := s.check(p, x, at+"."+name); d != "" {
			return d
		}
	}
	return ""
}

func TestTheDescriptionFitsTheExamples(t *testing.T) {
	s := readSpec(t)
	used := map[string]bool{}
	for _, ex := range examples(network(t)) {
		b, err := os.ReadFile(filepath.Join("testdata", ex.name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatalf("%s: %v", ex.name, err)
		}
		c := s.Components.Schemas[ex.schema]
		if c == nil {
			t.Fatalf("no schema %s", ex.schema)
		}
		if d := s.check(c, v, ex.name); d != "" {
			t.Errorf("%s, which is no %s", d, ex.schema)
		}
		used[ex.schema] = true
	}
	for name := range s.Components.Schemas {
		if strings.HasSuffix(name, "Page") && !used[name] {
			t.Errorf("no example of %s", name)
		}
	}
}

func TestTheDescriptionHasExactlyTheRoutes(t *testing.T) {
	s := readSpec(t)
	want := map[string][]string{"GET /metrics": nil}
	for _, r := range api.Routes() {
		want[r.Method+" "+r.Path] = r.Params
	}
	got := map[string][]string{}
	for path, ops := range s.Paths {
		for method, op := range ops {
			var query []string
			for _, p := range op.Parameters {
				c, ok := s.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
				if !ok {
					t.Errorf("%s: no parameter %s", path, p.Ref)
				}
				if c.In == "path" && !strings.Contains(path, "{"+c.Name+"}") {
					t.Errorf("%s has no {%s}", path, c.Name)
				}
				if c.In == "query" {
					query = append(query, c.Name)
				}
			}
			got[strings.ToUpper(method)+" "+path] = query
			if len(op.Responses) < 2 && path != "/metrics" {
				t.Errorf("%s: responses are missing", path)
			}
		}
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestEveryFieldIsDescribed(t *testing.T) {
	s := readSpec(t)
	for name, c := range s.Components.Schemas {
		if c.Description == "" {
			t.Errorf("%s has no description", name)
		}
		for field, p := range c.Properties {
			if r := s.resolve(p); p.Description == "" && r.Description == "" {
				t.Errorf("%s.%s has no description", name, field)
			}
			if p.Ref != "" && s.resolve(p).Type == "" {
				t.Errorf("%s.%s refers to nothing: %s", name, field, p.Ref)
			}
		}
	}
}

// exact is the largest number that a reader with binary64 holds with all below.
const exact = 1<<53 - 1

// TestEveryNumberIsHeldByEveryReader: many readers of JSON have no integers
// beyond 2^53, so the description bounds each number, or has it as a string.
func TestEveryNumberIsHeldByEveryReader(t *testing.T) {
	s := readSpec(t)
	var look func(at string, c *schema)
	look = func(at string, c *schema) {
		if c.Type == "number" || c.Type == "integer" && (c.Minimum == nil || *c.Minimum < -exact || c.Maximum == nil || *c.Maximum > exact) {
			t.Errorf("%s may be more than 2^53", at)
		}
		for name, p := range c.Properties {
			look(at+"."+name, p)
		}
		if c.Items != nil {
			look(at+"[]", c.Items)
		}
		for _, one := range c.OneOf {
			look(at, one)
		}
	}
	for name, c := range s.Components.Schemas {
		look(name, c)
	}
}

// TestWhatMayBeHugeIsAString: a miner says any time that it likes, and sums
// saturate.
func TestWhatMayBeHugeIsAString(t *testing.T) {
	const most = math.MaxUint64
	s := readSpec(t)
	for what, v := range map[string]any{
		"SyntheticAnswer": api.SyntheticAnswer{Text: "\u2028", Run: api.InferenceAnswer{Finish: "stop", Output: []int32{math.MinInt32}, Millis: most}},
		"JudgementAnswer": api.JudgementAnswer{LogitBits: [2][2]uint32{{math.MaxUint32, 0}, {1, 2}}, MarginBits: math.MaxUint32, Side: "b", Millis: most},
		"SyntheticCard":   api.SyntheticCard{Run: api.InferenceCard{Code: "exact"}, Gates: []string{"length"}, Checks: []string{}},
		"InferenceAnswer": api.InferenceAnswer{Finish: "stop", Output: []int32{math.MinInt32, math.MaxInt32}, Millis: most},
		"Explain":         api.Explain{Reason: "paid", Work: most, MeanWork: most, Raw: most, AverageEpochs: most, AverageAsked: most, AverageOpened: most, AverageRuns: most, AveragePasses: most},
	} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if d := s.check(s.Components.Schemas[what], got, what); d != "" {
			t.Errorf("%s in %s", d, b)
		}
	}
}
