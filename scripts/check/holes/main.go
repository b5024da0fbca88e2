// Command holes is a peer behind a router, for scripts/check/holes.sh: it has the
// gossip of the shipped programs under the identity of a seat, and asks a peer that
// nobody can dial for something until that answers, over whatever way there is.
// Each second it prints a line of JSON: what it sees of that peer.
//
//	holes -genesis FILE -keys DIR -bootstrap ADDRESS,ADDRESS… -ask ID
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
)

// options are what the script hands over.
type options struct{ genesis, keys, bootstrap, listen, ask string }

// seen is a line: whether the peer has answered a request, whether a relay alone
// connects it, and at which addresses it is connected without one.
type seen struct {
	Reachability gossip.Reachability `json:"reachability"`
	Answered     bool                `json:"answered"`
	Relayed      bool                `json:"relayed"`
	Direct       []string            `json:"direct"`
	Error        string              `json:"error,omitempty"`
}

func main() {
	var o options
	flag.StringVar(&o.genesis, "genesis", "", "the network's genesis file")
	flag.StringVar(&o.keys, "keys", "", "directory of the keys of its seat, without a passphrase")
	flag.StringVar(&o.bootstrap, "bootstrap", "", "peers to begin with, separated by commas")
	flag.StringVar(&o.listen, "listen", "/ip4/0.0.0.0/tcp/9671", "where it listens, and dials from")
	flag.StringVar(&o.ask, "ask", "", "id of the peer that it asks")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "holes:", err)
		os.Exit(1)
	}
}

// run is main with deferred calls that run before the process exits.
func run(o *options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	host, err := open(o)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return host.Run(ctx) })
	group.Go(func() error { return ask(ctx, host, o.ask) })
	return group.Wait()
}

// open makes the host, as a miner would with node.relay.
func open(o *options) (*gossip.Host, error) {
	b, err := os.ReadFile(o.genesis)
	if err != nil {
		return nil, fmt.Errorf("read genesis: %w", err)
	}
	genesis, err := ledger.ReadGenesis(b)
	if err != nil {
		return nil, err
	}
	keys, err := keystore.New(keystore.Config{Dir: o.keys})
	if err != nil {
		return nil, err
	}
	hotkey, err := keys.Open("hotkey", keystore.InsecurePassphrase()) // of a network that is thrown away
	if err != nil {
		return nil, err
	}
	secret, err := hotkey.DeriveIdentity(genesis.Origin(), 0)
	if err != nil {
		return nil, err
	}
	defer secret.Wipe()
	scalar := secret.Expose()
	return gossip.New(gossip.Config{
		ChainID: protocol.ShortChainID(genesis.ChainID()), Identity: scalar[:], Listen: []string{o.listen}, Bootstrap: strings.Split(o.bootstrap, ","),
		Handlers: gossip.Handlers{Tx: func(context.Context, string, []byte) error { return nil }}, // who joins no topic is let go
		DHT:      true, NAT: true, Relay: true, Logger: zerolog.New(os.Stderr).With().Timestamp().Logger(),
	})
}

// ask puts requests to a peer until one is answered, and prints what it sees of the
// peer until ctx is done.
func ask(ctx context.Context, host *gossip.Host, id string) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	lines := json.NewEncoder(os.Stdout)
	var now seen
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if !now.Answered {
			_, err := host.Request(ctx, id, gossip.StreamPresence, []byte("a request that it refuses"))
			now.Answered, now.Error = errors.Is(err, gossip.ErrRefused), fmt.Sprint(err)
		}
		now.Reachability, now.Relayed, now.Direct = host.Reachability(), slices.Contains(host.Relayed(), id), []string{}
		for _, p := range host.Peers() {
			if p.ID == id {
				now.Direct = p.Addrs
			}
		}
		if err := lines.Encode(now); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
}
