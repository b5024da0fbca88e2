package server

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// maxInputs bounds the texts of one request for embeddings.
const maxInputs = 2048

// embeddings answers OpenAI's /v1/embeddings: of each text the mean of its
// final-normed states, of length 1.
func (s *Server) embeddings(w http.ResponseWriter, r *http.Request) error {
	b, read, err := s.readBody(r)
	defer read()
	if err != nil {
		return err
	}
	var raw json.RawMessage
	var name string
	format := "float"
	var size int
	if err := b.takeAll(want{"input", &raw}, want{"model", &name}, want{"encoding_format", &format}, want{"dimensions", &size}); err != nil {
		return err
	}
	if format != "float" && format != "base64" {
		return refuse("encoding_format", "encoding_format is float or base64")
	}
	if r, err = forUser(r, b); err != nil {
		return err
	}
	if err := b.rest(); err != nil {
		return err
	}
	vectors, tokens, name, err := s.embed(r, name, "input", raw, size, 0)
	if err != nil {
		return err
	}
	list := make([]map[string]any, len(vectors))
	for i, v := range vectors {
		list[i] = map[string]any{"object": "embedding", "index": i, "embedding": v}
		if format == "base64" {
			list[i]["embedding"] = base64Of(v)
		}
	}
	reply(w, http.StatusOK, map[string]any{
		"object": "list", "data": list, "model": name, "usage": map[string]int{"prompt_tokens": tokens, "total_tokens": tokens},
	})
	return nil
}

// base64Of is numbers as Python's client asks for them: little-endian binary32.
func base64Of(v []float32) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// texts reads one text or several.
func texts(field string, raw json.RawMessage) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil && string(raw) != "null" {
		return []string{one}, nil
	}
	var list []*string
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 || len(list) > maxInputs {
		return nil, refuse(field, "%s is a text, or a list of 1 to %d; token ids of other tokenizers mean nothing here (LangChain: check_embedding_ctx_length=False)", field, maxInputs)
	}
	out := make([]string, len(list))
	for i, text := range list {
		if text == nil {
			return nil, refuse(field, "text %d is null", i)
		}
		out[i] = *text
	}
	return out, nil
}

// embed returns vectors of texts, how many tokens these were, and the model's
// name. size is how long vectors are to be, and context how long the model's, or 0.
func (s *Server) embed(r *http.Request, name, field string, raw json.RawMessage, size, context int) ([][]float32, int, string, error) {
	ctx := r.Context()
	list, err := texts(field, raw)
	if err != nil {
		return nil, 0, "", err
	}
	leave, err := s.gate.enter(callerOf(ctx), 1)
	if err != nil {
		return nil, 0, "", err
	}
	defer leave()
	m, back, err := s.take(ctx, name)
	if err != nil {
		return nil, 0, "", err
	}
	defer back()
	if width := m.Engine.Info().Width; size != 0 && size != width {
		return nil, 0, "", refuse("dimensions", "this model's embeddings have %d numbers, and no others", width)
	}
	if err := checkContext(context, m.Engine.Info().Context); err != nil {
		return nil, 0, "", err
	}
	sequences, total := make([][]engine.Token, len(list)), 0
	err = s.gate.encode(ctx, func() error {
		t := m.Engine.Tokenizer()
		for i, text := range list {
			ids, err := t.Encode(text, tokenizer.Options{BOS: t.AddBOS()})
			switch most := m.Engine.Info().Context; {
			case err != nil:
				return err
			case len(ids) == 0:
				return refuse(field, "text %d is empty", i)
			case len(ids) > most:
				return tooLong(field, len(ids), most)
			}
			sequences[i] = ids
			total += len(ids)
		}
		return nil
	})
	if err != nil {
		return nil, 0, "", err
	}
	vectors := make([][]float32, len(list))
	for i, ids := range sequences { // one by one: the states of all tokens are in memory
		states, err := m.Engine.Embed(ctx, [][]engine.Token{ids})
		if err != nil {
			return nil, 0, "", err
		}
		vectors[i] = mean(states[0])
	}
	return vectors, total, m.Name, nil
}

// mean is the mean of vectors, scaled to the length 1.
func mean(states [][]float32) []float32 {
	sum, square := make([]float64, len(states[0])), 0.0
	for _, v := range states {
		for i, x := range v {
			sum[i] += float64(x)
		}
	}
	for _, x := range sum {
		square += x * x
	}
	out := make([]float32, len(sum))
	for i, x := range sum {
		if square > 0 {
			out[i] = float32(x / math.Sqrt(square))
		}
	}
	return out
}
