package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/server/shelf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// ErrConfig is wrapped by what is wrong with a Config.
var ErrConfig = errors.New("server: bad configuration")

// The types of errors, as OpenAI's clients know them.
const (
	typeRequest   = "invalid_request_error"
	typeKey       = "authentication_error"
	typeForbidden = "permission_error"
	typeMissing   = "not_found_error"
	typeBusy      = "rate_limit_error"
	typeServer    = "server_error"
)

// codeContext is the code by which clients know that a prompt is too long.
const codeContext = "context_length_exceeded"

// problem is an error as clients read it.
type problem struct {
	status  int
	Message string        `json:"message"`
	Type    string        `json:"type"`
	Param   *string       `json:"param"`
	Code    *string       `json:"code"`
	retry   time.Duration // after which it may come again, where that is known
}

func (p *problem) Error() string { return p.Message }

// refuse is a 400 about a field of the request.
func refuse(param, format string, args ...any) *problem {
	p := &problem{status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...), Type: typeRequest}
	if param != "" {
		p.Param = &param
	}
	return p
}

// busy is a 429: it may come again.
func busy(message string) *problem {
	return &problem{status: http.StatusTooManyRequests, Message: message, Type: typeBusy}
}

// tooLong says both numbers in the words that clients look for.
func tooLong(param string, prompt, context int) *problem {
	p := refuse(param, "This model's maximum context length is %d tokens. However, your messages resulted in %d tokens: "+
		"the request (%d tokens) exceeds the available context size (%d tokens). Shorten it.", context, prompt, prompt, context)
	code := codeContext
	p.Code = &code
	return p
}

// problemOf says what a client is told of an error.
func problemOf(err error) *problem {
	var p *problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, engine.ErrBusy), errors.Is(err, engine.ErrMemory):
		return busy("too much is asked for at once; try again")
	case errors.Is(err, shelf.ErrTooLarge):
		return &problem{status: http.StatusServiceUnavailable, Message: "there is no memory for this model here", Type: typeServer}
	case errors.Is(err, engine.ErrClosed), errors.Is(err, shelf.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &problem{status: http.StatusServiceUnavailable, Message: "the server stops", Type: typeServer}
	case errors.Is(err, engine.ErrNotFinite):
		return refuse("", "the model's numbers overflow on this prompt: no machine can answer it")
	case errors.Is(err, tokenizer.ErrNoChat), errors.Is(err, tokenizer.ErrTemplate):
		return refuse("messages", "this model cannot write such a conversation: %v; use /v1/completions with a text as it was trained on", err)
	case errors.Is(err, engine.ErrGrammar):
		return refuse("response_format", "%v", err)
	case errors.Is(err, engine.ErrRequest), errors.Is(err, engine.ErrToken), errors.Is(err, tokenizer.ErrTooLong), errors.Is(err, tokenizer.ErrRole):
		return refuse("", "%v", err)
	}
	return &problem{status: http.StatusInternalServerError, Message: "the model failed; the server's log says why", Type: typeServer}
}

// named is the message with the field that it is about, for APIs that have no
// place of its own for that.
func (p *problem) named() string {
	if p.Param == nil || strings.Contains(p.Message, *p.Param) {
		return p.Message
	}
	return *p.Param + ": " + p.Message
}

// envelope is what an error stands in.
type envelope struct {
	Error *problem `json:"error"`
}

// retryAfter is after how long a client that was refused may try again, in
// seconds, at least one.
func (p *problem) retryAfter() string {
	return strconv.Itoa(max(1, int(math.Ceil(p.retry.Seconds()))))
}

// fail answers with an error.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.status == http.StatusInternalServerError {
		s.cfg.Logger.Error().Err(err).Msg("a request failed")
	}
	if p.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", p.retryAfter())
	}
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	var v any = envelope{p}
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1/messages"):
		v = messagesDialect{}.problem(p)
	case strings.HasPrefix(r.URL.Path, "/api/"):
		v = ollamaDialect{}.problem(p)
	}
	reply(w, p.status, v)
}

// reply answers with one JSON object.
func reply(w http.ResponseWriter, status int, v any) {
	// A recorder has no deadline, and a client that does not read has one.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a client that is gone hears nothing
}
