package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol/params"
)

// Limits of one request.
const (
	// maxURL bounds path and query: the longest that means something has an
	// address, a range of epochs and a cursor, below 300 bytes.
	maxURL = 2 << 10
	// maxOpen is how many requests are answered at a time; more wait in vain.
	// One lists at most a few thousand records, so these fit in tens of megabytes.
	maxOpen = 64
	// maxVital is how many requests for health and metrics are answered at a time,
	// in places of their own: who watches a node sees it also, and above all, when
	// others fill it.
	maxVital = 8
	// patience is how long one answer may take.
	patience = 20 * time.Second
	// retryAfter is in how many seconds who finds the node busy may ask again.
	retryAfter = "1"
)

// Handler answers requests. It may be used by any server, or by none: a command
// that reads a stopped node's database calls ServeHTTP itself.
type Handler struct {
	src     Source
	chain   string
	params  *params.Params
	version string
	log     zerolog.Logger
	metrics *metrics
	totals  totals
	times   times
	past    paidHistory
	ended   pastEpochs
	mux     *http.ServeMux
	slots   chan struct{} // holds one for each request in progress
	vital   chan struct{} // and for each of [isVital]
	streams chan struct{} // and for each that is streamed
	local   bool          // refuse names of other hosts
}

// NewHandler returns a handler. Config.Listen is not used, but for whether it is
// a loopback address. It starts nothing.
func NewHandler(cfg Config) (*Handler, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m, err := newMetrics(cfg.Registry)
	if err != nil {
		return nil, err
	}
	h := &Handler{
		src: cfg.Source, chain: cfg.ChainID, params: cfg.Params, version: cfg.Version,
		log: cfg.Logger, metrics: m, mux: http.NewServeMux(), slots: make(chan struct{}, maxOpen), vital: make(chan struct{}, maxVital), streams: make(chan struct{}, maxStreams),
		local: isLoopback(cfg.Listen),
	}
	for _, r := range h.routes() {
		h.mux.Handle(r.path, h.endpoint(r))
	}
	h.mux.Handle("/metrics", h.metricsRoute(cfg.Registry))
	h.mux.HandleFunc("/", h.noRoute)
	return h, h.servePages(cfg.Pages)
}

// noRoute answers requests for what there is not.
func (h *Handler) noRoute(w http.ResponseWriter, r *http.Request) {
	hint := "there are " + strings.Join(paths(h.routes()), " ") + " /metrics"
	h.fail(w, r, unknownRoute, problem(http.StatusNotFound, problemNoRoute, hint, "no endpoint %.100q", r.URL.Path))
}

// ServeHTTP implements [http.Handler]: what holds for every request, whatever
// it asks for.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recover(w, r)
	r = markElsewhere(r)
	head := w.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Cache-Control", "no-store")
	slots := h.slots
	switch {
	case isVital(r):
		slots = h.vital
	case r.URL.Path == pathEvents:
		slots = h.streams
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	default:
		h.fail(w, r, unknownRoute, problem(http.StatusServiceUnavailable, problemBusy, "try again in a second", "%d requests are in progress", cap(slots)))
		return
	}
	h.metrics.open.Inc()
	defer h.metrics.open.Dec()
	switch {
	case len(r.RequestURI) > maxURL || len(r.URL.RawQuery)+len(r.URL.Path) > maxURL:
		h.fail(w, r, unknownRoute, problem(http.StatusRequestURITooLong, problemTooLong, "", "a path and query of more than %d bytes", maxURL))
	case h.local && !IsLocalName(r.Host):
		h.fail(w, r, unknownRoute, problem(http.StatusMisdirectedRequest, problemHost, "use localhost or 127.0.0.1; a node listens for others if its configuration says so", "host %.100q", r.Host))
	case !isCanonical(r.URL.EscapedPath()):
		h.noRoute(w, r) // the mux would answer with a redirect, as a page
	default:
		h.mux.ServeHTTP(w, r)
	}
}

// isVital reports whether a request asks how the node is. No answer to one reads
// the body.
func isVital(r *http.Request) bool {
	return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics"
}

// isCanonical reports whether a path is one that [http.ServeMux] looks up as it
// is: it begins with a slash and has no empty, "." or ".." elements.
func isCanonical(p string) bool {
	if !strings.HasPrefix(p, "/") || strings.Contains(p, "//") {
		return false
	}
	return p == "/" || path.Clean(p) == strings.TrimSuffix(p, "/")
}

// recover answers a request that met a mistake of ours.
func (h *Handler) recover(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // a panic value, compared as net/http does
		panic(v)
	}
	h.metrics.panics.Inc()
	h.log.Error().Str("path", r.URL.Path).Str("panic", fmt.Sprint(v)).Bytes("stack", debug.Stack()).Msg("http request met a mistake of the program")
	h.fail(w, r, unknownRoute, problem(http.StatusInternalServerError, problemInternal, "the node's log says more", "an internal error"))
}

// endpoint serves one route.
func (h *Handler) endpoint(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		if !rt.allows(r.Method) {
			w.Header().Set("Allow", rt.allowed())
			h.fail(w, r, rt.path, problem(http.StatusMethodNotAllowed, problemMethod, "use "+rt.allowed(), "method %.20q", r.Method))
			return
		}
		query, err := parseQuery(r.URL.RawQuery, rt.params)
		if err != nil {
			h.fail(w, r, rt.path, err)
			return
		}
		if rt.stream != nil {
			if toldOf(r) != nil { // whoever asks from within does not stay
				return
			}
			if err := rt.stream(w, r, query); err != nil {
				h.fail(w, r, rt.path, err)
				return
			}
			h.metrics.answered(rt.path, rt.status, 0) // it lasts as long as the client likes
			return
		}
		ctx, cancel := contextWithPatience(r)
		defer cancel()
		v, err := rt.answer(&request{query: query, http: r.WithContext(ctx)}) //nolint:contextcheck // it is the request's own, with an end
		if err != nil {
			h.fail(w, r, rt.path, err)
			return
		}
		if t := toldOf(r); t != nil {
			t.v = v
			return
		}
		status := rt.status
		if own, ok := v.(interface{ status() int }); ok {
			status = own.status()
		}
		if status, err = h.deliver(w, r, &rt, status, v); err != nil {
			h.fail(w, r, rt.path, err)
			return
		}
		h.metrics.answered(rt.path, status, time.Since(start))
	})
}

// metricsRoute serves the registry in prometheus' own format.
func (h *Handler) metricsRoute(reg *prometheus.Registry) http.Handler {
	const path = "/metrics"
	own := promhttp.HandlerFor(reg, promhttp.HandlerOpts{Timeout: patience})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rt := route{method: http.MethodGet}
		if !rt.allows(r.Method) {
			w.Header().Set("Allow", rt.allowed())
			h.fail(w, r, path, problem(http.StatusMethodNotAllowed, problemMethod, "use "+rt.allowed(), "method %.20q", r.Method))
			return
		}
		start := time.Now()
		ctx, cancel := contextWithPatience(r)
		defer cancel()
		h.refresh(r.WithContext(ctx)) //nolint:contextcheck // it is the request's own, with an end
		own.ServeHTTP(w, r)
		h.metrics.answered(path, http.StatusOK, time.Since(start))
	})
}

// encode makes JSON of an answer; bytes of JSON stay as they are.
func encode(v any) ([]byte, error) {
	if raw, ok := v.(json.RawMessage); ok {
		return raw, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// fail answers with a problem document, counts it, and logs what is our fault.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, path string, err error) {
	if t := toldOf(r); t != nil {
		t.err = err
		return
	}
	p := problemOf(err)
	p.Instance = r.URL.Path[:min(len(r.URL.Path), maxURL)]
	if p.Status == http.StatusInternalServerError {
		h.log.Error().Err(err).Str("path", r.URL.Path).Msg("http request failed")
	}
	if p.name == problemBusy {
		w.Header().Set("Retry-After", retryAfter)
	}
	body, err := encode(p)
	if err != nil { // cannot happen: strings and a number
		body = []byte("{}")
	}
	h.write(w, r, "application/problem+json", p.Status, body)
	h.metrics.problems.WithLabelValues(path, p.name).Inc()
	h.metrics.answered(path, p.Status, 0)
}

// write sends an answer. A client that is gone does not get it, which is its
// own business.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(body); err != nil {
		h.log.Debug().Err(err).Msg("http client left early")
	}
}
