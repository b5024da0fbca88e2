package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol"
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

// epochs reads epoch=n or epoch=a..b; without it, all epochs.
func (r *request) epochs() (epochRange, error) {
	s, ok := r.query["epoch"]
	if !ok {
		return epochRange{0, maxEpoch}, nil
	}
	a, b, isRange := strings.Cut(s, "..")
	if !isRange {
		b = a
	}
	from, errA := number(a, 64)
	to, errB := number(b, 64)
	if errA != nil || errB != nil || from > to {
		return epochRange{}, problem(http.StatusBadRequest, problemQuery, "give epoch=7 or epoch=3..7", "epoch %.40q", s)
	}
	return epochRange{protocol.Epoch(from), protocol.Epoch(to)}, nil
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

// seat reads a parameter that holds a uid or the address of a hotkey.
func (r *request) seat(name string) (who, error) {
	s, ok := r.query[name]
	if !ok {
		return who{any: true}, nil
	}
	if uid, err := number(s, 16); err == nil {
		return who{byUID: true, uid: protocol.UID(uid)}, nil
	}
	k, err := protocol.ParseAddress(s)
	if err != nil {
		return who{}, problem(http.StatusBadRequest, problemQuery, "give a uid, 0 to 65535, or the address of a hotkey", "%s %.100q", name, s)
	}
	return who{hotkey: k}, nil
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
