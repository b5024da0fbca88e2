package syntax_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/chattemplate/syntax"
)

// data returns what a template of data alone says, and | for each tag that is
// printed.
func data(t *testing.T, source string) string {
	t.Helper()
	body, err := syntax.Parse(source)
	if err != nil {
		t.Fatalf("%q: %v", source, err)
	}
	var b strings.Builder
	for _, s := range body {
		if d, ok := s.(*syntax.Data); ok {
			b.WriteString(d.Text)
		} else {
			b.WriteString("|")
		}
	}
	return b.String()
}

func TestTagsTakeWhiteSpaceAsTrimBlocksAndLstripBlocksSay(t *testing.T) {
	for source, want := range map[string]string{
		"a\n  {% set x = 1 %}\n b":                          "a\n| b",
		"a  {% set x = 1 %}\n\nb":                           "a  |\nb",
		"  {% set x = 1 %}b":                                "|b",
		"  {%+ set x = 1 +%}\nb":                            "  |\nb",
		"a \n {%- set x = 1 -%} \n b":                       "a|b",
		"a\n  {{ x }}\nb":                                   "a\n  |\nb",
		"a \n {{- x -}} \n b":                               "a|b",
		"a\n  {# c #}\nb":                                   "a\nb",
		"a\n  {#+ c +#}\nb":                                 "a\n  \nb",
		"a \n {#- c -#} \n b":                               "ab",
		"a{##}b{#-#}c{#+#}d":                                "abcd",
		"a {% raw %}\n{{ x }} {% endraw %}\nb":              "a \n{{ x }} b",
		"a\n {%- raw -%}\n {% x %} {%- endraw -%} \n b":     "a{% x %}b",
		"a\n  {% raw %}b\n  {% endraw %}\nc":                "a\nb\nc",
		"a\n\n":                                             "a\n",
		"a\r\nb\rc\r\n":                                     "a\nb\nc",
		"\u00a0{% set x = 1 %}\u00a0\u2003{%- set x = 1 %}": "||",
		"{":                         "{",
		"{ {a} %} #} }}":            "{ {a} %} #} }}",
		"a{#":                       "a",
		"a{% raw %}":                "a",
		"{% if 1 %}\n{% endif %}\n": "|",
	} {
		if got := data(t, source); got != want {
			t.Errorf("%q: got %q, want %q", source, got, want)
		}
	}
}

// literal returns the value of the only thing that a template prints.
func literal(t *testing.T, source string) any {
	t.Helper()
	body, err := syntax.Parse("{{ " + source + " }}")
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	l, ok := body[0].(*syntax.Print).Values[0].(*syntax.Literal)
	if !ok {
		t.Fatalf("%s is no literal", source)
	}
	return l.Value
}

func TestLiteralsHaveTheValuesThatPythonGives(t *testing.T) {
	for source, want := range map[string]any{
		`'a\n\t\r\v\f\a\b\\\'\"'`: "a\n\t\r\v\f\a\b\\'\"", `"it's"`: "it's", `'a' "b"'c'`: "abc", `''`: "",
		`'\x41\u00e9\U0001f600\101\0'`: "Aé😀A\x00", `'\N{BULLET}\N{latin small letter e with acute}\N{CJK UNIFIED IDEOGRAPH-6C34}'`: "•é水",
		`'\N{LINE FEED}\N{ZWJ}'`: "\n\u200d", `'\d\%\é\水\😀'`: `\d\%\xe9\u6c34\U0001f600`, "'a\\\nb'": "ab", `'é水'`: "é水", `'\777'`: "ǿ",
		"1_000": int64(1000), "0x_fF": int64(255), "0b101": int64(5), "0o17": int64(15), "00": int64(0), "9223372036854775807": int64(1<<63 - 1),
		"1.5e3": 1500.0, "1e-2": 0.01, "007.5": 7.5, "1_0.2_5": 10.25, "2E2": 200.0,
		"true": true, "False": false, "none": nil, "None": nil,
	} {
		if got := literal(t, source); got != want {
			t.Errorf("%s: got %#v, want %#v", source, got, want)
		}
	}
}

func TestWhatIsNoTemplateIsRefusedWithItsLine(t *testing.T) {
	for source, want := range map[string]string{
		"a\n{{": "line 2: unexpected the end", "{{ 'a": "a string without end", "{{ 'a\\": "a string without end", "a\n{# b": "line 2: a comment without end",
		"{% raw %}\n{% end": "a raw block without end", "{% raw +%}": "unknown tag \"raw\"", "{{ a $ b }}": "unexpected character '$'",
		"{{ (a] }}": "unexpected ']', expected ')'", "{{ a) }}": "unexpected ')'", "{{ a.+ }}": "expected a name or a number", "{{ a b }}": "expected }}, got b",
		"{{ }}": "expected an expression", "{% if %}": "expected an expression", "{% for a in %}": "expected an expression", "{% nothing %}": "unknown tag",
		"{% do a %}": "unknown tag", "{% if a %}\nb": "line 2: the template ends before elif or else or endif", "{% endif %}": "unknown tag \"endif\"",
		"{% set true = 1 %}": "cannot be set", "{% set a.b.c = 1 %}": "expected %}", "{% set [a] = 1 %}": "cannot be set", "{% set a, 1 = 1 %}": "cannot be set",
		"{% for a in b %}{% set loop = 1 %}{% endfor %}": "loop cannot be set", "{% for loop in b %}{% endfor %}": "loop cannot be set",
		"{% break %}": "break outside of a loop", "{% for a in b %}{% macro m() %}{% continue %}{% endmacro %}{% endfor %}": "continue outside",
		"{% for a in b %}{% else %}{% break %}{% endfor %}": "break outside", "{% macro m(a=1, b) %}{% endmacro %}": "without a default",
		"{% macro m(a, a) %}{% endmacro %}": "second parameter", "{{ f(a=1, 2) }}": "out of order", "{{ f(**a, *b) }}": "out of order", "{{ f(a=1, a=2) }}": "out of order",
		"{% block a %}{% endblock %}{% block a %}{% endblock %}": "second block", "{% call a %}{% endcall %}": "without a call",
		"{{ a is b is c }}": "cannot be chained", "{{ 0123 }}": "expected }}", "{{ '\\x4' }}": "cut escape", "{{ '\\xzz' }}": "bad escape",
		"{{ '\\ud800' }}": "no character", "{{ '\\N{NOTHING AT ALL}' }}": "no character is called", "{{ '\\N' }}": "malformed", "{{ x² }}": "unexpected character",
		"{{ a[1 }}": "unexpected '}', expected ']'", "{{ a[,] }}": "unexpected ,", "{{ {1} }}": "expected :, got }", "{% include %}": "unexpected",
	} {
		_, err := syntax.Parse(source)
		var e *syntax.Error
		if !errors.Is(err, syntax.ErrSyntax) || !errors.As(err, &e) || e.Line < 1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", source, err, want)
		}
	}
}

func TestDeepTreesAndGreatNumbersPassALimit(t *testing.T) {
	for _, source := range []string{
		"{{ " + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300) + " }}", "{{ " + strings.Repeat("not ", 300) + "1 }}", "{{ a" + strings.Repeat(".a", 300) + " }}",
		"{{ a" + strings.Repeat("|a", 300) + " }}", "{{ 1" + strings.Repeat("+1", 300) + " }}", "{{ 1" + strings.Repeat(" if 0", 300) + " }}",
		strings.Repeat("{% if 1 %}", 300) + strings.Repeat("{% endif %}", 300), "{{ 9223372036854775808 }}",
	} {
		if _, err := syntax.Parse(source); !errors.Is(err, syntax.ErrLimit) {
			t.Errorf("%.40q…: got %v", source, err)
		}
	}
	// Depth is not length: what stands side by side is as deep as one of them.
	deep := strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100)
	if _, err := syntax.Parse("{{ " + strings.Repeat(deep+" ~ ", 20) + deep + ", [" + deep + "," + deep + "] }}"); err != nil {
		t.Error(err)
	}
}

// depth returns how deep a tree is.
func depth(v reflect.Value) int {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return 0
		}
		n := depth(v.Elem())
		if v.Kind() == reflect.Pointer {
			n++
		}
		return n
	case reflect.Slice:
		n := 0
		for i := range v.Len() {
			n = max(n, depth(v.Index(i)))
		}
		return n
	case reflect.Struct:
		n := 0
		for _, f := range v.Fields() {
			n = max(n, depth(f))
		}
		return n
	}
	return 0
}

// FuzzParse reads any source: a tree that is not too deep, or an error of the
// promised kinds.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"{% for a, (b, c) in d recursive %}{{ loop(e) }}{% else %}f{% endfor %}", "{% macro m(a, b=1) %}{{ varargs }}{% endmacro %}{% call(x) m(1, *y, **z) %}{% endcall %}",
		"{% set a.b, c = 1, 2 %}{% set d | upper | trim %}e{% endset %}", "{{ a if b else c[1:2:3, ...] }}", "{{ -1 ** 2 // 3 % 4 ~ '\\N{BULLET}\\x41' }}",
		"{%- raw -%} {{ {% endraw +%}\r\n{#- a -#}", "{{ a is not divisibleby 3 and b not in [c, {d: e}] }}", "{% if a %}{% elif b %}{% else %}{% endif %}",
		"{% filter f(1).g %}{% endfilter %}{% with a = 1, b = 2 %}{% endwith %}{% block x scoped required %}{% endblock x %}", "{% include 'a' ignore missing with context %}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		body, err := syntax.Parse(source)
		if err != nil {
			if !errors.Is(err, syntax.ErrSyntax) && !errors.Is(err, syntax.ErrLimit) {
				t.Fatal(err)
			}
			return
		}
		// A level that is counted may be two nodes: a print and what it prints,
		// a not and its test.
		if n := depth(reflect.ValueOf(body)); n > 3*syntax.MaxDepth {
			t.Fatalf("%d deep", n)
		}
		line := 1
		for _, s := range body {
			if s.Line() < line || s.Line() > 1+strings.Count(source, "\n")+strings.Count(source, "\r") {
				t.Fatalf("a statement of line %d after one of line %d", s.Line(), line)
			}
			line = s.Line()
		}
	})
}
