package api_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/protocol/api"
)

// slowNode answers when it is released.
type slowNode struct {
	entered chan struct{}
	release chan struct{}
}

func (n *slowNode) Status(context.Context) (api.Status, error) {
	n.entered <- struct{}{}
	<-n.release
	return api.Status{}, nil
}

func TestTooManyRequestsAtATimeAreTurnedAway(t *testing.T) {
	const most = 64
	slow := &slowNode{entered: make(chan struct{}), release: make(chan struct{})}
	cfg := network(t).Config()
	cfg.Source.Node = slow
	h := handler(t, cfg)
	var wg sync.WaitGroup
	for range most {
		wg.Go(func() {
			if w := get(t, h, "/v1/status"); w.Code != http.StatusOK {
				t.Errorf("got %d", w.Code)
			}
		})
		<-slow.entered
	}
	w := get(t, h, "/v1/network")
	var p api.Problem
	decode(t, w, &p)
	if w.Code != http.StatusServiceUnavailable || p.Type != "urn:assay:problem:busy" || w.Header().Get("Retry-After") == "" {
		t.Errorf("one more: got %d %+v", w.Code, p)
	}
	for _, path := range []string{"/healthz", "/metrics"} {
		if w := get(t, h, path); w.Code != http.StatusOK {
			t.Errorf("%s, which has places of its own: got %d", path, w.Code)
		}
	}
	close(slow.release)
	wg.Wait()
	if w := get(t, h, "/v1/network"); w.Code != http.StatusOK {
		t.Errorf("afterwards: got %d", w.Code)
	}
}

func TestAHeaderThatIsTooLongIsRefused(t *testing.T) {
	s, err := api.New(network(t).Config())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("a", 32<<10))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %s", resp.Status)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
