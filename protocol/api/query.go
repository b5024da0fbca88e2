package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// request is what an endpoint is given: the query has only known parameters,
// each at most once.
type request struct {
	query map[string]string
	http  *http.Request
}

func (r *request) ctx() context.Context { return r.http.Context() }

// parseQuery refuses what no endpoint would understand.
func parseQuery(raw string, known []string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, problem(http.StatusBadRequest, problemQuery, "", "query: %s", err)
	}
	out := make(map[string]string, len(values))
	for name, list := range values {
		if !slices.Contains(known, name) {
			hint := "it takes none"
			if len(known) > 0 {
				hint = "it takes " + strings.Join(known, ", ")
			}
			return nil, problem(http.StatusBadRequest, problemQuery, hint, "unknown parameter %.40q", name)
		}
		if len(list) > 1 {
			return nil, problem(http.StatusBadRequest, problemQuery, "", "parameter %q is given %d times", name, len(list))
		}
		out[name] = list[0]
	}
	return out, nil
}

// epochRange is a stretch of epochs, both ends included.
type epochRange struct{ from, to protocol.Epoch }

// maxEpoch stands for no upper end.
const maxEpoch = protocol.Epoch(1<<64 - 1)

// epochs reads epoch=: one epoch, or a..b with both ends, of which either may be
// left out; without it, all epochs. An end is a number, latest, which is the epoch
// that ended last, or -n, the n-th from there.
func (h *Handler) epochs(r *request) (epochRange, error) {
	s, ok := r.query["epoch"]
	if !ok {
		return epochRange{0, maxEpoch}, nil
	}
	var latest protocol.Epoch
	if strings.Contains(s, "latest") || strings.Contains(s, "-") {
		v, err := h.view(r.ctx())
		if err != nil {
			return epochRange{}, err
		}
		latest = v.paid
	}
	a, b, isRange := strings.Cut(s, "..")
	if !isRange {
		b = a
	}
	out := epochRange{0, maxEpoch}
	okA, okB := true, true
	if a != "" || !isRange {
		out.from, okA = endAt(a, latest)
	}
	if b != "" || !isRange {
		out.to, okB = endAt(b, latest)
	}
	if !okA || !okB || isRange && a == "" && b == "" || out.from > out.to {
		return epochRange{}, problem(http.StatusBadRequest, problemQuery, "give epoch=7, 3..7, 3.., ..7, latest, or -3.. for the last three", "epoch %.40q", s)
	}
	return out, nil
}

// endAt reads one end of a range of epochs or of heights: a number, latest, or -n
// for the n-th from there.
func endAt[N ~uint64](s string, latest N) (N, bool) {
	if s == "latest" {
		return latest, true
	}
	if back, ok := strings.CutPrefix(s, "-"); ok {
		n, err := number(back, 64)
		if err != nil || n == 0 {
			return 0, false
		}
		return latest - min(latest, N(n-1)), true
	}
	n, err := number(s, 64)
	return N(n), err == nil
}

// number reads a decimal without sign, of at most the given bits.
func number(s string, bits int) (uint64, error) {
	if strings.HasPrefix(s, "+") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(s, 10, bits)
}

// who is the seat that a query asks for: any, a uid, or a hotkey.
type who struct {
	any    bool
	byUID  bool
	uid    protocol.UID
	hotkey protocol.PublicKey
}

func (w *who) is(uid protocol.UID, hotkey protocol.PublicKey) bool {
	switch {
	case w.any:
		return true
	case w.byUID:
		return uid == w.uid
	}
	return hotkey == w.hotkey
}

// leastSuffix is the fewest last letters of an address that stand for it: fewer
// are soon another's, too.
const leastSuffix = 6

// seat reads a parameter that holds a uid, the address of a hotkey, or how the
// address of one seat's hotkey ends.
func (h *Handler) seat(r *request, name string) (who, error) {
	s, ok := r.query[name]
	if !ok {
		return who{any: true}, nil
	}
	if uid, err := number(s, 16); err == nil {
		return who{byUID: true, uid: protocol.UID(uid)}, nil
	}
	k, err := protocol.ParseAddress(s)
	if err == nil {
		return who{hotkey: k}, nil
	}
	end := strings.TrimPrefix(s, "…")
	if len(end) < leastSuffix || len(end) > maxSuffix || strings.ContainsFunc(end, func(c rune) bool { return !strings.ContainsRune(bech32Letters, c) }) {
		return who{}, problem(http.StatusBadRequest, problemQuery, "give a uid, 0 to 65535, the address of a hotkey, or six of its last letters or more", "%s %.100q", name, s)
	}
	k, err = h.hotkeyEnding(r.ctx(), name, end)
	return who{hotkey: k}, err
}

// seated is [Handler.seat] for records that name a seat by its uid alone: a hotkey
// stands for the seat that it has now.
func (h *Handler) seated(r *request, name string) (who, error) {
	w, err := h.seat(r, name)
	if err != nil || w.any || w.byUID {
		return w, err
	}
	v, err := h.view(r.ctx())
	if err != nil {
		return w, err
	}
	s, ok, err := ledger.ReadSeatByHotkey(v, w.hotkey)
	if err != nil {
		return w, err
	}
	if !ok {
		return w, problem(http.StatusNotFound, problemNotFound, "give the uid of a seat that is another's now", "%s: the hotkey %s has no seat", name, w.hotkey)
	}
	return who{byUID: true, uid: s.ID.UID}, nil
}

const (
	// maxSuffix is below the length of an address, which is no suffix.
	maxSuffix = 58
	// bech32Letters are those of an address after its prefix (BIP 173).
	bech32Letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
)

// hotkeyEnding returns the hotkey of the one seat whose address ends so.
func (h *Handler) hotkeyEnding(ctx context.Context, name, end string) (protocol.PublicKey, error) {
	v, err := h.view(ctx)
	if err != nil {
		return protocol.PublicKey{}, err
	}
	var found []protocol.PublicKey
	err = ledger.Seats(v, func(s ledger.Seat) bool {
		if strings.HasSuffix(s.Hotkey.String(), end) {
			found = append(found, s.Hotkey)
		}
		return len(found) < 2
	})
	switch {
	case err != nil:
		return protocol.PublicKey{}, err
	case len(found) == 0:
		return protocol.PublicKey{}, problem(http.StatusNotFound, problemNotFound, "give the whole address, or a uid", "%s: no seat has a hotkey that ends with %q", name, end)
	case len(found) > 1:
		return protocol.PublicKey{}, problem(http.StatusBadRequest, problemQuery, "give more letters", "%s: hotkeys of several seats end with %q", name, end)
	}
	return found[0], nil
}

// kind reads kind=, empty for all: one that the network does not pay for is a
// mistake, and not a list without anything.
func (h *Handler) kind(r *request) (protocol.Kind, error) {
	text, given := r.query["kind"]
	kind := protocol.Kind(text)
	if given && h.params.Kind(kind) == nil {
		return "", problem(http.StatusBadRequest, problemQuery, "/v1/network lists the kinds", "kind %.40q", text)
	}
	return kind, nil
}

// hash reads 64 hex digits from the path.
func (r *request) hash(name, what string) (protocol.Hash, error) {
	s := r.http.PathValue(name)
	h, err := protocol.ParseHash(s)
	if err != nil {
		return h, problem(http.StatusBadRequest, problemPath, "it is 64 hex digits", "%s %.80q", what, s)
	}
	return h, nil
}
