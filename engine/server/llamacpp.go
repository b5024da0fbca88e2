package server

import (
	"net/http"
	"unicode/utf8"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// borrowed takes the model out of a request's field, and what else the caller
// wants of it, and lends it. done is to be called in any case.
func (s *Server) borrowed(r *http.Request, fields ...want) (m *Lent, done func(), err error) {
	b, read, err := s.readBody(r)
	if err != nil {
		return nil, read, err
	}
	var name string
	if err := b.takeAll(append(fields, want{"model", &name})...); err != nil {
		return nil, read, err
	}
	if err := b.rest(); err != nil {
		return nil, read, err
	}
	leave, err := s.gate.enter(callerOf(r.Context()), 1)
	if err != nil {
		return nil, read, err
	}
	m, back, err := s.take(r.Context(), name)
	if err != nil {
		return nil, func() { leave(); read() }, err
	}
	return m, func() { back(); leave(); read() }, nil
}

// tokenize returns the ids of a text. llama.cpp calls it content, and the mark at
// its beginning add_special; others prompt and add_special_tokens.
func (s *Server) tokenize(w http.ResponseWriter, r *http.Request) error {
	var content, prompt string
	var bos, pieces bool
	m, done, err := s.borrowed(r, want{"content", &content}, want{"prompt", &prompt}, want{"add_special", &bos}, want{"add_special_tokens", &bos}, want{"with_pieces", &pieces})
	defer done()
	if err != nil {
		return err
	}
	switch {
	case content != "" && prompt != "":
		return refuse("prompt", "content and prompt are both given; leave one out")
	case content == "":
		content = prompt
	}
	t := m.Engine.Tokenizer()
	var ids []engine.Token
	err = s.gate.encode(r.Context(), func() (err error) {
		ids, err = t.Encode(content, tokenizer.Options{BOS: bos && t.AddBOS()})
		return err
	})
	if err != nil {
		return err
	}
	var tokens any = append([]engine.Token{}, ids...)
	if pieces {
		list := make([]object, len(ids))
		for i, id := range ids {
			list[i] = object{"id": id, "piece": pieceOf(t, id)}
		}
		tokens = list
	}
	reply(w, http.StatusOK, object{"tokens": tokens, "count": len(ids), "max_model_len": m.Engine.Info().Context})
	return nil
}

// pieceOf is the text of a token, or its bytes as numbers where they are no text
// alone.
func pieceOf(t *tokenizer.Tokenizer, id engine.Token) any {
	b := t.DecodeSpecial([]engine.Token{id})
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]int, len(b))
	for i, x := range b {
		out[i] = int(x)
	}
	return out
}

// detokenize returns the text of ids.
func (s *Server) detokenize(w http.ResponseWriter, r *http.Request) error {
	var ids []engine.Token
	m, done, err := s.borrowed(r, want{"tokens", &ids})
	defer done()
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
	reply(w, http.StatusOK, object{"content": text, "prompt": text})
	return nil
}

// applyTemplate returns a conversation as the model's template writes it.
func (s *Server) applyTemplate(w http.ResponseWriter, r *http.Request) error {
	b, read, err := s.readBody(r)
	defer read()
	if err != nil {
		return err
	}
	a := newAsked()
	a.talk, a.field = &talk{}, "messages"
	var list []body
	if err := b.takeAll(want{"messages", &list}, want{"model", &a.name}); err != nil {
		return err
	}
	if err := a.talk.takeMessages(list); err != nil {
		return err
	}
	if err := a.takeTools(b); err != nil {
		return err
	}
	if err := a.talk.check("messages"); err != nil {
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
	reply(w, http.StatusOK, object{"prompt": a.written})
	return nil
}

// props tells of the model and what is set where a request says nothing.
func (s *Server) props(w http.ResponseWriter, r *http.Request) error {
	m, err := s.listed(r.URL.Query().Get("model"))
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, object{
		"default_generation_settings": object{
			"n_ctx": m.Context, "params": object{"temperature": defaultTemperature, "top_k": defaultTopK, "top_p": 1, "min_p": 0, "n_predict": -1},
		},
		"total_slots": m.Slots, "model_path": m.Name, "model_alias": m.Name, "chat_template": m.Template, "build_info": "assay",
		"is_sleeping": !m.Open,
		"modalities":  object{"vision": false, "audio": false},
	})
	return nil
}

// loraAdapters are none: a model here is what its file says.
func (s *Server) loraAdapters(w http.ResponseWriter, _ *http.Request) error {
	reply(w, http.StatusOK, []object{})
	return nil
}

// slots tells of each place of a model whether it is taken; nothing of what is
// asked there. With fail_on_no_slot it is 503 where all are.
func (s *Server) slots(w http.ResponseWriter, r *http.Request) error {
	m, err := s.listed(r.URL.Query().Get("model"))
	if err != nil {
		return err
	}
	switch fail := r.URL.Query().Get("fail_on_no_slot"); {
	case fail != "" && fail != "0" && fail != "1":
		return refuse("fail_on_no_slot", "fail_on_no_slot is 0 or 1")
	case fail == "1" && m.full():
		return &problem{status: http.StatusServiceUnavailable, Message: "no slot is free", Type: typeServer}
	}
	list := make([]object, m.Slots)
	for i := range list {
		list[i] = object{"id": i, "n_ctx": m.Context, "is_processing": i < m.Running}
	}
	reply(w, http.StatusOK, list)
	return nil
}

// tokenizerInfo is what evaluation harnesses ask before they send token ids.
func (s *Server) tokenizerInfo(w http.ResponseWriter, r *http.Request) error {
	leave, err := s.gate.enter(callerOf(r.Context()), 1) // it may open the model
	if err != nil {
		return err
	}
	defer leave()
	m, back, err := s.take(r.Context(), r.URL.Query().Get("model"))
	if err != nil {
		return err
	}
	defer back()
	t := m.Engine.Tokenizer()
	out := object{"vocab_size": t.VocabSize(), "chat_template": t.ChatTemplate(), "add_bos_token": t.AddBOS()}
	if id, ok := t.BOS(); ok {
		out["bos_token"] = string(t.DecodeSpecial([]engine.Token{id}))
	}
	if stops := t.StopTokens(); len(stops) > 0 {
		out["eos_token"] = string(t.DecodeSpecial(stops[:1]))
	}
	reply(w, http.StatusOK, out)
	return nil
}
