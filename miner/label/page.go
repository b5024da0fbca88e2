package label

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
)

// static is the page: one document, one style, one script, one picture, as they
// are.
//
//go:embed static
var static embed.FS

// minToken is the least length of a token: 22 characters of base64 are 128 bits.
const minToken = 22

// maxOpen is how many requests are answered at a time; more wait in vain. One may
// cost a comparison of some megabytes.
const maxOpen = 16

// Facts are what the page shows beside the desk.
type Facts struct {
	Height protocol.Height `json:"height"` // the newest; 0 before any
	// Earned is what the seat was paid in Epoch, the last one that is paid. The ledger
	// pays a seat for all that it does together: Kinds says in words what that is,
	// pairs and the others.
	Earned protocol.Amount `json:"earned"`
	Epoch  protocol.Epoch  `json:"epoch"`
	Kinds  []string        `json:"kinds"`
}

// PageConfig assembles a page. Desk and Token are needed.
type PageConfig struct {
	Desk *Desk
	// Token is the secret that stands in the page's address: who knows it rates in
	// the miner's name. At least 22 characters, drawn at random.
	Token string
	// Hosts are the names and addresses by which the page is reached from other
	// machines. Without any, those of this machine alone are answered.
	Hosts []string
	// Facts tells what the page shows beside the desk; optional. Rounds whose deadline
	// its height has reached are closed when the page is looked at.
	Facts func() Facts

	Logger   zerolog.Logger
	Registry prometheus.Registerer // optional
}

// Page is the web page of a desk. It is an [http.Handler], and safe for concurrent
// use.
type Page struct {
	cfg     PageConfig
	token   [32]byte // hash of it: comparing hashes takes the same time for all
	files   map[string]file
	slots   chan struct{} // holds one for each request in progress
	metrics pageMetrics
	now     func() time.Time
}

// file is one of the page's own.
type file struct {
	mime string
	body []byte
	tag  string
}

// files are what the page consists of, by path.
var files = []struct{ path, name, mime string }{
	{"/", "index.html", "text/html; charset=utf-8"},
	{"/label.css", "label.css", "text/css; charset=utf-8"},
	{"/label.js", "label.js", "text/javascript; charset=utf-8"},
	{"/icon.svg", "icon.svg", "image/svg+xml"},
}

// NewPage returns the page of a desk. Error: [ErrConfig].
func NewPage(cfg PageConfig) (*Page, error) {
	switch {
	case cfg.Desk == nil:
		return nil, fmt.Errorf("no Desk: %w", ErrConfig)
	case len(cfg.Token) < minToken:
		return nil, fmt.Errorf("a Token of %d characters, want at least %d: %w", len(cfg.Token), minToken, ErrConfig)
	}
	if cfg.Facts == nil {
		cfg.Facts = func() Facts { return Facts{} }
	}
	p := &Page{
		cfg: cfg, token: sha256.Sum256([]byte(cfg.Token)), files: map[string]file{},
		slots: make(chan struct{}, maxOpen), metrics: newPageMetrics(cfg.Registry, cfg.Desk), now: time.Now,
	}
	for _, f := range files {
		body, err := fs.ReadFile(static, "static/"+f.name)
		if err != nil {
			return nil, err // cannot happen: it is embedded
		}
		p.files[f.path] = file{f.mime, body, fmt.Sprintf(`"%x"`, sha256.Sum256(body))}
	}
	return p, nil
}

// serveFile answers a request for one of the page's files.
func (p *Page) serveFile(w http.ResponseWriter, r *http.Request, f file) {
	w.Header().Set("Cache-Control", "no-cache") // ask each time, for a newer program has another
	w.Header().Set("ETag", f.tag)
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	p.write(w, r, http.StatusOK, f.mime, f.body)
}

// pageMetrics count what people do.
type pageMetrics struct {
	ratings, undone prometheus.Counter
	refused         *prometheus.CounterVec
}

// newPageMetrics registers with r, or counts unseen where r is nil.
func newPageMetrics(r prometheus.Registerer, d *Desk) pageMetrics {
	if r == nil {
		r = prometheus.NewRegistry()
	}
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "assay", Subsystem: "miner", Name: "label_" + name, Help: help}
	}
	m := pageMetrics{
		ratings: prometheus.NewCounter(prometheus.CounterOpts(opts("ratings_total", "Ratings given on the label page."))),
		undone:  prometheus.NewCounter(prometheus.CounterOpts(opts("undone_total", "Ratings taken back on the label page."))),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts(opts("refused_total", "Requests that the label page refused, by problem.")), []string{"problem"}),
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts(opts("open", "Pairs on the desk that nobody has rated.")), func() float64 { return float64(d.Look(nil).Open) })
	r.MustRegister(m.ratings, m.undone, m.refused, open)
	return m
}
