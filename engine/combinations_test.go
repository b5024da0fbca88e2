package engine_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
)

// combinations is how many TestCombinations tries, unless ASSAY_COMBINATIONS
// says how many.
const combinations = 48

// told is what a client is told of an answer, however it came.
type told struct {
	Status  int
	Choices map[int]*toldChoice
	Usage   string
	Prints  []string // fingerprint and token ids of the receipt of each choice
}

type toldChoice struct {
	Text, Finish           string
	Tokens, LogProbs, Tops []string
}

// toldPart is an answer of /v1/completions, or a part of its stream.
type toldPart struct {
	Choices []struct {
		Index    int
		Text     string
		Finish   string `json:"finish_reason"`
		LogProbs *struct {
			Tokens []string
			Logs   []json.RawMessage `json:"token_logprobs"`
			Top    []json.RawMessage `json:"top_logprobs"`
		}
	}
	Usage json.RawMessage
	Error *struct{ Message string }
}

func (x *told) take(p *toldPart) {
	for _, c := range p.Choices {
		at := x.Choices[c.Index]
		if at == nil {
			at = &toldChoice{}
			x.Choices[c.Index] = at
		}
		at.Text, at.Finish = at.Text+c.Text, at.Finish+c.Finish
		if c.LogProbs == nil {
			continue
		}
		at.Tokens = append(at.Tokens, c.LogProbs.Tokens...)
		for i, log := range c.LogProbs.Logs {
			at.LogProbs, at.Tops = append(at.LogProbs, string(log)), append(at.Tops, string(c.LogProbs.Top[i]))
		}
	}
	if len(p.Usage) > 0 {
		x.Usage = string(p.Usage)
	}
}

// wire asks one server.
type wire struct{ url string }

func (c wire) do(t *testing.T, method, path, body string) (status int, h http.Header, b []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if b, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

// ask asks for what fields say, as a stream or whole, with the receipts of n
// choices.
func (c wire) ask(t *testing.T, fields string, n int, stream bool) *told {
	t.Helper()
	if stream {
		fields += `,"stream":true,"stream_options":{"include_usage":true}`
	}
	status, h, b := c.do(t, http.MethodPost, "/v1/completions", "{"+fields+"}")
	x := &told{Status: status, Choices: map[int]*toldChoice{}}
	if status != http.StatusOK {
		return x
	}
	parts := [][]byte{b}
	if stream {
		parts = nil
		for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok && text != "[DONE]" {
				parts = append(parts, []byte(text))
			}
		}
	}
	for _, text := range parts {
		var p toldPart
		if err := json.Unmarshal(text, &p); err != nil || p.Error != nil {
			t.Fatalf("%s: %v, %+v", text, err, p.Error)
		}
		x.take(&p)
	}
	for i := range n {
		var file struct {
			IDs         []engine.Token
			Fingerprint string
		}
		if _, _, b := c.do(t, http.MethodGet, fmt.Sprintf("/v1/receipts/%s?choice=%d", h.Get("X-Assay-Receipt"), i), ""); json.Unmarshal(b, &file) != nil {
			t.Fatalf("a receipt is %s", b)
		}
		x.Prints = append(x.Prints, fmt.Sprint(file.Fingerprint, file.IDs))
	}
	return x
}

// combined is a request and what a model alone, cold and without guesses answers.
type combined struct {
	fields string
	prompt []engine.Token
	n      int
	answer []engine.Token // of the first choice
	want   *told
}

// drawFields draws a request, but for the texts that end it.
func drawFields(r *rand.Rand) (fields string, prompt []engine.Token, n int) {
	prompt = append(tinyPrompt(150, r.IntN(3))[:r.IntN(151)], tinyPrompt(1+r.IntN(60), 10+r.IntN(4))...)
	n = 1 + max(0, r.IntN(5)-2)
	list, _ := json.Marshal(prompt)
	fields = fmt.Sprintf(`"prompt":%s,"n":%d,"seed":%d,"max_tokens":%d`, list, n, r.IntN(5), 1+r.IntN(40))
	fields += fmt.Sprintf(`,"temperature":%v`, []float64{0, 0.4, 1}[r.IntN(3)])
	for _, more := range []string{`"logprobs":3`, `"frequency_penalty":0.5`, `"repeat_penalty":1.25`, `"min_p":0.05`, `"echo":true`, `"logit_bias":{"30":2}`} {
		if r.IntN(4) == 0 {
			fields += "," + more
		}
	}
	return fields, prompt, n
}

// draw draws questions that can be answered, and has them answered.
func draw(t *testing.T, r *rand.Rand, plain wire, count int) (list []*combined) {
	t.Helper()
	for len(list) < count {
		fields, prompt, n := drawFields(r)
		x := plain.ask(t, fields, n, false)
		if x.Status != http.StatusOK {
			continue // the numbers overflow on token 77
		}
		if text := []rune(x.Choices[0].Text); r.IntN(3) == 0 && len(text) > 4 {
			at := len(text)/2 + r.IntN(len(text)/2-1)
			stop, _ := json.Marshal(string(text[at : at+1+r.IntN(2)]))
			if fields += `,"stop":` + string(stop); !strings.Contains(string(stop), `\ufffd`) && !strings.Contains(string(stop), "\ufffd") {
				x = plain.ask(t, fields, n, false)
			}
		}
		if x.Status != http.StatusOK {
			continue
		}
		q := &combined{fields: fields, prompt: prompt, n: n, want: plain.ask(t, fields, n, false)}
		var answer []engine.Token
		_, ids, _ := strings.Cut(q.want.Prints[0], "[")
		for id := range strings.FieldsSeq(strings.TrimSuffix(ids, "]")) {
			v, err := strconv.Atoi(id)
			if err != nil {
				t.Fatal(err)
			}
			answer = append(answer, engine.Token(v))
		}
		q.answer = answer
		list = append(list, q)
	}
	return list
}

// guessers makes drafters that know, each by its own luck, the answer to one of
// the questions: up to eight guesses of any kind.
type guessers struct {
	mu   sync.Mutex
	r    *rand.Rand // guarded by mu
	list []*combined
}

func (g *guessers) drafter(prompt []engine.Token) engine.Drafter {
	g.mu.Lock()
	defer g.mu.Unlock()
	d := &oracleDrafter{r: rand.New(rand.NewPCG(g.r.Uint64(), 1)), kind: draftKinds[g.r.IntN(len(draftKinds))], most: g.r.IntN(9)}
	for _, q := range g.list {
		if reflect.DeepEqual(q.prompt, prompt) && (d.answer == nil || g.r.IntN(2) == 0) {
			d.answer = q.answer
		}
	}
	return d
}

// served is a client of a server over a model.
func served(t *testing.T, m *engine.Model) wire {
	t.Helper()
	s, err := server.New(server.Config{Models: []server.Model{{Name: "tiny", Engine: m}}, Queue: 1024, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return wire{h.URL}
}

// TestCombinations asks the same requests alone and in company, with a cold
// cache and a warm one, with up to eight guesses a step that are right, wrong and
// adversarial, or a second model's, as a stream and whole: the tokens, their
// probabilities, the fingerprints and what is counted are those of the reference
// alone.
func TestCombinations(t *testing.T) {
	count := combinations
	if text := os.Getenv("ASSAY_COMBINATIONS"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	const seed = 1511
	t.Logf("%d combinations, seed %d", count, seed)
	r := rand.New(rand.NewPCG(seed, 15))
	path := enginetest.Tiny(t, enginetest.Options{FailToken: 77})
	plain := served(t, open(t, path, engine.Config{Threads: 1, PrefixCache: -1, Backend: engine.BackendReference, Drafts: engine.DraftsOff}))
	g := &guessers{r: rand.New(rand.NewPCG(seed, 2))}
	cfg := engine.WithDrafter(engine.Config{Threads: 2, MaxBatch: 7, Drafts: engine.DraftsAlways}, g.drafter)
	warmModel := open(t, path, cfg)
	cfg.PrefixCache = -1
	coldModel := open(t, path, cfg)
	// Its guesses are right but where tokens are drawn.
	secondModel := open(t, path, engine.Config{Threads: 1, MaxBatch: 7, Drafts: engine.DraftsAlways, DraftModel: path})
	warm, cold, second := served(t, warmModel), served(t, coldModel), served(t, secondModel)
	g.list = draw(t, r, plain, min(60, 12+count/10))
	for done := 0; done < count; {
		at, company := cold, 1+r.IntN(8)*r.IntN(2)
		switch r.IntN(4) {
		case 0, 1:
			at = warm
		case 2:
			at = second
		}
		var wg sync.WaitGroup
		for range company {
			q, stream := g.list[r.IntN(len(g.list))], r.IntN(2) == 0
			wg.Go(func() {
				if got := at.ask(t, q.fields, q.n, stream); !reflect.DeepEqual(got, q.want) {
					t.Errorf("%s, a stream %v, %d together: got %s, want %s", q.fields, stream, company, shown(got), shown(q.want))
				}
			})
		}
		wg.Wait()
		done += company
	}
	for name, m := range map[string]*engine.Model{"warm": warmModel, "cold": coldModel, "second": secondModel} {
		if x := m.Stats(); x.Accepted == 0 || x.Accepted == x.Drafted || x.Running+x.Queued != 0 || x.Shared == 0 || (x.KVKept == 0) != (name == "cold") {
			t.Errorf("%s: %+v", name, x)
		}
	}
}

func shown(x *told) string {
	text, _ := json.Marshal(x)
	return string(text)
}
