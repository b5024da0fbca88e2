package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/earning"
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

// TestTablesFitAnOrdinaryTerminal: rows as a network of a million blocks has them,
// with large holdings, keep to 80 columns.
func TestTablesFitAnOrdinaryTerminal(t *testing.T) {
	key := `"assay1qvxl7jwnxpy7ah2q3jeheugz9f559t8e6glwtcesq97p2f8w2xhlg03vsn0"`
	for _, c := range []struct {
		l   *list
		row string
	}{
		{&validatorsList, `{"uid":255,"hotkey":` + key + `,"stake":"1234567.123456789","self":"1234567.123456789","permit":true,"power":1234567,"dividend":65535,"duty":65535,` +
			`"drawn":100,"fulfilled":100,"emission":"1234.123456789","balance":"1234567.123456789","jailed":true,"jail_ends":50123,"last_signed":1000000,"last_update":1000000}`},
		{&minersList, `{"uid":255,"hotkey":` + key + `,"registered":999999,"slots":64,"collateral":"1234.000000000","asked":true,"incentive":65535,"emission":"1234.123456789",` +
			`"emission_total":"1234567.123456789","balance":"1234567.123456789","immune":true}`},
		{&emissionsList, `{"epoch":50123,"height":1000000,"time":"2026-12-01T03:33:31Z","uid":255,"hotkey":` + key + `,"incentive":65535,"dividend":65535,` +
			`"miner":"1234.123456789","validator":"1234.123456789","total":"1234.123456789"}`},
		{&epochsList, `{"epoch":50123,"first":1000000,"last":1000019,"began":"2026-12-01T03:33:31Z","ended":"2026-12-01T03:33:31Z","miners":"1234.123456789","validators":"1234.123456789","paid_miners":192,"paid_validators":64,"seats":256}`},
		{&weightsList, `{"epoch":50123,"height":1000000,"time":"2026-12-01T03:33:31Z","validator_uid":255,"uid":65535,"value":65535}`},
	} {
		rows, err := c.l.table([]json.RawMessage{json.RawMessage(c.row)})
		if err != nil {
			t.Fatal(err)
		}
		if got, left := fitting(rows, c.l.wide, 80); tableWidth(got) > 80 {
			t.Errorf("%s: %d columns %q, without %q", c.l.name, tableWidth(got), got[0], left)
		}
	}
}

// TestCausesThatDoNotFitStandBelowTheirRow, in lines that fit, and the sums stay.
func TestCausesThatDoNotFitStandBelowTheirRow(t *testing.T) {
	cause := earning.Cause{Text: "the share of others grew: its own is 0.3267, was 0.3285; all miners were paid 12.064067272, before 12.060892266"}
	e := earnings{To: 1, Epochs: []paidEpoch{{Epoch: 0, Total: 7}, {Epoch: 1, Total: 6, Change: "−0.000000001", Causes: []earning.Cause{cause}}}}
	var wide, narrow bytes.Buffer
	if err := errors.Join(e.tell(&wide, 20, 0), e.tell(&narrow, 20, 80)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(wide.String(), "−0.000000001  "+cause.Text+"\n") {
		t.Errorf("wide: %s", wide.String())
	}
	words := strings.Join(strings.Fields(narrow.String()), " ")
	if !strings.Contains(words, "−0.000000001 "+cause.Text+" day") || !strings.Contains(words, "epoch time work judging total change 0 ") {
		t.Errorf("narrow: %s", narrow.String())
	}
	if n := widest(narrow.String()); n > 80 {
		t.Errorf("narrow: a line of %d columns: %s", n, narrow.String())
	}
}
