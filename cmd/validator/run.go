package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/scoring/synthetic/sandbox"
	"github.com/assaynet/assay/validator"
	"github.com/assaynet/assay/validator/requests"
	"github.com/assaynet/assay/validator/source"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:  "run",
		Usage: "judge and agree until a signal",
		Description: `Opens the home, takes part in consensus, judges the answers that it is drawn
for, and seals and opens its weights. It logs to standard error.

SIGINT or SIGTERM stops it within five seconds; a second signal ends it at once.
Whenever it ends, even by SIGKILL, it goes on where it was when it starts again.

What it missed, for it was stopped, catching up, deaf, or its database is an older
copy, it fetches from the validators that attested it. Of rounds of which it cannot
get all answers that were given its earlier opinions stand as weights, and duties
about them stay undone, which costs dividends.

With --observe it takes no seat, signs and sends nothing whatever seat its hotkey
has, and needs no model: an observer has the full state,
keeps answers and cards as they come, and writes down once an epoch what these tell
of each seat, as the validators' scores are. It answers every question of assay, also
what each validator thought (assay scores --validator, assay compare), and serves the
dashboard; nobody is asked to trust it, and it earns nothing.

A hotkey is live once: two validators of one key sign against each other, which burns
stake. One does not start where a process of this machine has the hotkey already, or
where a signature of now shows that it is live elsewhere, as at the address that the
ledger has of it, or as bootstrap peers and other validators know. It goes on asking
its peers, and stops when one shows that: so do both of the two, but for one with
--force, which starts and stays. The exit status of either is 78, at which systemd
leaves it to a person.

A flag goes before its variable in the environment, that before config.toml.`,
		Flags: append(daemon.Flags(config.Validator),
			&cli.BoolFlag{Name: "observe", EnvVars: []string{"ASSAY_OBSERVE"}, Usage: "take no seat: follow the ledger, and count what is public", DisableDefaultText: true}),
		Action: usage.Daemon(run),
	}
}

// run opens everything in order, then lives.
func run(c *cli.Context) (err error) {
	d, err := daemon.Open(c, config.Validator)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.TakeName(c); err != nil {
		return err
	}

	var v *validator.Validator // set before the node runs, and so before anything arrives
	observe := c.Bool("observe")
	cfg := node.FullConfig{
		Config: node.Config{
			Genesis: d.Genesis, DB: d.DB, Hotkey: d.Hotkey, Former: d.FormerKey(), Generation: d.Config.Generation(), Trust: d.Config.Checkpoint(),
			Listen: d.Config.Node.Listen, Announce: d.Config.Node.Announce, Bootstrap: d.Config.Node.Bootstrap, MDNS: d.Config.Node.MDNS, DHT: d.Config.Node.DHT, NAT: d.Config.Node.NAT, Relay: d.Config.Node.Relay,
			Answer: func(ctx context.Context, _ string, raw []byte) error { return v.OnAnswer(ctx, raw) },
			Card:   func(ctx context.Context, _ string, raw []byte) error { return v.OnCard(ctx, raw) },
			Pairs:  func(ctx context.Context, _ string, raw []byte) error { return v.OnPairs(ctx, raw) },
			Logger: d.Log, Registerer: d.Registry,
		},
		Observe: observe, Force: c.Bool("force"),
		Dir: d.Home.Consensus(), ConsensusListen: d.Config.Consensus.Listen, ConsensusPeers: d.Config.Consensus.Peers,
		Retention:        protocol.Height(d.Config.Consensus.Retention),
		ConsensusPrivate: d.Config.Consensus.Private, Replay: d.Config.Consensus.Replay,
		Evidence: func(_ context.Context, request []byte) ([]byte, error) { return v.Serve(request) },
	}
	opened := d.WaitFor("node, to open")
	n, err := node.NewFull(cfg)
	opened()
	if err != nil {
		return d.Explain(err)
	}
	known, err := n.Known()
	if err != nil {
		return d.Explain(err)
	}
	if err := d.CheckAlone(c, known...); err != nil {
		return err
	}
	box, err := sandbox.New(c.Context, sandbox.Compiler, sandbox.Fuel)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close(context.WithoutCancel(c.Context))) }()
	if v, err = newValidator(c.Context, d, n, box, observe); err != nil {
		return d.Explain(err)
	}
	salt, err := d.Salt()
	if err != nil {
		return err
	}
	r := requests.New(requests.Config{
		Params: &d.Genesis.Params, Hotkey: d.Hotkey.PublicKey(), Salt: salt, Ledger: n, Run: box.Passes, Submit: n.Submit, Logger: d.Log,
	})
	state := source.State(n)
	from := api.Source{
		Node: &teller{d: d, node: n, validator: v, observes: observe}, State: state, Pool: source.Pool(n),
		Work: source.Work(&d.Genesis.Params, v, state),
	}
	parts := map[string]daemon.Component{"node": n.Run, "validator": v.Run}
	if !observe {
		parts["requests"] = r.Run
	}
	return d.Live(c.Context, from, d.GossipAddresses(n.Identity()), n.Ready(), parts)
}

// setter returns what the validator sets pairs with: the network's first model,
// which it has, for it judges by it.
func setter(d *daemon.Daemon, n *node.Full) *validator.Setter {
	models := d.Genesis.Params.Models()
	i := slices.IndexFunc(d.Models, func(m *engine.Model) bool { return len(models) > 0 && protocol.ModelID(m.ID()) == models[0].ID })
	if i < 0 {
		return nil
	}
	return &validator.Setter{
		Chain: n.SetterAnchor, Link: n.SetterLink, Makes: n.MakesSetter,
		Engine: bridge.Rater{Model: bridge.Model{Model: d.Models[i]}},
	}
}

// newValidator puts the role on top of the node.
func newValidator(ctx context.Context, d *daemon.Daemon, n *node.Full, box *sandbox.Sandbox, observe bool) (*validator.Validator, error) {
	salt, err := d.Salt()
	if err != nil {
		return nil, err
	}
	serve, err := d.Announcement(ctx, nil)
	if err != nil {
		return nil, err
	}
	at, err := d.ConsensusAddress(ctx)
	if err != nil {
		return nil, err
	}
	key, err := node.ConsensusKey(d.Hotkey, d.Genesis, d.Config.Generation(), at)
	if err != nil {
		return nil, fmt.Errorf("derive consensus key: %w", err)
	}
	owner, err := d.Owner()
	if err != nil {
		return nil, err
	}
	return validator.New(validator.Config{
		ChainID: d.Chain, Kinds: kinds.All(), Params: &d.Genesis.Params, Hotkey: d.Hotkey, Former: d.FormerKey(), Owner: owner, Salt: salt, Judges: judges(d, box),
		Reference: references(&d.Genesis.Params, d, box), Backend: backendOf(d.Models), Setter: setter(d, n),
		Ledger: n, Store: node.RecordsOf(d.DB), Submit: n.Submit, Publish: n.Publish,
		Evidence: func(ctx context.Context, holder protocol.PublicKey, k wire.AnswerKey) ([]byte, error) {
			return n.Ask(ctx, holder, wire.Encode(&wire.EvidenceRequest{Part: wire.EvidenceAnswer, Key: k}))
		},
		Presence: func() (p validator.Presence) {
			p.Behind, p.Deaf = n.Presence()
			return p
		},
		Announce:     func() wire.Serve { return serve },
		ConsensusKey: func() wire.SetConsensusKey { return key },
		Chain:        n.Anchor,
		Makes:        n.Makes,
		Unjail:       d.Config.Consensus.Unjail,
		Observe:      observe,
		Logger:       d.Log, Metrics: d.Registry,
	})
}

// judges returns one for each kind that the program has.
func judges(d *daemon.Daemon, box *sandbox.Sandbox) []validator.Judge { return judgesOf(d.Models, box) }

// judgesOf returns them for some models.
func judgesOf(list []*engine.Model, box *sandbox.Sandbox) []validator.Judge {
	var models []scoring.Model
	var raters []scoring.Rater
	var texts []scoring.TextModel
	for _, m := range list {
		own := bridge.Model{Model: m}
		models, raters, texts = append(models, own), append(raters, own), append(texts, own)
	}
	return []validator.Judge{scoring.NewInference(models...), scoring.NewJudgement(raters...), scoring.NewSynthetic(box.Passes, texts...)}
}
