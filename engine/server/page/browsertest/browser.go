//go:build page

package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for what the page should show: it shows it in
// milliseconds, or never.
const patience = 2 * time.Minute

// rules are those of the Web Content Accessibility Guidelines up to 2.2, levels A
// and AA, and axe-core's own advice.
const rules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`

// browser is one Chromium for all tests.
var browser context.Context

// Main is a TestMain that starts the browser, which ends with ctx: without one, the
// tests fail.
func Main(ctx context.Context, m *testing.M) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Fprintln(os.Stderr, "page: no chromium to test the page with; make page installs it:", err)
		os.Exit(1)
	}
	at, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true))...)
	first, quit := chromedp.NewContext(at)
	if err := chromedp.Do(first); err != nil {
		fmt.Fprintln(os.Stderr, "page: chromium does not start:", err)
		os.Exit(1)
	}
	browser = first //nolint:fatcontext // once, for all tests
	status := m.Run()
	quit()
	stop()
	os.Exit(status)
}

// Window is how a window shows the page.
type Window struct {
	Wide, High int64   // in pixels
	Dark, Calm bool    // Calm: reduced motion
	Scale      float64 // 0 for 1
}

// Tab is a window with the page.
type Tab struct {
	T   *testing.T
	ctx context.Context //nolint:containedctx // it is what the browser knows the tab by

	mu    sync.Mutex
	cries []string // what the browser complained of
}

// Open opens an address in a window. The test fails in the end if the browser
// complained of anything but refused requests, as tests make them, and what begins
// with one of some prefixes.
func Open(t *testing.T, w Window, address string, advice ...string) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &Tab{T: t, ctx: ctx}
	console := chromedp.Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			if m.Source == "network" || slices.ContainsFunc(advice, func(p string) bool { return strings.HasPrefix(m.String(), p) }) {
				continue
			}
			b.mu.Lock()
			b.cries = append(b.cries, m.String())
			b.mu.Unlock()
		}
	}()
	theme, motion := "light", "no-preference"
	if w.Dark {
		theme = "dark"
	}
	if w.Calm {
		motion = "reduce"
	}
	b.Do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: motion},
		}})
		return none, err
	})
	b.Do(chromedp.EmulateViewport(w.Wide, w.High, chromedp.EmulateScale(max(w.Scale, 1))), chromedp.Navigate(address))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.cries) > 0 {
			t.Errorf("the browser complained: %q", b.cries)
		}
	})
	return b
}

// Forgive forgets what the browser complained of so far.
func (b *Tab) Forgive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cries = nil
}

// Do has the browser do something with the page.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.T.Fatal(err)
	}
}

// Eval returns what an expression gives in the page, once its promise is kept.
func Eval[T any](b *Tab, expression string) T {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.T.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Waits does so until an expression is true in the page.
func (b *Tab) Waits(what, expression string) {
	b.T.Helper()
	ok := Eval[bool](b, fmt.Sprintf(`new Promise(done => {
		const begun = Date.now(), look = () => {
			if (%s) done(true);
			else if (Date.now() - begun > %d) done(false);
			else setTimeout(look, 10);
		};
		look();
	})`, expression, (patience-5*time.Second).Milliseconds()))
	if !ok {
		b.Shot("failed")
		said := Eval[[]string](b, `["says", "alert"].map(id => document.getElementById(id).innerText)`)
		b.T.Fatalf("waited for %s; the page says %q", what, said)
	}
}

// Axe has axe-core look at the page, and tells what it finds.
func (b *Tab) Axe(state string) {
	b.T.Helper()
	source, err := os.ReadFile(os.Getenv("ASSAY_AXE"))
	if err != nil {
		b.T.Fatalf("axe-core, which make page fetches and ASSAY_AXE names: %v", err)
	}
	b.settled()
	b.Do(chromedp.Evaluate[chromedp.Void](string(source)))
	found := Eval[struct {
		Passes     int
		Violations []string
	}](b, `axe.run(document, {runOnly: {type: "tag", values: `+rules+`}}).then(r => ({
		Passes: r.passes.length,
		Violations: r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join("; ")),
	}))`)
	if found.Passes < 15 {
		b.T.Errorf("%s: only %d rules had something to look at", state, found.Passes)
	}
	for _, v := range found.Violations {
		b.T.Errorf("%s: %s", state, v)
	}
	b.Shot(strings.ReplaceAll(state, " ", "-"))
}

// settled waits for the end of what moves.
func (b *Tab) settled() {
	b.T.Helper()
	Eval[bool](b, `Promise.all(document.getAnimations().map(a => a.finished)).then(() => true)`)
}

// Shot writes a picture into the folder that ASSAY_PAGE_SHOTS names, for who wants
// to look.
func (b *Tab) Shot(name string) {
	b.T.Helper()
	dir := os.Getenv("ASSAY_PAGE_SHOTS")
	if dir == "" {
		return
	}
	b.settled()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(b.T.Name(), "/", "-")+"-"+name+".png"), png, 0o600)
	}
	if err != nil {
		b.T.Fatal(err)
	}
}
