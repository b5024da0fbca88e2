package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/netutil"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/runfile"
	"github.com/assaynet/assay/engine/server/page"
	"github.com/assaynet/assay/engine/server/shelf"
)

// Limits of what a client may send and take.
const (
	maxBody           = 8 << 20 // twice the longest text that is encoded
	maxHeader         = 16 << 10
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 20 * time.Second // for one piece of a stream
	idleTimeout       = 2 * time.Minute
	stopTimeout       = 2 * time.Second
)

// Model is an open model under the name by which clients ask for it.
type Model struct {
	Name   string
	Engine *engine.Model
	Opened time.Time
}

// Config says what is served, and to whom.
type Config struct {
	// Shelf has what can be asked for; a request without a model's name gets
	// the first. Models, instead, are models that are open already.
	Shelf  *shelf.Shelf
	Models []Model
	// Queue is how many answers may be in the making or wait for it; those
	// after them are refused with 429. No key has more of them than there are
	// places left. Default 256.
	Queue int
	// Connections bounds how many clients are connected. Default 1024.
	Connections int
	// Keys are who may ask; without any, everybody.
	Keys []Key
	// Hosts are names by which the server is asked, without a port, beside
	// loopback's; "*" takes any, for what stands behind a proxy that looks.
	Hosts []string
	// Origins are pages in browsers that may ask, such as
	// "https://example.org".
	Origins []string
	// Receipts is how many answers' runs are kept for their receipts, as long
	// as they take 256 MiB at most. Default 1024.
	Receipts int
	// Sign, where it is not nil, signs the statement of each receipt.
	Sign func(statement []byte) (runfile.Signature, error)
	// Observe, where it is not nil, is told of each request that was answered: what was
	// asked, as routes.go has it or "other", the status, and how long it took.
	Observe func(route string, status int, took time.Duration)
	// Metrics answers GET /metrics, where it is not nil.
	Metrics http.Handler
	// Logger hears of trouble; never of what was asked or answered.
	Logger zerolog.Logger
}

const (
	defaultReceipts    = 1024
	defaultConnections = 1024
)

// Server answers requests. It is safe for concurrent use.
type Server struct {
	cfg      Config
	shelf    *shelf.Shelf
	gate     *gate
	bodies   *places // bytes of memory, of requests that are read
	receipts *receipts
	mux      *http.ServeMux
}

// New returns a server over open models, which the caller closes after it.
// Errors: [ErrConfig].
func New(cfg Config) (*Server, error) {
	if cfg.Receipts == 0 {
		cfg.Receipts = defaultReceipts
	}
	if cfg.Queue == 0 {
		cfg.Queue = defaultQueue
	}
	if cfg.Connections == 0 {
		cfg.Connections = defaultConnections
	}
	s := &Server{
		cfg: cfg, shelf: cfg.Shelf, gate: newGate(cfg.Queue, cfg.Keys), bodies: newPlaces(maxBodies, len(cfg.Keys) > 0),
		receipts: newReceipts(cfg.Receipts), mux: http.NewServeMux(),
	}
	if s.shelf == nil {
		specs := make([]shelf.Spec, len(cfg.Models))
		for i, m := range cfg.Models {
			specs[i] = shelf.Opened(m.Name, m.Engine, m.Opened)
		}
		var err error
		if s.shelf, err = shelf.New(context.Background(), shelf.Config{Specs: specs}); err != nil { //nolint:forbidigo // nothing is opened, so nothing ends with it
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	for path, h := range s.routes() {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				s.fail(w, r, err)
			}
		})
	}
	if cfg.Metrics != nil {
		s.mux.Handle("GET /metrics", cfg.Metrics)
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &problem{status: http.StatusNotFound, Message: fmt.Sprintf("there is no %s %.200s here", r.Method, r.URL.Path), Type: typeMissing})
	})
	return s, nil
}

// Answers is how many answers are in the making, or wait for it.
func (s *Server) Answers() int { return s.gate.count() }

// observed keeps the status of an answer.
type observed struct {
	http.ResponseWriter
	status int
}

func (o *observed) WriteHeader(status int) {
	if o.status == 0 {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// ServeHTTP answers one request of whoever may ask.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Observe == nil {
		s.serve(w, r)
		return
	}
	began, o := time.Now(), &observed{ResponseWriter: w}
	s.serve(o, r)
	_, route := s.mux.Handler(r)
	if route == "/" || route == "" {
		route = "other"
	}
	s.cfg.Observe(route, max(o.status, http.StatusOK), time.Since(began))
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.knownHost(r.Host) {
		s.fail(w, r, &problem{status: http.StatusForbidden, Message: fmt.Sprintf("this server is not asked as %.100q; name it by --host", r.Host), Type: typeForbidden})
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && !s.ownPage(origin, r.Host) {
		if !slices.Contains(s.cfg.Origins, origin) {
			s.fail(w, r, &problem{status: http.StatusForbidden, Message: fmt.Sprintf("pages of %.100q may not ask; allow them by --origin", origin), Type: typeForbidden})
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Vary", "Origin")
		h.Set("Access-Control-Expose-Headers", receiptHeader+", Retry-After")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers")) // clients have some of their own
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	caller, ok := s.caller(r)
	if !ok && r.URL.Path != "/health" && !page.Has(r.URL.Path) {
		s.fail(w, r, &problem{status: http.StatusUnauthorized, Message: "no key, or an unknown one; give it as: Authorization: Bearer KEY", Type: typeKey})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	ctx := engine.WithSharer(engine.WithCaller(r.Context(), caller), caller)
	ctx = context.WithValue(ctx, callerKey{}, caller)
	s.mux.ServeHTTP(w, r.WithContext(ctx))
}

// knownHost keeps pages out that reach this machine by a name of their own.
func (s *Server) knownHost(host string) bool {
	return slices.Contains(s.cfg.Hosts, "*") || s.namedHost(host)
}

// namedHost tells whether a host is loopback or one that Config.Hosts names.
func (s *Server) namedHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() || host == "localhost" {
		return true
	}
	return slices.Contains(s.cfg.Hosts, host)
}

// ownPage tells whether an origin is this server's own, whose page may ask. Where
// any host is taken it is not known which that is, and --origin has to say.
func (s *Server) ownPage(origin, host string) bool {
	return (origin == "http://"+host || origin == "https://"+host) && s.namedHost(host)
}

// caller returns the name of the key that a request brings.
func (s *Server) caller(r *http.Request) (string, bool) {
	if len(s.cfg.Keys) == 0 {
		return "", true
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		given = r.Header.Get("X-Api-Key") // Anthropic's clients
	}
	return find(s.cfg.Keys, given)
}

// Serve answers what comes to a listener until ctx ends; then answers in
// progress have two seconds. The listener is closed then. Nil after a clean
// stop.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	srv := &http.Server{
		Handler: s, ErrorLog: log.New(s.cfg.Logger, "", 0), ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return work },
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(netutil.LimitListener(l, s.cfg.Connections)) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve http: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(work, stopTimeout)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		stop() // answers end within a step
		err = srv.Close()
		if err != nil {
			return fmt.Errorf("close http: %w", err)
		}
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http: %w", err)
	}
	return nil
}
