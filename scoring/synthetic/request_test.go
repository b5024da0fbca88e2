package synthetic_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/schema"
)

func never(string) (string, bool) { panic("a program was run") }

func askedFor(spec string) *wire.Request {
	return &wire.Request{Specification: spec, Count: 3, Price: price, Maximum: 3 * price, Deadline: 100}
}

// TestASpecificationBombIsRefusedBeforeItCosts a requester its fee, or a judge more
// than a record would.
func TestASpecificationBombIsRefusedBeforeItCosts(t *testing.T) {
	for name, c := range map[string]struct {
		spec string
		want error
	}{
		"no JSON":                 {`{"topic": `, value.ErrForm},
		"no object":               {`["tea"]`, synthetic.ErrLine},
		"a number of its own":     {`{"count": 3}`, synthetic.ErrLine},
		"a beacon of its own":     {`{"beacon": "00"}`, synthetic.ErrLine},
		"a set":                   {`{"sets": []}`, synthetic.ErrLine},
		"a model that is none":    {`{"model": "best"}`, synthetic.ErrLine},
		"a family and examples":   {`{"family": "code", "examples": ["x"]}`, synthetic.ErrSpecification},
		"an unknown family":       {`{"family": "poetry"}`, synthetic.ErrSpecification},
		"a short example":         {`{"examples": ["tea"]}`, synthetic.ErrSpecification},
		"a deep schema":           {`{"schema": ` + strings.Repeat(`{"not":`, 40) + `{}` + strings.Repeat(`}`, 40) + `}`, value.ErrLimit},
		"a schema in circles":     {`{"schema": {"$ref": "#"}}`, schema.ErrCost},
		"a pattern that explodes": {`{"schema": {"pattern": "` + strings.Repeat("(", 60) + "a" + strings.Repeat("{1,99})", 60) + `"}}`, schema.ErrCost},
		"more than bytes hold":    {strings.Repeat(" ", wire.MaxSpecification+1), value.ErrLimit},
	} {
		if _, err := synthetic.ParseAsked(askedFor(c.spec), never); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		// Who sends it all the same has it judged: nothing is paid for it.
		pays, err := synthetic.Settle(&ledger.Request{Asked: *askedFor(c.spec)}, []ledger.Record{{MadeRecord: ledger.MadeRecord{Text: "x"}}}, protocol.Hash{1}, nil, never)
		if err != nil || pays != nil {
			t.Errorf("%s: paid %v, %v", name, pays, err)
		}
	}
	good := `{"topic": "tea", "model": "` + strings.Repeat("0a", 32) + `", "examples": ["` + write(rand.New(rand.NewPCG(1, 1)), 40) + `"]}`
	s, err := synthetic.ParseAsked(askedFor(good), never)
	if err != nil || s.Topic != "tea" || s.Count != 3 || s.Price != price || s.Maximum != 3*price || len(s.Examples) != 1 {
		t.Errorf("got %+v, %v", s, err)
	}
}

// cost returns the bytes that do allocates, and the processor time that it takes.
func cost(do func()) (bytes uint64, took time.Duration) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := enginetest.Worked()
	do()
	took = enginetest.Worked() - begun
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, took
}

// Bounds of what bad input may cost, far above what it does and far below what it
// would without limits.
const (
	mostBytes = 256 << 20
	mostTime  = 10 * time.Second
)

// TestBadSpecificationsCostLittle, whether they are refused or judged.
func TestBadSpecificationsCostLittle(t *testing.T) {
	doubling := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"$ref": "#/$defs/0", "$defs": {`)
		for i := range n {
			fmt.Fprintf(&b, `"%d": {"allOf": [{"$ref": "#/$defs/%d"}, {"$ref": "#/$defs/%d"}]},`, i, i+1, i+1)
		}
		fmt.Fprintf(&b, `"%d": {"type": "string"}}}`, n)
		return b.String()
	}
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d": 1, `, i)
		}
		return b.String()
	}
	million := keys(1_000_000)
	var records []ledger.Record
	for i, text := range []string{
		`"` + strings.Repeat("a", 30<<10) + `"`, `{` + million + `"a": 1}`, `{` + keys(2000) + `"a": 1}`, strings.Repeat("[", 30<<10), "\"\xff\"", strings.Repeat("[1,", 10<<10), "",
	} {
		records = append(records, ledger.Record{Seal: protocol.Hash{byte(i)}, MadeRecord: ledger.MadeRecord{Text: text}})
	}
	for name, c := range map[string]struct {
		spec string
		want error // nil: it is taken, and judges the records below
	}{
		"invalid UTF-8":              {"{\"topic\": \"\xff\"}", value.ErrForm},
		"half a surrogate pair":      {`{"topic": "\ud800"}`, value.ErrForm},
		"a key twice":                {`{"topic": "a", "topic": "b"}`, value.ErrForm},
		"a million keys":             {`{` + million + `"topic": "tea"}`, value.ErrLimit},
		"as many keys as fit":        {`{"schema": {"properties": {` + keys(1300) + `"a": 1}}}`, schema.ErrSchema},
		"a deep specification":       {strings.Repeat("[", 8000) + strings.Repeat("]", 8000), value.ErrLimit},
		"a schema of itself":         {`{"schema": {"items": {"$ref": "#"}}}`, schema.ErrCost},
		"two schemas of each other":  {`{"schema": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}}`, schema.ErrCost},
		"exponential references":     {`{"schema": ` + doubling(60) + `}`, schema.ErrCost},
		"references at the limit":    {`{"schema": ` + doubling(9) + `}`, nil},
		"a pattern that backtracks":  {`{"schema": {"pattern": "^(a+)+$"}}`, nil},
		"another":                    {`{"schema": {"pattern": "^(a|a)*(a*)*(a?){90}b$"}}`, nil},
		"a pattern of many states":   {`{"schema": {"pattern": "((a{9}){9}){9}b{900}"}}`, schema.ErrCost},
		"a long number":              {`{"schema": {"minimum": 1` + strings.Repeat("0", 9000) + `}}`, value.ErrLimit},
		"a large number":             {`{"schema": {"multipleOf": 1e999999999}}`, value.ErrLimit},
		"examples that fill all":     {`{"examples": [` + strings.Repeat(`"a", `, 15) + `"` + strings.Repeat("a ", 6000) + `"]}`, synthetic.ErrSpecification},
		"a reference to elsewhere":   {`{"schema": {"$ref": "https://example.com/"}}`, schema.ErrSchema},
		"nothing but spaces":         {strings.Repeat(" ", wire.MaxSpecification), value.ErrForm},
		"a topic as long as a story": {`{"topic": "` + strings.Repeat("a", 16000) + `"}`, synthetic.ErrSpecification},
	} {
		bytes, took := cost(func() {
			if _, err := synthetic.ParseAsked(askedFor(c.spec), never); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
			pays, err := synthetic.Settle(&ledger.Request{Asked: *askedFor(c.spec)}, records, protocol.Hash{1}, nil, never)
			if err != nil || len(pays) > 0 {
				t.Errorf("%s: paid %v, %v", name, pays, err)
			}
		})
		if bytes > mostBytes || took > mostTime {
			t.Errorf("%s: took %d bytes and %s", name, bytes, took)
		}
	}
}

// TestARequestOnTheLedgerIsPaidAsItsFileWouldBe: numbers are places by seal, and
// records count in the order of their blocks.
func TestARequestOnTheLedgerIsPaidAsItsFileWouldBe(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	q := &ledger.Request{Asked: *askedFor(`{"topic": "tea"}`)}
	var records []ledger.Record
	texts := []string{write(r, 60), write(r, 60), write(r, 60), "too short", write(r, 60)}
	for i, text := range texts {
		records = append(records, ledger.Record{
			Seal:       protocol.Hash{byte(i + 1)},
			MadeRecord: ledger.MadeRecord{Maker: protocol.PublicKey{2, byte(i)}, Height: protocol.Height(50 - i), Text: text},
		})
	}
	records = append(records, records[4]) // a copy of what was first, by another, later
	records[5].Seal, records[5].Maker, records[5].Height = protocol.Hash{9}, protocol.PublicKey{3}, 60
	pays, err := synthetic.Settle(q, records, protocol.Hash{1}, nil, never)
	want := []wire.RecordPay{{Number: 1, Amount: price}, {Number: 2, Amount: price}, {Number: 4, Amount: price}}
	if err != nil || !slices.Equal(pays, want) {
		t.Errorf("paid %v, %v, want %v: the three that were first and passed", pays, err, want)
	}
	if err := (&wire.OpenFinding{Pays: pays}).Check(); err != nil {
		t.Error(err)
	}
}

// TestOfEqualsInOneBlockTheBeaconChooses: one is paid, whichever it is, and both
// are under some beacon.
func TestOfEqualsInOneBlockTheBeaconChooses(t *testing.T) {
	text := write(rand.New(rand.NewPCG(3, 3)), 60)
	q := &ledger.Request{Asked: *askedFor(`{"topic": "tea"}`)}
	records := []ledger.Record{
		{Seal: protocol.Hash{1}, MadeRecord: ledger.MadeRecord{Maker: protocol.PublicKey{2}, Height: 9, Text: text}},
		{Seal: protocol.Hash{2}, MadeRecord: ledger.MadeRecord{Maker: protocol.PublicKey{3}, Height: 9, Text: text}},
	}
	won := map[uint32]int{}
	for i := range 32 {
		pays, err := synthetic.Settle(q, records, protocol.Hash{byte(i)}, nil, never)
		if err != nil || len(pays) != 1 {
			t.Fatalf("paid %v, %v", pays, err)
		}
		won[pays[0].Number]++
	}
	if won[0] < 8 || won[1] < 8 {
		t.Errorf("of 32 beacons, the two had %v", won)
	}
}

func FuzzParseAsked(f *testing.F) {
	f.Add(`{"topic": "tea", "schema": {"type": "object"}, "run": ["a"], "examples": ["{}"]}`)
	f.Add(`{"family": "code"}`)
	f.Fuzz(func(t *testing.T, spec string) {
		if _, err := synthetic.ParseAsked(askedFor(spec), func(string) (string, bool) { return "", true }); err == nil && spec == "" {
			t.Error("nothing is a specification")
		}
		if _, err := synthetic.Settle(&ledger.Request{Asked: *askedFor(spec)}, nil, protocol.Hash{}, nil, func(string) (string, bool) { return "", true }); err != nil {
			t.Error(fmt.Errorf("no judgement: %w", err))
		}
	})
}
