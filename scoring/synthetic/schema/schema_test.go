package schema_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

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
		"a long repeat":      {`{"pattern":"a{1001}"}`, schema.ErrSchema},
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

// TestALargeRecordIsNotOfACostlySchema: what both are together is bounded, and just
// below the bound the schema alone decides.
func TestALargeRecordIsNotOfACostlySchema(t *testing.T) {
	costly, err := schema.Compile([]byte(`{"items": ` + doubling(8) + `, "$defs"` + strings.SplitN(doubling(8), `"$defs"`, 2)[1]))
	if err != nil {
		t.Fatal(err)
	}
	list := func(n int) any { return read(t, `["x"`+strings.Repeat(`,"x"`, n-1)+`]`) }
	if most := 63; !costly.Valid(list(most)) || costly.Valid(list(most+1)) {
		t.Errorf("lists of %d and of one more are of the schema: %v, %v", most, costly.Valid(list(most)), costly.Valid(list(most+1)))
	}
	plain, err := schema.Compile([]byte(`{"items": {"pattern": "^(a?){90}$"}}`))
	if err != nil {
		t.Fatal(err)
	}
	a := func(n int) any { return read(t, `[`+strings.Repeat(`"aaaaaaaaaa",`, n-1)+`"aaaaaaaaaa"]`) }
	if !plain.Valid(a(800)) || plain.Valid(a(1600)) {
		t.Errorf("a long list and a longer one are of the schema: %v, %v", plain.Valid(a(800)), plain.Valid(a(1600)))
	}
}

// FuzzCompile: no schema panics, and what is taken judges any record.
// TestPatternsAreOfTheLanguage: what each costs, 0 where it is none.
func TestPatternsAreOfTheLanguage(t *testing.T) {
	for p, want := range map[string]int{
		"": 1, "abc": 4, "a|bc": 5, "^a$": 4, "[a-z]": 3, "[^a-z0-9_-]": 6, "[-]": 3, `[\]\d]`: 4, `\.\t\S`: 4, "(a)": 3, "(?:a|)": 4, "a*b+c?": 7, "a{3}": 4,
		"a{0}": 2, "a{2,}": 3, "(ab){2,5}": 16, "日.本": 4, `[\t-\r]`: 3, "a-b": 4,
		"*": 0, "a**": 0, "a*?": 0, "^*": 0, "(": 0, ")": 0, "a{": 0, "a{,2}": 0, "a{01}": 0, "a{3,2}": 0, "[]": 0, "[^]": 0, "[z-a]": 0, "[a": 0, "[[:alpha:]]": 0,
		"[a-b-c]": 0, `[\d-z]`: 0, "(?i)a": 0, "(?P<n>a)": 0, `\b`: 0, `\pL`: 0, `\x41`: 0, `\1`: 0, `\`: 0, "}": 0, "]": 0, `\ `: 0, "(?=a)": 0,
	} {
		if got, err := schema.Measure(p); (err == nil) != (want > 0) || got != want {
			t.Errorf("%q: %d, %v, want %d", p, got, err, want)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{"^[A-Z][a-z]*$", "(a|b){2,3}", `\d+(?:-\d+)?`, "(((((a{9}){9}){9})))", "[^-a]", "a{1000}", "()*"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		n, err := schema.Measure(p)
		if err != nil || n > schema.MaxStates || !utf8.ValidString(p) {
			return
		}
		if _, err := regexp.Compile(p); err != nil {
			t.Errorf("%q is taken: %v", p, err)
		}
	})
}

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
