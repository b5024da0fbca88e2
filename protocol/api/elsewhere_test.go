package api_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// busyPool is one that has no room for questions, and tells from where each came.
type busyPool struct {
	api.Pool
	elsewhere *bool
}

func (p busyPool) Result(ctx context.Context, _ protocol.Hash) (api.TxResult, error) {
	*p.elsewhere = api.FromElsewhere(ctx)
	return api.TxResult{}, fmt.Errorf("%w: others ask", api.ErrBusy)
}

// Who asks on the machine itself is told from others, and each is told that it may
// ask again.
func TestWhoIsBusySaysSoAndKnowsFromWhereItIsAsked(t *testing.T) {
	var elsewhere bool
	cfg := network(t).Config()
	cfg.Source.Pool = busyPool{cfg.Source.Pool, &elsewhere}
	h := handler(t, cfg)
	path := "/v1/txs/" + protocol.Hash{1}.String()
	for _, tc := range []struct {
		from, header, at string
		want             bool
	}{
		{from: "127.0.0.1:4000"},
		{from: "[::1]:4000"},
		{from: "[::ffff:127.0.0.1]:4000"},
		{from: ""},
		{from: "@"},
		{from: "192.0.2.1:4000", want: true},
		{from: "[2001:db8::1]:4000", want: true},
		{from: "10.0.0.5:4000", at: "10.0.0.5:9670"},
		{from: "10.0.0.6:4000", at: "10.0.0.5:9670", want: true},
		{from: "127.0.0.1:4000", header: "X-Forwarded-For", want: true},
		{from: "127.0.0.1:4000", header: "Forwarded", want: true},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		r.RemoteAddr, r.Host = tc.from, "localhost"
		if tc.header != "" {
			r.Header.Set(tc.header, "for=192.0.2.7")
		}
		if tc.at != "" {
			a, err := net.ResolveTCPAddr("tcp", tc.at)
			if err != nil {
				t.Fatal(err)
			}
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, a))
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var p api.Problem
		decode(t, w, &p)
		if w.Code != http.StatusServiceUnavailable || p.Name() != api.ProblemBusy || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%+v: got %d %+v, again after %q", tc, w.Code, p, w.Header().Get("Retry-After"))
		}
		if elsewhere != tc.want {
			t.Errorf("%+v: elsewhere %t", tc, elsewhere)
		}
	}
	elsewhere = true
	if _, err := h.Ask(t.Context(), path); err == nil || elsewhere {
		t.Errorf("the program itself: %v, elsewhere %t", err, elsewhere)
	}
}
