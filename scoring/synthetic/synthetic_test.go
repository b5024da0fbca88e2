package synthetic_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/store"
	families "github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/index"
	"github.com/assaynet/assay/scoring/synthetic/schema"
)

const (
	one   = 1 << 16
	price = 1000
)

// write returns prose of n words that nobody wrote before: of a vocabulary of some
// thousand words, by seed.
func write(r *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		for range 1 + r.IntN(3) {
			b.WriteByte("bcdfghklmnprstvwz"[r.IntN(17)])
			b.WriteByte("aeiou"[r.IntN(5)])
		}
	}
	return b.String() + "."
}

func request(count uint32) *synthetic.Specification {
	return &synthetic.Specification{Count: count, Price: price, Maximum: uint64(count) * price, Beacon: protocol.Hash{1}}
}

// record returns the i-th record, committed in block i.
func record(i int, maker uint32, text string) synthetic.Record {
	return synthetic.Record{ID: protocol.Hash{0: byte(i >> 8), 1: byte(i)}, Maker: maker, Block: uint64(i), Text: text}
}

// judge judges records in memory and, in a test, through files with hardly any:
// both say the same.
func judge(t testing.TB, c synthetic.Config, records []synthetic.Record) ([]synthetic.Judgement, synthetic.Total) {
	t.Helper()
	c.Rules = synthetic.Default()
	j, err := synthetic.NewJudge(c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := j.Judge(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	list, total := j.Finish()
	if _, benchmark := t.(*testing.B); benchmark {
		return list, total
	}
	inBulk, inAll := bulk(t, c, records, func(synthetic.Record, *index.Entry) {})
	if !reflect.DeepEqual(inBulk, list) || !reflect.DeepEqual(inAll, total) {
		for i := range list {
			if !reflect.DeepEqual(inBulk[i], list[i]) {
				t.Fatalf("record %d: in bulk %+v, in memory %+v", i, inBulk[i], list[i])
			}
		}
		t.Fatalf("in bulk %+v, in memory %+v", inAll, total)
	}
	return list, total
}

// earned adds up what each maker is paid.
func earned(list []synthetic.Judgement) map[uint32]uint64 {
	sum := map[uint32]uint64{}
	for _, m := range list {
		sum[m.Maker] += m.Pay
	}
	return sum
}

// TestCheapTricksEarnNothingBesideAnHonestMaker: a hundred records of each, in
// turn. A trick is worth at most a tenth of honest work.
func TestCheapTricksEarnNothingBesideAnHonestMaker(t *testing.T) {
	const honest, filler, slots, copier, replayer, looper, leaker, short = 1, 2, 3, 4, 5, 6, 7, 8
	r := rand.New(rand.NewPCG(1, 1))
	var public []uint64
	var book []string
	for range 100 {
		page := write(r, 60)
		book = append(book, page)
		public = append(public, text.Novel(text.Words(page))...)
	}
	known := gramset.Of(text.NovelGram, public)
	var lists [8][]string
	for i := range 8 {
		lists[i%8] = append(lists[i%8], write(r, 6), write(r, 6))
	}
	var records []synthetic.Record
	add := func(maker uint32, text string) { records = append(records, record(len(records), maker, text)) }
	own := write(r, 60)
	for i := range 100 {
		page := write(r, 60)
		add(honest, page)
		add(filler, fmt.Sprintf("On day %d the merchant %s sold %d lamps to the keeper of the old house by the river and went home with the coins.", i, "N"+write(r, 1), i*7))
		var grammar []string
		for _, l := range lists {
			if len(l) > 0 {
				grammar = append(grammar, l[r.IntN(len(l))])
			}
		}
		add(slots, strings.Join(grammar, " "))
		add(copier, page)
		add(replayer, book[i])
		add(looper, strings.Repeat(write(r, 3)+" ", 20))
		add(leaker, write(r, 60)+" me@"+"acme.io")
		add(short, "too few words")
		if i%2 == 0 {
			add(9, own) // one record again and again
		}
	}
	spec := request(2000)
	spec.Sets = []protocol.Hash{known.Name()}
	list, total := judge(t, synthetic.Config{Specification: spec, Sets: []*gramset.Set{known}}, records)
	got := earned(list)
	if got[honest] < 95*price {
		t.Errorf("the honest maker is paid %d for a hundred records of %d", got[honest], price)
	}
	for maker := uint32(filler); maker <= 9; maker++ {
		if got[maker] > got[honest]/10 {
			t.Errorf("maker %d is paid %d, the honest one %d: %v", maker, got[maker], got[honest], total.Failed)
		}
	}
	if total.Paid+total.Returned != spec.Maximum || total.Records != len(records) {
		t.Errorf("the total is %+v", total)
	}
}

// TestGatesNameWhatTheyFound: one record for each gate, alone.
func TestGatesNameWhatTheyFound(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	s, err := schema.Compile([]byte(`{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	exam := write(r, 40)
	sets := []*gramset.Set{gramset.Of(text.OverlapGram, text.Grams(text.Plain(text.Words(exam)), text.OverlapGram))}
	spec := request(50)
	spec.Schema, spec.Sets, spec.Run = s, []protocol.Hash{sets[0].Name()}, []string{"text"}
	long := write(r, 30)
	wrap := func(s string) string { return fmt.Sprintf(`{"text":%q}`, s) }
	var records []synthetic.Record
	want := []string{}
	add := func(failed, text string) {
		records = append(records, record(len(records), 1, text))
		want = append(want, failed)
	}
	add("", wrap(long))
	add("form", "{")
	add("form", `{"text":1,"text":2}`)
	add("form", "{"+strings.Repeat(`"a":1,`, 1<<20)+`"b":1}`)
	add("schema length novelty", `{"text":7}`)
	add("schema", `["`+write(r, 30)+`"]`)
	add("length", wrap(write(r, 4)))
	add("length", wrap(write(r, 5000)))
	add("repetition", wrap(strings.Repeat(write(r, 9)+" ", 3)))
	add("overlap", wrap(write(r, 40)+" "+strings.Join(strings.Fields(exam)[5:18], " ")))
	add("", wrap(write(r, 40)+" "+strings.Join(strings.Fields(exam)[5:17], " ")))
	add("private", wrap(write(r, 30)+" ghp_"+strings.Repeat("x", 36)))
	add("alike novelty", wrap(long+" and more"))
	add("novelty", wrap(write(r, 8)+" "+long+" "+write(r, 8)))
	add("run", wrap("refused "+write(r, 30)))
	run := func(program string) (string, bool) { return "", !strings.HasPrefix(program, "refused") }
	list, total := judge(t, synthetic.Config{Specification: spec, Sets: sets, Run: run}, records)
	for i, m := range list {
		var failed []string
		for _, g := range m.Failed {
			failed = append(failed, string(g))
		}
		if got := strings.Join(failed, " "); got != want[i] {
			t.Errorf("record %d: failed %q, want %q: %+v", i, got, want[i], m)
		}
		if paid := m.Pay > 0; paid != (want[i] == "") {
			t.Errorf("record %d is paid %d", i, m.Pay)
		}
	}
	if total.Failed[synthetic.GateForm] != 3 || total.Accepted != 2 {
		t.Errorf("the total is %+v", total)
	}
}

// TestWhoReplacesWordsHereAndThereIsNotNew: a copy in which every tenth word is
// another is half new; one in which every fifth is has no run of five words in
// common any more, and half of the skeleton; with every third there is none of it.
func TestWhoReplacesWordsHereAndThereIsNotNew(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	page := write(r, 60)
	spin := func(every int) string {
		words := strings.Fields(page)
		for i := every / 2; i < len(words); i += every {
			words[i] = write(r, 1)
		}
		return strings.Join(words, " ")
	}
	list, _ := judge(t, synthetic.Config{Specification: request(9)},
		[]synthetic.Record{record(1, 1, page), record(2, 2, spin(10)), record(3, 2, spin(7)), record(4, 2, spin(5)), record(5, 2, spin(3))})
	for i, want := range []struct {
		novelty uint32
		reason  synthetic.Gate
	}{{one, ""}, {30 * one / 56, synthetic.GateNovelty}, {40 * one / 56, synthetic.GateNovelty}, {one, synthetic.GateNovelty}, {one, ""}} {
		if m := list[i]; m.Novelty != want.novelty || m.Reason != want.reason {
			t.Errorf("record %d: novelty %d, reason %q, want %d, %q", i, m.Novelty, m.Reason, want.novelty, want.reason)
		}
	}
}

// TestEachFamilyHasItsOwnNovelty: facts are compared as they stand, for they are
// what an answer says; a program may be much like another; prose may not.
func TestEachFamilyHasItsOwnNovelty(t *testing.T) {
	const first = `{"person": "Yusuf Moreau", "city": "Jaipur", "item": "lanterns", "count": 143, "day": "2001-09-11"}`
	const other = `{"person": "Jun Castell", "city": "Riga", "item": "mirrors", "count": 182, "day": "2025-07-05"}`
	const masked = `{"person": "Jun Castell", "city": "Riga", "item": "lanterns", "count": 182, "day": "2025-07-05"}`
	const program = "```python\ndef rotate(xs):\n    n = 3 % max(1, len(xs))\n    return xs[n:] + xs[:n]\n```\nIt takes the head off and puts it behind."
	const longer = program + " A list that is empty stays."
	for _, c := range []struct {
		family        families.Family
		before, after string
		novelty       uint32
		fails         bool
	}{
		{families.Extraction, first, first, 0, true},
		{families.Extraction, first, other, one, false},
		{families.Arithmetic, first, other, one, false},
		{families.Instruction, first, masked, 0, true},
		{families.Code, program, longer, 6 * one / 26, false},
		{families.Code, program, program, 0, true},
		{families.Dialogue, program, longer, 6 * one / 26, true},
	} {
		known := gramset.Of(text.NovelGram, c.family.Grams(text.Words(c.before)))
		spec := request(1)
		spec.Family, spec.Sets = c.family, []protocol.Hash{known.Name()}
		list, _ := judge(t, synthetic.Config{
			Specification: spec, Sets: []*gramset.Set{known}, Run: func(string) (string, bool) { return "", false },
		}, []synthetic.Record{record(1, 1, c.after)})
		if m := list[0]; m.Novelty != c.novelty || slices.Contains(m.Failed, synthetic.GateNovelty) != c.fails {
			t.Errorf("%s: novelty %d, failed %v, want %d, %v", c.family, m.Novelty, m.Failed, c.novelty, c.fails)
		}
	}
}

// TestTheFirstToCommitIsPaid: of equal records of one block the beacon chooses,
// and the other is only not new.
func TestTheFirstToCommitIsPaid(t *testing.T) {
	page := write(rand.New(rand.NewPCG(3, 1)), 40)
	won := map[uint32]int{}
	for b := range 32 {
		spec := request(5)
		spec.Beacon = protocol.Hash{byte(b)}
		records := []synthetic.Record{
			{ID: protocol.Hash{1}, Maker: 1, Block: 7, Text: page},
			{ID: protocol.Hash{2}, Maker: 2, Block: 7, Text: page},
			{ID: protocol.Hash{3}, Maker: 3, Block: 8, Text: page},
			{ID: protocol.Hash{4}, Maker: 4, Block: 9, Text: page},
		}
		slices.SortFunc(records, func(x, y synthetic.Record) int {
			return synthetic.PlaceOf(spec, x.Block, x.ID).Compare(synthetic.PlaceOf(spec, y.Block, y.ID))
		})
		list, _ := judge(t, synthetic.Config{Specification: spec}, records)
		for _, m := range list {
			if m.Pay == price {
				won[m.Maker]++
			} else if m.Reason != synthetic.GateAlike {
				t.Errorf("maker %d: %+v", m.Maker, m)
			}
		}
	}
	if won[1]+won[2] != 32 || won[1] < 8 || won[2] < 8 {
		t.Errorf("of 32 draws the makers won %v", won)
	}
}

func TestRecordsOutOfOrderAreRefused(t *testing.T) {
	j, err := synthetic.NewJudge(synthetic.Config{Rules: synthetic.Default(), Specification: request(5)})
	if err != nil {
		t.Fatal(err)
	}
	a, b := record(1, 1, "a"), record(2, 1, "b")
	if err := j.Judge(&b); err != nil {
		t.Fatal(err)
	}
	inBulk, err := synthetic.NewBulk(synthetic.Config{Rules: synthetic.Default(), Specification: request(5)}, t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inBulk.Close() }()
	if err := inBulk.Judge(&b); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*synthetic.Record{&a, &b} {
		if err := j.Judge(r); !errors.Is(err, synthetic.ErrOrder) {
			t.Errorf("got %v, want %v", err, synthetic.ErrOrder)
		}
		if err := inBulk.Judge(r); !errors.Is(err, synthetic.ErrOrder) {
			t.Errorf("in bulk: got %v, want %v", err, synthetic.ErrOrder)
		}
	}
}

// TestARequestPaysNoMoreThanItHas: by its count, and by its maximum.
func TestARequestPaysNoMoreThanItHas(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	var records []synthetic.Record
	for i := range 10 {
		records = append(records, record(i, 1, write(r, 40)))
	}
	for _, c := range []struct {
		count   uint32
		maximum uint64
		want    int
	}{{3, 100 * price, 3}, {50, 4*price + 999, 4}, {50, 50 * price, 10}} {
		spec := request(c.count)
		spec.Maximum = c.maximum
		list, total := judge(t, synthetic.Config{Specification: spec}, records)
		if total.Accepted != c.want || total.Failed[synthetic.Full] != 10-c.want || total.Paid > c.maximum || total.Paid+total.Returned != c.maximum {
			t.Errorf("%d of at most %d: %+v", c.count, c.maximum, total)
		}
		if last := list[9]; c.want < 10 && (last.Reason != synthetic.Full || last.Pay != 0 || len(last.Failed) != 0) {
			t.Errorf("the last record: %+v", last)
		}
	}
}

// TestLikeRecordsOfOneMakerCountAsFewer: two makers with new records each, of which
// one's have a sixth in common.
func TestLikeRecordsOfOneMakerCountAsFewer(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	common := strings.TrimSuffix(write(r, 11), ".")
	var records []synthetic.Record
	for i := range 40 {
		records = append(records, record(2*i, 1, write(r, 60)), record(2*i+1, 2, common+" "+write(r, 49)))
	}
	list, total := judge(t, synthetic.Config{Specification: request(1000)}, records)
	got := earned(list)
	if total.Accepted != 80 || got[1] < 39*price || got[2] > got[1]*9/10 {
		t.Errorf("%d accepted, paid %v", total.Accepted, got)
	}
	for _, m := range list {
		if m.Pay != price*uint64(m.Diversity)>>16 {
			t.Errorf("pay %d at a diversity of %d", m.Pay, m.Diversity)
		}
	}
}

// TestWhatEarlierRequestsHadIsNotNew: over a window, and over the request's own
// examples.
func TestWhatEarlierRequestsHadIsNotNew(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	page, other := write(r, 40), write(r, 40)
	var entries []index.Entry
	bulk(t, synthetic.Config{Rules: synthetic.Default(), Specification: request(5)},
		[]synthetic.Record{record(1, 1, page), record(2, 2, "no")},
		func(_ synthetic.Record, e *index.Entry) { entries = append(entries, *e) })
	if len(entries) != 1 {
		t.Fatalf("%d records were accepted, want 1", len(entries))
	}
	db, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	w, err := index.OpenDisk(db, "window")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(entries); err != nil {
		t.Fatal(err)
	}
	spec := request(5)
	spec.Examples = []string{other}
	list, _ := judge(t, synthetic.Config{Specification: spec, Window: w},
		[]synthetic.Record{record(1, 1, page), record(2, 2, other), record(3, 3, write(r, 40))})
	for i, want := range []string{"alike novelty", "alike novelty", ""} {
		if got := strings.Trim(fmt.Sprint(list[i].Failed), "[]"); got != want {
			t.Errorf("record %d: failed %q, want %q", i, got, want)
		}
	}
}

func TestSpecificationsThatCannotBeJudgedAreRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	page := write(r, 40)
	for name, c := range map[string]struct {
		change func(*synthetic.Specification)
		want   error
	}{
		"no records":          {func(s *synthetic.Specification) { s.Count = 0 }, synthetic.ErrSpecification},
		"too many":            {func(s *synthetic.Specification) { s.Count = synthetic.MaxRecords + 1 }, synthetic.ErrSpecification},
		"free":                {func(s *synthetic.Specification) { s.Price = 0 }, synthetic.ErrSpecification},
		"dearer than all":     {func(s *synthetic.Specification) { s.Price = s.Maximum + 1 }, synthetic.ErrSpecification},
		"more than there is":  {func(s *synthetic.Specification) { s.Maximum = 1 << 60 }, synthetic.ErrSpecification},
		"a book for a topic":  {func(s *synthetic.Specification) { s.Topic = write(r, 1000) }, synthetic.ErrSpecification},
		"an unknown family":   {func(s *synthetic.Specification) { s.Family = "poetry" }, synthetic.ErrSpecification},
		"a set nobody gave":   {func(s *synthetic.Specification) { s.Sets = []protocol.Hash{{1}} }, synthetic.ErrSet},
		"many sets":           {func(s *synthetic.Specification) { s.Sets = make([]protocol.Hash, 17) }, synthetic.ErrSpecification},
		"many examples":       {func(s *synthetic.Specification) { s.Examples = make([]string, 17) }, synthetic.ErrSpecification},
		"a bad example":       {func(s *synthetic.Specification) { s.Examples = []string{"short"} }, synthetic.ErrSpecification},
		"one example twice":   {func(s *synthetic.Specification) { s.Examples = []string{page, page} }, synthetic.ErrSpecification},
		"a run of no fields":  {func(s *synthetic.Specification) { s.Run = []string{"code"} }, synthetic.ErrSpecification},
		"a family's examples": {func(s *synthetic.Specification) { s.Family, s.Examples = families.Code, []string{page} }, synthetic.ErrSpecification},
		"a family's schema":   {func(s *synthetic.Specification) { s.Family, s.Schema = families.Code, &schema.Schema{} }, synthetic.ErrSpecification},
	} {
		spec := request(5)
		c.change(spec)
		if _, err := synthetic.NewJudge(synthetic.Config{Rules: synthetic.Default(), Specification: spec}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestAFamilysChecksDecide: an answer to the prompt of a record's own seed.
func TestAFamilysChecksDecide(t *testing.T) {
	spec := request(5)
	spec.Family = families.Arithmetic
	seed := protocol.Hash{31: 2} // 13 boxes of 28 hammers, 2 sold
	good := record(1, 1, "Thirteen boxes of twenty eight hammers each make a total of 364 hammers, and without the two that were sold 362 remain.\nAnswer: 362")
	bad := record(2, 1, "We multiply the boxes by what is inside of them, which gives the number that the question wants from us.\nAnswer: 364")
	good.Seed, bad.Seed = seed, seed
	list, _ := judge(t, synthetic.Config{Specification: spec}, []synthetic.Record{good, bad})
	if list[0].Pay != price || list[1].Reason != synthetic.GateChecks {
		t.Errorf("got %+v and %+v", list[0], list[1])
	}
	if want := []families.Finding{{Check: "form", Pass: true}, {Check: "result", Pass: false}}; !reflect.DeepEqual(list[1].Checks, want) {
		t.Errorf("the checks found %v, want %v", list[1].Checks, want)
	}
}

func TestLinesAreReadStrictly(t *testing.T) {
	id := strings.Repeat("0a", 32)
	good := fmt.Sprintf(`{"record":%q,"maker":7,"block":9,"text":"a\nb"}`, id)
	line, err := synthetic.ParseLine([]byte(good))
	if want := (&synthetic.Record{ID: protocol.Hash([]byte(strings.Repeat("\x0a", 32))), Maker: 7, Block: 9, Text: "a\nb"}); err != nil || !reflect.DeepEqual(line.Record, want) {
		t.Errorf("got %+v, %v, want %+v", line.Record, err, want)
	}
	spec := fmt.Sprintf(`{"specification":{"count":3,"price":5,"maximum":15,"beacon":%q,"topic":"t","schema":{"type":"string"},"run":["a"],"sets":[%q],"examples":["e"]}}`, id, id)
	line, err = synthetic.ParseLine([]byte(spec))
	if err != nil || line.Specification == nil || line.Specification.Count != 3 || line.Specification.Schema == nil || len(line.Specification.Sets) != 1 {
		t.Errorf("got %+v, %v", line.Specification, err)
	}
	for text, want := range map[string]error{
		`{}`:         synthetic.ErrLine,
		`[]`:         synthetic.ErrLine,
		`7`:          synthetic.ErrLine,
		`{"record":`: value.ErrForm,
		strings.Replace(good, `"maker":7`, `"maker":7,"tip":1`, 1):       synthetic.ErrLine,
		strings.Replace(good, `"maker":7,`, ``, 1):                       synthetic.ErrLine,
		strings.Replace(good, `:7`, `:-7`, 1):                            synthetic.ErrLine,
		strings.Replace(good, `:7`, `:7.0`, 1):                           synthetic.ErrLine,
		strings.Replace(good, `:7`, `:4294967296`, 1):                    synthetic.ErrLine,
		strings.Replace(good, `:9`, `:9007199254740992`, 1):              synthetic.ErrLine,
		strings.Replace(good, id, id[1:], 1):                             synthetic.ErrLine,
		strings.Replace(good, `"a\nb"`, `7`, 1):                          synthetic.ErrLine,
		strings.Replace(good, `\n`, `\ud800`, 1):                         value.ErrForm,
		strings.Replace(good, `\n`, "\xff", 1):                           value.ErrForm,
		strings.Replace(good, `7`, "{"+strings.Repeat(`"a":1,`, 1e6), 1): value.ErrLimit,
		strings.Replace(spec, `"string"`, `"strnig"`, 1):                 schema.ErrSchema,
		strings.Replace(spec, `{"type":"string"}`, `{"$ref":"#"}`, 1):    schema.ErrCost,
		strings.Replace(spec, `["e"]`, `[7]`, 1):                         synthetic.ErrLine,
		strings.Replace(spec, `"topic"`, `"topics"`, 1):                  synthetic.ErrLine,
		`{"specification":7}`:                                            synthetic.ErrLine,
		strings.Replace(spec, `{"spec`, `{"maker":1,"spec`, 1):           synthetic.ErrLine,
	} {
		if line, err := synthetic.ParseLine([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%.80s: got %+v, %v, want %v", text, line, err, want)
		}
	}
}

// FuzzParseLine: no line panics, and what is read can be judged.
func FuzzParseLine(f *testing.F) {
	id := strings.Repeat("0a", 32)
	f.Add(fmt.Appendf(nil, `{"record":%q,"maker":7,"block":9,"text":"a b c d e f g h i"}`, id))
	f.Add(fmt.Appendf(nil, `{"specification":{"count":3,"price":5,"maximum":15,"beacon":%q,"schema":{"items":true},"examples":["e"]}}`, id))
	f.Fuzz(func(t *testing.T, b []byte) {
		line, err := synthetic.ParseLine(b)
		if err != nil {
			return
		}
		c := synthetic.Config{Rules: synthetic.Default(), Specification: request(1), Run: func(string) (string, bool) { return "", false }}
		if line.Specification != nil {
			c.Specification = line.Specification
		}
		j, err := synthetic.NewJudge(c)
		if err != nil {
			return
		}
		if line.Record != nil {
			if err := j.Judge(line.Record); err != nil {
				t.Fatal(err)
			}
		}
		if list, total := j.Finish(); total.Paid > c.Specification.Maximum || len(list) > 1 {
			t.Fatalf("total %+v of %d records", total, len(list))
		}
	})
}

// ExampleJudge judges two records of a request.
func ExampleJudge() {
	spec := &synthetic.Specification{Count: 10, Price: 500, Maximum: 5000}
	j, err := synthetic.NewJudge(synthetic.Config{Rules: synthetic.Default(), Specification: spec})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, text := range []string{"A kettle sings because small bubbles form and burst at its hot floor.", "Too short."} {
		if err := j.Judge(&synthetic.Record{ID: protocol.Hash{byte(i)}, Maker: 7, Block: uint64(i), Text: text}); err != nil {
			fmt.Println(err)
			return
		}
	}
	list, total := j.Finish()
	for _, m := range list {
		fmt.Printf("%d %q\n", m.Pay, m.Reason)
	}
	b, _ := json.Marshal(total)
	fmt.Println(string(b))
	// Output:
	// 500 ""
	// 0 "length"
	// {"records":2,"accepted":1,"paid":500,"returned":4500,"failed":{"length":1}}
}

// BenchmarkJudge judges a thousand records of 200 words of a schema.
func BenchmarkJudge(b *testing.B) {
	r := rand.New(rand.NewPCG(8, 1))
	s, err := schema.Compile([]byte(`{"type":"object","required":["prompt","answer"],"properties":{"prompt":{"type":"string","minLength":5},"answer":{"type":"string","pattern":"[a-z]+"}}}`))
	if err != nil {
		b.Fatal(err)
	}
	records := make([]synthetic.Record, 1000)
	for i := range records {
		records[i] = record(i, uint32(i%4), fmt.Sprintf(`{"prompt":%q,"answer":%q}`, write(r, 40), write(r, 160)))
	}
	for b.Loop() {
		spec := request(1000)
		spec.Schema = s
		if _, total := judge(b, synthetic.Config{Specification: spec}, records); total.Accepted != 1000 {
			b.Fatalf("%+v", total)
		}
	}
}
