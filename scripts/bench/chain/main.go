package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol/ledger"
)

func main() {
	rounds := flag.Int("rounds", 1, "how many times each network is measured, by turns")
	asJSON := flag.Bool("json", false, "print one JSON object")
	profile := flag.String("profile", "", "write what the processor does while transfers never end to `DIR`/ours-0.pprof and so on")
	flag.Parse()
	if err := run(context.Background(), *rounds, *profile, *asJSON); err != nil {
		fmt.Fprintln(os.Stderr, "chain:", err)
		os.Exit(1)
	}
}

// What ours may be beside the bare network.
const (
	mostTime  = 1.1
	leastRate = 0.8
)

var errSlow = errors.New("ours is too slow beside CometBFT alone")

func run(ctx context.Context, rounds int, profile string, asJSON bool) error {
	dir, err := os.MkdirTemp("", "assay-chain.")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var all [2][]*figures
	for round := range rounds {
		for i, open := range []opener{openOur, openOther} {
			out := ""
			if profile != "" {
				out = filepath.Join(profile, fmt.Sprintf("%s-%d.pprof", names[i], round))
			}
			f, err := turn(ctx, filepath.Join(dir, fmt.Sprint(round, i)), out, open)
			if err != nil {
				return fmt.Errorf("%s: %w", names[i], err)
			}
			fmt.Fprintf(os.Stderr, "%s: quiet %s, loaded %s, final after %s, %.0f transfers a second\n", names[i], f.Quiet, f.Loaded, f.Finality, f.Rate)
			all[i] = append(all[i], f)
		}
	}
	r := report{Ours: average(all[0]), Bare: average(all[1])}
	r.QuietRatio = ratio(r.Ours.Quiet, r.Bare.Quiet)
	r.LoadedRatio = ratio(r.Ours.Loaded, r.Bare.Loaded)
	r.FinalityRatio = ratio(r.Ours.Finality, r.Bare.Finality)
	r.RateRatio = r.Ours.Rate / r.Bare.Rate
	if err := r.print(asJSON); err != nil {
		return err
	}
	if max(r.QuietRatio, r.LoadedRatio, r.FinalityRatio) > mostTime || r.RateRatio < leastRate {
		return errSlow
	}
	return nil
}

var names = []string{"ours", "bare"}

// report is what is printed.
type report struct {
	Ours          figures `json:"ours"`
	Bare          figures `json:"bare"`
	QuietRatio    float64 `json:"quiet_ratio"`
	LoadedRatio   float64 `json:"loaded_ratio"`
	FinalityRatio float64 `json:"finality_ratio"`
	RateRatio     float64 `json:"rate_ratio"`
}

func (r *report) print(asJSON bool) error {
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	_, err := fmt.Fprintf(os.Stdout, `                         ours        bare        ratio
block, nothing waits     %-10s  %-10s  %.3f
block, %d a second      %-10s  %-10s  %.3f
final after (median)     %-10s  %-10s  %.3f
transfers a second       %-10.0f  %-10.0f  %.3f
`,
		r.Ours.Quiet.Round(time.Millisecond), r.Bare.Quiet.Round(time.Millisecond), r.QuietRatio,
		loadedRate, r.Ours.Loaded.Round(time.Millisecond), r.Bare.Loaded.Round(time.Millisecond), r.LoadedRatio,
		r.Ours.Finality.Round(time.Millisecond), r.Bare.Finality.Round(time.Millisecond), r.FinalityRatio,
		r.Ours.Rate, r.Bare.Rate, r.RateRatio)
	return err
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func average(list []*figures) (out figures) {
	n := time.Duration(len(list))
	for _, f := range list {
		out.Quiet += f.Quiet / n
		out.Loaded += f.Loaded / n
		out.Finality += f.Finality / n
		out.Rate += f.Rate / float64(n)
	}
	return out
}

// opener starts a network in a directory; what it runs ends with ctx.
type opener func(ctx context.Context, dir string, p *purse, accounts []ledger.GenesisAccount, run func(func() error)) (side, error)

func openOur(ctx context.Context, dir string, p *purse, accounts []ledger.GenesisAccount, run func(func() error)) (side, error) {
	ports, err := freePorts(2 * members)
	if err != nil {
		return nil, err
	}
	g, keys, err := genesisOf(accounts, ports)
	if err != nil {
		return nil, err
	}
	p.chain, p.fees = g.ChainID(), &g.Params.Fees
	return openOurs(ctx, dir, g, keys, ports, run)
}

func openOther(ctx context.Context, dir string, p *purse, _ []ledger.GenesisAccount, run func(func() error)) (side, error) {
	ports, err := freePorts(members)
	if err != nil {
		return nil, err
	}
	c := constants()
	p.chain, p.fees = "bare-transfers", &c.Fees
	return openBare(ctx, dir, p.chain, ports, run)
}

// turn runs one network, measures it and ends it; profile is a file to write, or
// empty.
func turn(ctx context.Context, dir, profile string, open opener) (*figures, error) {
	p, accounts, err := newPurse()
	if err != nil {
		return nil, err
	}
	live, stop := context.WithCancel(ctx)
	defer stop()
	g, live := errgroup.WithContext(live)
	s, err := open(live, dir, p, accounts, g.Go)
	if err != nil {
		return nil, err
	}
	drained := make(chan struct{})
	f, err := measure(live, s, p, profile)
	stop()
	go func() { // who tells of blocks must not wait for us
		for {
			select {
			case <-s.blocks():
			case <-drained:
				return
			}
		}
	}()
	ended := g.Wait()
	close(drained)
	if err != nil {
		return nil, errors.Join(err, ended)
	}
	return f, ended
}

// freePorts returns n addresses of loopback that nobody listens on.
func freePorts(n int) (list []string, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
		if err != nil {
			return nil, err
		}
		held, list = append(held, l), append(list, l.Addr().String())
	}
	return list, nil
}
