package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/scoring/synthetic/schema"
)

func read(t testing.TB, text string) any {
	t.Helper()
	v, err := value.Decode([]byte(text), value.Limits{Bytes: 32 << 10, Depth: 32, Values: 4096})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRecordsAreOfTheirSchema(t *testing.T) {
	s, err := schema.Compile([]byte(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"type": "object", "required": ["name", "age"], "additionalProperties": false,
		"$defs": {"short": {"type": "string", "maxLength": 8, "pattern": "^[A-Z][a-z]*$"}},
		"properties": {
			"name": {"$ref": "#/$defs/short"},
			"age": {"type": "integer", "minimum": 0, "multipleOf": 0.5},
			"tags": {"type": "array", "items": {"enum": ["a", 1, null]}, "uniqueItems": true}
		}}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		`{"name":"Ann","age":3}`:                     true,
		`{"name":"Ann","age":3.0,"tags":["a",null]}`: true,
		`{"name":"Ann","age":1e2}`:                   true,
		`{"name":"ann","age":3}`:                     false,
		`{"name":"Annabella","age":3}`:               false,
		`{"name":"Ann"}`:                             false,
		`{"name":"Ann","age":-1}`:                    false,
		`{"name":"Ann","age":3.5}`:                   false,
		`{"name":"Ann","age":3,"x":1}`:               false,
		`{"name":"Ann","age":3,"tags":[1,1.0]}`:      false,
		`{"name":"Ann","age":3,"tags":["b"]}`:        false,
		`[]`:                                         false,
		`"Ann"`:                                      false,
	} {
		if got := s.Valid(read(t, text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

// doubling returns a schema in which each of n definitions names the next twice.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/d0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	fmt.Fprintf(&b, `"d%d":{"type":"string"}}}`, n)
	return b.String()
}

// chain returns a schema of n references that lead to each other in a row.
func chain(n int) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/d0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"$ref":"#/$defs/d%d"},`, i, i+1)
	}
	fmt.Fprintf(&b, `"d%d":true}}`, n)
	return b.String()
}

func TestBombsAreRefusedBeforeTheyRun(t *testing.T) {
	for name, c := range map[string]struct {
		schema string
		want   error
	}{
		"itself":             {`{"$ref":"#"}`, schema.ErrCost},
		"a list of itself":   {`{"items":{"$ref":"#"}}`, schema.ErrCost},
		"two of each other":  {`{"$defs":{"a":{"items":{"$ref":"#/$defs/b"}},"b":{"not":{"$ref":"#/$defs/a"}}}}`, schema.ErrCost},
		"doubling":           {doubling(24), schema.ErrCost},
		"a long chain":       {chain(40), schema.ErrCost},
		"elsewhere":          {`{"$ref":"https://example.com/schema"}`, schema.ErrSchema},
		"a file":             {`{"$ref":"file:///etc/passwd"}`, schema.ErrSchema},
		"the draft":          {`{"$ref":"https://json-schema.org/draft/2020-12/schema"}`, schema.ErrSchema},
		"another draft":      {`{"$schema":"http://json-schema.org/draft-07/schema#"}`, schema.ErrSchema},
		"a name of its own":  {`{"$id":"https://example.com/","items":{"$ref":"#"}}`, schema.ErrSchema},
		"an anchor":          {`{"$defs":{"a":{"$anchor":"x"}},"$ref":"#x"}`, schema.ErrSchema},
		"a moving reference": {`{"$dynamicRef":"#x"}`, schema.ErrSchema},
		"data for a schema":  {`{"const":{"$ref":"#"},"$ref":"#/const"}`, schema.ErrSchema},
		"not there":          {`{"$ref":"#/$defs/x"}`, schema.ErrSchema},
		"beyond a list":      {`{"allOf":[true],"$ref":"#/allOf/1"}`, schema.ErrSchema},
		"a table itself":     {`{"$defs":{"a":true},"$ref":"#/$defs"}`, schema.ErrSchema},
		"escaped":            {`{"$defs":{"a":{"$ref":"#/%24defs/a"}},"$ref":"#/$defs/a"}`, schema.ErrSchema},
		"the rest":           {`{"unevaluatedProperties":false}`, schema.ErrSchema},
		"a wrong type":       {`{"type":"strnig"}`, schema.ErrSchema},
		"a number":           {`7`, schema.ErrSchema},
		"a list for one":     {`{"items":[true]}`, schema.ErrSchema},
		"a costly pattern":   {`{"pattern":"((a{9}){9}){9}b{900}"}`, schema.ErrCost},
		"many patterns":      {`{"$defs":{"p":{"pattern":"a{99}"}},"allOf":[` + strings.Repeat(`{"$ref":"#/$defs/p"},`, 20) + `true]}`, schema.ErrCost},
		"a repeat of Go's":   {`{"pattern":"a{1001}"}`, schema.ErrSchema},
		"a long pattern":     {`{"pattern":"` + strings.Repeat("a", 300) + `"}`, schema.ErrCost},
		"a pattern of keys":  {`{"patternProperties":{"(x{40}){25}":{}}}`, schema.ErrCost},
		"Unicode's classes":  {`{"pattern":"\\pL"}`, schema.ErrSchema},
		"folded case":        {`{"pattern":"(?i)a"}`, schema.ErrSchema},
		"an open group":      {`{"pattern":"("}`, schema.ErrSchema},
		"an exponent":        {`{"minimum":1e999999999}`, value.ErrLimit},
		"deep":               {strings.Repeat(`{"not":`, 40) + "true" + strings.Repeat("}", 40), value.ErrLimit},
		"many keys":          {`{"enum":[` + strings.Repeat("1,", 5000) + `1]}`, value.ErrLimit},
		"no JSON":            {`{`, value.ErrForm},
	} {
		if _, err := schema.Compile([]byte(c.schema)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestWhatIsTakenIsBounded: the costliest of their sort that are still taken.
func TestWhatIsTakenIsBounded(t *testing.T) {
	if s, err := schema.Compile([]byte(doubling(9))); err != nil || !s.Valid("x") || s.Valid(nil) {
		t.Errorf("doubling nine times: %v", err)
	}
	if _, err := schema.Compile([]byte(chain(30))); err != nil {
		t.Errorf("a chain of thirty: %v", err)
	}
	s, err := schema.Compile([]byte(`{"pattern":"^(a|a)*(a*)*(a?){90}b$"}`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Valid(strings.Repeat("a", 30<<10)) {
		t.Error("a text without b matched")
	}
}

// FuzzCompile: no schema panics, and what is taken judges any record.
func FuzzCompile(f *testing.F) {
	f.Add([]byte(`{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"pattern":"^a+$","minimum":1}}}`), []byte(`{"a":"aa"}`))
	f.Add([]byte(doubling(5)), []byte(`["x",1]`))
	f.Add([]byte(`{"items":{"uniqueItems":true,"contains":{"const":1}},"dependentSchemas":{"a":false}}`), []byte(`[[1,1.0],{"a":[]}]`))
	f.Fuzz(func(t *testing.T, text, record []byte) {
		s, err := schema.Compile(text)
		if err != nil {
			return
		}
		v, err := value.Decode(record, value.Limits{Bytes: 1 << 10, Depth: 16, Values: 128})
		if err != nil {
			return
		}
		if first, second := s.Valid(v), s.Valid(v); first != second {
			t.Fatal("two verdicts on one record")
		}
	})
}
