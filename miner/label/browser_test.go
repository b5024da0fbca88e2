//go:build page

package label_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/assaynet/assay/miner/label"
)

// patience is how long a test waits for what the page should show.
const patience = 20 * time.Second

// browser is one Chromium for all tests.
var browser context.Context

// TestMain starts the browser: without one, the tests fail.
func TestMain(m *testing.M) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Fprintln(os.Stderr, "label: no chromium to test the page with; make page installs it:", err)
		os.Exit(1)
	}
	at, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true))...)
	var quit context.CancelFunc
	browser, quit = chromedp.NewContext(at) //nolint:fatcontext // once, for all tests
	if err := chromedp.Do(browser); err != nil {
		fmt.Fprintln(os.Stderr, "label: chromium does not start:", err)
		os.Exit(1)
	}
	status := m.Run()
	quit()
	stop()
	os.Exit(status)
}

// miner is the part of one that a page sees: a desk on a disk, and a port.
type miner struct {
	t     *testing.T
	home  *home
	desk  *label.Desk
	facts label.Facts
	at    string // HOST:PORT
	stop  func()
}

func newMiner(t *testing.T, items ...label.Item) *miner {
	m := &miner{t: t, home: newHome(t), at: "127.0.0.1:0", facts: label.Facts{Height: 471, Earned: 1_250_000_000, Epoch: 12}}
	m.start()
	m.put(items...)
	t.Cleanup(func() { m.stop() })
	return m
}

func (m *miner) put(items ...label.Item) {
	m.t.Helper()
	must(m.t, m.desk.Put(m.t.Context(), items))
}

// start listens where the miner listened before.
func (m *miner) start() {
	m.t.Helper()
	m.desk = m.home.desk()
	s, err := label.Listen(m.at, label.PageConfig{Desk: m.desk, Token: token, Facts: func() label.Facts { return m.facts }})
	must(m.t, err)
	m.at = s.Addr()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	m.stop = func() { cancel(); must(m.t, <-ended) }
}

// kill ends the miner as a power loss does; start begins it again.
func (m *miner) kill() {
	m.stop()
	m.home = m.home.again()
}

// window is how a window shows the page.
type window struct {
	wide, high int64
	dark, calm bool // calm: reduced motion
	scale      float64
}

var (
	laptop = window{wide: 1280, high: 860}
	phone  = window{wide: 360, high: 740, scale: 2}
)

// tab is a window with the page.
type tab struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // it is what the browser knows the tab by

	mu    sync.Mutex
	cries []string // what the browser complained of
}

// open opens the page as a person does who pastes its address.
func (m *miner) open(w window) *tab {
	m.t.Helper()
	return open(m.t, w, label.Address(m.at, token))
}

func open(t *testing.T, w window, address string) *tab {
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
			if m.Source == "network" { // a refused request, as tests make them
				continue
			}
			b.mu.Lock()
			b.cries = append(b.cries, m.String())
			b.mu.Unlock()
		}
	}()
	theme, motion := "light", "no-preference"
	if w.dark {
		theme = "dark"
	}
	if w.calm {
		motion = "reduce"
	}
	b.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: motion},
		}})
		return none, err
	})
	b.do(chromedp.EmulateViewport(w.wide, w.high, chromedp.EmulateScale(max(w.scale, 1))), chromedp.Navigate(address))
	b.still()
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
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
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
func (b *tab) waits(what, expression string) {
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
		b.t.Fatalf("waited for %s; the page says %q, %q", what, b.text("says"), b.text("alert"))
	}
}

// shows waits until the element with an id has a text in it.
func (b *tab) shows(id, text string) {
	b.t.Helper()
	b.waits(fmt.Sprintf("%q in %s", text, id), fmt.Sprintf("document.getElementById(%q).innerText.includes(%q)", id, text))
}

func (b *tab) text(id string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf("document.getElementById(%q).innerText", id))
}

// press strikes keys, one after another, as a keyboard does: what a key writes
// comes only where the page has no other use for it.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, r := range strings.Join(keys, "") {
		events := kb.Encode(r)
		down, up := events[0], events[len(events)-1]
		for _, e := range events {
			if e.Type == input.DispatchKeyEventTypeChar {
				down.Type, down.Text, down.UnmodifiedText = input.DispatchKeyEventTypeKeyDown, e.Text, e.UnmodifiedText
			}
		}
		b.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
			for _, e := range []*input.DispatchKeyEventParams{down, up} {
				if _, err = cdp.Call(ctx, t, input.DispatchKeyEvent, *e); err != nil {
					break
				}
			}
			return none, err
		})
	}
}

// still ends the page's own looks at the desk: from here on it looks when the test
// has it look.
func (b *tab) still() {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`for (let n = setInterval(() => {}, 1e6); n > 0; n--) clearInterval(n)`))
}

// focus names what has the keyboard's focus.
func (b *tab) focus() string {
	b.t.Helper()
	return eval[string](b, `(e => e.id || (e.dataset && e.dataset.choice ? "choice " + e.dataset.choice : e.tagName))(document.activeElement)`)
}

// shot writes a picture into the folder that ASSAY_PAGE_SHOTS names, for who wants
// to look.
func (b *tab) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("ASSAY_PAGE_SHOTS")
	if dir == "" {
		return
	}
	eval[bool](b, `Promise.all(document.getAnimations().map(a => a.finished)).then(() => true)`)
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	must(b.t, err)
	must(b.t, os.WriteFile(filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "-")+"-"+name+".png"), png, 0o600))
}

// stories are pairs as they come, the first due in an hour.
func stories() []label.Item {
	texts := [][3]string{
		{
			"A friend says that the Great Wall of China can be seen from the Moon with the naked eye. Is that true? Answer in a few sentences.",
			"No, that is a myth. From the Moon, about 384,000 km away, no single structure on Earth can be made out with the naked eye: even whole continents are hard to tell apart under the clouds.\n\nThe wall is long, but only some 6 metres wide. From low orbit, about 400 km up, astronauts say that it is barely visible at best, and roads and airports are easier to see.",
			"No, that is a myth. From the Moon, about 384,000 km away, no single structure on Earth can be made out with the naked eye: even whole continents are hard to tell apart under the clouds.\n\nThe wall is long, but only some 60 metres wide. From low orbit, about 400 km up, astronauts say that it is easily visible, and roads and airports are harder to see.",
		},
		{"Write a haiku about a quiet harbour.", "Ropes rest on the pier.\nA gull forgets how to cry.\nThe tide counts the boats.", "The harbour is calm,\nboats are sleeping on the waves\nand the night is long."},
		{"What is 17 × 24?", "17 × 24 = 408.", "17 × 24 = 398."},
		{"Name three rivers in France.", "The Seine, the Loire and the Rhône.", "The Seine, the Loire and the Ebro."},
	}
	var list []label.Item
	for slot, text := range texts {
		i := pair(48, uint16(slot))
		i.Prompt, i.A, i.B = text[0], text[1], text[2]
		i.Expected = time.Now().Add(time.Hour)
		list = append(list, i)
	}
	return list
}
