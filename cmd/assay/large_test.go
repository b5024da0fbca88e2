package main

import (
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
)

// TestATableHasTheLastOfALongList: 64 validators have weighed 192 miners in each of
// two epochs, which nobody reads on a terminal; who asks for JSON, for an epoch or
// for a number has what was asked for.
func TestATableHasTheLastOfALongList(t *testing.T) {
	n, err := apitest.New()
	if err == nil {
		err = n.Grow(n.Tree)
	}
	if err != nil {
		t.Fatal(err)
	}
	h, err := api.NewHandler((&apitest.Large{Network: n, Reader: n.Tree}).Config())
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h)
	defer web.Close()
	for _, c := range []struct {
		line        string
		lines       int // with that of names
		first, last string
		said        string
	}{
		{"weights", 51, " 63 206 41200", " 63 255 51000", "the newest 50 weights are shown; --limit N and --epoch A..B show more, and --json has all\n"},
		{"weights --limit 3", 4, " 63 255 51000", " 63 253 50600", ""},
		{"weights --epoch 49999 --validator 7", 193, " 7 64 12800", " 7 255 51000", ""},
		{"bonds", 51, "0 64 12800", "0 113 22600", "the first 50 bonds are shown; --limit N shows more, and --json has all\n"},
		{"weights --json", 24_576, `"validator_uid":0,"uid":65`, `"validator_uid":63,"uid":255`, "the weights begin at epoch 49936: of the epochs before, this node has none\n"},
		{"validators", 65, "0 …", "63 …", ""},
	} {
		var out, said strings.Builder
		a := app()
		a.Writer, a.ErrWriter = &out, &said
		words := strings.Fields(c.line)
		if err := a.RunContext(t.Context(), slices.Concat([]string{"assay", words[0], "--node", web.URL}, words[1:])); err != nil {
			t.Fatalf("%s: %v", c.line, err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		first, last := strings.Join(strings.Fields(lines[min(1, len(lines)-1)]), " "), strings.Join(strings.Fields(lines[len(lines)-1]), " ")
		if len(lines) != c.lines || said.String() != c.said {
			t.Errorf("%s: %d lines, and said %q, want %d, %q", c.line, len(lines), said.String(), c.lines, c.said)
		}
		if !strings.Contains(first, c.first) || !strings.Contains(last, c.last) {
			t.Errorf("%s: from %q to %q, want %q to %q", c.line, first, last, c.first, c.last)
		}
	}
}

// BenchmarkReading is the time of each reading command, the start of the process
// apart, against a node of a chain of a million blocks with 256 seats, whose
// database was opened a moment ago.
func BenchmarkReading(b *testing.B) {
	apitest.EachLarge(b, false, []string{
		"status", "network", "miners", "validators", "epochs", "emissions", "emissions --epoch latest", "emissions --limit 1000",
		"emissions --seat 100", "weights", "weights --epoch latest", "bonds", "blocks --limit 20", "scores", "challenges", "tasks",
		"blocks --height -1000..", "supply", "earnings --seat 100 --epoch -50..", "explain 100 --epoch latest", "plot emissions", "plot weights", "plot scores", "compare 0 1",
	}, reads(b))
}

// BenchmarkReadingJoined is [BenchmarkReading] of what a node without blocks has to
// read from the state, record by record.
func BenchmarkReadingJoined(b *testing.B) {
	apitest.EachLarge(b, true, []string{"epochs", "epochs --limit 10", "emissions"}, reads(b))
}

// reads has a command ask a node over HTTP; what sets changes what that serves.
func reads(b *testing.B, sets ...func(*api.Config)) func(*apitest.Large, string) (func() error, func(), error) {
	return func(n *apitest.Large, line string) (func() error, func(), error) {
		cfg := n.Config()
		for _, set := range sets {
			set(&cfg)
		}
		h, err := api.NewHandler(cfg)
		if err != nil {
			return nil, nil, err
		}
		web := httptest.NewServer(h)
		a := app()
		a.Writer, a.ErrWriter = io.Discard, io.Discard
		words := strings.Fields(line)
		args := slices.Concat([]string{"assay", words[0], "--node", web.URL}, words[1:])
		return func() error { return a.RunContext(b.Context(), args) }, web.Close, nil
	}
}
