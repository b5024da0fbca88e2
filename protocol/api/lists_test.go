package api_test

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// items returns the items of the first page at path.
func items[T any](t *testing.T, h http.Handler, path string) []T {
	t.Helper()
	w := get(t, h, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	var p api.Page[T]
	decode(t, w, &p)
	return p.Items
}

// opened are results of three slots.
func opened() (out []*inference.Result) {
	for i := range int32(3) {
		r := &inference.Result{Output: []int32{40 + i, 41, 42}, Finish: "stop", Leaves: make([]protocol.Hash, 3)}
		r.Fingerprint = wire.MerkleRoot(r.Leaves)
		out = append(out, r)
	}
	return out
}

func TestTheNewestComesFirstWhereThatIsAsked(t *testing.T) {
	n, h := seeded(t)
	if err := n.Answer(0, opened()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/emissions?", "/v1/weights?", "/v1/scores?", "/v1/epochs?", "/v1/tasks?"} {
		up := items[json.RawMessage](t, h, path)
		down := items[json.RawMessage](t, h, path+"order=newest")
		slices.Reverse(down)
		if got, want := fmt.Sprintf("%s", down), fmt.Sprintf("%s", up); got != want || len(up) < 2 {
			t.Errorf("%s: the newest first is\n%s\nin reverse, want\n%s", path, got, want)
		}
	}
	if w := get(t, h, "/v1/emissions?order=best"); w.Code != http.StatusBadRequest {
		t.Errorf("another order: got %d", w.Code)
	}
}

// TestEpochsAreNamedFromTheEnd: epoch 2 runs, so 1 is the latest that ended.
func TestEpochsAreNamedFromTheEnd(t *testing.T) {
	_, h := seeded(t)
	for query, want := range map[string][]protocol.Epoch{
		"latest": {1}, "-1": {1}, "-2": {0}, "-9": {0}, "-1..": {1, 2}, "-2..latest": {0, 1}, "1..": {1, 2}, "..1": {0, 1}, "0..9": {0, 1, 2}, "..-2": {0}, "9": {}, "18446744073709551615": {},
	} {
		got := []protocol.Epoch{}
		for _, e := range items[api.Epoch](t, h, "/v1/epochs?epoch="+query) {
			got = append(got, e.Epoch)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	for _, query := range []string{"", "..", "latest..0", "-0", "--1", "last", "3..1", "1...2", "-1..-2", "+1", "18446744073709551616"} {
		if w := get(t, h, "/v1/epochs?epoch="+query); w.Code != http.StatusBadRequest {
			t.Errorf("%q: got %d %s", query, w.Code, w.Body)
		}
	}
}

func TestASeatIsNamedByTheEndOfItsHotkey(t *testing.T) {
	_, h := seeded(t)
	whole := apitest.Public("miner-1").String()
	for _, name := range []string{"3", whole, whole[len(whole)-8:], "%E2%80%A6" + whole[len(whole)-8:], whole[len(whole)-6:]} {
		for _, path := range []string{"/v1/emissions?epoch=1&seat=", "/v1/scores?epoch=1&miner="} {
			got := items[struct {
				UID protocol.UID `json:"uid"`
			}](t, loose{h}, path+name)
			if len(got) != 1 || got[0].UID != 3 {
				t.Errorf("%s%s: got %+v, want seat 3", path, name, got)
			}
		}
		for _, w := range items[api.Weight](t, h, "/v1/weights?seat="+name) {
			if w.UID != 3 {
				t.Errorf("weights of %s: got %+v", name, w)
			}
		}
	}
	for name, want := range map[string]int{"qqqqqq": http.StatusNotFound, "abc": http.StatusBadRequest, "qqqqqb": http.StatusBadRequest, "65536": http.StatusBadRequest, "": http.StatusBadRequest} {
		if w := get(t, h, "/v1/emissions?seat="+name); w.Code != want {
			t.Errorf("%q: got %d %s, want %d", name, w.Code, w.Body, want)
		}
	}
}

// loose answers with the items' uids alone.
type loose struct{ h http.Handler }

func (l loose) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	l.h.ServeHTTP(rec, r)
	var p api.Page[struct {
		UID protocol.UID `json:"uid"`
	}]
	w.WriteHeader(rec.Code)
	if json.Unmarshal(rec.Body.Bytes(), &p) == nil {
		_ = json.NewEncoder(w).Encode(p)
	}
}

func TestTasksAreFilteredBySeatAndFinding(t *testing.T) {
	n, h := seeded(t)
	if err := n.Answer(0, opened()); err != nil {
		t.Fatal(err)
	}
	all := items[api.Task](t, h, "/v1/tasks")
	for query, keep := range map[string]func(*api.Task) bool{
		"seat=2":            func(k *api.Task) bool { return k.UID == 2 },
		"seat=4":            func(k *api.Task) bool { return k.UID == 4 },
		"kind=inference":    func(*api.Task) bool { return true },
		"finding=passed":    func(k *api.Task) bool { return has(k, "passed") },
		"finding=false":     func(k *api.Task) bool { return has(k, "false") },
		"finding=malformed": func(k *api.Task) bool { return has(k, "malformed") },
	} {
		var want int
		for i := range all {
			if keep(&all[i]) {
				want++
			}
		}
		got := items[api.Task](t, h, "/v1/tasks?"+query)
		if len(got) != want || slices.ContainsFunc(got, func(k api.Task) bool { return !keep(&k) }) {
			t.Errorf("%s: got %d tasks, want %d of %d", query, len(got), want, len(all))
		}
	}
	if w := get(t, h, "/v1/tasks?finding=nice"); w.Code != http.StatusBadRequest {
		t.Errorf("another finding: got %d", w.Code)
	}
}

func has(k *api.Task, finding string) bool {
	return slices.ContainsFunc(k.Cards, func(c api.Card) bool { return string(c.Finding) == finding })
}

func TestATaskIsNamedByTheBeginningOfItsID(t *testing.T) {
	n, h := seeded(t)
	id := n.TaskOf(apitest.Round, 2).ID
	var got api.Task
	decode(t, get(t, h, "/v1/tasks/"+id.String()[:6]), &got)
	if got.ID != id {
		t.Errorf("got %s, want %s", got.ID, id)
	}
	near := id // the same but for the last two digits
	near[31] ^= 0xf0
	n.Work.Tasks[near] = n.Work.Tasks[id]
	for digits, want := range map[string]int{
		id.String()[:8]: http.StatusBadRequest, id.String()[:5]: http.StatusBadRequest, "000000": http.StatusNotFound, id.String()[:63]: http.StatusOK, "00000G": http.StatusBadRequest,
	} {
		if w := get(t, h, "/v1/tasks/"+digits); w.Code != want {
			t.Errorf("%s: got %d %s, want %d", digits, w.Code, w.Body, want)
		}
	}
	var p api.Problem
	if decode(t, get(t, h, "/v1/tasks/12"), &p); p.Hint != "it is 64 hex digits, or the first 6 of them or more" {
		t.Errorf("of too few digits: %+v", p)
	}
}

func TestAListIsCSVToWhoAsksForThat(t *testing.T) {
	_, h := seeded(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/emissions?epoch=1&limit=2", nil)
	r.Host = "localhost"
	r.Header.Set("Accept", "text/csv;q=1, application/json;q=0.5")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got, want := w.Header().Get("Content-Type"), "text/csv; charset=utf-8; header=present"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("got %v, %v", rows, err)
	}
	want := items[map[string]any](t, h, "/v1/emissions?epoch=1&limit=2")
	for i, item := range want {
		for j, name := range rows[0] {
			text := ""
			if v, ok := item[name]; ok {
				text = fmt.Sprint(v)
			}
			if got := rows[i+1][j]; got != text {
				t.Errorf("row %d, %s: got %q, want %q", i, name, got, text)
			}
		}
		for name := range item {
			if !slices.Contains(rows[0], name) {
				t.Errorf("no column %s", name)
			}
		}
	}
	link := w.Header().Get("Link")
	next, _, ok := strings.Cut(strings.TrimPrefix(link, "<"), `>; rel="next"`)
	if !ok {
		t.Fatalf("no next page in %q", link)
	}
	if got := items[api.Emission](t, h, next); len(got) == 0 || got[0].UID != 2 {
		t.Errorf("the next page: got %+v", got)
	}
}

func TestAnAnswerIsCompressedAndKnownAgain(t *testing.T) {
	_, h := seeded(t)
	ask := func(path string, head map[string]string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Host = "localhost"
		for k, v := range head {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	const path = "/v1/emissions"
	plain := ask(path, nil)
	packed := ask(path, map[string]string{"Accept-Encoding": "br, gzip;q=0.8"})
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len() >= plain.Body.Len() {
		t.Fatalf("got %v, %d bytes of %d", packed.Header(), packed.Body.Len(), plain.Body.Len())
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != plain.Body.String() {
		t.Errorf("unpacked: %v, %s", err, got)
	}
	for _, refuses := range []string{"", "identity", "gzip;q=0", "gzip; q=0.0"} {
		if w := ask(path, map[string]string{"Accept-Encoding": refuses}); w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%q: got %v", refuses, w.Header())
		}
	}
	tag := plain.Header().Get("ETag")
	if tag == "" || tag != packed.Header().Get("ETag") || plain.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("got the tags %q and %q", tag, packed.Header().Get("ETag"))
	}
	for _, known := range []string{tag, `"x", ` + tag, "*", strings.TrimPrefix(tag, "W/")} {
		if w := ask(path, map[string]string{"If-None-Match": known}); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("%s: got %d, %d bytes", known, w.Code, w.Body.Len())
		}
	}
	if w := ask(path+"?epoch=1", map[string]string{"If-None-Match": tag}); w.Code != http.StatusOK {
		t.Errorf("another question: got %d", w.Code)
	}
}

func TestBlocksGoDownFromTheNewest(t *testing.T) {
	_, h := seeded(t)
	var got api.Blocks
	decode(t, get(t, h, "/v1/blocks?order=newest&limit=3&record=0"), &got)
	if len(got.Blocks) != 3 || got.Blocks[0].Height != 45 || got.Blocks[2].Height != 43 || got.Blocks[0].Record != nil || !got.Blocks[1].Time.Equal(time.Unix(44, 0)) {
		t.Errorf("got %+v", got)
	}
	decode(t, get(t, h, "/v1/blocks?order=newest&height=11&record=0"), &got)
	if len(got.Blocks) != 2 || got.Blocks[1].Height != 10 { // older ones are not kept
		t.Errorf("got %+v", got)
	}
}

// TestBlocksOfAStretch: heights are named as epochs are, and what a stretch has not
// is left away; there is none before the first.
func TestBlocksOfAStretch(t *testing.T) {
	_, h := seeded(t) // keeps blocks 10 to 45
	for query, want := range map[string][]protocol.Height{
		"height=latest":                  {45},
		"height=-2":                      {44, 45},
		"height=-3..":                    {43, 44, 45},
		"height=-3..-2":                  {43, 44},
		"height=20..22":                  {20, 21, 22},
		"height=20..20":                  {20},
		"height=44..":                    {44, 45},
		"height=44..99":                  {44, 45},
		"height=99..":                    {},
		"height=99":                      {},
		"height=20..22&order=newest":     {22, 21, 20},
		"height=..20&order=newest":       {20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10},
		"height=11..&limit=2":            {11, 12},
		"height=-99..11&order=newest":    {11, 10},
		"height=99&order=newest&limit=1": {45},
	} {
		var got api.Blocks
		decode(t, get(t, h, "/v1/blocks?record=0&"+query), &got)
		heights := []protocol.Height{}
		for i := range got.Blocks {
			heights = append(heights, got.Blocks[i].Height)
		}
		if !slices.Equal(heights, want) {
			t.Errorf("%s: got %d, want %d", query, heights, want)
		}
	}
	for _, query := range []string{"0", "", "..", "-0", "-0..", "5..2", "0..5", "..0", "x", "1..x", "latest..1", "+3", "1...3", "18446744073709551616"} {
		if w := get(t, h, "/v1/blocks?height="+url.QueryEscape(query)); w.Code != http.StatusBadRequest {
			t.Errorf("height %q: got %d", query, w.Code)
		}
	}
	if w := get(t, h, "/v1/blocks?height=1..3"); w.Code != http.StatusGone {
		t.Errorf("blocks that are not kept: got %d", w.Code)
	}
	r := httptest.NewRequest(http.MethodGet, "http://localhost/v1/blocks?height=latest&record=0", nil)
	r.Header.Set("Accept", "text/csv")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if lines := strings.Split(w.Body.String(), "\r\n"); len(lines) != 3 || lines[0] != "height,time,proposer,txs,app_hash,record" || !strings.HasPrefix(lines[1], "45,1970-01-01T00:00:45Z,assay1") {
		t.Errorf("as CSV: got %q", w.Body)
	}
}

// TestScoresOfASeatAndAKind: a seat goes by the name that all lists take, and a
// kind that is none is no list without anything.
func TestScoresOfASeatAndAKind(t *testing.T) {
	_, h := seeded(t)
	seat, miner := get(t, h, "/v1/scores?seat=3"), get(t, h, "/v1/scores?miner=3")
	if seat.Code != http.StatusOK || seat.Body.String() != miner.Body.String() || !strings.Contains(seat.Body.String(), `"uid":3`) || strings.Contains(seat.Body.String(), `"uid":2`) {
		t.Errorf("got %d, %s", seat.Code, seat.Body)
	}
	for _, query := range []string{"seat=3&miner=3", "kind=nonsense", "kind=", "seat="} {
		if w := get(t, h, "/v1/scores?"+query); w.Code != http.StatusBadRequest {
			t.Errorf("%s: got %d", query, w.Code)
		}
	}
}

// archive has what epochs paid in the records of their last blocks, from some
// height on.
type archive struct {
	*apitest.Network
	from protocol.Height
}

func (a archive) Record(_ context.Context, h protocol.Height) (*audit.Record, error) {
	if h < a.from {
		return nil, api.ErrNotFound
	}
	r := &audit.Record{Height: h}
	if h%20 == 19 {
		e := protocol.Epoch(h / 20)
		r.Outcome = &audit.Outcome{
			Epoch:    ledger.EpochRecord{Epoch: e, Height: h, Miners: protocol.Amount(e)},
			Payments: []ledger.Payment{{Seat: protocol.SeatID{UID: 2}, Miner: protocol.Amount(e)}},
		}
	}
	return r, nil
}

// TestWhatTheLedgerForgotIsShownFromTheBlocks: the ledger keeps epochs 8 to 15,
// and the blocks from 60 on say what epochs 3 to 7 paid.
func TestWhatTheLedgerForgotIsShownFromTheBlocks(t *testing.T) {
	n, _ := seeded(t)
	at(t, n, 330)
	for e := protocol.Epoch(8); e < 16; e++ {
		pay(t, n, e)
	}
	cfg := n.Config()
	cfg.Source.State = archive{n, 60}
	h := handler(t, cfg)
	var p api.Page[api.Emission]
	decode(t, get(t, h, "/v1/emissions?seat=2"), &p)
	if p.OldestEpoch != 3 || len(p.Items) != 13 || p.Items[0].Epoch != 3 || p.Items[4].Miner != 7 || p.Items[5].Miner != 5 {
		t.Errorf("got %+v", p)
	}
	if w := get(t, h, "/v1/emissions?epoch=2"); w.Code != http.StatusGone {
		t.Errorf("epoch 2: got %d %s", w.Code, w.Body)
	}
	if got := items[api.Epoch](t, h, "/v1/epochs?epoch=3..4"); len(got) != 2 || got[1].Miners != 4 || got[1].PaidMiners != 1 || !got[1].Paid {
		t.Errorf("got %+v", got)
	}
}

// walked counts the walks through its state.
type walked struct {
	archive
	reads *int
}

func (w walked) State(ctx context.Context) (ledger.Reader, protocol.Height, error) {
	r, h, err := w.archive.State(ctx)
	return walkedReader{r, w.reads}, h, err
}

type walkedReader struct {
	ledger.Reader
	reads *int
}

func (r walkedReader) Iterate(prefix []byte, fn func(key, value []byte) bool) error {
	*r.reads++
	return r.Reader.Iterate(prefix, fn)
}

// TestWhatAnEpochPaidIsReadFromTheBlockThatClosedIt: it has all payments in one
// record, so the state's are walked only where there is no such block, and nothing
// is shown of a block that the state does not have yet.
func TestWhatAnEpochPaidIsReadFromTheBlockThatClosedIt(t *testing.T) {
	n, _ := seeded(t)
	at(t, n, 330)
	for e := protocol.Epoch(8); e < 16; e++ {
		pay(t, n, e)
	}
	for _, c := range []struct {
		from  protocol.Height // of the blocks that are kept
		walks int
		paid  protocol.Amount // to miners by epoch 15
	}{{60, 0, 15}, {1000, 8, 0}} {
		cfg, reads := n.Config(), 0
		cfg.Source.State = walked{archive{n, c.from}, &reads}
		h := handler(t, cfg)
		got := items[api.Epoch](t, h, "/v1/epochs?epoch=8..16")
		if len(got) != 9 || got[7].Miners != c.paid || got[7].PaidMiners != 1 || got[8].Paid || reads != c.walks {
			t.Errorf("blocks from %d: %d walks, got %+v", c.from, reads, got)
		}
		if got := items[api.Emission](t, h, "/v1/emissions?epoch=16"); len(got) != 0 {
			t.Errorf("blocks from %d: the running epoch paid %+v", c.from, got)
		}
	}
}

// TestStrangersWordsAreNoFormulasInCSV: a specification, a prompt or an answer is
// whatever its author likes.
func TestStrangersWordsAreNoFormulasInCSV(t *testing.T) {
	type row struct {
		Text string `json:"text"`
		N    int    `json:"n"`
	}
	var items []json.RawMessage
	for _, text := range []string{`=HYPERLINK(\"http://x\")`, "+1", "-1", "@SUM(1)", `\t=1`, `\r=1`, "plain = 1", ""} {
		items = append(items, json.RawMessage(`{"text":"`+text+`","n":-1}`))
	}
	b, err := api.CSV[row](items, false)
	if err != nil {
		t.Fatal(err)
	}
	want := "\"'=HYPERLINK(\"\"http://x\"\")\",-1\r\n'+1,-1\r\n'-1,-1\r\n'@SUM(1),-1\r\n'\t=1,-1\r\n\"'=1\",-1\r\nplain = 1,-1\r\n,-1\r\n"
	if string(b) != want {
		t.Errorf("got %q, want %q", b, want)
	}
}

// learns is a network whose blocks' times are known later than the blocks.
type learns struct {
	*apitest.Network
	known *bool
}

func (l learns) BlockTime(_ context.Context, h protocol.Height) (time.Time, error) {
	if !*l.known {
		return time.Time{}, api.ErrNotFound
	}
	return time.Unix(int64(h), 0), nil
}

func TestATimeThatWasNotKnownIsShownOnceItIs(t *testing.T) {
	n := network(t)
	known := false
	cfg := n.Config()
	cfg.Source.State = learns{n, &known}
	h := handler(t, cfg)
	for _, now := range []bool{false, true} {
		known = now
		list := items[api.Epoch](t, h, "/v1/epochs?epoch=0..1")
		for _, e := range list {
			if e.Began.IsZero() == now || e.Ended.IsZero() == now || now && (e.Began.Unix() != int64(e.First) || e.Ended.Unix() != int64(e.Last)) {
				t.Errorf("known %t: epoch %d began %s, ended %s", now, e.Epoch, e.Began, e.Ended)
			}
		}
		if len(list) != 2 || !list[1].Paid {
			t.Errorf("got %+v, want two that have ended", list)
		}
	}
}
