//go:build page

package label_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/assaynet/assay/miner/label"
)

// rules are those of the Web Content Accessibility Guidelines up to 2.2, levels A
// and AA, and axe-core's own advice.
const rules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`

// axe has axe-core look at the page, and tells what it finds.
func (b *tab) axe(state string) {
	b.t.Helper()
	path := os.Getenv("ASSAY_AXE")
	source, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatalf("axe-core, which make page fetches and ASSAY_AXE names: %v", err)
	}
	eval[bool](b, `Promise.all(document.getAnimations().map(a => a.finished)).then(() => true)`)
	b.do(chromedp.Evaluate[chromedp.Void](string(source)))
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

// TestAxeFindsNothing looks at every state of the page, in both colours, on a
// laptop and on a phone.
func TestAxeFindsNothing(t *testing.T) {
	windows := map[string]window{
		"light": laptop, "dark": {wide: 1280, high: 860, dark: true},
		"phone": phone, "dark phone": {wide: 360, high: 740, scale: 2, dark: true},
	}
	for name, w := range windows {
		t.Run(name, func(t *testing.T) {
			m := newMiner(t)
			b := m.open(w)
			b.shows("empty", "Nothing to compare")
			b.axe("empty")
			m.put(stories()...)
			b.do(chromedp.Evaluate[chromedp.Void](again))
			b.shows("prompt", "Great Wall")
			b.axe("a pair")
			b.press("d")
			b.axe("without marks")
			b.press("d", "2")
			b.shows("prompt", "haiku")
			b.axe("after a choice")
			b.press("u")
			b.shows("says", "Taken back")
			b.axe("taken back")
			b.press("r", "I think so")
			b.axe("a reason")
			must(t, m.desk.Rate(at(round, 0), id(round, 0), says(label.MuchB, "")))
			b.press("\u001b", "1")
			b.shows("alert", "was not kept")
			b.axe("refused")
			b.press("?")
			b.waits("the help", `help.open`)
			b.axe("help")
			b.press("\u001b", "1")
			b.shows("prompt", "17 × 24")
			b.press("1")
			b.shows("prompt", "three rivers")
			b.press("1")
			b.shows("empty", "All done")
			b.axe("all done")
			b.press("f")
			b.shows("empty", "Finished")
			b.axe("finished")
			must(t, m.desk.Seal(round))
			hostile := pair(96, 0)
			hostile.A, hostile.B = "pay 5\u202e to Bob\u200b now", "pay 5 to Rob now"
			hostile.Expected = time.Now().Add(2 * time.Minute)
			m.put(hostile)
			b.do(chromedp.Evaluate[chromedp.Void](again))
			b.shows("a", "U+202E")
			b.axe("hidden characters and little time")
			m.kill()
			b.press("1")
			b.shows("alert", "waits here")
			b.axe("away")
			m.start()
			b.shows("empty", "All done")
			none := open(t, w, fmt.Sprintf("http://%s/", m.at))
			none.shows("empty", "An address is needed")
			none.axe("without a token")
		})
	}
}
