package dashboard

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/judgement"
)

// tasks lists the newest tasks that were answered.
func (d *Dashboard) tasks(r *request) (*document, error) {
	const newest = 25
	q := url.Values{"order": {"newest"}, "limit": {fmt.Sprint(newest)}}
	for _, name := range []string{"cursor", "finding"} {
		if v := r.URL.Query().Get(name); v != "" {
			q.Set(name, v)
		}
	}
	path := prefix + "tasks"
	doc := &document{Title: "Tasks", Here: path, Lead: "The newest tasks that were answered, with what judges found. Findings are open when an epoch is over."}
	list, err := ask[api.Page[api.Task]](r.Context(), d, "/v1/tasks?"+q.Encode())
	if err != nil {
		return nil, err
	}
	t := &table{Name: "Tasks, newest first", Head: heads("Task", "Kind", "#Round", "#Seat", "Time", "#Cards", "Found")}
	for i := range list.Items {
		x := &list.Items[i]
		id := x.ID.String()
		t.Rows = append(t.Rows, []cell{
			{Text: short(id), Path: prefix + "task/" + id}, plain(string(x.Kind)), number(x.Round), minerCell(x.UID), when(x.Time), number(len(x.Cards)), plain(found(x.Cards)),
		})
	}
	sec := section{Title: "Answered", Table: t}
	if len(t.Rows) == 0 {
		sec.Table, sec.Notes = nil, []string{"There is none."}
	}
	if list.Next != "" {
		q.Set("cursor", list.Next)
		q.Del("order")
		q.Del("limit")
		sec.More = append(sec.More, link{"Older tasks", path + "?" + q.Encode()})
	}
	sec.More = append(sec.More, link{"Only what was found false", path + "?finding=false"})
	doc.Sections = []section{sec}
	return doc, nil
}

// found sums up what cards say.
func found(cards []api.Card) string {
	by := map[string]int{}
	var order []string
	for i := range cards {
		f := string(cards[i].Finding)
		if by[f] == 0 {
			order = append(order, f)
		}
		by[f]++
	}
	for i, f := range order {
		if by[f] > 1 {
			order[i] = fmt.Sprintf("%s (%d)", f, by[f])
		}
	}
	if len(order) == 0 {
		return "–"
	}
	return strings.Join(order, ", ")
}

// task is the page of one task: what was asked, what was answered, what each judge
// found, and how anyone runs it again.
func (d *Dashboard) task(r *request) (*document, error) {
	t, err := ask[*api.Task](r.Context(), d, "/v1/tasks/"+url.PathEscape(r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	id := t.ID.String()
	doc := &document{
		Title: "Task " + short(id), Here: prefix + "tasks",
		Lead: fmt.Sprintf("A task of the kind %s for seat %d in round %d, with %s and %s.", t.Kind, t.UID, t.Round, count(len(t.Answers), "answer", "answers"), count(len(t.Cards), "card", "cards")),
	}
	asked := section{Title: "What was asked", Facts: []fact{
		{"Task", plain(id)},
		{"Kind", plain(string(t.Kind))},
		{"Epoch", epochCell(t.Epoch)},
		{"Round", number(t.Round)},
		{"Time", when(t.Time)},
		{"Seat", minerCell(t.UID)},
		{"Slot", number(t.Slot)},
	}}
	if t.Commitment != nil {
		asked.Facts = append(asked.Facts, fact{"Sealed in block", number(t.Commitment.Height)})
	}
	d.addAsked(&asked, t)
	doc.Sections = append(doc.Sections, asked)
	for i := range t.Answers {
		doc.Sections = append(doc.Sections, d.answerSection(t, &t.Answers[i]))
	}
	doc.Sections = append(doc.Sections, cardSection(t), section{
		Title: "Run it again",
		Notes: []string{"The receipt holds the task, the signed answer and the cards; with the model's file anyone checks it, to the last bit, with no network."},
		Texts: []text{{"Commands", "assay receipt " + id + " > receipt.json\nassay verify receipt.json --model FILE.gguf"}},
	})
	return doc, nil
}

// read reads a body that a kind decides; false where it is another's.
func read[T any](body json.RawMessage) (*T, bool) {
	v := new(T)
	return v, json.Unmarshal(body, v) == nil
}

// addAsked adds what a task asks, as its kind has it.
func (d *Dashboard) addAsked(sec *section, t *api.Task) {
	switch t.Kind {
	case inference.Kind:
		if b, ok := read[api.InferenceTask](t.Body); ok {
			how := "greedy"
			if b.TemperatureBits != 0 {
				how = fmt.Sprintf("temperature %g, top-k %d, top-p %d/65536", math.Float32frombits(b.TemperatureBits), b.TopK, b.TopP)
			}
			sec.Facts = append(sec.Facts, fact{"Model", d.model(b.Model)}, fact{"Settings", plain(fmt.Sprintf("%s, at most %d tokens", how, b.MaxTokens))})
			if b.System != "" {
				sec.Texts = append(sec.Texts, text{"System", b.System})
			}
			sec.Texts = append(sec.Texts, text{"Prompt", b.Prompt})
			return
		}
	case judgement.Kind:
		if b, ok := read[api.JudgementTask](t.Body); ok {
			sec.Facts = append(sec.Facts, fact{"Model", d.model(b.Model)})
			sec.Texts = append(sec.Texts, text{"Prompt", b.Prompt}, text{"Response A", b.A}, text{"Response B", b.B})
			return
		}
	}
	sec.Texts = append(sec.Texts, text{"As the kind has it", indented(t.Body)})
}

// model is the name that the network has for a model, else its id.
func (d *Dashboard) model(id protocol.ModelID) cell {
	for _, m := range d.cfg.Params.Models() {
		if m.ID == id {
			return plain(m.Name)
		}
	}
	return plain(id.String())
}

func indented(body json.RawMessage) string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return string(body)
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return string(body)
	}
	return string(b)
}

// answerSection is one answer, as text where this node has the model.
func (d *Dashboard) answerSection(t *api.Task, a *api.Answer) section {
	sec := section{Title: "What was answered", Facts: []fact{{"Received at block", number(a.Received)}}}
	switch t.Kind {
	case inference.Kind:
		b, ok := read[api.InferenceAnswer](a.Body)
		asked, known := read[api.InferenceTask](t.Body)
		if !ok || !known {
			break
		}
		sec.Facts = append(sec.Facts, fact{"Tokens", number(len(b.Output))}, fact{"Ended by", plain(b.Finish)}, fact{"Milliseconds", number(b.Millis)}, fact{"Fingerprint", plain(b.Fingerprint.String())})
		if d.cfg.Text != nil {
			if s, ok := d.cfg.Text(asked.Model, b.Output); ok {
				sec.Texts = append(sec.Texts, text{"Answer", s})
				return sec
			}
		}
		sec.Notes = append(sec.Notes, "This node does not have the model, so it shows the answer's tokens and not its text.")
		sec.Texts = append(sec.Texts, text{"Tokens", strings.Trim(fmt.Sprint(b.Output), "[]")})
		return sec
	case judgement.Kind:
		if b, ok := read[api.JudgementAnswer](a.Body); ok {
			side := map[string]string{"a": "A", "b": "B"}[b.Side]
			if side == "" {
				side = "neither"
			}
			sec.Facts = append(sec.Facts, fact{"Prefers", plain(side)}, fact{"By", plain(fmt.Sprintf("%g", math.Float32frombits(b.MarginBits)))}, fact{"Milliseconds", number(b.Millis)})
			return sec
		}
	}
	sec.Texts = append(sec.Texts, text{"As the kind has it", indented(a.Body)})
	return sec
}

// cardSection is what each judge found.
func cardSection(t *api.Task) section {
	sec := section{Title: "What each judge found"}
	if len(t.Cards) == 0 {
		sec.Notes = []string{"No card is known here yet: judges show what they found when the epoch is over."}
		if len(t.Judges) > 0 {
			sec.Notes = append(sec.Notes, "Drawn to judge it: seats "+strings.Trim(strings.Join(strings.Fields(fmt.Sprint(t.Judges)), ", "), "[]")+".")
		}
		return sec
	}
	sec.Table = &table{Name: "Cards", Head: heads("#Judge", "Found", "Why", "#Received at block")}
	for i := range t.Cards {
		c := &t.Cards[i]
		sec.Table.Rows = append(sec.Table.Rows, []cell{validatorCell(c.Judge), plain(string(c.Finding)), plain(cardWhy(t.Kind, c)), number(c.Received)})
	}
	return sec
}

// cardWhy says how an answer compares with a judge's own run.
func cardWhy(kind protocol.Kind, c *api.Card) string {
	switch kind {
	case inference.Kind:
		if b, ok := read[api.InferenceCard](c.Body); ok {
			if b.Code == inference.CodeExact {
				return fmt.Sprintf("equal: %s, bit for bit", count(b.Tokens, "token", "tokens"))
			}
			return fmt.Sprintf("%s, at output token %d", b.Code, b.Position)
		}
	case judgement.Kind:
		if b, ok := read[api.JudgementCard](c.Body); ok {
			return fmt.Sprintf("%s, order %d", b.Code, b.Order)
		}
	}
	return indented(c.Body)
}
