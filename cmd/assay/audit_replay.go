package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

func auditReplayCommand() *cli.Command {
	return judged(&cli.Command{
		Name:  "replay",
		Usage: "carry out all blocks again, and compare what was paid",
		Description: `Begins with the genesis, looks at every signature, carries out every block, and
compares each payment and each pot of the epochs with what the network recorded, to
the unit. It stops at the first difference, and names epoch, seat, field and both
values. With --states it builds the ledger's Merkle tree, too, and compares the
hash of the state after every block with what was recorded.

A file has no signatures of validators: it shows that it agrees with itself. That
it is of the network shows the hash of its last state, which --states prints, if a
node that you trust has the same: GET /v1/state-hash?height=N.

It takes memory for speed, up to five times the bytes of the state; GOGC=100 in the
environment has it take twice those bytes at most.

The exit status is 0 if all is equal, 1 if something differs, and 2 if it could not
be found out: a file that was changed or cut off is no answer.

   assay audit replay --node http://127.0.0.1:9660
   assay audit replay --file network.audit --from 90 --states

JSON fields: chain_id, from, to, epochs (that are equal), blocks, txs, paid (in those
epochs), seconds, state (with --states: the hash after the last block), hash (of the
file), and difference, if there is one: height, epoch, seat, field, recorded, derived.`,
		Flags: append(queryFlags(),
			&cli.StringFlag{Name: "file", Usage: "a `FILE` that assay audit export wrote; - is standard input"},
			&cli.StringFlag{Name: "from", Usage: "the first `EPOCH` whose payments are compared (default: 0)"},
			&cli.StringFlag{Name: "to", Usage: "the last `EPOCH` (default: the last that has ended)"},
			&cli.BoolFlag{Name: "states", Usage: "compare the state hash of every block, too", DisableDefaultText: true},
			&cli.BoolFlag{Name: "believe-signatures", Usage: "do not look at signatures of transactions, which takes most of the time", DisableDefaultText: true},
			&cli.IntFlag{Name: "threads", Usage: "`N` threads that look at signatures", DefaultText: "one for each processor"},
		),
		Action: auditReplay,
	})
}

// replayed is what --json prints.
type replayed struct {
	Chain string         `json:"chain_id"`
	From  protocol.Epoch `json:"from"`
	To    protocol.Epoch `json:"to"`
	*audit.Report
	Seconds float64        `json:"seconds"`
	Hash    *protocol.Hash `json:"hash,omitempty"`
}

func auditReplay(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	p, err := replayOf(c)
	if err != nil {
		return err
	}
	path := c.String("file")
	if path == "" {
		return withChain(c, func(from *chain) error { return runReplay(c, p, from, nil) })
	}
	if node := c.String("node"); homeFlag(c) != "" || node != "" && node != os.Getenv(envNode) {
		return errors.New("--file, --node and --home all say whose blocks to carry out; give one")
	}
	file, closer, err := openAudit(c, "file", path)
	if err != nil {
		return err
	}
	return errors.Join(runReplay(c, p, &chain{genesis: file.Genesis(), Source: file}, file), closer())
}

// replayOf reads the flags.
func replayOf(c *cli.Context) (*audit.Replay, error) {
	p := &audit.Replay{Believe: c.Bool("believe-signatures"), Threads: c.Int("threads")}
	if p.Threads < 0 {
		return nil, errors.New("--threads is 1 or more")
	}
	if p.Threads == 0 {
		p.Threads = runtime.GOMAXPROCS(0)
	}
	var given bool
	var err error
	if p.From, _, err = epochFlag(c, "from"); err != nil {
		return nil, err
	}
	if p.To, given, err = epochFlag(c, "to"); err != nil {
		return nil, err
	}
	p.All = !given
	if given && p.To < p.From {
		return nil, fmt.Errorf("--to %d is before --from %d", p.To, p.From)
	}
	return p, nil
}

// runReplay carries out what comes from a chain; file is the chain itself, or nil.
func runReplay(c *cli.Context, p *audit.Replay, from *chain, file *audit.Reader) (err error) {
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(audit.GCPercent))
	}
	p.Genesis = from.genesis
	if c.Bool("states") {
		end, err := withStates(p)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
	}
	out := replayed{Chain: protocol.ShortChainID(p.Genesis.ChainID()), From: p.From}
	sched := p.Genesis.Params.Schedule
	var height atomic.Uint64
	p.Block = func(r *audit.Record, _ *ledger.Result) { height.Store(uint64(r.Height)) }
	p.Epoch = func(o *audit.Outcome) { out.To = o.Epoch.Epoch }
	begin := time.Now()
	stop := progress.Start(c.App.ErrWriter, func() string {
		h := protocol.Height(height.Load())
		return fmt.Sprintf("block %d, epoch %d", h, sched.EpochOf(h))
	})
	out.Report, err = p.Run(c.Context, from)
	if err == nil && out.Difference == nil && file != nil {
		out.Hash, err = toEnd(file)
	}
	stop()
	if err != nil {
		return explainReplay(err)
	}
	out.Seconds = float64(time.Since(begin).Milliseconds()) / 1000
	return showReplay(c, &out)
}

// explainReplay says what to do.
func explainReplay(err error) error {
	switch {
	case errors.Is(err, audit.ErrShort):
		return withHint(err, "give a smaller --to, or wait until the epoch has ended")
	case errors.Is(err, audit.ErrFile):
		return withHint(err, "the file was changed or cut off on its way; compare its hash with what assay audit export printed")
	}
	return err
}

// toEnd reads what a replay left of a file, whose end has its hash.
func toEnd(file *audit.Reader) (*protocol.Hash, error) {
	for {
		_, err := file.Next()
		if errors.Is(err, io.EOF) {
			hash := file.Hash()
			return &hash, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// withStates makes the replay build the Merkle tree, in a directory that end
// removes.
func withStates(p *audit.Replay) (end func() error, err error) {
	dir, err := os.MkdirTemp("", "assay-audit")
	if err != nil {
		return nil, err
	}
	db, err := store.Open(dir, store.Options{Logger: zerolog.Nop()})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	end = func() error { return errors.Join(db.Close(), os.RemoveAll(dir)) }
	tree, err := state.Open(db.Space("state"))
	if err != nil {
		return nil, errors.Join(err, end())
	}
	p.Tree = tree
	p.Root = func() (protocol.Hash, error) {
		hash, _, err := tree.Commit()
		return hash, err
	}
	return end, nil
}

func showReplay(c *cli.Context, out *replayed) error {
	if c.Bool("json") {
		if err := printJSON(c, out); err != nil {
			return err
		}
	} else if err := tellReplay(c.App.Writer, out); err != nil {
		return err
	}
	if out.Difference != nil {
		return fmt.Errorf("%w: %s", errNotPaidSo, out.Difference)
	}
	return nil
}

var errNotPaidSo = errors.New("what was recorded does not come out again")

func tellReplay(w io.Writer, out *replayed) error {
	if out.Difference != nil {
		_, err := fmt.Fprintf(w, "%s: %d blocks and %d epochs were equal before\n", out.Chain, out.Blocks, out.Epochs)
		return err
	}
	_, err := fmt.Fprintf(w, "%s: epochs %d to %d are equal to the unit: %s paid; %d blocks with %d transactions in %.1f s\n",
		out.Chain, out.From, out.To, out.Paid, out.Blocks, out.Txs, out.Seconds)
	if err == nil && out.State != nil {
		_, err = fmt.Fprintf(w, "state %s after block %d\n", out.State, out.Blocks)
	}
	if err == nil && out.Hash != nil {
		_, err = fmt.Fprintf(w, "hash %s\n", out.Hash)
	}
	return err
}
