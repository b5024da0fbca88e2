//go:build page

package page_test

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
	"github.com/assaynet/assay/engine/server/page/browsertest"
)

func TestMain(m *testing.M) { browsertest.Main(context.Background(), m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve serves a tiny model on loopback, and returns the page's address.
func serve(t *testing.T, keys ...server.Key) string {
	t.Helper()
	return serveModel(t, enginetest.Options{Context: 8192}, keys...)
}

// serveModel is serve with a model of other options.
func serveModel(t *testing.T, o enginetest.Options, keys ...server.Key) string {
	t.Helper()
	m, err := engine.Open(t.Context(), enginetest.Tiny(t, o), engine.Config{Threads: 1})
	must(t, err)
	s, err := server.New(server.Config{Models: []server.Model{{Name: "tiny", Engine: m}}, Keys: keys, Logger: zerolog.Nop()})
	must(t, err)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-ended)
		must(t, m.Close())
	})
	return "http://" + l.Addr().String() + "/"
}

// tab is a window with the page.
type tab struct{ *browsertest.Tab }

// open opens the page in a window of a width.
func open(t *testing.T, address string, wide int64, dark bool) *tab {
	t.Helper()
	return &tab{browsertest.Open(t, browsertest.Window{Wide: wide, High: 800, Dark: dark, Calm: true}, address, "debug:")} // advice for who writes forms
}

// waits does so until an expression is true in the page.
func (b *tab) waits(expression string) {
	b.T.Helper()
	b.Waits(expression, expression)
}

// shows waits until an element has a text in it.
func (b *tab) shows(selector, text string) {
	b.T.Helper()
	b.waits(fmt.Sprintf("(e => e && e.innerText.includes(%q))([...document.querySelectorAll(%q)].pop())", text, selector))
}

func (b *tab) text(selector string) string {
	b.T.Helper()
	return browsertest.Eval[string](b.Tab, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

func (b *tab) count(selector string) int {
	b.T.Helper()
	return browsertest.Eval[int](b.Tab, fmt.Sprintf("document.querySelectorAll(%q).length", selector))
}

// keys strikes keys in what has the focus, as a keyboard does.
func (b *tab) keys(text string) {
	b.T.Helper()
	b.Do(chromedp.KeyEvent(text))
}

// run carries out a statement in the page.
func (b *tab) run(statement string) {
	b.T.Helper()
	b.Do(chromedp.Evaluate[chromedp.Void](statement))
}

// set writes a value into a field, as a person does who leaves it then.
func (b *tab) set(id, value string) {
	b.T.Helper()
	b.run(fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event("input")); e.dispatchEvent(new Event("change")); })(document.getElementById(%q))`, value, id))
}
