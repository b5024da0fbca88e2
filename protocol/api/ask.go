package api

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Pages are documents for a browser, which are served beside the endpoints: the
// paths "/" and what begins with [PagesPrefix].
type Pages func(h *Handler) (http.Handler, error)

// PagesPrefix begins the paths of all pages but the first.
const PagesPrefix = "/ui/"

// servePages serves the pages, if there are any.
func (h *Handler) servePages(of Pages) error {
	if of == nil {
		return nil
	}
	pages, err := of(h)
	if err != nil {
		return err
	}
	own := func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			h.fail(w, r, PagesPrefix, problem(http.StatusMethodNotAllowed, problemMethod, "use GET, HEAD", "method %.20q", r.Method))
			return
		}
		start := time.Now()
		ctx, cancel := contextWithPatience(r)
		defer cancel()
		seen := &seenStatus{ResponseWriter: w, status: http.StatusOK}
		pages.ServeHTTP(seen, r.WithContext(ctx)) //nolint:contextcheck // it is the request's own, with an end
		h.metrics.answered(PagesPrefix, seen.status, time.Since(start))
	}
	h.mux.HandleFunc("/{$}", own)
	h.mux.HandleFunc(PagesPrefix, own)
	return nil
}

// seenStatus notes the status of an answer.
type seenStatus struct {
	http.ResponseWriter
	status int
}

func (s *seenStatus) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// told is where the answer to a question from within goes.
type told struct {
	v   any
	err error
}

type toldKey struct{}

// toldOf returns where the answer to a request goes; nil if to a client.
func toldOf(r *http.Request) *told {
	t, _ := r.Context().Value(toldKey{}).(*told)
	return t
}

// Ask answers what GET of a path with its query answers, in this process: the same
// value before it is JSON, such as a [Page] of [Miner]. It takes no place of a
// client's. Errors are of type *[Problem].
func (h *Handler) Ask(ctx context.Context, target string) (any, error) {
	t := &told{}
	r, err := http.NewRequestWithContext(context.WithValue(ctx, toldKey{}, t), http.MethodGet, target, http.NoBody)
	if err != nil || !strings.HasPrefix(target, "/v1/") || !isCanonical(r.URL.EscapedPath()) {
		return nil, problem(http.StatusNotFound, problemNoRoute, "", "no endpoint %.100q", target)
	}
	h.mux.ServeHTTP(nowhere{}, r)
	if t.err == nil && t.v == nil {
		return nil, problem(http.StatusNotFound, problemNoRoute, "", "%.100q answers nothing to a program", target)
	}
	if t.err != nil {
		return nil, problemOf(t.err)
	}
	return t.v, nil
}

// nowhere is the client of a question from within, to whom nothing is sent.
type nowhere struct{}

func (nowhere) Header() http.Header { return http.Header{} }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

func (nowhere) WriteHeader(int) {}
