package dashboard_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/dashboard"
	"github.com/assaynet/assay/protocol/ledger"
)

// pages are those of a node of the large network.
func pages(n *apitest.Large) (http.Handler, error) {
	cfg := n.Config()
	cfg.Pages = func(h *api.Handler) (http.Handler, error) {
		return dashboard.New(dashboard.Config{Ask: h, State: n, Chain: cfg.ChainID, Params: cfg.Params})
	}
	return api.NewHandler(cfg)
}

// largePaths are pages of the large network, each with how many records it may
// read.
func largePaths() map[string]int {
	return map[string]int{
		"/": 400, "/ui/miners": 1000, "/ui/miner/100": 600, "/ui/validators": 700, "/ui/validator/3": 1200, "/ui/weights": 200, "/ui/epochs": 100, "/ui/epoch/49990": 800, "/ui/what-if?kappa=0.6": 1400,
	}
}

// counted counts the records that are read.
type counted struct {
	ledger.Reader
	reads int
}

func (c *counted) Get(key []byte) ([]byte, error) {
	c.reads++
	return c.Reader.Get(key)
}

func (c *counted) Iterate(prefix []byte, fn func(key, value []byte) bool) error {
	return c.Reader.Iterate(prefix, func(key, value []byte) bool {
		c.reads++
		return fn(key, value)
	})
}

// TestNoPageScans: whatever the chain's length, a page reads so many records.
func TestNoPageScans(t *testing.T) {
	n := network(t)
	if err := n.Grow(n.Tree); err != nil {
		t.Fatal(err)
	}
	for path, most := range largePaths() {
		c := &counted{Reader: n.Tree}
		h, err := pages(&apitest.Large{Network: n, Reader: c})
		if err != nil {
			t.Fatal(err)
		}
		if code, body := page(t, h, path); code != http.StatusOK || c.reads > most || c.reads == 0 {
			t.Errorf("%s: %d, %d records read, want at most %d\n%s", path, code, c.reads, most, words(body)[:min(400, len(words(body)))])
		}
	}
}

// TestAnotherKappaIsComputedFromTheLiveState: with a third of the stake seats that
// the third validator likes are paid more.
func TestAnotherKappaIsComputedFromTheLiveState(t *testing.T) {
	n := network(t)
	if err := n.Grow(n.Tree); err != nil {
		t.Fatal(err)
	}
	h, err := pages(&apitest.Large{Network: n, Reader: n.Tree})
	if err != nil {
		t.Fatal(err)
	}
	_, same := page(t, h, "/ui/what-if")
	if got := words(same); !strings.Contains(got, "that are payable now, nothing changes.") || strings.Contains(got, "Nobody would be paid") {
		t.Errorf("as it is: %s", got[:min(len(got), 1200)])
	}
	_, other := page(t, h, "/ui/what-if?kappa=0.3")
	if got := words(other); !strings.Contains(got, "With kappa=0.3, of ") || !strings.Contains(got, " seats would get another amount, seat ") {
		t.Errorf("with another kappa: %s", got[:min(len(got), 1200)])
	}
}

// BenchmarkFirstPage is the time to each page from the real state on disk, which
// was opened a moment ago.
func BenchmarkFirstPage(b *testing.B) {
	apitest.EachLarge(b, false, slices.Sorted(maps.Keys(largePaths())), func(n *apitest.Large, path string) (func() error, func(), error) {
		h, err := pages(n)
		return func() error {
			code, body := pageOf(b, h, path)
			b.ReportMetric(float64(len(body)), "bytes")
			if code != http.StatusOK {
				return fmt.Errorf("%d %s", code, words(body))
			}
			return nil
		}, func() {}, err
	})
}
