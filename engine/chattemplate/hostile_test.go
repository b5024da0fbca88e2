package chattemplate_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/chattemplate"
	"github.com/assaynet/assay/engine/enginetest"
)

// patience is the processor time that a rendering that passes a limit may take:
// limits are counts, so this only tells milliseconds from a hang.
const patience = 10 * time.Second

// bombs are templates that would take all time, memory or stack.
var bombs = map[string]string{
	"a long range":            "{% for i in range(1000000000) %}{% endfor %}",
	"a range of everything":   "{{ range(-9223372036854775807, 9223372036854775807) | length }}",
	"nested ranges":           "{% for i in range(1000) %}{% for j in range(1000) %}{% for k in range(1000) %}{% endfor %}{% endfor %}{% endfor %}",
	"nested empty loops":      strings.Repeat("{% for i in range(9999) %}", 40) + strings.Repeat("{% endfor %}", 40),
	"a repeated string":       "{{ 'a' * 1000000000 }}",
	"a repeated string, back": "{{ 9223372036854775807 * 'ab' }}",
	"a repeated list":         "{{ ([1, 2] * 1000000000) | length }}",
	"doubling":                "{% set ns = namespace(x='a') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
	"doubling with +":         "{% set ns = namespace(x='a') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
	"doubling by hand":        "{% set x = 'a' %}" + strings.Repeat("{% set x = x ~ x %}", 64) + "{{ x | length }}",
	"doubling lists":          "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
	"doubling by capture":     "{% set x = 'a' %}" + strings.Repeat("{% set x %}{{ x }}{{ x }}{% endset %}", 64),
	"doubling by replace":     "{% set ns = namespace(x='a') %}{% for i in range(64) %}{% set ns.x = ns.x.replace('a', 'aa') %}{% endfor %}",
	"doubling by join":        "{% set ns = namespace(x='a') %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] | join %}{% endfor %}",
	"doubling by format":      "{% set ns = namespace(x='a') %}{% for i in range(64) %}{% set ns.x = [ns.x, ns.x] | tojson %}{% endfor %}",
	"shared lists written":    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
	"shared lists as JSON":    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{% endfor %}{{ ns.x | tojson }}",
	"shared lists compared": "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}" +
		"{{ ns.x == ns.y }}",
	"deep lists written":       "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
	"macros without end":       "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}",
	"macros that branch":       "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(30) }}",
	"two macros in turn":       "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
	"a great power":            "{{ 9 ** 9 ** 9 }}",
	"a great number":           "{{ " + strings.Repeat("9", 60000) + " }}",
	"numbers that overflow":    "{{ 9223372036854775807 + 1 }}",
	"products that overflow":   "{{ 4611686018427387904 * 2 }}",
	"powers that overflow":     "{{ (-2) ** 64 }}",
	"much output":              "{% for i in range(100000) %}" + strings.Repeat("a", 1000) + "{% endfor %}",
	"a long scan":              "{% set x = 'a' * 1000000 %}{% for i in range(100000) %}{% set y = 'b' in x %}{% endfor %}",
	"long slices":              "{% set x = 'a' * 1000000 %}{% for i in range(100000) %}{% set y = x[::2] %}{% endfor %}",
	"long comparisons":         "{% set x = 'a' * 1000000 %}{% set y = 'a' * 1000000 %}{% for i in range(100000) %}{% set z = x == y %}{% endfor %}",
	"long sorts":               "{% set x = range(100000) | reverse | list %}{% for i in range(100000) %}{% set z = x | sort %}{% endfor %}",
	"parentheses":              "{{ " + strings.Repeat("(", 30000) + "1" + strings.Repeat(")", 30000) + " }}",
	"brackets":                 "{{ " + strings.Repeat("[", 60000) + " }}",
	"a chain of not":           "{{ " + strings.Repeat("not ", 16000) + "1 }}",
	"a chain of minus":         "{{ " + strings.Repeat("-", 65000) + "1 }}",
	"a chain of else":          "{{ " + strings.Repeat("1 if 0 else ", 5000) + "1 }}",
	"a chain of +":             "{{ 1" + strings.Repeat("+1", 30000) + " }}",
	"a chain of or":            "{{ 0" + strings.Repeat(" or 0", 10000) + " }}",
	"nested calls of macros":   "{% macro m() %}{{ caller() }}{% endmacro %}" + strings.Repeat("{% call m() %}", 300) + strings.Repeat("{% endcall %}", 300),
	"a recursive loop":         "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
	"a recursive loop, wide":   "{% for x in [1, 2] recursive %}{{ loop([1, 2]) if loop.depth < 30 }}{% endfor %}",
	"a wide format":            "{{ '{:>1000000000}'.format('a') }}",
	"a wide format of %":       "{{ '%1000000000d' % 1 }}",
	"a wide format of *":       "{{ '%*s' % (1000000000, 'a') }}",
	"a precise format":         "{{ '%.1000000000f' % 1 }}",
	"a wide center":            "{{ 'a'.center(1000000000) }}",
	"many zeros":               "{{ 'a'.zfill(1000000000) }}",
	"wide tabs":                "{{ '\t'.expandtabs(1000000000) }}",
	"a wide batch":             "{{ [1] | batch(1000000000, 0) | list }}",
	"many slices":              "{{ [1] | slice(1000000000) | list }}",
	"a wide indent":            "{{ 'a\nb' | indent(1000000000) }}",
	"a wide indent of JSON":    "{{ [1] | tojson(indent=1000000000) }}",
	"long keys":                "{% set ns = namespace(x=('a',)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
	"long keys of JSON":        "{% set x = 'a' * 1000000 %}{{ [1, 2, 3] | tojson(separators=(x, x), indent=x) }}",
	"generators in generators": "{% set ns = namespace(x=[1]) %}{% for i in range(1000) %}{% set ns.x = ns.x | map('string') %}{% endfor %}{{ ns.x | first }}",
	"loops in macros in loops": "{% macro m(n) %}{% for x in [1] recursive %}{{ m(n) if loop.depth > 9 else loop([1]) }}{% endfor %}{% endmacro %}{{ m(1) }}",
	"text between characters":  "{% set x = 'a' * 1000000 %}{{ x.replace('', x) }}",
	"a chain of filters":       "{{ 1" + strings.Repeat("|abs", 15000) + " }}",
	"a chain of attributes":    "{{ a" + strings.Repeat(".a", 30000) + " }}",
	"a chain of calls":         "{{ a" + strings.Repeat("()", 30000) + " }}",
	"nested if":                strings.Repeat("{% if 1 %}", 3000) + strings.Repeat("{% endif %}", 3000),
	"nested targets of two":    "{% set " + strings.Repeat("(a, ", 300) + "a" + strings.Repeat(")", 300) + " = 1 %}",
	"a chain of powers":        "{{ 1" + strings.Repeat("**1", 20000) + " }}",
	"a chain of block filter":  "{% filter trim" + strings.Repeat("|trim", 12000) + " %}{% endfilter %}",
	"too long":                 strings.Repeat("a", chattemplate.MaxSource+1),
}

func TestABombEndsInALimit(t *testing.T) {
	for name, source := range bombs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := enginetest.Worked()
		tmpl, err := chattemplate.Parse(source)
		if err == nil {
			_, err = tmpl.Render(chattemplate.Input{Messages: []chattemplate.Message{{Role: "user", Content: "a"}}})
		}
		took := enginetest.Worked() - begin
		runtime.ReadMemStats(&after)
		if !errors.Is(err, chattemplate.ErrLimit) && !errors.Is(err, chattemplate.ErrSyntax) {
			t.Errorf("%s: got %v", name, err)
		}
		if took > patience {
			t.Errorf("%s: took %v", name, took)
		}
		// All that was allocated, whether freed or not.
		const most = 512 << 20
		made := after.TotalAlloc - before.TotalAlloc
		if made > most {
			t.Errorf("%s: allocated %d MiB", name, made>>20)
		}
		t.Logf("%-24s %8v %5d MiB  %.100v", name, took.Round(time.Millisecond), made>>20, err)
	}
}

func TestEachBombMeetsTheLimitMadeForIt(t *testing.T) {
	for name, want := range map[string]string{
		"a long range": "a range of more than", "a repeated list": "too many steps", "nested ranges": "too many steps", "shared lists written": "too many bytes",
		"a repeated string": "too many bytes", "doubling": "too many bytes", "much output": "too many bytes", "a long scan": "too many bytes",
		"macros without end": "macros call macros", "deep lists written": "values nested more than",
		"a chain of +": "nests more than", "a chain of not": "nests more than", "a recursive loop": "loops call themselves",
		"a great power": "beyond 64 bits", "too long": "at most 65536 are read",
	} {
		tmpl, err := chattemplate.Parse(bombs[name])
		if err == nil {
			_, err = tmpl.Render(chattemplate.Input{})
		}
		if !errors.Is(err, chattemplate.ErrLimit) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

// TestHugeNonsenseIsRefusedSoon gives the lexer and the parser texts of the
// greatest size that have driven readers of templates to quadratic time.
func TestHugeNonsenseIsRefusedSoon(t *testing.T) {
	for _, part := range []string{
		"{{", "{%", "{#", "}}", "%}", "#}", "{{ '", "{% raw %}", "{% raw -%} ", "{% endraw %}", "{{ a }}", "{% if a %}", "{% for", "\n", "\n {%- ", " {#- -#} ", "\r",
		"{{ \"\\", "{{ a.", "{{ [", "{{ {", "{{ 1_", "{{ 1e", "{", "{% set a %}", "{% block a %}", "{% macro a(", "{% generation %}", "{% raw", "{{-", "-}}", "\xff", "ü{{",
	} {
		begin := enginetest.Worked()
		_, err := chattemplate.Parse(strings.Repeat(part, chattemplate.MaxSource/len(part)))
		if err != nil && !errors.Is(err, chattemplate.ErrLimit) && !errors.Is(err, chattemplate.ErrSyntax) {
			t.Errorf("%q: %v", part, err)
		}
		if took := enginetest.Worked() - begin; took > patience {
			t.Errorf("%q again and again took %v", part, took)
		} else if took > 50*time.Millisecond {
			t.Logf("%q again and again took %v", part, took)
		}
	}
}

// TestFlatThingsAreNoBombs renders what is long and not deep.
func TestFlatThingsAreNoBombs(t *testing.T) {
	for source, want := range map[string]string{
		"{% if 0 %}" + strings.Repeat("{% elif 0 %}", 5000) + "{% else %}a{% endif %}": "a",
		"{{ 1" + strings.Repeat("~1", 30000) + " }}":                                   strings.Repeat("1", 30001),
		"{{ [" + strings.Repeat("1,", 30000) + "] | length }}":                         "30000",
		"{{ '" + strings.Repeat("a", 60000) + "' | length }}":                          "60000",
		"{{ 1" + strings.Repeat(" == 1", 10000) + " }}":                                "True",
		strings.Repeat("{{ 1 }}", 9000):                                                strings.Repeat("1", 9000),
		strings.Repeat("{# a #}\n", 8000):                                              "",
		strings.Repeat("{% set a = 1 %}\n", 4000) + "{{ a }}":                          "1",
	} {
		got, err := parse(t, source).Render(chattemplate.Input{})
		if err != nil || got.String() != want {
			t.Errorf("%.40s…: got %.40q, %v", source, got, err)
		}
	}
}

func TestAnOutputHasALimit(t *testing.T) {
	tmpl := parse(t, "{{ messages[0].content }}{{ messages[0].content }}")
	for size, want := range map[int]error{chattemplate.MaxOutput / 2: nil, chattemplate.MaxOutput/2 + 1: chattemplate.ErrLimit} {
		got, err := tmpl.Render(chattemplate.Input{Messages: []chattemplate.Message{{Role: "user", Content: strings.Repeat("a", size)}}})
		if !errors.Is(err, want) || err == nil && got.Len() != 2*size {
			t.Errorf("a content of %d bytes: got %d bytes and %v, want %v", size, got.Len(), err, want)
		}
	}
}

// TestLongConversationsStayWithinTheLimits renders ones that are as long as the
// tokenizer takes: the limits are for bombs.
func TestLongConversationsStayWithinTheLimits(t *testing.T) {
	for _, c := range cases(t) {
		if c.Name != "asked" || c.Template == "blocks.jinja" || c.Template == "thoughtful.jinja" {
			continue // those two write contents more than once, or stop early
		}
		tmpl := parse(t, read(t, c.Template))
		for _, turns := range []int{1, 1001, 4001} {
			in := chattemplate.Input{BOS: "<s>", EOS: "</s>"}
			for i := range turns {
				in.Messages = append(in.Messages, chattemplate.Message{
					Role: []string{"user", "assistant"}[i%2], Content: strings.Repeat("</think> ", chattemplate.MaxOutput*3/4/9/turns),
				})
			}
			if _, err := tmpl.Render(in); err != nil {
				t.Errorf("%s, %d turns: %v", c.Template, turns, err)
			}
		}
	}
}
