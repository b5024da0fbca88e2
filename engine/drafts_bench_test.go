package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/sched"
	"github.com/assaynet/assay/engine/tokenizer"
)

// What is asked in BenchmarkDrafts.
const (
	draftCode = `func total(prices []int, rate int) int {
	sum := 0
	for i, price := range prices {
		if price < 0 {
			return -1
		}
		sum += price * (100 + rate) / 100
		if i > 1000 {
			break
		}
	}
	return sum
}

func average(prices []int, rate int) int {
	if len(prices) == 0 {
		return 0
	}
	return total(prices, rate) / len(prices)
}`
	draftText = `The old lighthouse stood on a narrow cliff above the harbour. Every evening the keeper climbed its two hundred steps ` +
		`and lit the lamp, which could be seen for twenty miles. In the winter of 1887 a storm broke the glass, and for three nights he held a lantern ` +
		`in his own hands until the ships had passed. The town gave him a silver watch, which his granddaughter still carries today. ` +
		`In 1931 the lamp was replaced by an electric light, and the keeper's house became a small museum with four rooms.`
	draftPassages = `[1] The pump is filled through the upper valve. Before the first start it must be vented for at least two minutes, or the seal will run dry.
[2] The filter is cleaned every four weeks. Close both valves, take out the four screws of the lid, and rinse the mesh with warm water. Never use a brush of metal.
[3] A red light means that the motor is too hot. Switch the pump off and wait for half an hour; if the light comes on again, the bearing is worn and must be replaced by a workshop.
[4] The warranty lasts for three years. It does not cover seals, filters, or damage by frost.`
	draftMinutes = `Minutes of the harbour council, 14 March. The council decided to close the east quay from 2 May to 30 June, because the wooden piles have to be ` +
		`replaced. Ships with more than four metres of draught will be sent to the north quay in that time. Mr Dahl reported that the crane was inspected in ` +
		`February and that its cable must be changed before the summer. The cost is 48,000 crowns and will be paid from the reserve. Ms Berg asked that the fish ` +
		`market be told of the closure in writing. The next meeting is on 11 April at nine o'clock in the town hall.`
	draftFile = `[database]
path = "/var/lib/orders/orders.db"
pool_size = 12
busy_timeout_ms = 2500

[server]
listen = "127.0.0.1:8085"
read_timeout = "15s"
write_timeout = "45s"
max_body_bytes = 1048576
allowed_origins = ["https://shop.example.org", "https://admin.example.org"]

[mail]
relay = "smtp.example.org:587"
from = "orders@example.org"`
	draftLog = `2026-03-14 09:12:01 INFO  orders: started, version 4.2.1
2026-03-14 09:12:07 ERROR orders: payment service did not answer within 2500 ms, order 88213 is put aside
2026-03-14 09:12:09 INFO  orders: order 88214 accepted, 3 items, 129.90 EUR
2026-03-14 09:13:44 WARN  orders: stock of item 5521 is below 10
2026-03-14 09:14:02 ERROR orders: cannot write invoice for order 88214: disk quota exceeded on /srv/invoices
2026-03-14 09:14:31 INFO  orders: order 88215 accepted, 1 item, 14.50 EUR`
	draftClauses = `1. Term. This agreement begins on 1 January 2027 and runs for two years, after which it is renewed for one year at a time.
2. Notice. Either party may end this agreement by written notice, which must reach the other party at least ninety days before the end of the current term.
3. Fees. The customer pays 1,250 euros a month, in advance, on the first working day of the month. A payment that is more than ten days late bears interest of five per cent a year.
4. Liability. Neither party is liable for loss of profit. The total liability of the supplier is limited to the fees of the last twelve months.`
	draftTable = `| port | country | depth in metres | cranes | harbour master |
|---|---|---|---|---|
| Bergen | Norway | 11.5 | 14 | Ingrid Solheim |
| Aarhus | Denmark | 14.0 | 22 | Mads Kjeldsen |
| Stavanger | Norway | 10.0 | 9 | Per Haugland |
| Gothenburg | Sweden | 16.5 | 31 | Lena Bergstrand |
| Trondheim | Norway | 12.0 | 7 | Kari Moen |`
)

var draftWork = []struct {
	name        string
	asks        []string
	temperature float32
	together    bool
}{
	{name: "edit", asks: []string{
		"Repeat this code, with the variable sum renamed to result:\n\n" + draftCode,
		"Repeat this text word by word, but write keeper as guard:\n\n" + draftText,
	}},
	{name: "context", asks: []string{
		draftText + "\n\nWhich sentences of this text are about the lamp? Quote them, word by word.",
		"Summarize this text in its own words:\n\n" + draftText,
		draftCode + "\n\nShow the function total and say what it does.",
	}},
	{name: "passages", asks: []string{
		draftPassages + "\n\nWhat does the red light mean, and what must I do? Answer with the passage that says it, word by word.",
		draftPassages + "\n\nUsing only the passages above, explain how the filter is cleaned. Quote the passage.",
		draftMinutes + "\n\nList what was decided, each with the sentence of the minutes that says it.",
		draftMinutes + "\n\nWhen and why is the east quay closed? Quote the minutes.",
		draftText + "\n\nWhat happened in 1887 and in 1931? Answer with the sentences of the text.",
		draftCode + "\n\nWhich function divides? Show its code.",
	}},
	{name: "quotes", asks: []string{
		"Repeat the passage of this manual that says what a red light means, word by word:\n\n" + draftPassages,
		"How is the filter cleaned? Repeat what this manual says about it, word by word:\n\n" + draftPassages,
		"Repeat what these minutes say about the crane and the fish market, word by word:\n\n" + draftMinutes,
		"Repeat the section [server] of this file:\n\n" + draftFile,
		"Repeat the lines of this log that have ERROR:\n\n" + draftLog,
		"Repeat the function average of this code:\n\n" + draftCode,
		"What does this agreement say about notice? Repeat the clause, word by word:\n\n" + draftClauses,
		"Repeat the rows of this table whose country is Norway:\n\n" + draftTable,
	}},
	{name: "prose", temperature: 0.8, asks: []string{
		"Write a story about a girl who finds a map in a book.", "Explain why the sea is salty.", "Describe a morning in a big city.",
	}},
	{name: "eight", temperature: 0.8, together: true, asks: []string{
		"Write a story about a fox.", "Explain how bread is made.", "Describe a garden in spring.", "Write a letter to an old friend.",
		"What is a good way to learn to swim?", "Tell me about the history of paper.", "Write a story about two brothers.", "Why do leaves fall?",
	}},
	{name: "eight-edits", together: true, asks: slices.Repeat([]string{
		"Repeat this code, with the variable sum renamed to result:\n\n" + draftCode,
		"Repeat this text word by word, but write keeper as guard:\n\n" + draftText,
	}, 4)},
}

// stepCosts are the quickest steps of a sequence alone, by their rows.
type stepCosts struct {
	mu  sync.Mutex
	min [sched.MaxDraft + 2]time.Duration // guarded by mu
}

func (c *stepCosts) First(time.Duration) {}

func (c *stepCosts) Stepped(s engine.Step) {
	if s.Sequences != 1 || s.Prompt != 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := &c.min[1+s.Drafted]; *m == 0 || s.Took < *m {
		*m = s.Took
	}
}

// report says what steps of more rows take, in steps of one.
func (c *stepCosts) report(b *testing.B) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rows := range []int{2, 4, 8, 16} {
		if c.min[1] > 0 && c.min[rows] > 0 {
			b.ReportMetric(float64(c.min[rows])/float64(c.min[1]), fmt.Sprintf("cost-%d", rows))
		}
	}
}

// BenchmarkDrafts answers the same requests with and without guesses, in turn,
// and reports how many times as fast the former is, by the quickest of each
// request (of all, where they are answered together): so what else the machine
// does counts for little. What was asked, and what came, is logged.
func BenchmarkDrafts(b *testing.B) {
	costs := &stepCosts{}
	models := []*engine.Model{
		open(b, enginetest.Real(b), engine.Config{Threads: 2, Drafts: engine.DraftsOff}),
		open(b, enginetest.Real(b), engine.Config{Threads: 2, Observer: costs}),
	}
	for _, work := range draftWork {
		b.Run(work.name, func(b *testing.B) {
			var groups [][]engine.Request
			for i, ask := range work.asks {
				ids, err := models[0].Tokenizer().Chat([]tokenizer.Message{{Role: "user", Content: ask}})
				if err != nil {
					b.Fatal(err)
				}
				s := engine.Settings{Temperature: work.temperature, TopK: 50, TopP: 65536, MaxTokens: 160}
				s.Seed[0] = byte(i)
				if i == 0 || !work.together {
					groups = append(groups, nil)
				}
				last := &groups[len(groups)-1]
				*last = append(*last, engine.Request{Prompt: ids, Settings: s})
			}
			best := [2][]time.Duration{make([]time.Duration, len(groups)), make([]time.Duration, len(groups))}
			tokens := 0
			said := make([]string, len(groups))
			before := models[1].Stats()
			for b.Loop() {
				tokens = 0
				for g, requests := range groups {
					var out [2]string
					for k, m := range models {
						was := m.Stats()
						d, n, prints, text := answerAll(b, m, requests)
						now := m.Stats()
						said[g] = fmt.Sprintf("%d tokens, %d of %d guesses right: %.120q", n, now.Accepted-was.Accepted, now.Drafted-was.Drafted, text)
						if best[k][g] == 0 || d < best[k][g] {
							best[k][g] = d
						}
						out[k] = prints
						tokens += n * k
					}
					if out[0] != out[1] {
						b.Fatalf("guesses change the answer: %q, want %q", out[1], out[0])
					}
				}
			}
			x := models[1].Stats()
			var sum [2]float64
			for k := range best {
				for _, d := range best[k] {
					sum[k] += d.Seconds()
				}
			}
			for g := range groups {
				b.Logf("%.2f  %s → %s", best[0][g].Seconds()/best[1][g].Seconds(), questionOf(work.asks[g]), said[g])
			}
			costs.report(b)
			b.ReportMetric(sum[0]/sum[1], "gain")
			b.ReportMetric(float64(tokens)/sum[0], "off-tokens/s")
			b.ReportMetric(float64(tokens)/sum[1], "tokens/s")
			b.ReportMetric(float64(x.Accepted-before.Accepted)/float64(max(1, x.Drafted-before.Drafted)), "accepted/tried")
			b.ReportMetric(float64(x.Drafted-before.Drafted)/float64(b.N*tokens), "tried/token")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// questionOf is what is asked about a text that stands before or behind it.
func questionOf(ask string) string {
	first, _, _ := strings.Cut(ask, "\n")
	if strings.HasSuffix(first, ":") || !strings.Contains(ask, "\n\n") {
		return first
	}
	return ask[strings.LastIndex(ask, "\n")+1:]
}

// answerAll answers requests together and returns how long it took after the
// first token of each, how many tokens there are, what the runs are, and what the
// first says.
func answerAll(b *testing.B, m *engine.Model, requests []engine.Request) (took time.Duration, tokens int, out, text string) {
	b.Helper()
	runs := make([]engine.Run, len(requests))
	times := make([]time.Duration, len(requests))
	var wg sync.WaitGroup
	for i, r := range requests {
		wg.Go(func() {
			var first time.Time
			run, err := m.Generate(context.Background(), r, func(engine.Token) {
				if first.IsZero() {
					first = time.Now()
				}
			})
			if err != nil {
				b.Error(err)
			}
			runs[i], times[i] = run, time.Since(first)
		})
	}
	wg.Wait()
	var prints strings.Builder
	for _, run := range runs {
		tokens += len(run.Output)
		prints.Write(run.Fingerprint[:])
	}
	return slices.Max(times), tokens, prints.String(), string(m.Tokenizer().Decode(runs[0].Output))
}
