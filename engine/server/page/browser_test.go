//go:build page

package page_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
)

// patience is how long a test waits for what the page should show.
const patience = 20 * time.Second

// rules are those of the Web Content Accessibility Guidelines up to 2.2, levels A
// and AA, and axe-core's own advice.
const rules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`

// browser is one Chromium for all tests.
var browser context.Context

// TestMain starts the browser: without one, the tests fail.
func TestMain(m *testing.M) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Fprintln(os.Stderr, "page: no chromium to test the page with; make page installs it:", err)
		os.Exit(1)
	}
	at, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true))...)
	var quit context.CancelFunc
	browser, quit = chromedp.NewContext(at) //nolint:fatcontext // once, for all tests
	if err := chromedp.Do(browser); err != nil {
		fmt.Fprintln(os.Stderr, "page: chromium does not start:", err)
		os.Exit(1)
	}
	status := m.Run()
	quit()
	stop()
	os.Exit(status)
}

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
type tab struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // it is what the browser knows the tab by

	mu    sync.Mutex
	cries []string // what the browser complained of
}

// open opens the page in a window of a width.
func open(t *testing.T, address string, wide int64, dark bool) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	console := chromedp.Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			// A refused request, as tests make them, and advice for who writes forms.
			if m.Source == "network" || strings.HasPrefix(m.String(), "debug:") {
				continue
			}
			b.mu.Lock()
			b.cries = append(b.cries, m.String())
			b.mu.Unlock()
		}
	}()
	theme := map[bool]string{false: "light", true: "dark"}[dark]
	b.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return none, err
	})
	b.do(chromedp.EmulateViewport(wide, 800, chromedp.EmulateScale(1)), chromedp.Navigate(address))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.cries) > 0 {
			t.Errorf("the browser complained: %q", b.cries)
		}
	})
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	must(b.t, chromedp.Do(ctx, steps...))
}

// eval returns what an expression gives in the page, once its promise is kept.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// waits does so until an expression is true in the page.
func (b *tab) waits(expression string) {
	b.t.Helper()
	ok := eval[bool](b, fmt.Sprintf(`new Promise(done => {
		const begun = Date.now(), look = () => {
			if (%s) done(true);
			else if (Date.now() - begun > %d) done(false);
			else setTimeout(look, 10);
		};
		look();
	})`, expression, (patience-5*time.Second).Milliseconds()))
	if !ok {
		b.shot("failed")
		b.t.Fatalf("waited for %s; the page says %q, %q", expression, b.text("#says"), b.text("#alert"))
	}
}

// shows waits until an element has a text in it.
func (b *tab) shows(selector, text string) {
	b.t.Helper()
	b.waits(fmt.Sprintf("(e => e && e.innerText.includes(%q))([...document.querySelectorAll(%q)].pop())", text, selector))
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

func (b *tab) count(selector string) int {
	b.t.Helper()
	return eval[int](b, fmt.Sprintf("document.querySelectorAll(%q).length", selector))
}

// keys strikes keys in what has the focus, as a keyboard does.
func (b *tab) keys(text string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(text))
}

// run carries out a statement in the page.
func (b *tab) run(statement string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](statement))
}

// set writes a value into a field, as a person does who leaves it then.
func (b *tab) set(id, value string) {
	b.t.Helper()
	b.run(fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event("input")); e.dispatchEvent(new Event("change")); })(document.getElementById(%q))`, value, id))
}

// axe has axe-core look at the page, and tells what it finds.
func (b *tab) axe(state string) {
	b.t.Helper()
	source, err := os.ReadFile(os.Getenv("ASSAY_AXE"))
	if err != nil {
		b.t.Fatalf("axe-core, which make page fetches and ASSAY_AXE names: %v", err)
	}
	b.run(string(source))
	found := eval[struct {
		Passes     int
		Violations []string
	}](b, `axe.run(document, {runOnly: {type: "tag", values: `+rules+`}}).then(r => ({
		Passes: r.passes.length,
		Violations: r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join("; ")),
	}))`)
	if found.Passes < 15 {
		b.t.Errorf("%s: only %d rules had something to look at", state, found.Passes)
	}
	for _, v := range found.Violations {
		b.t.Errorf("%s: %s", state, v)
	}
	b.shot(strings.ReplaceAll(state, " ", "-"))
}

// shot writes a picture into the folder that ASSAY_PAGE_SHOTS names, for who wants
// to look.
func (b *tab) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("ASSAY_PAGE_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	must(b.t, err)
	must(b.t, os.WriteFile(filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "-")+"-"+name+".png"), png, 0o600))
}
