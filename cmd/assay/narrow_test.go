package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestATableFitsItsTerminal: columns go in the order that the list says, only as
// many as they must, and what is left is as wide as it was computed.
func TestATableFitsItsTerminal(t *testing.T) {
	rows := [][]string{{"epoch", "uid", "hotkey", "units", "bound", "weight"}, {"7", "3", "…abcdefgh", "1234567", "65536", "65535"}}
	for columns, want := range map[int][]string{100: nil, 47: nil, 46: {"bound"}, 39: {"bound", "units"}, 10: {"bound", "units", "hotkey"}} {
		got, left := fitting(rows, []string{"bound", "nothing", "units", "hotkey"}, columns)
		if !slices.Equal(left, want) {
			t.Errorf("%d columns: left out %q, want %q", columns, left, want)
		}
		var b bytes.Buffer
		if err := printTable(&b, got); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n != tableWidth(got) {
				t.Errorf("%d columns: a line of %d, computed %d: %q", columns, n, tableWidth(got), line)
			}
		}
	}
	if len(rows[0]) != 6 {
		t.Error("the table itself was changed")
	}
	if terminalColumns(&bytes.Buffer{}) != 0 {
		t.Error("a buffer is taken for a terminal")
	}
}

// TestScoresOfAnOrdinaryTerminalSayTheirKind: a seat has a score of each, and rows
// without it look alike.
func TestScoresOfAnOrdinaryTerminalSayTheirKind(t *testing.T) {
	const row = `{"epoch":12345,"uid":255,"kind":"inference","asked":4,"answered":4,"weight":65535,"explain":{"reason":%s}}`
	for _, reason := range []string{`"unproven"`, `"unobserved","partial":true,"seen_from":1234`, `"unproven","partial":true,"unobserved":12`} {
		rows, err := scoresList.table([]json.RawMessage{json.RawMessage(fmt.Sprintf(row, reason))})
		if err != nil {
			t.Fatal(err)
		}
		got, left := fitting(rows, scoresList.wide, 80)
		if tableWidth(got) > 80 || !slices.Contains(got[0], "kind") || slices.Contains(left, "kind") {
			t.Errorf("%s: %d columns %q, without %q", reason, tableWidth(got), got[0], left)
		}
	}
}
