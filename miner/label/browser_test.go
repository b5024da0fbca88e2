//go:build page

package label_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/assaynet/assay/engine/server/page/browsertest"
	"github.com/assaynet/assay/miner/label"
)

func TestMain(m *testing.M) { browsertest.Main(context.Background(), m) }

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

var (
	laptop = browsertest.Window{Wide: 1280, High: 860}
	phone  = browsertest.Window{Wide: 360, High: 740, Scale: 2}
)

// tab is a window with the page.
type tab struct{ *browsertest.Tab }

// open opens the page as a person does who pastes its address.
func (m *miner) open(w browsertest.Window) *tab {
	m.t.Helper()
	return open(m.t, w, label.Address(m.at, token))
}

func open(t *testing.T, w browsertest.Window, address string) *tab {
	t.Helper()
	b := &tab{browsertest.Open(t, w, address)}
	b.still()
	return b
}

// shows waits until the element with an id has a text in it.
func (b *tab) shows(id, text string) {
	b.T.Helper()
	b.Waits(fmt.Sprintf("%q in %s", text, id), fmt.Sprintf("document.getElementById(%q).innerText.includes(%q)", id, text))
}

func (b *tab) text(id string) string {
	b.T.Helper()
	return browsertest.Eval[string](b.Tab, fmt.Sprintf("document.getElementById(%q).innerText", id))
}

// press strikes keys, one after another, as a keyboard does: what a key writes
// comes only where the page has no other use for it.
func (b *tab) press(keys ...string) {
	b.T.Helper()
	for _, r := range strings.Join(keys, "") {
		events := kb.Encode(r)
		down, up := events[0], events[len(events)-1]
		for _, e := range events {
			if e.Type == input.DispatchKeyEventTypeChar {
				down.Type, down.Text, down.UnmodifiedText = input.DispatchKeyEventTypeKeyDown, e.Text, e.UnmodifiedText
			}
		}
		b.Do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
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
	b.T.Helper()
	b.Do(chromedp.Evaluate[chromedp.Void](`for (let n = setInterval(() => {}, 1e6); n > 0; n--) clearInterval(n)`))
}

// focus names what has the keyboard's focus.
func (b *tab) focus() string {
	b.T.Helper()
	return browsertest.Eval[string](b.Tab, `(e => e.id || (e.dataset && e.dataset.choice ? "choice " + e.dataset.choice : e.tagName))(document.activeElement)`)
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
