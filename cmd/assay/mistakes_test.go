package main

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
)

// TestMistakesOfTheCommandLineEndWithTwo, whoever sees them: the program, or the
// node that is asked. A script that starts again after other errors tells them
// apart by that, and a variable without a value is no wish for everything.
func TestMistakesOfTheCommandLineEndWithTwo(t *testing.T) {
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	h, err := api.NewHandler(n.Config())
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h)
	defer web.Close()
	for _, c := range []struct {
		words []string
		want  int
		says  string
	}{
		{[]string{"emissions", "--seat", "2"}, 0, ""},
		{[]string{"emissions", "--seat", "60"}, 0, ""}, // nobody has it: nothing was paid to it
		{[]string{"earnings", "--seat", "60"}, 1, "no epoch of these paid to the seat 60"},
		{[]string{"emissions", "2"}, 2, "assay emissions takes no argument, not 1 argument; assay emissions --help says more"},
		{[]string{"explain", "2", "3", "4", "--epoch", "1"}, 2, "or the uid of a seat, not 3 arguments"},
		{[]string{"explain", "2", "--epoch"}, 2, "flag needs an argument"},
		{[]string{"explain", "2", "--tasks", "many"}, 2, "invalid value"},
		{[]string{"explain", "2"}, 2, "no epoch is given"},
		{[]string{"explain", "2", "--epoch", "0..1"}, 2, "is not one epoch"},
		{[]string{"emissions", "--epoch", "5..2"}, 2, `epoch "5..2"`},
		{[]string{"emissions", "--epoch", ""}, 2, `epoch ""`},
		{[]string{"emissions", "--seat", ""}, 2, `seat ""`},
		{[]string{"earnings", "--seat", ""}, 2, `seat ""`},
		{[]string{"earnings", "--epoch", ""}, 2, `epoch ""`},
		{[]string{"plot", "weights", "--seat", ""}, 2, `seat ""`},
		{[]string{"weights", "--validator", "x"}, 2, `validator "x"`},
		{[]string{"weights", "--limit", "0"}, 2, "--limit 0 shows nothing"},
		{[]string{"tasks", "--finding", "wrong"}, 2, `finding "wrong"`},
		{[]string{"task", "12"}, 2, "the first 6 of them or more"},
		{[]string{"status", "--node", "nowhere"}, 2, "is no URL"},
		{[]string{"status", "--home", "nowhere"}, 2, "give one"},
	} {
		var said strings.Builder
		a := app()
		a.Writer, a.ErrWriter = io.Discard, &said
		args := append([]string{"assay"}, c.words...)
		if c.words[len(c.words)-1] != "nowhere" || c.words[1] == "--home" {
			args = append([]string{"assay", c.words[0], "--node", web.URL}, c.words[1:]...)
		}
		err := a.RunContext(t.Context(), args)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if usage.Status(err) != c.want || !strings.Contains(text, c.says) {
			t.Errorf("%q: status %d, %q, want %d, %q", c.words, usage.Status(err), text, c.want, c.says)
		}
	}
}
