package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxLine bounds a line of a stream: an event with a token.
const maxLine = 1 << 20

// heard is an answer as its client heard it.
type heard struct {
	id     string          // of the answer
	first  time.Duration   // from the question to the first text
	gaps   []time.Duration // between one text and the next
	tokens int             // of the answer, as the server counts them
}

// event is a chunk of /v1/completions, the same from both servers.
type event struct {
	ID      string `json:"id"`
	Choices []struct {
		Text string `json:"text"`
	} `json:"choices"`
	Usage *struct {
		Completion int `json:"completion_tokens"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

// question is a request for the likeliest tokens after a prompt, as a stream.
func question(prompt []int32, most int) ([]byte, error) {
	return json.Marshal(map[string]any{
		"prompt": prompt, "max_tokens": most, "temperature": 0, "stream": true, "stream_options": map[string]bool{"include_usage": true},
	})
}

// stream asks and listens to the end.
func (s *server) stream(ctx context.Context, ask []byte) (h heard, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/completions", bytes.NewReader(ask))
	if err != nil {
		return h, err
	}
	r.Header.Set("Content-Type", "application/json")
	began := time.Now()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, maxLine))
		return h, fmt.Errorf("status %d: %.500s", answer.StatusCode, text)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, maxLine)
	var last time.Time
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		now := time.Now()
		if string(data) == "[DONE]" {
			return h, nil
		}
		var e event
		if err := json.Unmarshal(data, &e); err != nil || e.Error != nil {
			return h, errors.Join(fmt.Errorf("an event says %.200q", data), err)
		}
		if h.id = e.ID; e.Usage != nil {
			h.tokens = e.Usage.Completion
		}
		if len(e.Choices) == 0 || e.Choices[0].Text == "" {
			continue
		}
		if last.IsZero() {
			h.first = now.Sub(began)
		} else {
			h.gaps = append(h.gaps, now.Sub(last))
		}
		last = now
	}
	return h, errors.Join(errors.New("the stream ended early"), lines.Err())
}
