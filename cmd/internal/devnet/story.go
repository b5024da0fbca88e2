package devnet

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// When things happen, by height: epochs have 20 blocks.
const (
	askAt      = 4  // what it asks for is paid in epoch 3
	registerAt = 12 // in epoch 0: the late miner is asked from epoch 1 on
	killAt     = 50 // in the middle of epoch 2: back after the openings, it fetches what it missed
	restartAt  = 56
)

// story is a network with a plot, and how far it is.
type story struct {
	limit time.Duration // the longest that it may take
	net   *network
	sup   *process.Group
	say   *teller

	bought     *purchase
	registered bool
	killed     bool
	back       protocol.Height // height at which the victim was started again
	judged     int64           // last epoch that was judged
	held       int             // epochs in a row that held
	last       *verdictOf
}

// play runs the whole story and decides how it ended.
func (s *story) play(ctx context.Context) error {
	defer func() { s.bought.stop() }()
	for {
		done, err := s.tick(ctx)
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// tick looks at the network once and does what is due.
func (s *story) tick(ctx context.Context) (bool, error) {
	if err := s.sup.Failed(); err != nil {
		return false, err
	}
	var now api.Status
	if err := s.net.validators[0].api.get(ctx, "/v1/status", &now); err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, fmt.Errorf("%s: %w", s.net.validators[0].name, err)
	}
	if err := s.act(ctx, now.Height); err != nil {
		return false, err
	}
	if err := s.conclude(ctx, now.Height); err != nil {
		return false, err
	}
	over := s.say.since() > s.limit
	if (s.held < holdFor || !s.bought.hasEnded()) && !over {
		return false, nil
	}
	return true, s.finish(ctx, over)
}

// act does what the story has at this height.
func (s *story) act(ctx context.Context, h protocol.Height) error {
	if h >= askAt && s.bought == nil {
		var err error
		if s.bought, err = s.net.ask(ctx, s.say); err != nil {
			return err
		}
	}
	if h >= registerAt && !s.registered {
		s.registered = true
		if err := s.net.joinLate(ctx, s.sup, s.say); err != nil {
			return err
		}
	}
	v := s.net.victim()
	if h >= killAt && !s.killed {
		s.killed = true
		s.sup.Kill(v.proc)
		s.say.printf("crash      %s was killed with SIGKILL at block %d; three of four go on", v.name, h)
	}
	if h >= restartAt && s.killed && s.back == 0 {
		s.back = h
		s.say.printf("restart    %s starts again from its database at block %d", v.name, h)
		return s.net.startValidator(s.sup, v)
	}
	return nil
}

// conclude judges each epoch once, a block after its end.
func (s *story) conclude(ctx context.Context, h protocol.Height) error {
	sched := s.net.params.Schedule
	e := int64(sched.EpochOf(h)) - 1
	if e <= s.judged || h < sched.EpochEnd(protocol.Epoch(e))+2 {
		return nil
	}
	v, err := s.net.judge(ctx, protocol.Epoch(e), s.back)
	if err != nil {
		if s.killed && s.back == 0 || ctx.Err() != nil {
			return ctx.Err() // the victim is down: judged when it is back
		}
		s.say.printf("check      epoch %d: cannot tell yet: %v", e, err)
		return nil
	}
	s.judged, s.last = e, v
	if len(v.fails) == 0 {
		s.held++
		s.say.printf("check      epoch %d: all conditions hold (%d of %d epochs); state %.16s… on all validators at block %d", e, s.held, holdFor, v.hash, v.height)
		return nil
	}
	s.held = 0
	s.say.printf("check      epoch %d: not yet: %s", e, v.fails[0])
	return nil
}

// finish prints the table, checks a receipt and says how it ended.
func (s *story) finish(ctx context.Context, over bool) error {
	if err := s.net.table(ctx, s.say); err != nil {
		return err
	}
	if err := s.net.speeds(ctx, s.say); err != nil {
		return err
	}
	var fails []string
	if s.last == nil {
		fails = append(fails, "no epoch could be judged")
	} else {
		fails = append(fails, s.last.fails...)
	}
	if over && s.held < holdFor && len(fails) == 0 {
		fails = append(fails, fmt.Sprintf("the conditions held for %d epochs in a row, not %d, within %s", s.held, holdFor, s.limit))
	}
	if err := s.bought.check(ctx, s.net, s.say); err != nil {
		fails = append(fails, err.Error())
	}
	if err := s.net.exportSets(ctx, s.say); err != nil {
		fails = append(fails, err.Error())
	}
	if err := s.net.checkReceipts(ctx, s.say); err != nil {
		fails = append(fails, "receipt: "+err.Error())
	}
	took := s.say.since().Round(time.Second)
	s.sup.Stop()
	if len(fails) > 0 {
		return fmt.Errorf("failed after %s:\n  %s\nlogs are in %s", took, strings.Join(fails, "\n  "), filepath.Join(s.net.dir, "log"))
	}
	s.say.plain(fmt.Sprintf("\nall conditions held for %d epochs, %s after the first block", holdFor, took))
	return nil
}
