package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestNoLieIsWorthIt: each liar is found out within sixty blocks, has less than an
// honest one in its place, and takes nothing from anybody.
func TestNoLieIsWorthIt(t *testing.T) {
	m, err := openModels(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	var rows []*row
	for _, l := range all {
		r, err := try(t.Context(), m, l, 4)
		if err != nil {
			t.Fatalf("%s: %v", l.name, err)
		}
		if err := r.judge(); err != nil {
			t.Error(err)
		}
		rows = append(rows, r)
	}
	var b strings.Builder
	if err := printRows(&b, rows, false); err != nil {
		t.Fatal(err)
	}
	t.Log("seed 4\n" + b.String())
	// What is proven costs what was put up; an engine that is broken, or whatever could
	// be, costs pay.
	costs := map[string]bool{
		"stamp": true, "hash": true, "double-sign": true, "altered": true, "one-in-ten": true, "skip": true, "leak": true, "flood": true,
	}
	for _, r := range rows {
		if slashed := r.Lost > 0; slashed != costs[r.Liar] {
			t.Errorf("%s lost %s", r.Liar, r.Lost)
		}
	}
}

func TestLiarsAreChosenByName(t *testing.T) {
	if got, err := choose("leak,stamp"); err != nil || len(got) != 2 || got[0] != stamp || got[1] != leak {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := choose("stamp,nobody"); err == nil || !strings.Contains(err.Error(), `"nobody"`) {
		t.Errorf("a liar that is not there: %v", err)
	}
}

func TestARowIsPrintedAsJSON(t *testing.T) {
	var b bytes.Buffer
	if err := printRows(&b, []*row{{Liar: "a", Found: 7}}, true); err != nil || !strings.Contains(b.String(), `"found": 7`) {
		t.Errorf("got %s, %v", b.String(), err)
	}
}
