package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/wire"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "answer tasks until a signal",
		Description: `Opens the home, follows the ledger with proofs, answers what the seat is
asked, and opens the answers after the deadline. It logs to standard error.

SIGINT or SIGTERM stops it within five seconds; a second signal ends it at once.
Whenever it ends, even by SIGKILL, it goes on where it was when it starts again.

It does not start where a process of this machine has the hotkey already, as when a
home was copied and both run, or where bootstrap peers show that it is live
elsewhere: --force has it start. The exit status is 78 then, at which systemd leaves
it to a person.

A flag goes before its variable in the environment, that before config.toml.`,
		Flags:  daemon.Flags(config.Miner),
		Action: usage.Daemon(run),
	}
}

// run opens everything in order, then lives.
func run(c *cli.Context) (err error) {
	d, err := daemon.Open(c, config.Miner)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.TakeName(c); err != nil {
		return err
	}
	if err := d.CheckAlone(c); err != nil {
		return err
	}

	var m *miner.Miner // set before the node runs, and so before a card arrives
	var p *people      // as m; nil where the seat does not offer what people answer
	opened := d.WaitFor("node, to open")
	cfg := node.Config{
		Genesis: d.Genesis, DB: d.DB, Hotkey: d.Hotkey, Generation: d.Config.Generation(), Trust: d.Config.Checkpoint(),
		Listen: d.Config.Node.Listen, Announce: d.Config.Node.Announce, Bootstrap: d.Config.Node.Bootstrap, MDNS: d.Config.Node.MDNS, DHT: d.Config.Node.DHT, NAT: d.Config.Node.NAT, Relay: d.Config.Node.Relay,
		Card:   func(_ context.Context, _ string, raw []byte) error { return m.OnCard(raw) },
		Logger: d.Log, Registerer: d.Registry,
	}
	rates := slices.Contains(d.Config.Seat.Kinds, string(preference.Kind))
	if rates {
		cfg.Pairs = func(_ context.Context, _ string, raw []byte) error { return p.rater.OnPairs(raw) }
	}
	n, err := node.NewLight(cfg)
	opened()
	if err != nil {
		return d.Explain(err)
	}
	parts := map[string]daemon.Component{"node": n.Run}
	if rates {
		if p, err = openPeople(d, n, func() miner.Status { return m.Status() }); err != nil {
			return d.Explain(err)
		}
		parts["label page"] = p.page.Run
	}
	if m, err = newMiner(c.Context, d, n, p); err != nil {
		return d.Explain(err)
	}
	parts["miner"] = m.Run
	l := newLight(n)
	from := api.Source{Node: &teller{d: d, node: n, miner: m}, State: l, Pool: l}
	return d.Live(c.Context, from, d.GossipAddresses(n.Identity()), n.Ready(), parts)
}

// newMiner puts the role on top of the node.
func newMiner(ctx context.Context, d *daemon.Daemon, n *node.Light, p *people) (*miner.Miner, error) {
	salt, err := d.Salt()
	if err != nil {
		return nil, err
	}
	plants, err := node.PlantSecret(d.Hotkey, d.Genesis.Origin())
	if err != nil {
		return nil, err
	}
	workers, err := workers(d, p)
	if err != nil {
		return nil, err
	}
	serve, err := d.Announcement(ctx, offers(workers))
	if err != nil {
		return nil, err
	}
	owner, err := d.Owner()
	if err != nil {
		return nil, err
	}
	return miner.New(miner.Config{
		ChainID: d.Chain, Kinds: kinds.All(), Params: &d.Genesis.Params, Hotkey: d.Hotkey, Owner: owner, Salt: salt, Plants: plants, Workers: workers,
		Announce: func() wire.Serve { return serve },
		Ledger:   n, Store: node.RecordsOf(d.DB), Submit: n.Submit, Publish: n.Publish,
		Peers:  func() int { return len(n.Peers()) },
		Logger: d.Log, Metrics: d.Registry,
	})
}

// workers returns one for each kind that the network has and the settings name, or
// do not leave out. What people answer must be named: a seat that offers it and has
// nobody to rate takes pairs from who would.
func workers(d *daemon.Daemon, p *people) (list []miner.Worker, err error) {
	var models []miner.Model
	var raters []miner.Rater
	var texts []miner.TextModel
	for _, m := range d.Models {
		own := bridge.Model{Model: m}
		models, raters, texts = append(models, own), append(raters, own), append(texts, own)
	}
	capacity := uint16(d.Config.Seat.Capacity)
	made := map[protocol.Kind]func() miner.Worker{
		inference.Kind: func() miner.Worker { return miner.NewInference(capacity, d.Registry, models...) },
		judgement.Kind: func() miner.Worker { return miner.NewJudgement(capacity, d.Registry, raters...) },
		synthetic.Kind: func() miner.Worker { return miner.NewSynthetic(capacity, d.Registry, texts...) },
	}
	if p != nil {
		made[preference.Kind] = func() miner.Worker { return p.rater }
	}
	wanted := d.Config.Seat.Kinds
	for _, name := range wanted {
		if made[protocol.Kind(name)] == nil || d.Genesis.Params.Kind(protocol.Kind(name)) == nil {
			return nil, usage.Mistake(fmt.Errorf("seat.kinds (--kinds): the network %s pays for no kind %q that this miner serves", protocol.ShortChainID(d.Chain), name))
		}
	}
	for _, k := range d.Genesis.Params.Kinds {
		if work := made[k.Name]; work != nil && (len(wanted) == 0 || slices.Contains(wanted, string(k.Name))) {
			list = append(list, work())
		}
	}
	return list, nil
}

func offers(workers []miner.Worker) (list []wire.Offer) {
	for _, w := range workers {
		list = append(list, w.Offer())
	}
	return list
}

// teller tells how the running miner is.
type teller struct {
	d     *daemon.Daemon
	node  *node.Light
	miner *miner.Miner
}

// Status implements api.Node.
func (s *teller) Status(context.Context) (api.Status, error) {
	out := statusOf(s.miner)
	out.Started, out.Hotkey, out.ModelIDs = s.d.Started, s.d.Hotkey.PublicKey().String(), s.d.ModelIDs()
	out.Peers, out.BlockTime, out.Checkpoint = len(s.node.Peers()), s.node.BlockTime(), s.node.Checkpoint()
	out.Reachability, out.Relayed = string(s.node.Reachability()), len(s.node.Relayed())
	if hash, err := s.node.StateHash(out.Height); err == nil { // one of the newest
		out.AppHash = hash
	}
	faults, warnings := s.d.Look(daemon.Vitals{
		CatchingUp: out.CatchingUp, Deaf: s.node.Deaf(), Elsewhere: s.node.Elsewhere(), OtherChain: s.node.OtherChain(), BlockTime: out.BlockTime,
	}, time.Now())
	out.Faults = slices.Concat(faults, out.Faults)
	out.Reasons = slices.Concat(faults, out.Reasons, warnings)
	return out, nil
}

// statusOf is what a miner knows of itself, without its node and its machine.
func statusOf(m *miner.Miner) api.Status {
	st := m.Status()
	return api.Status{
		Role: string(config.Miner), Registered: st.Registered, Height: st.Height, CatchingUp: st.Height == 0, Kinds: m.Kinds(),
		Faults: st.Faults, Reasons: st.Reasons, Seat: seatStatus(&st),
	}
}

// seatStatus is what the miner knows of its seat, nil without one.
func seatStatus(st *miner.Status) *api.SeatStatus {
	if !st.Registered {
		return nil
	}
	out := &api.SeatStatus{
		UID: st.Seat.UID, Registered: st.Seat.Registered, Asked: st.Asked, Phase: string(st.Phase), Epochs: st.Rounds.Epochs,
		InTime: st.Rounds.InTime, Late: st.Rounds.Late, Exact: st.Rounds.Exact, False: st.Rounds.False,
		NotGiven: st.Rounds.NotGiven, Failed: st.Rounds.Failed, Pays: []api.SeatPay{}, Next: st.Next.What, NextHeight: st.Next.Height,
	}
	for _, p := range st.Pays {
		out.Pays = append(out.Pays, api.SeatPay(p))
	}
	return out
}
