package api

import (
	"context"
	"net"
	"net/http"
	"net/netip"
)

type elsewhereKey struct{}

// FromElsewhere reports whether a question came over the network. What asks others
// for its answers shares out by it what it may ask, so that who runs a node is not
// kept waiting by whom it serves besides. The program itself, and what asks from
// this machine without a proxy between, are not elsewhere.
func FromElsewhere(ctx context.Context) bool { return ctx.Value(elsewhereKey{}) != nil }

// markElsewhere returns a request with a context that [FromElsewhere] knows. Who
// says that it passes on what another asks is believed: it gains nothing by it.
func markElsewhere(r *http.Request) *http.Request {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	passedOn := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != ""
	if !passedOn && (err != nil || from.Addr().Unmap().IsLoopback() || from.Addr().Unmap() == listensAt(r)) {
		return r // a socket without addresses does not leave the machine
	}
	return r.WithContext(context.WithValue(r.Context(), elsewhereKey{}, true))
}

// listensAt returns the address at which a request came in: what comes from there
// comes from this machine.
func listensAt(r *http.Request) netip.Addr {
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if at, err := netip.ParseAddrPort(a.String()); err == nil {
			return at.Addr().Unmap()
		}
	}
	return netip.Addr{}
}
