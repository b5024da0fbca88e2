package gossip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/assaynet/assay/protocol/wire"
)

// A Stream names a service that nodes ask each other for.
type Stream string

// The streams.
const (
	StreamState    Stream = "state"    // ledger state with proofs
	StreamEvidence Stream = "evidence" // cards and answers of past epochs
	StreamInfer    Stream = "infer"    // interactive requests
	StreamSubmit   Stream = "submit"   // a transaction, handed to one peer
	StreamFork     Stream = "fork"     // a signed block of another history
	StreamPresence Stream = "presence" // whether an identity is in use; every host answers
)

// Times and bounds of a request.
const (
	// readTime is how long a request may take to arrive, writeTime how long a
	// response may take to leave: 4 MiB at 200 kB/s.
	readTime  = 5 * time.Second
	writeTime = 20 * time.Second
	// serveTime is how long a handler may take: a long poll of 20 s and slack.
	serveTime = 25 * time.Second
	// requestTime is for the whole of a request whose caller sets no deadline.
	requestTime = readTime + serveTime + writeTime
)

// serve is the node's code behind a stream.
type serve = func(ctx context.Context, from string, request []byte) ([]byte, error)

// Handle sets what answers requests on a stream. fn runs side by side with
// itself; ctx ends when the request has taken too long and when the host stops.
// The text of an error that wraps [ErrRefused] or [ErrBusy] is sent to the peer;
// the second says that it may ask again. It is called before Run: [ErrRunning];
// [ErrUnknown] for an unknown stream.
func (h *Host) Handle(name Stream, fn func(ctx context.Context, from string, request []byte) (response []byte, err error)) error {
	return h.HandlePolls(name, nil, fn)
}

// HandlePolls is [Host.Handle] for a stream on which some requests only wait until
// something happens: those that waits names. They hold no place of those that are
// worked on, but one of many others. waits is called with what a peer sent.
func (h *Host) HandlePolls(name Stream, waits func(request []byte) bool, fn func(ctx context.Context, from string, request []byte) (response []byte, err error)) error {
	return h.handle(name, &service{fn: fn, waits: waits})
}

// HandleSeldom is [Host.Handle] for what honest peers ask almost never: each may
// ask four times at once, and again every half a minute.
func (h *Host) HandleSeldom(name Stream, fn func(ctx context.Context, from string, request []byte) (response []byte, err error)) error {
	return h.handle(name, &service{fn: fn, seldom: &meter[peer.ID]{}})
}

// seldomRate is how often one peer may ask for what is asked almost never.
var seldomRate = allowance{burst: 4, perSecond: 1.0 / 30}

func (h *Host) handle(name Stream, v *service) error {
	if !name.known() {
		return fmt.Errorf("handle stream %.40q: %w", string(name), ErrUnknown)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.started {
		return fmt.Errorf("handle stream %s: %w", name, ErrRunning)
	}
	v.name, v.work.limits, v.polls.limits = string(name), &workQuotas, &pollQuotas
	h.serving[string(name)] = v
	return nil
}

func (n Stream) known() bool {
	switch n {
	case StreamState, StreamEvidence, StreamInfer, StreamSubmit, StreamFork, StreamPresence:
		return true
	}
	return false
}

func (h *Host) streamID(name string) protocol.ID { return protocol.ID(prefix(h.set.ChainID) + name) }

// streamHandler returns what libp2p calls, on a goroutine of its own, for
// each stream that a peer opens.
func (h *Host) streamHandler(ctx context.Context, s *session, v *service) network.StreamHandler {
	return func(st network.Stream) {
		if !s.gate.enter() {
			st.Reset() //nolint:errcheck // the host is stopping
			return
		}
		defer s.gate.leave()
		outcome := h.serveStream(ctx, s, st, v)
		h.metrics.served.WithLabelValues(v.name, outcome).Inc()
	}
}

// serveStream reads a request, has it answered and sends the response; it
// returns the outcome for the metrics.
func (h *Host) serveStream(ctx context.Context, s *session, st network.Stream, v *service) string {
	from := st.Conn().RemotePeer()
	c := h.classOf(from)
	if now := h.now(); s.bytes.left(from, budgets[c], now) <= 0 || s.crowd.left(c, crowds[c], now) <= 0 {
		return finish(st, frameError, encodeError(codeBusy, "too many bytes"), "busy")
	}
	if v.seldom != nil && !v.seldom.take(from, seldomRate, 1, time.Now()) {
		return finish(st, frameError, encodeError(codeBusy, "asked too often"), "busy")
	}
	request, err := v.read(st, from, c)
	switch {
	case errors.Is(err, wire.ErrTooLarge), errors.Is(err, ErrFrame):
		return finish(st, frameError, encodeError(codeRefused, err.Error()), "bad_frame")
	case err != nil:
		return abort(st)
	}
	room, full := &v.work, "too many requests at once"
	if v.waits != nil && v.waits(request) {
		room, full = &v.polls, "too many requests that wait"
	}
	give := room.take(from, c)
	if give == nil {
		return finish(st, frameError, encodeError(codeBusy, full), "busy")
	}
	defer give()
	limited, cancel := context.WithTimeout(ctx, h.set.times.serve)
	defer cancel()
	response, err := v.fn(limited, from.String(), request)
	now, size := h.now(), float64(len(request)+len(response))
	s.bytes.spend(from, budgets[c], size, now)
	s.crowd.spend(c, crowds[c], size, now)
	switch {
	case errors.Is(err, ErrRefused):
		return finish(st, frameError, encodeError(codeRefused, err.Error()), "refused")
	case errors.Is(err, ErrBusy):
		return finish(st, frameError, encodeError(codeBusy, err.Error()), "busy")
	case errors.Is(err, context.DeadlineExceeded):
		return finish(st, frameError, encodeError(codeTimeout, ""), "timeout")
	case err == nil && len(response) > MaxResponse:
		err = fmt.Errorf("response of %d bytes, at most %d: %w", len(response), MaxResponse, wire.ErrTooLarge)
		fallthrough
	case err != nil:
		h.set.Logger.Warn().Err(err).Str("stream", string(st.Protocol())).Msg("request not answered")
		return finish(st, frameError, encodeError(codeInside, ""), "error")
	}
	return finish(st, frameResponse, response, "ok")
}

// read reads a request, in a place for that alone.
func (v *service) read(st network.Stream, from peer.ID, c class) ([]byte, error) {
	if err := st.SetReadDeadline(time.Now().Add(readTime)); err != nil {
		return nil, err
	}
	// A reset sends, for which it waits where the peer reads nothing. The deadline
	// sends nothing and wakes the read below, whose own goroutine resets then.
	done := v.reads.enter(from, c, func() { st.SetReadDeadline(time.Now()) }) //nolint:errcheck // a stream that has ended is none that reads
	defer done()
	_, request, err := readFrame(st, frameRequest)
	return request, err
}

// finish sends the last frame of a stream and closes it.
func finish(st network.Stream, typ frameType, payload []byte, outcome string) string {
	if err := st.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return abort(st)
	}
	if err := writeFrame(st, typ, payload); err != nil {
		return abort(st)
	}
	if err := st.Close(); err != nil {
		return abort(st)
	}
	return outcome
}

func abort(st network.Stream) string {
	st.Reset() //nolint:errcheck // nobody is there to be told
	return "broken"
}

// Request asks a peer, by its id, and returns its response: at most
// [MaxResponse] bytes. A peer that is not connected is dialled when its
// address is known. ctx bounds the whole; without a deadline it is 50 s.
// Errors: [*RemoteError], [ErrAddress], [ErrUnknown], [ErrFrame],
// [wire.ErrTooLarge], [ErrNotRunning], or why the peer was not reached.
func (h *Host) Request(ctx context.Context, to string, name Stream, request []byte) ([]byte, error) {
	if !name.known() {
		return nil, fmt.Errorf("request on %.40q: %w", string(name), ErrUnknown)
	}
	if len(request) > MaxRequest {
		return nil, fmt.Errorf("request of %d bytes, at most %d: %w", len(request), MaxRequest, wire.ErrTooLarge)
	}
	id, err := peer.Decode(to)
	if err != nil {
		return nil, fmt.Errorf("request to %.80q: %w: %w", to, ErrAddress, err)
	}
	s := h.session.Load()
	if s == nil {
		return nil, fmt.Errorf("request %s: %w", name, ErrNotRunning)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, requestTime)
		defer cancel()
	}
	response, err := h.ask(ctx, s, id, name, request)
	if ctx.Err() != nil && err != nil {
		err = errors.Join(ctx.Err(), err)
	}
	h.metrics.requested.WithLabelValues(string(name), requestOutcome(err)).Inc()
	if err != nil {
		return nil, fmt.Errorf("request %s of %s: %w", name, to, err)
	}
	return response, nil
}

// ask opens a stream, writes the request and reads the response.
func (h *Host) ask(ctx context.Context, s *session, id peer.ID, name Stream, request []byte) ([]byte, error) {
	if s.net.Network().Connectedness(id) != network.Connected {
		if err := h.approach(ctx, s, id); err != nil {
			return nil, err
		}
	}
	st, err := s.net.NewStream(network.WithAllowLimitedConn(ctx, "a request"), id, h.streamID(string(name)))
	if err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { st.Reset() }) //nolint:errcheck // it wakes the read below
	defer stop()
	if err := writeFrame(st, frameRequest, request); err != nil {
		abort(st)
		return nil, err
	}
	if err := st.CloseWrite(); err != nil {
		abort(st)
		return nil, fmt.Errorf("end request: %w", err)
	}
	typ, payload, err := readFrame(st, frameResponse, frameError)
	if err != nil {
		abort(st)
		return nil, err
	}
	st.Close() //nolint:errcheck // all that matters has been read
	if typ == frameResponse {
		return payload, nil
	}
	remote, err := decodeError(payload)
	if err != nil {
		return nil, err
	}
	return nil, remote
}

// approach dials a peer whose address is known; where that fails, or no address is
// known, it tries the relays.
func (h *Host) approach(ctx context.Context, s *session, id peer.ID) error {
	info, known := h.book.of(id)
	switch {
	case !known && !h.set.Relay, !known && len(s.net.Peerstore().Addrs(id)) > 0:
		return nil // a stream is opened where the peer has told an address
	case !known:
		return h.byRelay(ctx, s, id)
	case !h.set.Relay:
		return h.dial(ctx, s, info)
	}
	direct, cancel := ctx, context.CancelFunc(func() {})
	if end, ok := ctx.Deadline(); ok { // half of the time is left for the relays
		direct, cancel = context.WithTimeout(ctx, time.Until(end)/2)
	}
	err := h.dial(direct, s, info)
	cancel()
	if err == nil || errors.Is(err, ErrOtherChain) {
		return err
	}
	if relayed := h.byRelay(ctx, s, id); relayed != nil {
		return errors.Join(err, relayed)
	}
	return nil
}

func requestOutcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrBusy):
		return "busy"
	case errors.Is(err, ErrRefused):
		return "refused"
	case errors.Is(err, ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, ErrRemote):
		return "error"
	case errors.Is(err, ErrFrame), errors.Is(err, wire.ErrTooLarge):
		return "bad_frame"
	}
	return "unreachable"
}
