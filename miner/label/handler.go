package label

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/assaynet/assay/protocol"
)

// The requests of the page's script.
const (
	pathDesk   = "/api/desk"   // GET: what is on the desk
	pathRate   = "/api/rate"   // POST: keep a rating
	pathUndo   = "/api/undo"   // POST: take the newest back
	pathFinish = "/api/finish" // POST: a round need not wait for its deadline
)

// changes are the requests that change the desk.
func (p *Page) changes() map[string]func(http.ResponseWriter, *http.Request, []byte) {
	return map[string]func(http.ResponseWriter, *http.Request, []byte){pathRate: p.rate, pathUndo: p.undo, pathFinish: p.finish}
}

// ServeHTTP implements [http.Handler].
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		w.Header().Set("Retry-After", "1")
		p.fail(w, r, refuse(http.StatusServiceUnavailable, "busy", "Too many requests at a time. Try again in a second."))
		return
	}
	if bad := p.guard(r); bad != nil {
		p.fail(w, r, bad)
		return
	}
	f, isFile := p.files[r.URL.Path]
	reads := isFile || r.URL.Path == pathDesk
	switch {
	case !reads && p.changes()[r.URL.Path] == nil:
		p.fail(w, r, refuse(http.StatusNotFound, "no_such_path", "There is nothing here. The page is at /."))
	case reads && r.Method != http.MethodGet && r.Method != http.MethodHead:
		p.notAllowed(w, r, "GET, HEAD")
	case !reads && r.Method != http.MethodPost:
		p.notAllowed(w, r, "POST")
	case isFile:
		p.serveFile(w, r, f)
	case !p.knows(r):
		p.fail(w, r, refuse(http.StatusUnauthorized, "token", "This address has no valid token. Open the one that “miner label” prints."))
	default:
		p.serveDesk(w, r)
	}
}

// serveDesk answers who has the token.
func (p *Page) serveDesk(w http.ResponseWriter, r *http.Request) {
	if err := p.cfg.Desk.Expire(p.cfg.Facts().Height); err != nil {
		p.cfg.Logger.Error().Err(err).Msg("the label page could not close what is past its deadline")
	}
	if r.URL.Path == pathDesk {
		p.show(w, r)
		return
	}
	p.change(w, r)
}

func (p *Page) notAllowed(w http.ResponseWriter, r *http.Request, allowed string) {
	w.Header().Set("Allow", allowed)
	p.fail(w, r, refuse(http.StatusMethodNotAllowed, "method", "Use "+allowed+"."))
}

// show shows the desk to who has a pair before the eyes, or leaves it for later.
func (p *Page) show(w http.ResponseWriter, r *http.Request) {
	q, err := parseLook(r.URL.RawQuery)
	switch {
	case err != nil:
		p.fail(w, r, refuse(http.StatusBadRequest, "query", err.Error()))
	case q.shown == nil:
		p.answer(w, r, p.shape(p.cfg.Desk.Look(nil)))
	case q.later:
		p.answer(w, r, p.shape(p.cfg.Desk.After(*q.shown)))
	default:
		p.answer(w, r, p.shape(p.cfg.Desk.Look(q.shown)))
	}
}

// change carries out what changes the desk.
func (p *Page) change(w http.ResponseWriter, r *http.Request) {
	if !isJSON(r) {
		p.fail(w, r, refuse(http.StatusUnsupportedMediaType, "content_type", "Send application/json."))
		return
	}
	body, bad := readBody(w, r)
	if bad != nil {
		p.fail(w, r, bad)
		return
	}
	p.changes()[r.URL.Path](w, r, body)
}

func (p *Page) rate(w http.ResponseWriter, r *http.Request, body []byte) {
	q, err := decodeRate(body)
	if err != nil {
		p.fail(w, r, refuse(http.StatusBadRequest, "body", err.Error()))
		return
	}
	err = p.cfg.Desk.Rate(q.Ref, q.Pair, Rating{Choice: q.Choice, Reason: q.Reason, Given: p.now()})
	if err != nil {
		p.refuseChange(w, r, err, q.Ref)
		return
	}
	p.metrics.ratings.Inc()
	p.answer(w, r, p.shape(p.cfg.Desk.After(q.Ref)))
}

func (p *Page) undo(w http.ResponseWriter, r *http.Request, body []byte) {
	q, err := decodeUndo(body)
	if err != nil {
		p.fail(w, r, refuse(http.StatusBadRequest, "body", err.Error()))
		return
	}
	was, err := p.cfg.Desk.Undo(q.Ref, q.Change)
	if err != nil {
		p.refuseChange(w, r, err, q.Ref)
		return
	}
	p.metrics.undone.Inc()
	s := p.shape(p.cfg.Desk.Look(&q.Ref))
	s.Was = &wasShape{Choice: was.Choice, Reason: was.Reason}
	p.answer(w, r, s)
}

func (p *Page) finish(w http.ResponseWriter, r *http.Request, body []byte) {
	q, err := decodeFinish(body)
	if err != nil {
		p.fail(w, r, refuse(http.StatusBadRequest, "body", err.Error()))
		return
	}
	if err := p.cfg.Desk.Finish(q.Round); err != nil {
		p.refuseChange(w, r, err, Ref{Round: q.Round})
		return
	}
	p.answer(w, r, p.shape(p.cfg.Desk.Look(nil)))
}

// refuseChange says why the desk refused a change, and shows it as it is now.
func (p *Page) refuseChange(w http.ResponseWriter, r *http.Request, err error, at Ref) {
	bad := refuse(http.StatusInternalServerError, "store", "The miner could not write to its disk. Nothing that it took before is lost; its log says more.")
	switch {
	case errors.Is(err, ErrStale):
		bad = refuse(http.StatusConflict, "stale", "Something changed here in another window meanwhile. What was kept there stays.")
	case errors.Is(err, ErrSealed):
		bad = refuse(http.StatusConflict, "sealed", "The round was sealed before this came. What was kept before stays.")
	case errors.Is(err, ErrUnrated):
		bad = refuse(http.StatusConflict, "unrated", "Pairs of this round are left. It is sealed when they are rated, or at its deadline.")
	case errors.Is(err, ErrUnknown):
		bad = refuse(http.StatusConflict, "unknown", "This pair is not on the desk any more.")
	case errors.Is(err, ErrRating):
		p.fail(w, r, refuse(http.StatusBadRequest, "rating", err.Error()))
		return
	default:
		p.cfg.Logger.Error().Err(err).Msg("the label page could not keep a change")
	}
	s := p.shape(p.cfg.Desk.Look(&at))
	bad.Desk = &s
	p.fail(w, r, bad)
}

// answer sends the desk.
func (p *Page) answer(w http.ResponseWriter, r *http.Request, s deskShape) {
	p.write(w, r, http.StatusOK, "application/json", encode(&s))
}

// fail sends a problem, and counts it.
func (p *Page) fail(w http.ResponseWriter, r *http.Request, bad *problem) {
	p.metrics.refused.WithLabelValues(bad.Problem).Inc()
	p.write(w, r, bad.status, "application/json", encode(bad))
}

// write sends an answer. A client that is gone does not get it, which is its own
// business.
func (p *Page) write(w http.ResponseWriter, r *http.Request, status int, mime string, body []byte) {
	w.Header().Set("Content-Type", mime)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(body); err != nil {
		p.cfg.Logger.Debug().Err(err).Msg("http client left early")
	}
}

// rateShape is the body of a request to keep a rating.
type rateShape struct {
	Ref
	Pair   protocol.Hash `json:"pair"`
	Choice Choice        `json:"choice"`
	Reason string        `json:"reason"`
}

// undoShape is the body of a request to take the newest rating back.
type undoShape struct {
	Ref
	Change uint64 `json:"change"`
}

// finishShape is the body of a request to seal a round before its deadline.
type finishShape struct {
	Round protocol.Round `json:"round"`
}
