package server

import (
	"net/http"
	"strconv"

	"github.com/assaynet/assay/engine/server/page"
)

// routes are what can be asked.
func (s *Server) routes() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		// OpenAI's.
		"GET /v1/models": s.models, "GET /v1/models/{name...}": s.model,
		"POST /v1/chat/completions": s.chat, "POST /v1/completions": s.complete,
		"POST /v1/embeddings": s.embeddings, "POST /v1/responses": s.responses, "POST /v1/responses/input_tokens": s.countResponse,
		// Anthropic's.
		"POST /v1/messages": s.messages, "POST /v1/messages/count_tokens": s.countTokens,
		// Ollama's.
		"POST /api/chat": s.ollamaChat, "POST /api/generate": s.ollamaGenerate, "POST /api/embed": s.ollamaEmbed,
		"GET /api/tags": s.ollamaTags, "POST /api/show": s.ollamaShow, "GET /api/ps": s.ollamaPS, "GET /api/version": s.ollamaVersion,
		// llama.cpp's, and what evaluation harnesses ask.
		"POST /completion": s.completion, "POST /completions": s.completion,
		"POST /tokenize": s.tokenize, "POST /detokenize": s.detokenize, "POST /apply-template": s.applyTemplate,
		"GET /props": s.props, "GET /slots": s.slots, "GET /lora-adapters": s.loraAdapters, "GET /tokenizer_info": s.tokenizerInfo,
		"GET /models": s.models, "POST /chat/completions": s.chat, "POST /responses": s.responses,
		"POST /chat/completions/input_tokens": s.countChat, "POST /v1/chat/completions/input_tokens": s.countChat,
		// Ours.
		"GET /health": s.health, "GET /v1/openapi.json": s.openapi,
		"GET /v1/receipts/{id}": s.receipt, "POST /v1/receipts/{id}/check": s.checkReceipt,
		"GET /{$}": s.root, "GET " + page.Prefix + "{file}": s.page,
	}
}

// answer takes a request for an answer apart and answers it. take takes what
// the API has, and says how it is answered; what it leaves was not understood.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, take func(b body, a *asked) (dialect, error)) error {
	b, read, err := s.readBody(r)
	defer read()
	if err != nil {
		return err
	}
	a := newAsked()
	d, err := take(b, a)
	if err != nil {
		return err
	}
	if r, err = forUser(r, b); err != nil {
		return err
	}
	if err := b.rest(); err != nil {
		return err
	}
	done, err := s.prepare(r.Context(), a)
	defer done()
	if err != nil {
		return err
	}
	read()
	return s.run(w, r, a, d)
}

// count tells how many tokens the prompt of such a request has, beside what else
// the API says then.
func (s *Server) count(w http.ResponseWriter, r *http.Request, out object, take func(b body, a *asked) (dialect, error)) error {
	b, read, err := s.readBody(r)
	defer read()
	if err != nil {
		return err
	}
	a := newAsked()
	a.counted = true
	if _, err := take(b, a); err != nil {
		return err
	}
	if _, err := forUser(r, b); err != nil {
		return err
	}
	if err := b.rest(); err != nil {
		return err
	}
	done, err := s.prepare(r.Context(), a)
	defer done()
	if err != nil {
		return err
	}
	out["input_tokens"] = len(a.prompt)
	reply(w, http.StatusOK, out)
	return nil
}

// countChat and countResponse tell how long the prompt is of what
// /v1/chat/completions and /v1/responses are asked.
func (s *Server) countChat(w http.ResponseWriter, r *http.Request) error {
	return s.count(w, r, object{"object": "chat.completion.input_tokens"}, takeChat)
}

func (s *Server) countResponse(w http.ResponseWriter, r *http.Request) error {
	return s.count(w, r, object{"object": "response.input_tokens"}, takeResponses)
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) error {
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
	return nil
}

// root is the chat page for browsers, and where Ollama's clients look whether
// somebody is there.
func (s *Server) root(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Vary", "Accept")
	if page.Wanted(r) {
		page.Serve(w, r)
		return nil
	}
	reply(w, http.StatusOK, map[string]string{"server": "assay", "status": "ok"})
	return nil
}

// page serves the files of the chat page.
func (s *Server) page(w http.ResponseWriter, r *http.Request) error {
	if !page.Has(r.URL.Path) {
		return &problem{status: http.StatusNotFound, Message: "the page has no such file", Type: typeMissing}
	}
	page.Serve(w, r)
	return nil
}

// modelItem is a model as clients list it.
type modelItem struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
	Context int    `json:"context_length"`     // as it is served
	MaxLen  int    `json:"max_model_len"`      // the same, as others call it
	ModelID string `json:"model_id,omitempty"` // what it computes, in hex; of one that is open
	Open    bool   `json:"open"`
}

func itemOf(m *Listed) modelItem {
	return modelItem{m.Name, "model", m.Modified.Unix(), "assay", m.Context, m.Context, m.ID, m.Open}
}

func (s *Server) models(w http.ResponseWriter, _ *http.Request) error {
	list := []modelItem{}
	for _, m := range s.list() {
		list = append(list, itemOf(&m))
	}
	reply(w, http.StatusOK, map[string]any{"object": "list", "data": list})
	return nil
}

func (s *Server) model(w http.ResponseWriter, r *http.Request) error {
	m, err := s.listed(r.PathValue("name"))
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, itemOf(m))
	return nil
}

// number reads 0 … most; nothing is 0.
func number(text string, most int) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err == nil && (n < 0 || n > most) {
		err = strconv.ErrRange
	}
	return n, err
}
