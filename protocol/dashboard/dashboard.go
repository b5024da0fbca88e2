package dashboard

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
)

// ErrConfig says that a field of [Config] is missing.
var ErrConfig = errors.New("dashboard: bad config")

// Asker answers what the node's HTTP does: [api.Handler].
type Asker interface {
	// Ask returns what GET of a path answers, as a value of package api.
	Ask(ctx context.Context, target string) (any, error)
}

// Config says what is shown.
type Config struct {
	Ask    Asker
	State  api.State // nil of a node that keeps no ledger
	Chain  string    // the chain id
	Params *params.Params
	// Text makes text of an answer's tokens; false where the node does not have the
	// model. Nil: it has none.
	Text func(model protocol.ModelID, tokens []int32) (string, bool)
}

// prefix begins the paths of all pages but the first.
const prefix = api.PagesPrefix

// policy lets a page load what its node has, and ask that node.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

//go:embed static page.html
var files embed.FS

// static are the files beside the pages, by their names.
var static = map[string]string{
	"pages.css": "text/css; charset=utf-8",
	"live.js":   "text/javascript; charset=utf-8",
	"icon.svg":  "image/svg+xml",
}

// Dashboard serves the pages.
type Dashboard struct {
	cfg    Config
	mux    *http.ServeMux
	layout *template.Template
	trying sync.Mutex // one at a time computes an epoch with other settings
}

// New returns the pages of a node. It may be used by many requests at a time.
func New(cfg Config) (*Dashboard, error) {
	if cfg.Ask == nil || cfg.Params == nil {
		return nil, fmt.Errorf("no Ask or no Params: %w", ErrConfig)
	}
	d := &Dashboard{cfg: cfg, mux: http.NewServeMux()}
	var err error
	if d.layout, err = template.New("page.html").Funcs(template.FuncMap{"menu": menu}).ParseFS(files, "page.html"); err != nil {
		return nil, fmt.Errorf("parse the pages: %w", err)
	}
	for path, build := range map[string]func(*request) (*document, error){
		"/{$}":                     d.glance,
		prefix + "miners":          d.miners,
		prefix + "miner/{uid}":     d.miner,
		prefix + "validators":      d.validators,
		prefix + "validator/{uid}": d.validator,
		prefix + "tasks":           d.tasks,
		prefix + "task/{id}":       d.task,
		prefix + "weights":         d.weights,
		prefix + "epochs":          d.epochs,
		prefix + "epoch/{epoch}":   d.epoch,
		prefix + "what-if":         d.whatIf,
		prefix + "find":            d.find,
		prefix:                     d.nothing,
	} {
		d.mux.HandleFunc(path, d.page(build))
	}
	d.mux.HandleFunc(prefix+"static/{name}", d.file)
	return d, nil
}

// menu are the entries of every page.
func menu() []link {
	return []link{
		{"Network", "/"},
		{"Miners", prefix + "miners"},
		{"Validators", prefix + "validators"},
		{"Tasks", prefix + "tasks"},
		{"Weights", prefix + "weights"},
		{"Epochs", prefix + "epochs"},
		{"What if", prefix + "what-if"},
	}
}

// ServeHTTP implements [http.Handler].
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	for name, value := range map[string]string{
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
	} {
		head.Set(name, value)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		head.Set("Allow", "GET, HEAD")
		http.Error(w, "pages are only read", http.StatusMethodNotAllowed)
		return
	}
	d.mux.ServeHTTP(w, r)
}

// request is what a page is made for.
type request struct {
	*http.Request
	height protocol.Height
	epoch  protocol.Epoch // the running one
	paid   protocol.Epoch // the newest that has paid
	any    bool           // there is one
	ledger ledger.Reader  // nil of a node that keeps no ledger
}

// redirect is an error that leads to another page.
type redirect string

func (r redirect) Error() string { return "see " + string(r) }

// page answers with a document.
func (d *Dashboard) page(build func(*request) (*document, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		doc, err := d.build(r, build)
		if to, ok := errors.AsType[redirect](err); ok {
			http.Redirect(w, r, string(to), http.StatusSeeOther)
			return
		}
		if err != nil {
			status, doc = d.trouble(err)
		}
		d.addHead(r.Context(), doc)
		var b bytes.Buffer
		if err := d.layout.Execute(&b, doc); err != nil { // a mistake of ours
			http.Error(w, "the page could not be made", http.StatusInternalServerError)
			return
		}
		d.send(w, r, "text/html; charset=utf-8", status, b.Bytes())
	}
}

// build reads where the node is, and makes the document of it.
func (d *Dashboard) build(r *http.Request, of func(*request) (*document, error)) (*document, error) {
	q := &request{Request: r}
	if d.cfg.State != nil {
		var err error
		if q.ledger, q.height, err = d.cfg.State.State(r.Context()); err != nil {
			return nil, err
		}
		s := d.cfg.Params.Schedule
		q.epoch = s.EpochOf(q.height)
		switch {
		case s.IsEpochEnd(q.height):
			q.paid, q.any = q.epoch, true
		case q.epoch > 0:
			q.paid, q.any = q.epoch-1, true
		}
	}
	return of(q)
}

// addHead fills in what every page shows of the node.
func (d *Dashboard) addHead(ctx context.Context, doc *document) {
	doc.Chain = protocol.ShortChainID(d.cfg.Chain)
	s, err := ask[api.Status](ctx, d, "/v1/status")
	if err != nil {
		return
	}
	doc.Height, doc.Epoch = s.Height, s.Epoch
	if s.BlockTime.Unix() > 0 {
		doc.Time = s.BlockTime.UTC().Format("15:04:05 UTC")
	}
}

// trouble is a page that says why there is not another one.
func (d *Dashboard) trouble(err error) (int, *document) {
	if p, ok := errors.AsType[*api.Problem](err); ok {
		doc := &document{Title: p.Title, Lead: sentence(plainly(p.Detail))}
		if p.Hint != "" {
			doc.Sections = []section{{Title: "What to do", Notes: []string{sentence(p.Hint)}}}
		}
		return p.Status, doc
	}
	if errors.Is(err, api.ErrNotFound) { // of a node's state: there is none yet
		return http.StatusServiceUnavailable, &document{Title: "This node has nothing to show yet", Lead: sentence(plainly(err.Error()))}
	}
	if errors.Is(err, api.ErrNotKept) {
		return http.StatusNotFound, &document{Title: "This node does not keep that", Lead: sentence(plainly(err.Error()))}
	}
	return http.StatusInternalServerError, &document{Title: "The node made a mistake", Lead: "The page could not be made; the node's log may say more."}
}

// plainly leaves out of an error what means something to programs alone.
func plainly(why string) string {
	for _, kind := range []error{api.ErrNotKept, api.ErrNotFound} {
		if _, after, ok := strings.Cut(why, kind.Error()+": "); ok {
			return after
		}
	}
	return why
}

// sentence makes a sentence of what begins small and ends without a period.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + s[n:] + "."
}

// noPage says that there is no such page.
func noPage(format string, args ...any) error {
	return &api.Problem{Title: "There is no such page", Status: http.StatusNotFound, Detail: fmt.Sprintf(format, args...)}
}

// nothing is the page of all paths without one.
func (d *Dashboard) nothing(r *request) (*document, error) {
	return nil, noPage("nothing is at %.100q", r.URL.Path)
}

// needLedger is the error of a page that a node without a ledger cannot make.
func (r *request) needLedger() error {
	if r.ledger != nil {
		return nil
	}
	return &api.Problem{
		Title: "This node keeps no ledger", Status: http.StatusNotFound, Detail: "a miner follows headers alone, and believes only what is proven of its own seat",
		Hint: "look at the pages of a validator, or of an observer of your own: validator run --observe",
	}
}

// uid reads the seat that a path names.
func (r *request) uid() (protocol.UID, error) {
	n, err := strconv.ParseUint(r.PathValue("uid"), 10, 16)
	if err != nil {
		return 0, noPage("%.40q is no uid, which is a number from 0 to 65535", r.PathValue("uid"))
	}
	return protocol.UID(n), nil
}

// ask asks the node for a value of package api.
func ask[T any](ctx context.Context, d *Dashboard, target string) (T, error) {
	v, err := d.cfg.Ask.Ask(ctx, target)
	if err != nil {
		var none T
		return none, err
	}
	out, ok := v.(T)
	if !ok {
		return out, fmt.Errorf("%s answers a %T", target, v)
	}
	return out, nil
}

// missing reports whether an error says that a node does not have something, so
// that a page is shown without it.
func missing(err error) bool {
	if errors.Is(err, api.ErrNotKept) {
		return true
	}
	var p *api.Problem
	return errors.As(err, &p) && (p.Status == http.StatusNotFound || p.Status == http.StatusGone)
}

// file answers with a file beside the pages.
func (d *Dashboard) file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	kind, ok := static[name]
	body, err := files.ReadFile("static/" + name)
	if !ok || err != nil {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(body)
	tag := `W/"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	d.send(w, r, kind, http.StatusOK, body)
}

// send sends a body, compressed where the client takes that.
func (d *Dashboard) send(w http.ResponseWriter, r *http.Request, kind string, status int, body []byte) {
	head := w.Header()
	head.Set("Content-Type", kind)
	head.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // which is a level
		_, _ = z.Write(body)                            // into memory
		_ = z.Close()
		body = b.Bytes()
		head.Set("Content-Encoding", "gzip")
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that is gone hears nothing
	}
}
