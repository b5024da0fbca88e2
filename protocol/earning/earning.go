package earning

import (
	"fmt"
	"math/big"

	"github.com/assaynet/assay/protocol"
)

// Lag is after how many epochs work is paid: its weights are sealed in the epoch of
// the work, opened in the next, and count at the end of the one after.
const Lag = 2

// Pay is what an epoch paid to a seat. Incentive and Dividend are its shares of
// all, in 65535ths; Drawn and Fulfilled the duties of the epoch before.
type Pay struct {
	Epoch                protocol.Epoch
	Incentive, Dividend  uint16
	Miner, Validator     protocol.Amount
	Drawn, Fulfilled     uint32
	MinersPot, JudgesPot protocol.Amount // what all seats were paid; zero where it is not known
	Seats                uint32          // uids that had been given by then
	PaidMiners           uint32          // seats that were paid for work; zero where it is not known
}

// Total is what the seat got, for work and for judging.
func (p *Pay) Total() protocol.Amount { return p.Miner + p.Validator } // parts of what was issued

// Work is what was counted of a seat in an epoch, of all kinds. Bound, Speed and
// Availability, in 65536ths, are the least of the kinds'; zero where they are not
// known.
type Work struct {
	Asked, Answered, Exact, False, Late, NotGiven uint64
	Bound, Speed, Availability                    uint32
}

// Reason is why pay changed, one of a few words that scripts can rely on.
type Reason string

// The reasons.
const (
	ReasonAsked        Reason = "asked"        // it was asked more, or less
	ReasonFalse        Reason = "false"        // answers were found false
	ReasonLate         Reason = "late"         // rounds had no commitment in time
	ReasonNotGiven     Reason = "not-given"    // judges of half of the stake did not get answers
	ReasonSpeed        Reason = "speed"        // it took longer, or less long
	ReasonBound        Reason = "bound"        // fewer, or more, answers were judged
	ReasonAvailability Reason = "availability" // it was there less, or more
	ReasonOthers       Reason = "others"       // the share of others grew, or fell
	ReasonDuties       Reason = "duties"       // duties were left undone, or done again
	ReasonStake        Reason = "stake"        // its share of what judges are paid changed
	ReasonPot          Reason = "pot"          // a share was worth more, or less
)

// Cause is one thing that changed pay.
type Cause struct {
	Reason Reason `json:"reason"`
	// Text says it in words, such as "late 2, was 0".
	Text string `json:"text"`
}

// Split divides the difference between two payments in two: what the share of all
// did, as "same − before" for same, what the share of now would have been paid by
// the pot of before, rounded down, and the rest, which is what a share is worth.
// false where one of the shares is zero, so that there is nothing to compare.
func Split(is, was uint16, before protocol.Amount) (same protocol.Amount, ok bool) {
	if was == 0 || is == 0 {
		return 0, false
	}
	at := new(big.Int).Mul(new(big.Int).SetUint64(uint64(before)), big.NewInt(int64(is)))
	return protocol.Amount(at.Div(at, big.NewInt(int64(was))).Uint64()), true
}

// Delta is a difference of amounts as text: "+0.2" or "−0.2", without zeros at
// the end, and "±0" of none.
func Delta(was, is protocol.Amount) string {
	switch {
	case is > was:
		return "+" + Short(is-was)
	case is < was:
		return "−" + Short(was-is)
	}
	return "±0"
}

// Short is an amount as text, without zeros at the end.
func Short(a protocol.Amount) string {
	s := a.String()
	end := len(s)
	for end > 0 && s[end-1] == '0' {
		end--
	}
	if end > 0 && s[end-1] == '.' {
		end--
	}
	return s[:end]
}

// Causes says why is differs from was, the payments of two epochs in a row to one
// seat, what weighs most first. now and then are what was counted of the work that
// each paid, that of [Lag] epochs before; nil where it is not known. None where the
// payments are equal.
func Causes(was, is *Pay, then, now *Work) []Cause {
	var c causes
	if is.Miner != was.Miner {
		c.work(was, is, then, now)
	}
	if is.Validator != was.Validator {
		c.judging(was, is)
	}
	return c.list
}

type causes struct{ list []Cause }

func (c *causes) add(r Reason, format string, args ...any) {
	c.list = append(c.list, Cause{r, fmt.Sprintf(format, args...)})
}

// work explains pay for work: by the seat's own share, and by what a share is
// worth.
func (c *causes) work(was, is *Pay, then, now *Work) {
	if is.Incentive != was.Incentive {
		own := len(c.list)
		c.counted(then, now)
		if len(c.list) == own {
			c.others(was, is)
		}
	}
	if same, ok := Split(is.Incentive, was.Incentive, was.Miner); ok && same != is.Miner && is.MinersPot != was.MinersPot {
		c.add(ReasonPot, "all miners were paid %s, before %s", Short(is.MinersPot), Short(was.MinersPot))
	}
}

// counted names what was counted otherwise of the seat's own work.
func (c *causes) counted(then, now *Work) {
	if then == nil || now == nil {
		return
	}
	for _, f := range []struct {
		reason  Reason
		name    string
		was, is uint64
	}{
		{ReasonLate, "late", then.Late, now.Late},
		{ReasonFalse, "false", then.False, now.False},
		{ReasonNotGiven, "not given", then.NotGiven, now.NotGiven},
		{ReasonAsked, "asked", then.Asked, now.Asked},
	} {
		if f.was != f.is {
			c.add(f.reason, "%s %d, was %d", f.name, f.is, f.was)
		}
	}
	for _, f := range []struct {
		reason  Reason
		name    string
		was, is uint32
	}{
		{ReasonSpeed, "speed", then.Speed, now.Speed},
		{ReasonBound, "bound", then.Bound, now.Bound},
		{ReasonAvailability, "availability", then.Availability, now.Availability},
	} {
		if f.was != f.is && f.was > 0 {
			c.add(f.reason, "%s %s, was %s", f.name, part(f.is, 65536), part(f.was, 65536))
		}
	}
}

// others explains a share that changed by itself: by what others did.
func (c *causes) others(was, is *Pay) {
	switch {
	case is.Incentive > was.Incentive && was.Incentive == 0:
		c.add(ReasonOthers, "its first weights count")
	case is.Incentive == 0:
		c.add(ReasonOthers, "no weight of it counts any more")
	case is.PaidMiners > was.PaidMiners && was.PaidMiners > 0:
		c.add(ReasonOthers, "%s more paid for work", seats(is.PaidMiners-was.PaidMiners))
	case is.PaidMiners > 0 && is.PaidMiners < was.PaidMiners:
		c.add(ReasonOthers, "%s fewer paid for work", seats(was.PaidMiners-is.PaidMiners))
	case is.PaidMiners == 0 && is.Seats > was.Seats && is.Incentive < was.Incentive:
		c.add(ReasonOthers, "%s", newSeats(is.Seats-was.Seats))
	case is.Incentive < was.Incentive:
		c.add(ReasonOthers, "the share of others grew: its own is %s, was %s", part(uint32(is.Incentive), 65535), part(uint32(was.Incentive), 65535))
	default:
		c.add(ReasonOthers, "the share of others fell: its own is %s, was %s", part(uint32(is.Incentive), 65535), part(uint32(was.Incentive), 65535))
	}
}

// judging explains pay for judging.
func (c *causes) judging(was, is *Pay) {
	if is.Fulfilled != is.Drawn || was.Fulfilled != was.Drawn {
		c.add(ReasonDuties, "%d of %d duties fulfilled, before %d of %d", is.Fulfilled, is.Drawn, was.Fulfilled, was.Drawn)
	}
	if is.Dividend != was.Dividend {
		c.add(ReasonStake, "its dividend is %s of all, was %s", part(uint32(is.Dividend), 65535), part(uint32(was.Dividend), 65535))
	}
	if same, ok := Split(is.Dividend, was.Dividend, was.Validator); ok && same != is.Validator && is.JudgesPot != was.JudgesPot {
		c.add(ReasonPot, "all validators were paid %s, before %s", Short(is.JudgesPot), Short(was.JudgesPot))
	}
}

func seats(n uint32) string {
	if n == 1 {
		return "one seat"
	}
	return fmt.Sprintf("%d seats", n)
}

func newSeats(n uint32) string {
	if n == 1 {
		return "one new seat"
	}
	return fmt.Sprintf("%d new seats", n)
}

// part is a share as a decimal with four digits, rounded down.
func part(n, whole uint32) string {
	v := uint64(n) * 10_000 / uint64(whole)
	return fmt.Sprintf("%d.%04d", v/10_000, v%10_000)
}
