//go:build page

package dashboard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/assaynet/assay/engine/server/page/browsertest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/dashboard"
	"github.com/assaynet/assay/protocol/ledger"
)

func TestMain(m *testing.M) { browsertest.Main(context.Background(), m) }

// living is a network whose blocks do something when the test says so.
type living struct {
	*apitest.Network
	mu     sync.Mutex
	height protocol.Height // guarded by mu
}

func (n *living) EventRange() (oldest, newest protocol.Height) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return apitest.Height, n.height
}

func (n *living) EventsAt(_ context.Context, h protocol.Height) ([]ledger.Event, error) {
	if h == apitest.Height {
		return nil, nil
	}
	return []ledger.Event{{Name: ledger.EventPaid, Height: h, Epoch: 2, Amount: protocol.Unit, Count: 2}}, nil
}

func (n *living) next() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.height++
}

// serve serves the pages of a node on loopback.
func serve(t *testing.T) (*living, string) {
	t.Helper()
	n := &living{Network: network(t), height: apitest.Height}
	cfg := n.Config()
	cfg.Source.State = n
	cfg.Pages = func(h *api.Handler) (http.Handler, error) {
		return dashboard.New(dashboard.Config{
			Ask: h, State: n, Chain: cfg.ChainID, Params: cfg.Params, Text: func(protocol.ModelID, []int32) (string, bool) { return "Meow.\n\n" + hostile, true },
		})
	}
	h, err := api.NewHandler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return n, s.URL
}

// paths are one page of each sort, and one that is not there.
func paths(n *living) []string {
	return []string{
		"/", "/ui/miners", "/ui/miner/2", "/ui/validators", "/ui/validator/1", "/ui/tasks", "/ui/task/" + n.TaskOf(apitest.Round, 2).ID.String(),
		"/ui/weights?epoch=0", "/ui/epochs", "/ui/epoch/1", "/ui/what-if?kappa=0.9", "/ui/miner/77",
	}
}

// TestAxeFindsNothing looks at every page, in both colours, on a desk and on a
// phone; none is wider than its window.
func TestAxeFindsNothing(t *testing.T) {
	for name, w := range map[string]browsertest.Window{
		"light": {Wide: 1400, High: 900}, "dark": {Wide: 1400, High: 900, Dark: true},
		"phone": {Wide: 360, High: 740}, "dark phone": {Wide: 360, High: 740, Dark: true},
	} {
		t.Run(name, func(t *testing.T) {
			n, at := serve(t)
			for i, path := range paths(n) {
				b := browsertest.Open(t, w, at+path)
				b.Waits("the page", `document.readyState === "complete"`)
				browsertest.Eval[bool](b, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
				b.Axe(fmt.Sprintf("page %d", i))
				if wide := browsertest.Eval[int](b, `document.documentElement.scrollWidth`); int64(wide) > w.Wide {
					t.Errorf("%s is %d wide in a window of %d", path, wide, w.Wide)
				}
				b.Forgive() // the stream ends with the page
			}
		})
	}
}

// TestThePageFollowsTheNetwork: a block that pays an epoch shows in the head, among
// the events, and in the page, which is taken anew; not under somebody's hands.
func TestThePageFollowsTheNetwork(t *testing.T) {
	n, at := serve(t)
	b := browsertest.Open(t, browsertest.Window{Wide: 1400, High: 900}, at+"/")
	b.Waits("the page", `document.readyState === "complete"`)
	b.Waits("the stream", `document.getElementById("live").dataset.on === "yes"`)
	browsertest.Eval[bool](b, `(document.querySelector("main h1").dataset.old = "1") === "1"`)
	n.next()
	b.Waits("block 46 in the head", `document.getElementById("height").innerText === "46"`)
	b.Waits("the payment", `document.getElementById("news").innerText.includes("block 46: paid, epoch 2")`)
	b.Waits("the fresh page", `document.getElementById("says").innerText === "Epoch 2 has paid. The page shows it." && !document.querySelector("main h1").dataset.old`)
	browsertest.Eval[bool](b, `(document.querySelector("summary").focus(), document.querySelector("main h1").dataset.old = "1") === "1"`)
	n.next()
	b.Waits("a word, and no fresh page", `document.getElementById("height").innerText === "47" && document.getElementById("says").innerText.includes("Load the page again") && document.querySelector("main h1").dataset.old === "1"`)
}

// TestByKeyboardAlone: the first stop leads past the menu, a chart's table opens,
// and a seat is found.
func TestByKeyboardAlone(t *testing.T) {
	_, at := serve(t)
	b := browsertest.Open(t, browsertest.Window{Wide: 1400, High: 900}, at+"/ui/epochs")
	b.Waits("the page", `document.readyState === "complete"`)
	b.Do(chromedp.KeyEvent("\t"))
	b.Waits("the first stop", `document.activeElement.className === "skip"`)
	b.Do(chromedp.KeyEvent("\r"))
	b.Waits("the page itself", `location.hash === "#main" && document.activeElement.id === "main"`)
	browsertest.Eval[bool](b, `document.querySelector("summary").focus() || true`)
	b.Do(chromedp.KeyEvent("\r"))
	b.Waits("the table", `document.querySelector("details").open && document.querySelectorAll("details tbody tr").length === 2`)
	browsertest.Eval[bool](b, `(document.querySelector(".find").addEventListener("submit", e => {
		e.preventDefault(); // the page would be gone under the test
		window.asked = e.target.action + "?" + new URLSearchParams(new FormData(e.target));
	}), document.getElementById("q").focus()) || true`)
	b.Do(chromedp.KeyEvent("3\r"))
	b.Waits("the question", `window.asked === location.origin + "/ui/find?q=3"`)
	b.Do(chromedp.Navigate(at + "/ui/find?q=3"))
	b.Waits("the seat", `location.pathname === "/ui/miner/3" && document.querySelector("h1").innerText === "Miner 3"`)
}
