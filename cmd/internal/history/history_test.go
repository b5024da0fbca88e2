package history_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// node paid two seats in each epoch; Short is what the record of the epoch lacks.
type node struct {
	history.Node
	short protocol.Amount
}

func (node) Payments(_ context.Context, e protocol.Epoch, yield func(*api.Emission) error) error {
	for uid := range protocol.UID(2) {
		m := api.Emission{Epoch: e, Height: 19, Holder: api.Holder{UID: uid}, Incentive: 32768, Miner: 1_500_000_000, Total: 1_500_000_000}
		if uid == 1 {
			m.Time = time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC)
		}
		if err := yield(&m); err != nil {
			return err
		}
	}
	return nil
}

func (n node) Epoch(context.Context, protocol.Epoch) (*api.Epoch, error) {
	return &api.Epoch{Miners: 3*protocol.Unit - n.short}, nil
}

func table() *history.Table {
	all := history.Tables()
	return &all[0]
}

// TestATableHasExactMoneyAndTimes: a decimal and a timestamp in Parquet, which
// readers sum and compare without loss.
func TestATableHasExactMoneyAndTimes(t *testing.T) {
	dir := t.TempDir()
	if _, err := table().Write(t.Context(), export.Config{Dir: dir, ChainID: "x", To: 1}, node{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "payments", "data", "epoch-00000001.parquet")
	rows, err := parquet.ReadFile[history.Payment](path)
	if err != nil || len(rows) != 2 {
		t.Fatalf("got %v, %v", rows, err)
	}
	if r := rows[1]; r.Miner != 1_500_000_000 || r.Time != 1_767_323_045_678_901 || rows[0].Time != 0 || r.Incentive != 32768.0/65535 {
		t.Errorf("got %+v", rows)
	}
	columns := map[string]string{}
	for _, f := range parquet.SchemaOf(history.Payment{}).Fields() {
		columns[f.Name()] = f.Type().String()
	}
	for column, want := range map[string]string{"miner": "DECIMAL(18,9)", "time": "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)"} {
		if got := columns[column]; got != want {
			t.Errorf("%s: got %s, want %s", column, got, want)
		}
	}
	r, err := table().Verify(t.Context(), dir, node{}, nil)
	if err != nil || len(r.Wrong) > 0 || r.Ledger != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestPaymentsThatDoNotAddUpAreNotWritten(t *testing.T) {
	dir := t.TempDir()
	_, err := table().Write(t.Context(), export.Config{Dir: dir, ChainID: "x"}, node{short: 1})
	if !errors.Is(err, history.ErrSum) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "payments", "data", "epoch-00000000.parquet")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the epoch is there: %v", err)
	}
}

// TestRowsWriteTheirLinesAsAnyoneWould: byte for byte what package encoding/json
// makes of them, whatever is in them.
func TestRowsWriteTheirLinesAsAnyoneWould(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	part := func() float64 { return float64(random.Uint32()>>random.Uint32N(33)) / 65535 }
	number := func() int64 { return random.Int64() >> random.Uint32N(64) }
	for i := range 1000 {
		text := []string{"inference", "", "\"<&>\u2028\x00\xff", "assay1qw…"}[i%4]
		when := history.Micros(number() >> 12) // up to the year 2041
		rows := []any{
			&history.Payment{
				Epoch: number(), Block: number(), Time: when, UID: int32(number()), Registered: number(), Hotkey: text, Coldkey: text, Incentive: part(), Dividend: part(),
				Miner: history.Tokens(number()), Validator: history.Tokens(number()), Total: history.Tokens(number()), Drawn: number(), Fulfilled: number(),
			},
			&history.Weight{Epoch: number(), Block: number(), Time: when, Validator: int32(number()), UID: int32(number()), Value: int32(number()), Share: part()},
			&history.Score{
				Epoch: number(), Time: when, UID: int32(number()), Registered: number(), Hotkey: text, Kind: text, Final: i%2 == 0, Asked: number(), Answered: number(), Exact: number(),
				Inexact: number(), Late: number(), NotGiven: number(), Units: number(), Bound: part(), Speed: part(), Availability: part(), Weight: part(), Reason: text,
			},
		}
		for _, row := range rows {
			var want bytes.Buffer
			e := json.NewEncoder(&want)
			e.SetEscapeHTML(false)
			if err := e.Encode(row); err != nil {
				t.Fatal(err)
			}
			if got, err := export.Line(row); err != nil || string(got)+"\n" != want.String() {
				t.Fatalf("got %s, %v\nwant %s", got, err, want.String())
			}
		}
	}
}

// TestTokensAreExact: nine places, whatever the amount.
func TestTokensAreExact(t *testing.T) {
	for n, want := range map[history.Tokens]string{0: `"0.000000000"`, 1: `"0.000000001"`, 1_500_000_000: `"1.500000000"`, 21_000_000_000_000_007: `"21000000.000000007"`} {
		if got, err := json.Marshal(n); err != nil || string(got) != want {
			t.Errorf("%d: got %s, %v, want %s", n, got, err, want)
		}
	}
}

// TestTablesOfTwoNetworksDoNotMix: one manifest is of one network.
func TestTablesOfTwoNetworksDoNotMix(t *testing.T) {
	dir := t.TempDir()
	if err := history.Fits(dir, "x"); err != nil {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := table().Write(t.Context(), export.Config{Dir: dir, ChainID: "x"}, node{}); err != nil {
		t.Fatal(err)
	}
	if err := history.Fits(dir, "x"); err != nil {
		t.Errorf("its own network: %v", err)
	}
	if err := history.Fits(dir, "y"); !errors.Is(err, export.ErrOther) {
		t.Errorf("another network: %v", err)
	}
}

// TestAManifestNamesTablesAlone, and no other directory that has a manifest.
func TestAManifestNamesTablesAlone(t *testing.T) {
	m := history.Manifest{Tables: []history.Entry{{Table: ".."}, {Table: "\x1b[2Jcards"}}}
	got, err := m.Differs(t.TempDir())
	want := []string{`"..": there is no such table`, `"\x1b[2Jcards": there is no such table`}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzReadManifest(f *testing.F) {
	whole, err := json.Marshal(&history.Manifest{Format: history.Format, ChainID: "x", Tables: []history.Entry{{Table: "payments", Rows: 1}}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(whole), "{}", "[]", `{"format":"assay-history/1","tables":[{"table":"../../etc"}]}`, `{"format":"assay-history/2"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := history.ReadManifest(dir)
		if err != nil {
			if !errors.Is(err, history.ErrManifest) {
				t.Errorf("got %v", err)
			}
			return
		}
		// Whatever it names, nothing outside the directory is read.
		differs, err := m.Differs(dir)
		if err != nil || len(differs) != len(m.Tables) {
			t.Errorf("%d tables: got %q, %v", len(m.Tables), differs, err)
		}
	})
}

// crowd paid as many seats as a network has at most in each epoch.
type crowd struct{ history.Node }

const crowded = 4096

func (crowd) Payments(_ context.Context, e protocol.Epoch, yield func(*api.Emission) error) error {
	m := api.Emission{Epoch: e, Height: 19, Time: time.Unix(1, 0), Incentive: 16, Miner: protocol.Unit, Total: protocol.Unit}
	for uid := range protocol.UID(crowded) {
		m.UID = uid
		m.Hotkey[0], m.Hotkey[1], m.Hotkey[2] = 2, byte(uid>>8), byte(uid)
		if err := yield(&m); err != nil {
			return err
		}
	}
	return nil
}

func (crowd) Epoch(context.Context, protocol.Epoch) (*api.Epoch, error) {
	return &api.Epoch{Miners: crowded * protocol.Unit}, nil
}

// BenchmarkWritePayments writes sixteen epochs of the largest network in both
// forms, without the node that would be asked.
func BenchmarkWritePayments(b *testing.B) {
	for b.Loop() {
		if _, err := table().Write(b.Context(), export.Config{Dir: b.TempDir(), ChainID: "x", To: 15}, crowd{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(16*crowded*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// TestAManifestIsOfOneExport: what a hostile one may say is refused, and one of the
// version before has no states.
func TestAManifestIsOfOneExport(t *testing.T) {
	dir := t.TempDir()
	read := func(text string) (*history.Manifest, error) {
		if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return history.ReadManifest(dir)
	}
	for _, text := range []string{
		`{"format":"assay-history/3"}`, `{"format":"assay-history/2"}{}`, `{"format":"assay-history/2","more":1}`,
		`{"format":"assay-history/2","states":[{"epoch":3},{"epoch":3}]}`, `{"format":"assay-history/2","states":[{"epoch":4},{"epoch":3}]}`,
	} {
		if _, err := read(text); !errors.Is(err, history.ErrManifest) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	old, err := read(`{"format":"assay-history/1","chain_id":"x","tables":[{"table":"payments"}]}`)
	if err != nil || old.Of(0) != nil || !old.Has("payments") || old.Has("weights") {
		t.Errorf("got %+v, %v", old, err)
	}
	m, err := read(`{"format":"assay-history/2","states":[{"epoch":3,"height":99},{"epoch":7,"height":179}]}`)
	if err != nil || m.Of(7) == nil || m.Of(7).Height != 179 || m.Of(5) != nil {
		t.Errorf("got %+v, %v", m, err)
	}
}

// FuzzManifest: any bytes are a manifest whose states ascend, or none.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":"assay-history/2","chain_id":"x","states":[{"epoch":3,"height":99}],"tables":[{"table":"payments","to":3}]}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, "manifest.json"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := history.ReadManifest(dir)
		if err != nil {
			return
		}
		for i := range m.States {
			if got := m.Of(m.States[i].Epoch); got != &m.States[i] {
				t.Errorf("epoch %d: got %+v", m.States[i].Epoch, got)
			}
		}
		if _, err := m.Differs(dir); err != nil {
			t.Error(err)
		}
	})
}
