package jsonschema_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/jsonschema"
	"github.com/assaynet/assay/engine/grammar/regex"
	"github.com/assaynet/assay/engine/grammar/runes"
)

func TestWhatIsNotDoneIsRefusedByName(t *testing.T) {
	for _, c := range []struct {
		schema string
		want   error
		says   string
	}{
		{`{"type":"object","propertees":{}}`, jsonschema.ErrUnsupported, `"propertees"`},
		{`{"properties":{"a":{"typ":"string"}}}`, jsonschema.ErrUnsupported, `"typ"`},
		{`{"type":"array","uniqueItems":true}`, jsonschema.ErrUnsupported, "uniqueItems"},
		{`{"format":"color"}`, jsonschema.ErrUnsupported, `"color"`},
		{`{"$ref":"https://example.org/other"}`, jsonschema.ErrReference, "nothing is fetched"},
		{`{"$ref":"#/$defs/none"}`, jsonschema.ErrReference, "leads nowhere"},
		{`{"$ref":"#"}`, jsonschema.ErrReference, "back to itself"},
		{`{"pattern":"(?=a)b"}`, regex.ErrPattern, "(?="},
		{`{"pattern":"(a)\\1"}`, regex.ErrPattern, `\\1`},
		{`{"type":"string","minLength":3,"maxLength":2}`, grammar.ErrEmpty, ""},
		{`{"type":"text"}`, jsonschema.ErrSchema, `"text"`},
		{`[1]`, jsonschema.ErrSchema, ""},
		{`{} {}`, jsonschema.ErrSchema, "follows"},
		{`{"type":"string","type":"null"}`, jsonschema.ErrSchema, `"type"`},
	} {
		_, err := jsonschema.Compile([]byte(c.schema))
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: got %v, want %v that says %s", c.schema, err, c.want, c.says)
		}
	}
}

// Each of these is refused by what was counted; a case that is not takes minutes or
// the memory of the machine.
func TestASchemaThatWouldCostTooMuchIsRefused(t *testing.T) {
	many := func(n int, one func(i int) string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = one(i)
		}
		return strings.Join(list, ",")
	}
	doubling := many(40, func(i int) string {
		return fmt.Sprintf(`"d%d":{"allOf":[{"anyOf":[{"$ref":"#/$defs/d%d"},{"required":["x%d"]}]},{"anyOf":[{"required":["y%d"]},{"required":["z%d"]}]}]}`, i, i+1, i, i, i)
	})
	twice := many(40, func(i int) string {
		return fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1)
	})
	separate := many(5000, func(i int) string { return string(rune(0x4E00 + 2*i)) })
	names := many(1000, func(i int) string { return fmt.Sprintf(`"n%d"`, i) })
	for name, schema := range map[string]string{
		"one way, twice":    `{"$defs":{` + twice + `,"d40":true},"$ref":"#/$defs/d0"}`,
		"listed numbers":    `{"enum":[` + many(20000, func(i int) string { return fmt.Sprint(i * 7919) }) + `]}`,
		"many constants":    `{"anyOf":[` + many(8000, func(i int) string { return fmt.Sprintf(`{"const":"c%d"}`, i*7919) }) + `]}`,
		"many names":        `{"required":[` + many(36000, func(i int) string { return strconv.Quote(strconv.FormatInt(int64(i), 36)) }) + `]}`,
		"names many times":  `{"oneOf":[` + many(20, func(int) string { return `{"required":[` + names + `]}` }) + `]}`,
		"long closures":     `{"pattern":"^((?:.?){990}|[` + strings.ReplaceAll(separate, ",", "") + `])$"}`,
		"repeated classes":  `{"pattern":"^(\\p{L}{1000}|((a{10}){10}){10}|b{1000})$"}`,
		"a long divisor":    `{"allOf":[` + many(20, func(i int) string { return fmt.Sprintf(`{"multipleOf":%de-300}`, 9901+2*i) }) + `]}`,
		"integers":          `{"properties":{` + many(5000, func(i int) string { return fmt.Sprintf(`"p%d":{"type":"integer","minimum":%d}`, i, i) }) + `}}`,
		"nesting":           strings.Repeat(`{"items":`, 100) + `true` + strings.Repeat(`}`, 100),
		"a long string":     `{"type":"string","minLength":1000000000}`,
		"a long array":      `{"type":"array","minItems":1000000000}`,
		"an exponent":       `{"minimum":1e999999999}`,
		"a number":          `{"minimum":1` + strings.Repeat("0", 1000) + `}`,
		"a divisor":         `{"multipleOf":123456789}`,
		"doubling":          `{"$defs":{` + doubling + `,"d40":true},"$ref":"#/$defs/d0"}`,
		"exploding pattern": `{"pattern":"^.*a.{25}$"}`,
		"much work":         `{"anyOf":[` + many(200, func(i int) string { return fmt.Sprintf(`{"pattern":"^(a|b)*%c(a|b){10}$"}`, 'a'+i%2) }) + `]}`,
		"many patterns":     `{"patternProperties":{` + many(12, func(i int) string { return fmt.Sprintf(`"%c":{"minimum":%d}`, 'a'+i, i) }) + `}}`,
		"many branches":     `{"oneOf":[` + many(300, func(i int) string { return fmt.Sprintf(`{"required":["a%d","b%d"]}`, i, i) }) + `]}`,
		"size":              `{"title":"` + strings.Repeat("x", jsonschema.MaxSchema) + `"}`,
	} {
		_, err := jsonschema.Compile([]byte(schema))
		if !errors.Is(err, jsonschema.ErrLimit) && !errors.Is(err, runes.ErrLimit) && !errors.Is(err, grammar.ErrLimit) {
			t.Errorf("%s: got %v, want a limit", name, err)
		}
	}
}

func TestPropertiesComeInTheSchemasOrder(t *testing.T) {
	a, err := jsonschema.Compile([]byte(`{"type":"object","properties":{"z":{"type":"integer"},"a":{"type":"integer"},"m":{"type":"integer"}},"required":["z","a"],"additionalProperties":false}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		`{"z":1,"a":2,"m":3}`: true, `{"z":1,"a":2}`: true, "{\n  \"z\": 1,\n  \"a\": -2\n}": true,
		`{"a":2,"z":1}`: false, `{"z":1}`: false, `{"z":1,"a":2,"q":3}`: false, `{"z":1,"a":2,"m":3,"m":3}`: false,
		`{"z":1.0,"a":2}`: false, `{"z":01,"a":2}`: false, `{"z":1,  "a":2}`: false, ` {"z":1,"a":2}`: false,
	} {
		if got, _, err := a.Match([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestUniqueItemsOfFewValuesAreCounted(t *testing.T) {
	a, err := jsonschema.Compile([]byte(`{"type":"array","items":{"enum":["a","b",3,null]},"uniqueItems":true,"minItems":2}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		`["a","b"]`: true, `["b",3,null,"a"]`: true, `["a"]`: false, `["a","a"]`: false, `["a","b","a"]`: false, `["a","b",3,null,3]`: false,
	} {
		if got, _, err := a.Match([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`true`, `{"type":"object","properties":{"a":{"type":["integer","null"]}},"required":["a","b"],"additionalProperties":{"$ref":"#"}}`,
		`{"oneOf":[{"multipleOf":3},{"multipleOf":0.5}],"not":{"enum":[1.5,"x",[1,{"a":2}]]}}`,
		`{"patternProperties":{"^x":{"format":"date"}},"unevaluatedProperties":false,"anyOf":[{"properties":{"q":true}},{"required":["r"]}]}`,
		`{"prefixItems":[{"pattern":"^a\\d+\\S$"}],"contains":{"const":1e2},"maxContains":2,"unevaluatedItems":false}`,
		`{"$id":"http://a/b","$defs":{"c":{"$anchor":"d"}},"$ref":"#d","if":{"minLength":2},"then":{"maxLength":3}}`,
	} {
		f.Add([]byte(seed), []byte(`{"a":[1,"x",null]}`))
	}
	f.Fuzz(func(t *testing.T, schema, text []byte) {
		if len(schema) > 2000 || len(text) > 2000 {
			return
		}
		a, err := jsonschema.Compile(schema)
		if err != nil {
			return
		}
		whole, live, err := a.Match(text)
		if err == nil && whole && !live {
			t.Errorf("%s: %q is a whole text, and no beginning of one", schema, text)
		}
	})
}
