package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// Events is what a [State] may be in addition: it knows what blocks did.
type Events interface {
	// EventRange returns the heights of the oldest and the newest block of which it
	// knows; zeros while there is none.
	EventRange() (oldest, newest protocol.Height)
	// EventsAt returns what a block did; [ErrNotFound] where that is not known.
	EventsAt(ctx context.Context, h protocol.Height) ([]ledger.Event, error)
}

// Event is the data of an event of /v1/events. What an event does not have is
// absent.
type Event struct {
	ID         string              `json:"id"` // the cursor behind it: height, and place in the block
	Type       string              `json:"type"`
	Height     protocol.Height     `json:"height"`
	Time       time.Time           `json:"time,omitzero"` // of the block
	Epoch      *protocol.Epoch     `json:"epoch,omitempty"`
	Round      *protocol.Round     `json:"round,omitempty"`
	UID        *protocol.UID       `json:"uid,omitempty"`
	Registered *protocol.Height    `json:"registered,omitempty"`
	Hotkey     *protocol.PublicKey `json:"hotkey,omitempty"`
	Hash       *protocol.Hash      `json:"hash,omitempty"`
	Amount     *protocol.Amount    `json:"amount,omitempty"`
	Count      uint32              `json:"count,omitempty"`
	// To is the last of the blocks of which nothing is known, of an [EventMissed].
	To protocol.Height `json:"to,omitempty"`
}

// Types of events beside those of the ledger, whose names are theirs with a dash
// for a space.
const (
	EventBlock  = "block"  // there is a block
	EventPay    = "pay"    // an epoch paid a seat
	EventMissed = "missed" // what blocks did is not known, up to To
)

const (
	// maxStreams is how many clients may follow events at a time.
	maxStreams = 32
	// eventsEvery is how often a stream looks for a new block: a quarter of the
	// shortest that a network has.
	eventsEvery = 250 * time.Millisecond
	// heartbeat is after how long without an event a comment is sent, so that who is
	// gone is noticed, by either side.
	heartbeat = 15 * time.Second
	// streamPatience is how long a client may take to read what is sent.
	streamPatience = 30 * time.Second
)

// cursor is a place among events: behind the n-th of a block.
type cursor struct {
	height protocol.Height
	n      int
}

// parseEventCursor reads HEIGHT, for behind all of a block, or HEIGHT.N.
func parseEventCursor(s string) (cursor, bool) {
	a, b, has := strings.Cut(s, ".")
	h, err := number(a, 63)
	if err != nil {
		return cursor{}, false
	}
	if !has {
		return cursor{protocol.Height(h) + 1, 0}, true
	}
	n, err := number(b, 31)
	return cursor{protocol.Height(h), int(n)}, err == nil
}

// follower is a client that follows events.
type follower struct {
	h      *Handler
	src    Events
	at     cursor // of the next event
	types  map[string]bool
	seat   who
	w      http.ResponseWriter
	flush  func() error
	extend func()    // gives the client time to read what is sent next
	quiet  time.Time // since when nothing was sent
}

// events sends what blocks do as server-sent events (HTML Standard, section 9.2),
// from a cursor on and as it happens, until the client leaves or the node stops.
func (h *Handler) events(w http.ResponseWriter, r *http.Request, query map[string]string) error {
	src, ok := h.src.State.(Events)
	if !ok {
		return notKept("events", "ask a running validator")
	}
	f := &follower{h: h, src: src, w: w, types: map[string]bool{}}
	var err error
	if f.seat, err = h.seat(&request{query: query, http: r}, "seat"); err != nil { //nolint:contextcheck // it is the request's own
		return err
	}
	if err := f.start(r, query); err != nil {
		return err
	}
	rc := http.NewResponseController(w)
	f.flush = func() error {
		if err := rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		return nil
	}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("X-Accel-Buffering", "no") // of a proxy in between
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	// A recorder has no deadlines. That of reading would end the request.
	_ = rc.SetReadDeadline(time.Time{})
	f.extend = func() { _ = rc.SetWriteDeadline(time.Now().Add(streamPatience)) }
	f.extend()
	if err := f.flush(); err != nil {
		return nil // the client left
	}
	f.quiet = time.Now()
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	for {
		if err := f.send(r.Context()); err != nil {
			if r.Context().Err() == nil {
				h.log.Debug().Err(err).Msg("a follower of events left, or cannot be served")
			}
			return nil
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-tick.C:
		}
	}
}

// start reads where to begin, and what to send.
func (f *follower) start(r *http.Request, query map[string]string) error {
	from, given := query["after"]
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		from, given = last, true // a client that comes back goes on where it was
	}
	oldest, newest := f.src.EventRange()
	f.at = cursor{newest + 1, 0}
	if given {
		var ok bool
		if f.at, ok = parseEventCursor(from); !ok {
			return problem(http.StatusBadRequest, problemQuery, "give after=HEIGHT, or the id of the last event that came", "after %.40q", from)
		}
		if f.at.height < oldest && oldest > 0 {
			f.at = cursor{min(f.at.height, oldest), 0} // what is missed is told
		}
	}
	for name := range strings.SplitSeq(query["type"], ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !isEventType(name) { // it would be waited for without end
			return problem(http.StatusBadRequest, problemQuery, "there are "+strings.Join(eventTypes(), ", "), "type %.40q", name)
		}
		f.types[name] = true
	}
	return nil
}

// send sends what there is by now.
func (f *follower) send(ctx context.Context) error {
	f.extend()
	oldest, newest := f.src.EventRange()
	for f.at.height <= newest {
		if err := ctx.Err(); err != nil {
			return err
		}
		f.extend()
		list, next, err := f.blockEvents(ctx, oldest, newest)
		if err != nil {
			return err
		}
		if list[0].Type == EventMissed { // it is of whole blocks
			f.at.n = 0
		}
		for i := f.at.n; i < len(list); i++ {
			if err := f.write(&list[i], i); err != nil {
				return err
			}
		}
		f.at = cursor{next, 0}
	}
	if time.Since(f.quiet) >= heartbeat {
		if _, err := f.w.Write([]byte(":\n\n")); err != nil {
			return err
		}
		f.quiet = time.Now()
	}
	return f.flush()
}

// blockEvents are the events of the block at the cursor, and the height that
// follows; of blocks in a row of which nothing is known it is one.
func (f *follower) blockEvents(ctx context.Context, oldest, newest protocol.Height) ([]Event, protocol.Height, error) {
	h := f.at.height
	if h < oldest {
		return []Event{{Type: EventMissed, Height: h, To: oldest - 1}}, oldest, nil
	}
	events, err := f.src.EventsAt(ctx, h)
	if errors.Is(err, ErrNotFound) {
		to := h
		for to < newest {
			if _, err := f.src.EventsAt(ctx, to+1); !errors.Is(err, ErrNotFound) {
				break
			}
			to++
		}
		return []Event{{Type: EventMissed, Height: h, To: to}}, to + 1, nil
	}
	if err != nil {
		return nil, 0, err
	}
	at, err := f.h.timeOf(ctx, h)
	if err != nil {
		return nil, 0, err
	}
	out := []Event{{Type: EventBlock, Height: h}}
	for i := range events {
		out = append(out, shownEvent(&events[i]))
		if events[i].Name == ledger.EventPaid {
			pays, err := f.pays(ctx, events[i].Epoch, h)
			if err != nil {
				return nil, 0, err
			}
			out = append(out, pays...)
		}
	}
	for i := range out {
		out[i].Time = at
	}
	return out, h + 1, nil
}

// pays are what an epoch paid each seat, where that is kept.
func (f *follower) pays(ctx context.Context, e protocol.Epoch, h protocol.Height) ([]Event, error) {
	v, err := f.h.view(ctx)
	if err != nil {
		return nil, err
	}
	paid, err := f.h.paidIn(ctx, v, e)
	if err != nil || paid == nil {
		return nil, err
	}
	var out []Event
	for i := range paid.Payments {
		p := &paid.Payments[i]
		if total := p.Miner + p.Validator; total > 0 {
			out = append(out, Event{Type: EventPay, Height: h, Epoch: &e, UID: &p.Seat.UID, Registered: &p.Seat.Registered, Hotkey: &p.Hotkey, Amount: &total})
		}
	}
	return out, nil
}

// shownEvent shows an event of the ledger.
func shownEvent(e *ledger.Event) Event {
	out := Event{Type: eventType(e.Name), Height: e.Height, Epoch: &e.Epoch, Count: e.Count}
	if e.Round > 0 {
		out.Round = &e.Round
	}
	if e.Seat != (protocol.SeatID{}) || !e.Hotkey.IsZero() {
		out.UID, out.Registered = &e.Seat.UID, &e.Seat.Registered
	}
	if !e.Hotkey.IsZero() {
		out.Hotkey = &e.Hotkey
	}
	if !e.Hash.IsZero() {
		out.Hash = &e.Hash
	}
	if e.Amount > 0 {
		out.Amount = &e.Amount
	}
	return out
}

// eventType is the type of an event of the ledger.
func eventType(name ledger.EventName) string { return strings.ReplaceAll(string(name), " ", "-") }

// eventTypes are the types that a client may pick.
func eventTypes() []string {
	out := []string{EventBlock, EventPay, EventMissed}
	for _, name := range ledger.EventNames() {
		out = append(out, eventType(name))
	}
	return out
}

func isEventType(name string) bool { return slices.Contains(eventTypes(), name) }

// wants reports whether the client picked an event. That something was missed is
// told to all.
func (f *follower) wants(e *Event) bool {
	if e.Type == EventMissed {
		return true
	}
	if len(f.types) > 0 && !f.types[e.Type] {
		return false
	}
	switch {
	case f.seat.any:
		return true
	case e.UID == nil:
		return false
	case e.Hotkey == nil:
		return f.seat.byUID && *e.UID == f.seat.uid
	}
	return f.seat.is(*e.UID, *e.Hotkey)
}

// write sends the n-th event of a block, if the client wants it.
func (f *follower) write(e *Event, n int) error {
	if !f.wants(e) {
		return nil
	}
	e.ID = strconv.FormatUint(uint64(e.Height), 10) + "." + strconv.Itoa(n+1)
	if e.Type == EventMissed {
		e.ID = strconv.FormatUint(uint64(e.To), 10)
	}
	data, err := encode(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f.w, "id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Type, bytes.TrimSpace(data))
	f.quiet = time.Now()
	return err
}
