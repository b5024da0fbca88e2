package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
)

// TestWatchGoesOnWhereItWas: a stream that ends is asked for again, behind the last
// event that came, and each event is printed once.
func TestWatchGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			if r.URL.Query().Get("type") != "pay" || r.Header.Get("Last-Event-ID") != "" {
				t.Errorf("asked for %s with %v", r.URL, r.Header)
			}
			_, _ = fmt.Fprint(w, ":\n\nid: 39.3\nevent: pay\ndata: {\"id\":\"39.3\",\"type\":\"pay\",\"height\":39,\"uid\":2,\"amount\":\"1.500000000\",\"epoch\":1}\n\n")
		default:
			if got := r.Header.Get("Last-Event-ID"); got != "39.3" {
				t.Errorf("goes on behind %q", got)
			}
			_, _ = fmt.Fprint(w, "id: 59.4\nevent: pay\ndata: {\"id\":\"59.4\",\"type\":\"pay\",\"height\":59,\"time\":\"2026-01-02T03:04:05Z\",\"uid\":2}\n\n")
		}
	}))
	defer s.Close()
	var out, told bytes.Buffer
	a := app()
	a.Writer, a.ErrWriter = &out, &told
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := a.RunContext(ctx, []string{"assay", "watch", "--node", s.URL, "--type", "pay", "--count", "2"}); err != nil {
		t.Fatal(err)
	}
	want := "-  39  pay  seat 2  epoch 1  amount 1.500000000\n2026-01-02T03:04:05Z  59  pay  seat 2\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if !strings.Contains(told.String(), "the node is gone; waiting for it") {
		t.Errorf("said %q", told.String())
	}
}

// afterWrite is an output that does something when an event is printed.
type afterWrite func()

func (f afterWrite) Write(p []byte) (int, error) { f(); return len(p), nil }

// TestWatchDoesNotWaitForANodeThatHangs: a stream on which nothing comes, no
// comment either, has ended. Its patience is short from the first event on.
func TestWatchDoesNotWaitForANodeThatHangs(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, "id: 39.1\nevent: block\ndata: {\"id\":\"39.1\",\"type\":\"block\",\"height\":39}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer s.Close()
	c := flags(t.Context())
	w := &watcher{c: c, n: &client{url: s.URL}, silence: time.Hour}
	c.App.Writer = afterWrite(func() { w.silence = time.Millisecond })
	err := w.follow(t.Context())
	if err == nil || !strings.Contains(err.Error(), "has said nothing for 1ms") || w.last != "39.1" {
		t.Errorf("got %v behind %q", err, w.last)
	}
}

// TestAPlotIsOfTheLastEpochsAndNamesItsSeats: three epochs, in which seat 2 was
// paid more each time and seat 3 nothing.
func TestAPlotIsOfTheLastEpochsAndNamesItsSeats(t *testing.T) {
	t.Parallel()
	var points []point
	for e := range protocol.Epoch(3) {
		points = append(points, point{e, 2, float64(e + 1)}, point{e, 3, 0})
	}
	p := newCurves("paid", points, 1)
	if len(p.Names) != 1 || p.Names[0] != "seat 2" || len(p.Values[0]) != 3 || p.Values[0][2] != 3 {
		t.Errorf("got %+v", p)
	}
	svg, err := p.SVG()
	if err != nil || !bytes.Contains(svg, []byte("<svg")) || !bytes.Contains(svg, []byte("seat 2")) {
		t.Errorf("got %.80s, %v", svg, err)
	}
	if text := p.Text(40, false); !strings.Contains(text, "paid, epochs 0 to 2") {
		t.Errorf("got %s", text)
	}
}
