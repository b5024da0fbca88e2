package dashboard_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/dashboard"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// The large network: a million blocks, 256 seats of which 64 validate, and the
// records of the 64 epochs that a ledger keeps.
const (
	largeHeight     = 1_000_000
	largeSeats      = 256
	largeValidators = 64
	largeEpochs     = 64
)

// grow writes the large network into a tree that has a genesis.
func grow(n *apitest.Network, t ledger.Tree) error {
	sched := n.Genesis.Params.Schedule
	now := sched.EpochOf(largeHeight)
	m, _, err := ledger.ReadMeta(n.Tree)
	if err != nil {
		return err
	}
	m.Height, m.Seats = largeHeight, largeSeats
	put := func(key []byte, record any) {
		if err == nil {
			err = t.Set(key, wire.Encode(record))
		}
	}
	put(ledger.MetaKey(), m)
	// Two of three validators like those with high uids, the third those with low ones.
	rows := make([]ledger.Weights, 3)
	for i := range rows {
		rows[i].Height = largeHeight - 50
		for uid := protocol.UID(largeValidators); uid < largeSeats; uid++ {
			v := uint16(uid) * 200
			if i == 2 {
				v = uint16(largeSeats-uid) * 200
			}
			rows[i].UIDs, rows[i].Values = append(rows[i].UIDs, uid), append(rows[i].Values, v)
		}
	}
	put(ledger.PoolKey(apitest.Public("hotkey")), ledger.Pool{Amount: 1000 * protocol.Unit, Shares: 1000})
	for uid := range protocol.UID(largeSeats) {
		s := ledger.Seat{ID: protocol.SeatID{UID: uid}, Hotkey: apitest.Public("hotkey"), Coldkey: apitest.Public("coldkey"), Asked: uid >= largeValidators, Permit: uid < largeValidators, LastUpdate: largeHeight - 10}
		if s.Permit {
			s.Consensus.Key = apitest.Public("consensus")
		}
		put(ledger.SeatKey(uid), s)
		if s.Permit {
			row := rows[uid%3]
			row.Seat = s.ID
			put(ledger.RosterJudgeKey(now-2, uid), ledger.RosterJudge{ID: s.ID, Hotkey: s.Hotkey, Stake: 1000 * protocol.Unit})
			for e := now - 2; e < now; e++ {
				put(ledger.WeightsKey(e, uid), row)
			}
			put(ledger.BondsKey(uid), ledger.Bonds{UIDs: row.UIDs, Values: row.Values})
		}
	}
	for e := now - largeEpochs; e < now; e++ {
		put(ledger.EpochKey(e), ledger.EpochRecord{Epoch: e, Height: sched.EpochEnd(e), Emission: 20 * protocol.Unit, Miners: 10 * protocol.Unit, Validators: 10 * protocol.Unit, Seats: largeSeats})
		for uid := range protocol.UID(largeSeats) {
			p := ledger.Payment{Seat: protocol.SeatID{UID: uid}, Hotkey: apitest.Public("hotkey"), Coldkey: apitest.Public("coldkey"), Incentive: 300, Miner: protocol.Unit/32 + protocol.Amount(e)}
			if uid < largeValidators {
				p.Incentive, p.Miner, p.Dividend, p.Validator, p.Drawn, p.Fulfilled = 0, 0, 1000, protocol.Unit/8, 8, 8
			}
			put(ledger.PaymentKey(e, uid), p)
		}
	}
	return err
}

// large is a node of the large network.
type large struct {
	*apitest.Network
	ledger.Reader
}

func (n *large) State(context.Context) (ledger.Reader, protocol.Height, error) {
	return n.Reader, largeHeight, nil
}

// BlockTime implements [api.Clock].
func (n *large) BlockTime(_ context.Context, h protocol.Height) (time.Time, error) {
	return time.Unix(int64(h), 0), nil
}

// Total implements [api.Totaler], as a node does that follows the network.
func (*large) Total(protocol.SeatID) (protocol.Amount, protocol.Epoch, bool) {
	return 7 * protocol.Unit, 0, true
}

func (n *large) pages() (http.Handler, error) {
	cfg := n.Config()
	cfg.Source.State, cfg.Source.Work = n, n.Work
	p := *cfg.Params
	p.Tasks.Retention = largeEpochs
	cfg.Params = &p
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
	if err := grow(n, n.Tree); err != nil {
		t.Fatal(err)
	}
	for path, most := range largePaths() {
		c := &counted{Reader: n.Tree}
		h, err := (&large{Network: n, Reader: c}).pages()
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
	if err := grow(n, n.Tree); err != nil {
		t.Fatal(err)
	}
	h, err := (&large{Network: n, Reader: n.Tree}).pages()
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
	n, err := apitest.New()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	db, err := store.Open(dir, store.Options{Logger: zerolog.Nop()})
	if err != nil {
		b.Fatal(err)
	}
	st, err := state.Open(db.Space("state"))
	if err != nil {
		b.Fatal(err)
	}
	st.Begin(largeHeight)
	if _, err := ledger.Init(st, n.Genesis); err != nil {
		b.Fatal(err)
	}
	if err := grow(n, st); err != nil {
		b.Fatal(err)
	}
	if _, _, err := st.Commit(); err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	for path := range largePaths() {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db, err := store.Open(dir, store.Options{Logger: zerolog.Nop()})
				if err != nil {
					b.Fatal(err)
				}
				st, err := state.Open(db.Space("state"))
				if err != nil {
					b.Fatal(err)
				}
				h, err := (&large{Network: n, Reader: st.Latest()}).pages()
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				code, body := pageOf(b, h, path)
				b.StopTimer()
				if code != http.StatusOK {
					b.Fatalf("%d %s", code, words(body))
				}
				b.ReportMetric(float64(len(body)), "bytes")
				if err := db.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
