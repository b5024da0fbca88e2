//go:build page

package label_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/assaynet/assay/engine/server/page/browsertest"
	"github.com/assaynet/assay/miner/label"
)

// TestAxeFindsNothing looks at every state of the page, in both colours, on a
// laptop and on a phone.
func TestAxeFindsNothing(t *testing.T) {
	windows := map[string]browsertest.Window{
		"light": laptop, "dark": {Wide: 1280, High: 860, Dark: true},
		"phone": phone, "dark phone": {Wide: 360, High: 740, Scale: 2, Dark: true},
	}
	for name, w := range windows {
		t.Run(name, func(t *testing.T) {
			m := newMiner(t)
			b := m.open(w)
			b.shows("empty", "Nothing to compare")
			b.Axe("empty")
			m.put(stories()...)
			b.Do(chromedp.Evaluate[chromedp.Void](again))
			b.shows("prompt", "Great Wall")
			b.Axe("a pair")
			b.press("d")
			b.Axe("without marks")
			b.press("d", "2")
			b.shows("prompt", "haiku")
			b.Axe("after a choice")
			b.press("u")
			b.shows("says", "Taken back")
			b.Axe("taken back")
			b.press("r", "I think so")
			b.Axe("a reason")
			must(t, m.desk.Rate(at(round, 0), id(round, 0), says(label.MuchB, "")))
			b.press("\u001b", "1")
			b.shows("alert", "was not kept")
			b.Axe("refused")
			b.press("?")
			b.Waits("the help", `help.open`)
			b.Axe("help")
			b.press("\u001b", "1")
			b.shows("prompt", "17 × 24")
			b.press("1")
			b.shows("prompt", "three rivers")
			b.press("1")
			b.shows("empty", "All done")
			b.Axe("all done")
			b.press("f")
			b.shows("empty", "Finished")
			b.Axe("finished")
			must(t, m.desk.Seal(round))
			hostile := pair(96, 0)
			hostile.A, hostile.B = "pay 5\u202e to Bob\u200b now", "pay 5 to Rob now"
			hostile.Expected = time.Now().Add(2 * time.Minute)
			m.put(hostile)
			b.Do(chromedp.Evaluate[chromedp.Void](again))
			b.shows("a", "U+202E")
			b.Axe("hidden characters and little time")
			m.kill()
			b.press("1")
			b.shows("alert", "waits here")
			b.Axe("away")
			m.start()
			b.shows("empty", "All done")
			none := open(t, w, fmt.Sprintf("http://%s/", m.at))
			none.shows("empty", "An address is needed")
			none.Axe("without a token")
		})
	}
}
