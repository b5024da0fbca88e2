//go:build page

package page_test

import (
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
	"github.com/assaynet/assay/engine/server/page/browsertest"
)

// answered waits for an answer under the last question.
const answered = `!document.getElementById("send").disabled && document.querySelectorAll(".turn.assistant .foot").length > 0`

// TestAConversationByKeyboardAlone: a question, its answer, the receipt and its
// check, a second conversation, and both are there when the page comes again.
func TestAConversationByKeyboardAlone(t *testing.T) {
	b := open(t, serve(t), 1280, false)
	b.waits(`document.activeElement.id === "ask" && document.getElementById("model").value === "tiny"`)
	b.set("max_tokens", "12")
	b.set("seed", "7")
	b.run(`document.getElementById("ask").focus()`)
	b.keys("Name a river.\r")
	b.waits(answered)
	if got := b.text(".turn.user .text"); got != "Name a river." {
		t.Errorf("the question is %q", got)
	}
	said := b.text(".turn.assistant .text")
	if said == "" {
		t.Error("the answer is empty")
	}
	b.shows(".foot", "12 tokens")
	b.run(`document.querySelector(".foot button").focus()`)
	b.keys("\r")
	b.shows(".verdict", "Equal, all 12 tokens, to the bit")

	b.run(`document.getElementById("new").focus()`)
	b.keys("\r")
	b.waits(`document.activeElement.id === "ask" && document.querySelectorAll(".turn").length === 0`)
	b.keys("Another one?\r")
	b.waits(answered)
	if n := b.count("#list li"); n != 2 {
		t.Errorf("%d conversations, want 2", n)
	}
	b.run(`location.reload()`)
	b.shows("#list", "Name a river.")
	b.shows(".turn.user .text", "Another one?")
	b.run(`document.querySelectorAll("#list li button")[2].click()`)
	b.shows(".turn.user .text", "Name a river.")
	if got := b.text(".turn.assistant .text"); got != said {
		t.Errorf("the answer was %q and is %q", said, got)
	}
	b.shows(".verdict", "Equal")
	b.run(`document.querySelectorAll("#list li button")[3].click()`)
	b.waits(`document.querySelectorAll("#list li").length === 1`)
}

// TestTheSameSeedGivesTheSameAnswer, and the settings are asked for.
func TestTheSameSeedGivesTheSameAnswer(t *testing.T) {
	b := open(t, serve(t), 1280, false)
	b.waits(`document.getElementById("model").value === "tiny"`)
	var said [3]string
	for i, seed := range []string{"7", "7", "8"} {
		b.run(`document.getElementById("new").click()`)
		b.set("max_tokens", "20")
		b.set("seed", seed)
		b.run(`document.getElementById("ask").focus()`)
		b.keys("A?\r")
		b.waits(answered)
		said[i] = b.text(".turn.assistant .text")
	}
	if said[0] != said[1] || said[0] == said[2] {
		t.Errorf("seeds 7, 7 and 8 give %q", said)
	}
}

// TestAnAnswerIsStopped by Esc; what there is of it stays, and the next one
// comes. The model is so large that its 8,192 tokens take many seconds.
func TestAnAnswerIsStopped(t *testing.T) {
	b := open(t, serveModel(t, enginetest.Options{Context: 8192, Width: 512, Layers: 16, FFN: 1024}), 1280, false)
	b.waits(`document.getElementById("model").value === "tiny"`)
	b.set("temperature", "0") // the likeliest token for ever: a model that has learned nothing does not end
	b.run(`document.getElementById("ask").focus()`)
	b.keys("Tell me all.\r")
	b.waits(`document.querySelectorAll(".turn.assistant .text").length === 1 && document.querySelector(".turn.assistant .text").innerText.length > 20`)
	b.keys("\u001b")
	b.shows("#says", "Stopped.")
	b.shows(".foot", "Stopped")
	if n := b.count(".foot button"); n != 0 {
		t.Errorf("an answer without a receipt has %d buttons", n)
	}
	b.set("max_tokens", "3")
	b.run(`document.getElementById("ask").focus()`)
	b.keys("And now?\r")
	b.shows(".foot", "3 tokens")
}

// TestTextIsNeverMarkup: what is asked and answered stays text.
func TestTextIsNeverMarkup(t *testing.T) {
	b := open(t, serve(t), 1280, false)
	b.waits(`document.getElementById("model").value === "tiny"`)
	b.set("max_tokens", "1")
	b.set("ask", "<img src=x onerror=alert(1)>\n```js\n<b>code</b>\n```\nend")
	b.run(`document.getElementById("form").requestSubmit()`)
	b.waits(answered)
	if n := b.count(".turn img, .turn b"); n != 0 {
		t.Errorf("%d elements were made of a text", n)
	}
	if got := b.text(".turn.user pre"); got != "<b>code</b>" {
		t.Errorf("code is %q", got)
	}
}

// TestTwoTabsLoseNothing: what another tab has kept is in this one's list, and is
// still kept when this one keeps its own.
func TestTwoTabsLoseNothing(t *testing.T) {
	b := open(t, serve(t), 1280, false)
	b.waits(`document.getElementById("model").value === "tiny"`)
	b.set("max_tokens", "1")
	b.run(`localStorage.setItem("assay.chat", JSON.stringify({open: 0, list: [{title: "The other's", turns: [{role: "user", text: "there"}]}], settings: {max_tokens: "7"}}));
		window.dispatchEvent(new StorageEvent("storage", {key: "assay.chat"}))`)
	b.shows("#list", "The other's")
	b.run(`document.getElementById("new").click()`)
	b.set("ask", "Here.")
	b.run(`document.getElementById("form").requestSubmit()`)
	b.waits(answered)
	b.shows(".foot", "1 tokens")
	b.run(`location.reload()`)
	b.shows("#list", "The other's")
	b.shows("#list", "Here.")
}

// TestABrowserThatKeepsNothingLosesNothing that is on the page.
func TestABrowserThatKeepsNothingLosesNothing(t *testing.T) {
	b := open(t, serve(t), 1280, false)
	b.waits(`document.getElementById("model").value === "tiny"`)
	b.set("max_tokens", "1")
	b.run(`Storage.prototype.setItem = () => { throw new DOMException("storage is off", "SecurityError") }`)
	for _, text := range []string{"One?", "Two?"} {
		b.run(`document.getElementById("new").click()`)
		b.set("ask", text)
		b.run(`document.getElementById("form").requestSubmit()`)
		b.waits(answered)
	}
	b.shows("#alert", "storage is off")
	if n := b.count("#list li"); n != 2 {
		t.Errorf("%d conversations, want 2", n)
	}
}

// TestAKeyIsAskedFor, and kept for the tab.
func TestAKeyIsAskedFor(t *testing.T) {
	key, secret, err := server.NewKey("alice")
	must(t, err)
	b := open(t, serve(t, key), 1280, false)
	b.shows("#alert", "asks for a key")
	b.waits(`document.getElementById("settings").open`)
	b.set("key", secret)
	b.waits(`document.getElementById("model").value === "tiny" && document.getElementById("alert").innerText === ""`)
	b.run(`location.reload()`)
	b.waits(`document.getElementById("model")?.value === "tiny"`)
}

// TestAxeFindsNothing looks at every state of the page, in both colours, on a
// laptop and on a phone.
func TestAxeFindsNothing(t *testing.T) {
	for name, w := range map[string]struct {
		wide int64
		dark bool
	}{"light": {1280, false}, "dark": {1280, true}, "phone": {360, false}, "dark phone": {360, true}} {
		t.Run(name, func(t *testing.T) {
			b := open(t, serve(t), w.wide, w.dark)
			b.waits(`document.getElementById("model").value === "tiny"`)
			b.Axe("empty")
			b.set("max_tokens", "16")
			b.run(`document.getElementById("ask").focus()`)
			b.keys("A river?\r")
			b.waits(answered)
			b.run(`document.querySelector(".foot button").click()`)
			b.shows(".verdict", "Equal")
			b.Axe("checked")
			if wide := browsertest.Eval[int](b.Tab, `document.documentElement.scrollWidth`); int64(wide) > w.wide {
				t.Errorf("the page is %d wide in a window of %d", wide, w.wide)
			}
			if w.wide < 500 {
				b.run(`document.getElementById("open").click()`)
			}
			b.run(`document.getElementById("settings").open = true`)
			b.set("temperature", "3")
			b.Axe("settings")
			if w.wide < 500 {
				b.run(`document.getElementById("open").click()`)
			}
			b.set("ask", "More?")
			b.run(`document.getElementById("form").requestSubmit()`)
			b.shows("#alert", "Temperature")
			b.Axe("refused")
		})
	}
}
