//go:build page

package label_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/assaynet/assay/engine/server/page/browsertest"
	"github.com/assaynet/assay/miner/label"
	"github.com/assaynet/assay/protocol"
)

// round is that of the stories.
const round protocol.Round = 48

// again has the page look at the desk now, as it does every few seconds.
const again = `document.dispatchEvent(new Event("visibilitychange"))`

// ratings returns what the desk holds of the stories.
func (m *miner) ratings() map[uint16]string {
	m.t.Helper()
	all, err := m.desk.Ratings(round)
	must(m.t, err)
	said := map[uint16]string{}
	for slot, r := range all {
		said[slot] = strings.TrimSpace(fmt.Sprintf("%d %s", r.Choice, r.Reason))
	}
	return said
}

func (m *miner) kept(want map[uint16]string) {
	m.t.Helper()
	if got := m.ratings(); fmt.Sprint(got) != fmt.Sprint(want) {
		m.t.Fatalf("kept: got %v, want %v", got, want)
	}
}

func TestAWholeRoundByKeyboardAlone(t *testing.T) {
	m := newMiner(t, stories()...)
	b := m.open(laptop)
	b.shows("says", "4 pairs to compare.")
	b.shows("prompt", "Great Wall")
	b.press("2")
	b.shows("says", "Kept: A better. 3 left.")
	b.shows("prompt", "haiku")
	if got := b.focus(); got != "prompt-head" {
		t.Errorf("after a choice %s has the focus, want what is to be read next", got)
	}
	m.kept(map[uint16]string{0: "2"})

	b.press("r")
	b.press("5 lines? No: 3.") // keys that mean something elsewhere are text here
	if got := b.focus(); got != "reason" {
		t.Fatalf("%s has the focus", got)
	}
	b.press(kb.Escape, "4")
	b.shows("prompt", "17 × 24")
	m.kept(map[uint16]string{0: "2", 1: "4 5 lines? No: 3."})
	if got := browsertest.Eval[string](b.Tab, `reason.value`); got != "" {
		t.Errorf("the next reason begins with %q", got)
	}

	b.press("u")
	b.shows("says", "Taken back: B better. Choose again.")
	b.shows("prompt", "haiku")
	if got := browsertest.Eval[string](b.Tab, `reason.value`); got != "5 lines? No: 3." {
		t.Errorf("the reason came back as %q", got)
	}
	m.kept(map[uint16]string{0: "2"})
	b.press("u")
	b.shows("prompt", "Great Wall")
	b.press("s")
	b.shows("prompt", "haiku")
	b.press("s")
	b.shows("prompt", "17 × 24")
	b.press("1")
	b.shows("prompt", "three rivers")
	b.press("3")
	b.shows("prompt", "Great Wall") // what was left for later comes again
	b.press("5")
	b.shows("prompt", "haiku")
	b.press("3")
	b.shows("empty", "All 4 are rated.")
	b.shows("says", "Kept: Equal. 0 left.")
	b.Shot("done")
	m.kept(map[uint16]string{0: "5", 1: "3 5 lines? No: 3.", 2: "1", 3: "3"})

	b.press("f")
	b.shows("says", "Finished.")
	b.shows("empty", "All 4 are rated, and sealed with the next block.")
	b.press("u") // there is time until then
	b.shows("says", "Taken back: Equal. Choose again.")
	if m.desk.Finished(round, 3) {
		t.Error("finished, and one was taken back")
	}
	b.press("3")
	b.shows("says", "Kept: Equal. 0 left.")
	b.shows("empty", "If you are sure, finish")
	b.press("u")
	b.shows("says", "Taken back: Equal. Choose again.")
	b.press("u") // and not the last one alone
	b.shows("prompt", "Great Wall")
	b.press("5")
	b.shows("prompt", "haiku")
	b.press("3")
	b.shows("says", "Kept: Equal. 0 left.") // the text below is still there from before
	b.shows("empty", "All 4 are rated.")
	b.press("f")
	b.shows("says", "Finished.")
	if !m.desk.Finished(round, 4) {
		t.Error("not finished")
	}

	must(t, m.desk.Seal(round))
	b.Do(chromedp.Evaluate[chromedp.Void](again))
	b.shows("empty", "Round 48 is sealed: 4 rated, 0 missed.")
	if browsertest.Eval[bool](b.Tab, `document.getElementById("undo").checkVisibility()`) {
		t.Error("what is sealed is offered to be taken back")
	}
}

func TestWithoutKeysOfOneLetterTabAndEnterDo(t *testing.T) {
	m := newMiner(t, stories()...)
	b := m.open(laptop)
	b.shows("prompt", "Great Wall")
	b.press("?")
	b.Waits("the help", `help.open`)
	for b.focus() != "keys-on" {
		b.press(kb.Tab)
	}
	b.press(" ", kb.Escape)
	b.Waits("the help to close", `!help.open`)
	b.press("1", "u", "s", "d")
	if b.press(kb.Tab); b.focus() == "BODY" {
		t.Error("nothing has the focus")
	}
	for n := 0; b.focus() != "choice 4"; n++ {
		if n > 20 {
			t.Fatal("no key leads to the choice")
		}
		b.press(kb.Tab)
	}
	b.press(kb.Enter)
	b.shows("says", "Kept: B better. 3 left.")
	m.kept(map[uint16]string{0: "4"})
	b.Do(chromedp.Reload())
	b.shows("prompt", "haiku")
	b.press("1") // the setting stays
	b.Do(chromedp.Evaluate[chromedp.Void](again))
	m.kept(map[uint16]string{0: "4"})
}

func TestFocusGoesInTheOrderOfReadingAndIsSeen(t *testing.T) {
	for name, w := range map[string]browsertest.Window{"laptop": laptop, "phone": phone, "dark": {Wide: 1280, High: 860, Dark: true}} {
		t.Run(name, func(t *testing.T) {
			m := newMiner(t, stories()...)
			b := m.open(w)
			b.shows("prompt", "Great Wall")
			b.press("2")
			b.shows("prompt", "haiku")
			b.Do(chromedp.Reload()) // so that Tab begins at the top
			b.shows("prompt", "haiku")
			var order []string
			for range 10 {
				b.press(kb.Tab)
				order = append(order, b.focus())
				const seen = `(e => {
					const r = e.getBoundingClientRect(), s = getComputedStyle(e), at = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
					return parseFloat(s.outlineWidth) >= 2 && s.outlineStyle !== "none" && r.width > 0 && r.bottom <= innerHeight && r.top >= 0 && (at === e || e.contains(at));
				})(document.activeElement)`
				if !browsertest.Eval[bool](b.Tab, seen) {
					t.Errorf("%s has the focus and cannot be seen", b.focus())
				}
			}
			want := []string{"A", "help-open", "choice 1", "choice 2", "choice 3", "choice 4", "choice 5", "reason", "later", "undo"}
			if !slices.Equal(order, want) {
				t.Errorf("got %q, want %q", order, want)
			}
		})
	}
}

// TestARestartInTheMiddleLosesNothing: the miner goes off while a person chooses.
func TestARestartInTheMiddleLosesNothing(t *testing.T) {
	m := newMiner(t, stories()...)
	b := m.open(laptop)
	b.shows("prompt", "Great Wall")
	b.press("1")
	b.shows("prompt", "haiku")
	b.press("r", "it counts right", kb.Escape)
	m.kill()
	b.press("2")
	b.shows("alert", "Your choice, A better, waits here and is sent again.")
	b.Shot("away")
	b.press("5") // nothing else is taken meanwhile
	b.Do(chromedp.Navigate("about:blank"))
	m.start()
	b.Do(chromedp.Navigate(label.Address(m.at, token)))
	b.shows("prompt", "17 × 24")
	m.kept(map[uint16]string{0: "1", 1: "2 it counts right"})
	if got := b.text("alert"); got != "" {
		t.Errorf("it still says %q", got)
	}

	b.press("r", "half a rea")
	m.kill()
	m.start()
	b.Do(chromedp.Reload())
	b.shows("prompt", "17 × 24")
	if got := browsertest.Eval[string](b.Tab, `reason.value`); got != "half a rea" {
		t.Errorf("of the reason is left %q", got)
	}
}

// TestAChoiceIsSentAgainByItself: the window stays open while the miner is off.
func TestAChoiceIsSentAgainByItself(t *testing.T) {
	m := newMiner(t, stories()...)
	b := m.open(laptop)
	b.shows("prompt", "Great Wall")
	m.kill()
	b.press("4")
	b.shows("alert", "waits here")
	m.start()
	b.shows("says", "Kept: B better. 3 left.")
	m.kept(map[uint16]string{0: "4"})
}

func TestTwoPeopleAtOnePage(t *testing.T) {
	m := newMiner(t, stories()...)
	one, two := m.open(laptop), m.open(phone)
	one.shows("prompt", "Great Wall")
	two.shows("prompt", "Great Wall")
	one.press("1")
	one.shows("says", "Kept: A much better. 3 left.")
	two.press("r", "B, for its numbers", kb.Escape, "5")
	two.shows("alert", "Your choice was not kept: B much better, because:")
	two.shows("alert", "B, for its numbers")
	two.shows("prompt", "haiku")
	two.Shot("stale")
	m.kept(map[uint16]string{0: "1"})
	two.press("5")
	two.shows("prompt", "17 × 24")
	if got := two.text("alert"); got != "" {
		t.Errorf("it still says %q", got)
	}
	one.Do(chromedp.Evaluate[chromedp.Void](again)) // who only reads is told, too
	one.press("3")                                  // who was about to choose has not read the next
	one.shows("alert", "The pair that was here was rated in another window.")
	one.shows("prompt", "17 × 24")
	m.kept(map[uint16]string{0: "1", 1: "5"})
}

func TestTheSealIsToldToWhoReads(t *testing.T) {
	m := newMiner(t, stories()...)
	next := pair(96, 0)
	next.Prompt = "What comes after?"
	m.put(next)
	b := m.open(laptop)
	b.shows("prompt", "Great Wall")
	b.press("r", "not yet done")
	must(t, m.desk.Seal(round))
	b.press(kb.Escape, "1")
	b.shows("alert", "The round was sealed before this came. What was kept before stays. Your choice was not kept: A much better, because:")
	b.shows("alert", "not yet done")
	b.shows("prompt", "What comes after?")
	must(t, m.desk.Seal(96))
	b.Do(chromedp.Evaluate[chromedp.Void](again))
	b.shows("alert", "The round of the pair that was here is sealed.")
	b.shows("empty", "Round 96 is sealed: 0 rated, 1 missed.")
	m.kept(map[uint16]string{})
}

func TestLittleTimeIsTold(t *testing.T) {
	i := pair(round, 0)
	i.Expected = time.Now().Add(4*time.Minute + 59*time.Second)
	b := newMiner(t, i).open(laptop)
	b.shows("until", "in 5 min")
	b.shows("says", "The round is sealed in about 5 min; 1 left.")
}

func TestHostileTextIsShownAsText(t *testing.T) {
	i := pair(round, 0)
	i.Prompt = `<h1>Prompt</h1><script>document.title = "taken"</script>`
	i.A = "<img src=x onerror=\"document.title='taken'\"> &lt;b&gt; \u202egnp.exe\u202c and \u0000nul, " + strings.Repeat("long", 2000)
	i.B = "<img src=x onerror=\"document.title='taken'\"> &lt;b&gt; gnp.exe and nul, Z" + strings.Repeat("\u0301\u0323", 60) + " " + strings.Repeat("W", 8000)
	for name, w := range map[string]browsertest.Window{"laptop": laptop, "phone": phone} {
		t.Run(name, func(t *testing.T) {
			b := newMiner(t, i).open(w)
			b.shows("prompt", i.Prompt)
			b.shows("a", `<img src=x onerror="document.title='taken'"> &lt;b&gt; U+202Egnp.exeU+202C and U+0000nul`)
			b.Shot("hostile")
			if n := browsertest.Eval[int](b.Tab, `document.querySelectorAll("main img, main script, main h1").length`); n != 0 {
				t.Errorf("%d elements came out of text", n)
			}
			if got := browsertest.Eval[string](b.Tab, `document.title`); strings.Contains(got, "taken") {
				t.Errorf("the title is %q", got)
			}
			if over := browsertest.Eval[int](b.Tab, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("the page is %d pixels wider than the window", over)
			}
		})
	}
}

// TestPagesOfOthersReachNothing: a page on another port, and one on another site,
// try all that a page can do.
func TestPagesOfOthersReachNothing(t *testing.T) {
	m := newMiner(t, stories()...)
	b := m.open(laptop)
	b.shows("prompt", "Great Wall")
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, evilPage, "http://"+m.at, body(at(round, 0), 1, ""), token)
	}))
	defer evil.Close()
	port := evil.URL[strings.LastIndexByte(evil.URL, ':'):]
	for _, from := range []string{"http://127.0.0.1" + port, "http://localhost" + port} {
		b.Do(chromedp.Navigate(from))
		b.Waits("all that it tries", `document.title === "tried"`)
		if got := b.text("got"); got != "nothing" {
			t.Errorf("%s: got %s", from, got)
		}
		m.kept(map[uint16]string{})
	}
	b.Forgive() // what was refused
}

// evilPage knows even the token, and still changes nothing: the browser says where
// its requests come from.
const evilPage = `<!doctype html><title>trying</title><p id=got>nothing</p>
<iframe id=frame src="%[1]s/"></iframe><img src="%[1]s/icon.svg" id=img>
<script>
const at = "%[1]s", say = %[2]q, token = %[3]q, got = (what) => document.getElementById("got").textContent = what;
(async () => {
	const tries = [
		["plain", { method: "POST", mode: "no-cors", body: say, headers: { "Content-Type": "text/plain" } }],
		["json", { method: "POST", body: say, headers: { "Content-Type": "application/json" } }],
		["token", { method: "POST", body: say, headers: { "Content-Type": "application/json", Authorization: "Bearer " + token } }],
		["cookies", { method: "POST", mode: "no-cors", credentials: "include", body: say }],
	];
	for (const [name, how] of tries) {
		try {
			const r = await fetch(at + "/api/rate", how);
			if (r.type !== "opaque") got(name);
		} catch {}
	}
	try {
		const r = await fetch(at + "/api/desk", { headers: { Authorization: "Bearer " + token } });
		got("read " + await r.text());
	} catch {}
	for (const store of [localStorage, sessionStorage]) if (store.getItem("token")) got("the token");
	if (document.cookie) got(document.cookie);
	const img = document.getElementById("img");
	if (!img.complete) await new Promise(done => img.onload = img.onerror = done);
	if (img.naturalWidth) got("the picture");
	try {
		if (document.getElementById("frame").contentDocument.body.innerHTML) got("the frame");
	} catch {}
	document.title = "tried";
})();
</script>`

func TestTheTokenStaysInItsTab(t *testing.T) {
	m := newMiner(t, stories()...)
	b := m.open(laptop)
	b.shows("prompt", "Great Wall")
	if got := browsertest.Eval[string](b.Tab, `location.href + document.cookie + JSON.stringify(localStorage) + document.referrer`); strings.Contains(got, token) {
		t.Errorf("it is in %s", got)
	}
	b.Do(chromedp.Reload())
	b.shows("prompt", "Great Wall")
	without := open(t, laptop, "http://"+m.at+"/")
	without.shows("empty", "An address is needed")
	without.Shot("no-token")
	wrong := open(t, laptop, label.Address(m.at, strings.ToUpper(token)))
	wrong.shows("empty", "This address has no valid token. Open the one that “miner label” prints.")
}

func TestItFitsAPhone(t *testing.T) {
	for _, wide := range []int64{320, 360, 412} {
		m := newMiner(t, stories()...)
		b := m.open(browsertest.Window{Wide: wide, High: 740, Scale: 2, Calm: true})
		b.shows("prompt", "Great Wall")
		b.press("2")
		b.shows("prompt", "haiku")
		b.Shot(fmt.Sprint(wide))
		if over := browsertest.Eval[int](b.Tab, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("%d: it is %d pixels wider than the window", wide, over)
		}
		if small := browsertest.Eval[string](b.Tab, `[...document.querySelectorAll("button, textarea")].filter(e => e.checkVisibility())
			.filter(e => e.offsetHeight < 44 || e.offsetWidth < 44).map(e => e.id || e.textContent).join()`); small != "" {
			t.Errorf("%d: too small for a finger: %s", wide, small)
		}
		if n := browsertest.Eval[int](b.Tab, `document.getAnimations().length`); n != 0 {
			t.Errorf("%d things move although motion is not wanted", n)
		}
		if high := browsertest.Eval[int](b.Tab, `bar.offsetHeight`); high > 240 {
			t.Errorf("%d: the choices take %d pixels of the window's 740", wide, high)
		}
	}
}

func TestColoursCanBeChosen(t *testing.T) {
	b := newMiner(t, stories()...).open(laptop)
	b.shows("prompt", "Great Wall")
	paper := func() string {
		return browsertest.Eval[string](b.Tab, `getComputedStyle(document.body).backgroundColor`)
	}
	light := paper()
	b.Do(chromedp.Evaluate[chromedp.Void](`document.querySelector("[name=theme][value=dark]").click()`))
	if dark := paper(); dark == light {
		t.Errorf("both are %s", dark)
	}
	dark := paper()
	b.Do(chromedp.Reload())
	b.shows("prompt", "Great Wall")
	if got := paper(); got != dark {
		t.Errorf("after a reload it is %s, want %s", got, dark)
	}
	marked := func() bool {
		return browsertest.Eval[string](b.Tab, `getComputedStyle(document.querySelector("#a mark")).textDecorationLine`) == "underline"
	}
	if !marked() {
		t.Error("what differs is told by colour alone")
	}
	b.press("d")
	if marked() {
		t.Error("differences are still marked")
	}
}
