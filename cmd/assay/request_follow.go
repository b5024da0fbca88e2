package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// lookEvery is how often a request that runs is looked at.
const lookEvery = time.Second

// followRequest looks at a request until it is as far as enough says at a height,
// and shows how far it is.
func followRequest(c *cli.Context, n *client, id protocol.Hash, enough func(*api.Request, protocol.Height) bool) (*api.Request, error) {
	var said atomic.Value
	said.Store("the request begins")
	stop := progress.Start(c.App.ErrWriter, func() string { return said.Load().(string) })
	defer stop()
	var pace blockPace
	for {
		r, st := new(api.Request), api.Status{}
		err := errors.Join(n.get(c.Context, "/v1/requests/"+id.String(), r), n.get(c.Context, "/v1/status", &st))
		var p *api.Problem
		switch {
		case c.Err() != nil:
			return nil, withHint(context.Canceled, "the request goes on by itself; assay dataset inspect --request "+id.String()+" shows it")
		case errors.As(err, &p) && p.Name() == api.ProblemNotFound:
			return nil, err
		case err != nil:
			said.Store("the node cannot be asked; waiting for it: " + err.Error())
		case enough(r, st.Height):
			return r, nil
		default:
			pace.see(st.Height, time.Now())
			said.Store(progressOf(r, st.Height, &pace))
		}
		pause(c.Context, lookEvery)
	}
}

// blockPace is how fast blocks come, as far as that was seen.
type blockPace struct {
	first, last protocol.Height
	from, to    time.Time
}

func (p *blockPace) see(h protocol.Height, now time.Time) {
	if p.first == 0 {
		p.first, p.from = h, now
	}
	if h > p.last {
		p.last, p.to = h, now
	}
}

// of says how long so many blocks last, or nothing where few were seen.
func (p *blockPace) of(blocks protocol.Height) string {
	if p.last < p.first+3 {
		return ""
	}
	each := p.to.Sub(p.from) / time.Duration(p.last-p.first)
	return fmt.Sprintf(", about %s", (each * time.Duration(blocks)).Round(time.Second))
}

// progressOf is the line that follows a request.
func progressOf(r *api.Request, h protocol.Height, pace *blockPace) string {
	s := stageOf(r, h)
	return fmt.Sprintf("%s: %d sealed, %d opened, %d of %d accepted, %s of %s spent; %d blocks left%s",
		s.name, r.Sealed, r.Opened, r.PaidRecords, r.Count, r.Paid, r.Maximum, s.left, pace.of(s.left))
}

// stage is what a request waits for.
type stage struct {
	name string
	left protocol.Height // blocks until it is over, at most
}

// stageOf returns the stage of a request at a height. What was sealed and opened is
// accepted when judges agree, at its end.
func stageOf(r *api.Request, h protocol.Height) stage {
	switch {
	case r.Ended > 0 && r.PaidRecords > 0:
		return stage{"settled", 0}
	case r.Ended > 0 && r.Judged > 0:
		return stage{"settled, nothing passed", 0}
	case r.Ended > 0:
		return stage{"returned", 0}
	case h < r.Deadline:
		return stage{"sealing", r.Deadline - h}
	case h < r.OpenDeadline:
		return stage{"opening", r.OpenDeadline - h}
	case h < r.JudgeDeadline:
		return stage{"judging", r.JudgeDeadline - h}
	}
	return stage{"settling", r.SettleDeadline - min(h, r.SettleDeadline)}
}

// topicOf returns what a specification calls itself, "" where it does not say.
func topicOf(specification string) string {
	var s struct{ Topic, Family string }
	if json.Unmarshal([]byte(specification), &s) != nil {
		return ""
	}
	if s.Topic == "" {
		return s.Family
	}
	return s.Topic
}

// requestText shows a request at a height.
func requestText(r *api.Request, h protocol.Height) []pair {
	s := stageOf(r, h)
	state := s.name
	if r.Ended > 0 {
		state += fmt.Sprintf(" at height %d", r.Ended)
	} else {
		state += fmt.Sprintf(", %d blocks left", s.left)
	}
	return []pair{
		{"request", r.ID.String()},
		{"topic", printable(topicOf(r.Specification))},
		{"state", state},
		{"requester", r.Requester.String()},
		{"asked", fmt.Sprintf("at height %d for %d records at %s, at most %s", r.Height, r.Count, r.Price, r.Maximum)},
		{"deadlines", fmt.Sprintf("%d to seal, %d to open, %d to judge, %d to settle", r.Deadline, r.OpenDeadline, r.JudgeDeadline, r.SettleDeadline)},
		{"records", fmt.Sprintf("%d sealed, %d opened, %d of %d accepted", r.Sealed, r.Opened, r.PaidRecords, r.Count)},
		{"spent", fmt.Sprintf("%s of %s; %s in escrow", r.Paid, r.Maximum, r.Escrow)},
		{"judges", fmt.Sprintf("%s paid, %s in escrow", r.Judged, r.Fee)},
		{"specification", printable(r.Specification)},
	}
}
