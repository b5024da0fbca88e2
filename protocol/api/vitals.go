package api

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// vitals are what an operator is woken for, as of the moment at which metrics are
// asked for: how the node is, and what its seat is worth, does and earns. A value
// that the node does not know is not there, rather than zero.
type vitals struct {
	reading atomic.Bool // somebody reads

	mu  sync.Mutex
	now []prometheus.Metric // guarded by mu
	// block is when the newest block that the node told of was made; zero where it
	// told of none. Guarded by mu.
	block time.Time
}

// Describe implements [prometheus.Collector]. It names nothing: what there is
// depends on the node.
func (*vitals) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector]. The age of the newest block is that of
// this moment: it grows, too, while the node does not say how it is.
func (v *vitals) Collect(out chan<- prometheus.Metric) {
	v.mu.Lock()
	now, block := slices.Clone(v.now), v.block
	v.mu.Unlock()
	g := &gauges{list: now}
	if block.Unix() > 0 {
		age := time.Since(block).Seconds()
		g.set("node_block_age_seconds", "Time since the newest block was made.", max(age, 0))
		g.set("node_clock_behind_seconds", "By how much the newest block is from the future of this machine's clock.", max(-age, 0))
	}
	for _, m := range g.list {
		out <- m
	}
}

// gauges collects values.
type gauges struct{ list []prometheus.Metric }

// set adds a value; labels are names, each before its value.
func (g *gauges) set(name, help string, value float64, labels ...string) {
	var names, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	g.list = append(g.list, prometheus.MustNewConstMetric(prometheus.NewDesc("assay_"+name, help, names, nil), prometheus.GaugeValue, value, values...))
}

func (g *gauges) is(name, help string, yes bool) {
	value := 0.0
	if yes {
		value = 1
	}
	g.set(name, help, value)
}

// tokens is an amount as a number, which is not exact: money is exact in the lists.
func tokens(a protocol.Amount) float64 { return float64(a) / float64(protocol.Unit) }

// vitalsPatience is how long who watches the node waits for how it is: a node that
// does not say it is seen by the age of the block of which it told last, which
// grows.
const vitalsPatience = time.Second

// refresh reads how the node is, one reader at a time. What is not there in time is
// shown the next time.
func (h *Handler) refresh(r *http.Request) {
	v := h.metrics.vitals
	if !v.reading.CompareAndSwap(false, true) {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer v.reading.Store(false)
		defer func() {
			if why := recover(); why != nil { // of a node that cannot say how it is
				h.log.Error().Str("panic", fmt.Sprint(why)).Bytes("stack", debug.Stack()).Msg("metrics of the node met a mistake of the program")
			}
		}()
		h.readVitals(r)
	}()
	wait := time.NewTimer(vitalsPatience)
	defer wait.Stop()
	select {
	case <-done:
	case <-wait.C:
	}
}

// readVitals reads how the node is. What cannot be read is left out, and logged.
func (h *Handler) readVitals(r *http.Request) {
	g := &gauges{}
	s, err := h.readStatus(&request{http: r})
	if err == nil {
		h.nodeGauges(g, &s)
		if s.Seat != nil { // a miner, which has no ledger
			ownGauges(g, s.Seat)
		} else {
			err = h.seatGauges(g, r, s.Hotkey)
		}
	}
	if err != nil {
		h.log.Warn().Err(err).Msg("metrics of the node are not whole")
	}
	h.metrics.vitals.mu.Lock()
	defer h.metrics.vitals.mu.Unlock()
	h.metrics.vitals.now = g.list
	if !s.BlockTime.IsZero() {
		h.metrics.vitals.block = s.BlockTime
	}
}

func (h *Handler) nodeGauges(g *gauges, s *Status) {
	g.set("node_info", "1; what runs here.", 1, "version", s.Version, "role", s.Role, "chain", s.ChainID, "go", runtime.Version())
	g.set("node_height", "Newest block that the node carried out or verified.", float64(s.Height))
	g.set("node_epoch", "Epoch of that block.", float64(s.Epoch))
	if !s.Started.IsZero() {
		g.set("node_started_seconds", "When the process began, in seconds since 1970.", float64(s.Started.Unix()))
	}
	g.is("node_catching_up", "1 while the node fetches blocks that others have.", s.CatchingUp)
	g.set("node_target_height", "Block to which half of the peers are while the node catches up; else its own.", float64(max(s.Target, s.Height)))
	g.set("node_peers", "Connected peers of gossip.", float64(s.Peers))
	g.is("node_registered", "1 while the hotkey has a seat.", s.Registered)
	g.is("node_permit", "1 while the seat holds a validator permit.", s.Permit)
	g.set("node_faults", "What keeps the node from its work; /v1/status says each in words.", float64(len(s.Faults)))
	g.set("node_reasons", "Why the seat earns nothing, or less than it could; /v1/status says each in words.", float64(len(s.Reasons)))
}

// ownGauges are what a miner knows of its own seat.
func ownGauges(g *gauges, s *SeatStatus) {
	const rounds, cards = "Rounds of the last epochs that asked the seat, by outcome.", "Judges' cards of the last epochs about its answers, by finding."
	g.set("seat_uid", "Number of the own seat.", float64(s.UID))
	g.is("seat_asked", "1 while the seat is asked in the running epoch.", s.Asked)
	g.set("seat_rounds", rounds, float64(s.InTime), "outcome", "in-time")
	g.set("seat_rounds", rounds, float64(s.Late), "outcome", "late")
	g.set("seat_cards", cards, float64(s.Exact), "finding", "exact")
	g.set("seat_cards", cards, float64(s.False), "finding", "false")
	g.set("seat_not_given", "Answers of the last epochs that judges of half of the stake did not get.", float64(s.NotGiven))
	if n := len(s.Pays); n > 0 {
		g.set("seat_paid_tokens", paidHelp, tokens(s.Pays[n-1].Paid), "for", "work")
	}
}

const paidHelp = "What the newest epoch that ended paid the seat, by what for."

// seatGauges are what the ledger says of the own seat, where the node has it.
func (h *Handler) seatGauges(g *gauges, r *http.Request, hotkey string) error {
	k, err := protocol.ParseAddress(hotkey)
	if err != nil || h.src.State == nil {
		return nil //nolint:nilerr // a database without its node has no hotkey
	}
	v, err := h.view(r.Context())
	if err != nil {
		return err
	}
	s, ok, err := ledger.ReadSeatByHotkey(v, k)
	if err != nil || !ok {
		return err
	}
	g.set("seat_uid", "Number of the own seat.", float64(s.ID.UID))
	g.is("seat_asked", "1 while the seat is asked in the running epoch.", s.Asked)
	g.is("seat_jailed", "1 while the seat is jailed.", s.Jail.Held)
	g.set("seat_collateral_tokens", "What the seat has put up.", tokens(s.Collateral))
	pool, _, err := ledger.ReadPool(v, s.PoolName())
	if err != nil {
		return err
	}
	g.set("seat_stake_tokens", "Stake on the seat, of all who have some there.", tokens(pool.Amount))
	balance, err := v.balance(s.Coldkey)
	if err != nil {
		return err
	}
	g.set("seat_balance_tokens", "Balance of the seat's coldkey.", tokens(balance))
	if err := powerGauges(g, v, s.ID.UID); err != nil {
		return err
	}
	return payGauges(g, v, s.ID)
}

// powerGauges are the seat's part in consensus.
func powerGauges(g *gauges, v *view, uid protocol.UID) error {
	set, _, err := ledger.ReadValidators(v)
	if err != nil {
		return err
	}
	power := uint64(0)
	for _, p := range set.Set {
		if p.UID == uid {
			power = p.Power
		}
	}
	g.set("seat_power", "Voting power in consensus; 0 outside of it.", float64(power))
	if power == 0 {
		return nil
	}
	signed, err := ledger.ReadSigned(v)
	if err != nil {
		return err
	}
	last := signed.Of(uid).Last
	g.set("seat_unsigned_blocks", "Blocks since the newest one that the seat is known to have signed.", float64(v.height-min(v.height, last)))
	return nil
}

// payGauges are what the newest epoch that ended paid the seat.
func payGauges(g *gauges, v *view, id protocol.SeatID) error {
	p, err := v.payment(id)
	if err != nil || !v.any {
		return err
	}
	const share = "Shares of the seat in the newest epoch that ended, of 1."
	g.set("seat_paid_tokens", paidHelp, tokens(p.Miner), "for", "work")
	g.set("seat_paid_tokens", paidHelp, tokens(p.Validator), "for", "judging")
	g.set("seat_share", share, float64(p.Incentive)/ofWeight, "of", "incentive")
	g.set("seat_share", share, float64(p.Dividend)/ofWeight, "of", "dividend")
	g.set("seat_duties", "Duties that were drawn for the seat in the epoch before, and those fulfilled.", float64(p.Drawn), "state", "drawn")
	g.set("seat_duties", "Duties that were drawn for the seat in the epoch before, and those fulfilled.", float64(p.Fulfilled), "state", "fulfilled")
	found, err := findingsOf(v, v.paid, &p)
	if err != nil {
		return err
	}
	missed := 0.0
	if found != "" && found != FindingsOpened {
		missed = 1
	}
	g.set("seat_findings_missed", "1 where what the seat found in the epoch before was not sealed, not opened, or does not count.", missed)
	return nil
}
