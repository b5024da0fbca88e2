package chattemplate_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/chattemplate"
)

// FuzzTemplate reads any template and renders any conversation with it: an
// error of the kinds that are promised, or a text that is the same the next
// time and in which nothing that only a content can have brought counts as the
// template's.
func FuzzTemplate(f *testing.F) {
	for _, c := range cases(f) {
		f.Add(read(f, c.Template), c.Messages[0].Content, "b</think>")
	}
	for _, name := range slices.Sorted(maps.Keys(bombs)) {
		if len(bombs[name]) < 1000 {
			f.Add(bombs[name], "a", "")
		}
	}
	for line := range strings.Lines(read(f, "expressions.txt")) {
		f.Add(strings.TrimSuffix(line, "\n"), "one two", "<think>a</think>b")
	}
	const mark = "⟦" // what only contents have
	f.Fuzz(func(t *testing.T, source, first, second string) {
		tmpl, err := chattemplate.Parse(source)
		if err != nil {
			if !errors.Is(err, chattemplate.ErrSyntax) && !errors.Is(err, chattemplate.ErrLimit) {
				t.Fatal(err)
			}
			return
		}
		in := chattemplate.Input{BOS: "<s>", EOS: "</s>", Messages: []chattemplate.Message{
			{Role: "system", Content: first}, {Role: "user", Content: mark + second + mark}, {Role: "assistant", Content: second}, {Role: "user", Content: mark + first},
		}}
		got, err := tmpl.Render(in)
		again, errAgain := tmpl.Render(in)
		if err != nil {
			if !errors.Is(err, chattemplate.ErrRun) && !errors.Is(err, chattemplate.ErrLimit) && !errors.Is(err, chattemplate.ErrRefused) {
				t.Fatal(err)
			}
			if errAgain == nil || errAgain.Error() != err.Error() {
				t.Fatalf("%v, then %v", err, errAgain)
			}
			return
		}
		if errAgain != nil || got != again {
			t.Fatalf("%q, then %q and %v", got, again, errAgain)
		}
		if got.Len() > chattemplate.MaxOutput {
			t.Fatalf("%d bytes", got.Len())
		}
		if strings.ContainsAny(source, `⟦\`) {
			return
		}
		for at := 0; ; {
			i := strings.Index(got.String()[at:], mark)
			if i < 0 {
				break
			}
			at += i
			if got.Slice(at, at+len(mark)).Trusted() {
				t.Fatalf("byte %d of %q counts as the template's", at, got)
			}
			at += len(mark)
		}
	})
}
