package server

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// chat answers a conversation.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) error {
	var list []body
	return s.answer(w, r, "messages", &list, chatDialect{}, func(t *tokenizer.Tokenizer) ([]engine.Token, error) {
		messages, err := conversation(list)
		if err != nil {
			return nil, err
		}
		return t.Chat(messages)
	})
}

// complete goes on from a text or from token ids, as they are.
func (s *Server) complete(w http.ResponseWriter, r *http.Request) error {
	var raw json.RawMessage
	return s.answer(w, r, "prompt", &raw, textDialect{}, func(t *tokenizer.Tokenizer) ([]engine.Token, error) {
		return textPrompt(raw, t)
	})
}

// answer takes a request whose prompt is made of what the field called name holds,
// decoded into v, and answers it.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, name string, v any, d dialect, promptOf func(*tokenizer.Tokenizer) ([]engine.Token, error)) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	if _, err := b.take(name, v); err != nil {
		return err
	}
	a, err := s.askedOf(b)
	if err != nil {
		return err
	}
	if err := b.rest(); err != nil {
		return err
	}
	prompt, err := promptOf(a.model.Engine.Tokenizer())
	if err != nil {
		return err
	}
	if err := a.fit(name, prompt); err != nil {
		return err
	}
	return s.run(w, r, a, prompt, d)
}

// tokenize returns the ids of a text. llama.cpp calls it content, others prompt.
func (s *Server) tokenize(w http.ResponseWriter, r *http.Request) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	var name, text string
	var bos bool
	if _, err := b.take("model", &name); err != nil {
		return err
	}
	for _, field := range []string{"content", "prompt"} {
		if _, err := b.take(field, &text); err != nil {
			return err
		}
	}
	if _, err := b.take("add_special", &bos); err != nil {
		return err
	}
	if err := b.rest(); err != nil {
		return err
	}
	m, err := s.find(name)
	if err != nil {
		return err
	}
	t := m.Engine.Tokenizer()
	ids, err := t.Encode(text, tokenizer.Options{BOS: bos && t.AddBOS()})
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, map[string]any{"tokens": append([]engine.Token{}, ids...), "count": len(ids)})
	return nil
}

// detokenize returns the text of ids.
func (s *Server) detokenize(w http.ResponseWriter, r *http.Request) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	var name string
	var ids []engine.Token
	if _, err := b.take("model", &name); err != nil {
		return err
	}
	if _, err := b.take("tokens", &ids); err != nil {
		return err
	}
	if err := b.rest(); err != nil {
		return err
	}
	m, err := s.find(name)
	if err != nil {
		return err
	}
	size := m.Engine.Tokenizer().VocabSize()
	for _, id := range ids {
		if id < 0 || int(id) >= size {
			return refuse("tokens", "%d is no token of this model, which has %d", id, size)
		}
	}
	text := string(m.Engine.Tokenizer().Decode(ids))
	reply(w, http.StatusOK, map[string]any{"content": text, "prompt": text})
	return nil
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

// modelItem is a model as clients list it.
type modelItem struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
	Context int    `json:"context_length"` // as it is served
	ModelID string `json:"model_id"`       // what it computes, in hex
}

func itemOf(m *Model) modelItem {
	id := m.Engine.ID()
	return modelItem{ID: m.Name, Object: "model", Created: m.Opened.Unix(), OwnedBy: "assay", Context: m.Engine.Info().Context, ModelID: hexOf(id[:])}
}

func (s *Server) models(w http.ResponseWriter, _ *http.Request) error {
	list := make([]modelItem, len(s.cfg.Models))
	for i := range s.cfg.Models {
		list[i] = itemOf(&s.cfg.Models[i])
	}
	reply(w, http.StatusOK, map[string]any{"object": "list", "data": list})
	return nil
}

func (s *Server) model(w http.ResponseWriter, r *http.Request) error {
	m, err := s.find(r.PathValue("name"))
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
