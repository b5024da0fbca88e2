package main

import (
	"sync"
	"time"

	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/miner/label"
	"github.com/assaynet/assay/miner/rater"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/node"
)

// people is what a seat has whose tasks a person answers: the desk, the worker that
// takes its ratings to the ledger, and the page.
type people struct {
	rater *rater.Rater
	page  *label.Server
}

// openPeople opens the desk, and takes the port of its page. told says where the
// miner stands.
func openPeople(d *daemon.Daemon, n *node.Light, told func() miner.Status) (*people, error) {
	token, err := d.Home.MakeToken()
	if err != nil {
		return nil, err
	}
	desk, err := label.Open(node.RecordsOf(d.DB))
	if err != nil {
		return nil, err
	}
	var kinds []string
	for _, k := range d.Config.Seat.Kinds {
		kinds = append(kinds, status.KindWords(protocol.Kind(k)))
	}
	page, err := label.Listen(d.Config.Label.Listen, label.PageConfig{
		Desk: desk, Token: token, Hosts: d.Config.Label.Hosts, Logger: d.Log, Registry: d.Registry,
		Facts: func() label.Facts {
			s := told()
			return label.Facts{Height: s.Height, Earned: s.Paid, Epoch: s.PaidEpoch, Kinds: kinds}
		},
	})
	if err != nil {
		return nil, err
	}
	d.Label = page.Addr()
	p := pace{guess: time.Duration(d.Genesis.Params.Block.CommitMillis)*time.Millisecond + voting}
	return &people{page: page, rater: rater.New(rater.Config{
		ChainID: d.Chain, Params: &d.Genesis.Params, Desk: desk,
		BlockTime: func() time.Duration { return p.block(told().Height, n.BlockTime()) },
	})}, nil
}

// voting is about how long the votes of a block take beside its pause.
const voting = 500 * time.Millisecond

// pace tells how long a block takes, by those that came since the start.
type pace struct {
	guess time.Duration // before two came

	mu    sync.Mutex
	first protocol.Height
	at    time.Time
}

// block notes the newest block, and returns what one takes on average.
func (p *pace) block(height protocol.Height, at time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case height == 0 || at.IsZero():
		return p.guess
	case p.first == 0:
		p.first, p.at = height, at
		return p.guess
	case height <= p.first || !at.After(p.at):
		return p.guess
	}
	return at.Sub(p.at) / time.Duration(height-p.first)
}
