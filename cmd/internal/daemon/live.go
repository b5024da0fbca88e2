package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/cmd/internal/backup"
	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// Component lives until ctx is done, and returns nil then.
type Component func(ctx context.Context) error

// Live serves source over HTTP, writes run.json, and runs the components until
// ctx is done or one of them ends. ready is closed when they listen: only then
// the daemon says that it has started. It returns nil after a clean stop.
func (d *Daemon) Live(ctx context.Context, source api.Source, gossip []string, ready <-chan struct{}, components map[string]Component) error {
	d.Registry.MustRegister(NewHomeMetrics(d.Home.Data())...)
	server, err := api.New(api.Config{
		Listen: d.Config.HTTP.Listen, ChainID: d.Chain, Params: &d.Genesis.Params, Source: source,
		Registry: d.Registry, Version: usage.Version(), Logger: d.Log, Pages: d.pages(source.State),
	})
	if err != nil {
		return d.Explain(err)
	}
	r := config.Running{
		PID: os.Getpid(), Role: d.Config.Role, ChainID: protocol.ShortChainID(d.Chain), Started: d.Started,
		HTTP: server.Addr(), Gossip: gossip, Consensus: d.Config.Consensus.Listen, Label: d.Label,
	}
	if err := d.Home.WriteRunning(r); err != nil {
		return d.Explain(errors.Join(err, server.Close()))
	}
	g, ctx := errgroup.WithContext(ctx)
	defer context.AfterFunc(ctx, d.stop.begin)() // also when a component fails
	run := func(name string, c Component) {
		g.Go(func() error {
			defer d.stop.waitFor(name)()
			return part(ctx, name, c)
		})
	}
	run("http", server.Run)
	run("commands", d.takeCommands)
	for name, c := range components {
		run(name, c)
	}
	g.Go(func() error {
		select {
		case <-ctx.Done():
		case <-ready:
			d.Log.Info().Str("chain_id", protocol.ShortChainID(d.Chain)).Str("hotkey", d.Hotkey.PublicKey().String()).Str("home", string(d.Home)).
				Str("http", "http://"+server.Addr()).Strs("gossip", gossip).Msgf("%s started", d.Config.Role)
			defer Notify(ctx, d.Log)()
			<-ctx.Done()
		}
		return nil
	})
	err = g.Wait()
	if e := d.Home.RemoveRunning(); e != nil {
		d.Log.Warn().Err(e).Msg("run.json was not removed")
	}
	if err != nil {
		return d.Explain(twice(err))
	}
	d.Log.Info().Msgf("%s stopped", d.Config.Role)
	return nil
}

// takeCommands answers the other commands of this home. Without it the daemon does
// its work all the same.
func (d *Daemon) takeCommands(ctx context.Context) error {
	if err := backup.Serve(ctx, d.Home, d.DB); err != nil {
		d.Log.Warn().Err(err).Str("socket", d.Home.Control()).Msg("no backup can be made while this runs; a shorter path for the home may help")
	}
	<-ctx.Done()
	return nil
}

// part runs a component. One that ends although nobody asked for it ends the
// daemon.
func part(ctx context.Context, name string, run Component) error {
	err := run(ctx)
	switch {
	case ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)):
		return nil
	case err == nil:
		return fmt.Errorf("%s ended by itself", name)
	}
	return err
}
