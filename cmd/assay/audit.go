package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
)

func auditCommand() *cli.Command {
	return &cli.Command{
		Name:  "audit",
		Usage: "re-derive what the network paid, from what its blocks were given",
		Description: `replay carries out every block from the genesis on, with the code that validators
run, and compares what each epoch paid with what was recorded. export writes what
that needs into one file, for a machine that never saw the network.`,
		Subcommands: []*cli.Command{auditExportCommand(), auditReplayCommand()},
	}
}

// chain is the blocks of a network, and what they began with.
type chain struct {
	genesis *ledger.Genesis
	json    []byte // of the genesis
	audit.Source
}

// nextRecord is an [audit.Source] of one function.
type nextRecord func() (*audit.Record, error)

func (f nextRecord) Next() (*audit.Record, error) { return f() }

// chainOf reads the genesis of a node, and then its blocks, page by page.
func chainOf(ctx context.Context, n *client) (*chain, error) {
	var text json.RawMessage
	if err := n.get(ctx, "/v1/genesis", &text); err != nil {
		return nil, err
	}
	g, err := ledger.ReadGenesis(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.url, err)
	}
	var page []api.Block
	next := g.First()
	return &chain{genesis: g, json: text, Source: nextRecord(func() (*audit.Record, error) {
		if len(page) == 0 {
			var answer api.Blocks
			if err := n.get(ctx, fmt.Sprintf("/v1/blocks?height=%d&limit=%d", next, api.MaxLimit), &answer); err != nil {
				return nil, err
			}
			if page = answer.Blocks; len(page) == 0 {
				return nil, io.EOF
			}
		}
		r, err := audit.DecodeRecord(page[0].Record)
		if err != nil || r.Height != next {
			return nil, fmt.Errorf("%s does not answer with block %d as a node does: %w", n.url, next, errors.Join(err, audit.ErrOrder))
		}
		page = page[1:]
		next++
		return r, nil
	})}, nil
}

// withChain calls f with the blocks of the node that --node or --home names.
func withChain(c *cli.Context, f func(*chain) error) error {
	return withNode(c, func(n *client) error {
		from, err := chainOf(c.Context, n)
		if err != nil {
			return err
		}
		return f(from)
	})
}

// epochFlag reads a flag that holds an epoch, and whether it is given.
func epochFlag(c *cli.Context, name string) (protocol.Epoch, bool, error) {
	text := c.String(name)
	if text == "" {
		return 0, false, nil
	}
	e, err := strconv.ParseUint(text, 10, 62)
	if err != nil {
		return 0, false, usage.Mistake(fmt.Errorf("--%s %q is no epoch; give a number such as 7", name, abridge(text)))
	}
	return protocol.Epoch(e), true, nil
}

func auditExportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", ArgsUsage: "FILE",
		Usage: "write the blocks of a network into one file",
		Description: `Writes the genesis and every block up to the end of an epoch: its transactions,
the votes, the proofs of misbehaviour and the time that consensus told with it, its
state hash, and what each epoch paid. The file begins with the genesis and not
with a later state, because a state that is taken on trust proves nothing; it ends
with a hash of itself, which is printed. protocol/SPEC.md has the format.

   assay audit export --to 99 network.audit
   assay audit replay --file network.audit

JSON fields: chain_id, to (the last epoch), blocks, bytes, hash.`,
		Flags: append(queryFlags(),
			&cli.StringFlag{Name: "to", Usage: "the last `EPOCH` (default: the last that has ended)"},
		),
		Action: auditExport,
	}
}

// exported is what --json prints.
type exported struct {
	Chain  string          `json:"chain_id"`
	To     protocol.Epoch  `json:"to"`
	Blocks protocol.Height `json:"blocks"`
	Bytes  int64           `json:"bytes"`
	Hash   protocol.Hash   `json:"hash"`
}

func auditExport(c *cli.Context) error {
	args, err := arguments(c, 1, "one FILE")
	if err != nil {
		return err
	}
	to, given, err := epochFlag(c, "to")
	if err != nil {
		return err
	}
	return withNode(c, func(n *client) error {
		var status api.Status
		if err := n.get(c.Context, "/v1/status", &status); err != nil {
			return err
		}
		from, err := chainOf(c.Context, n)
		if err != nil {
			return err
		}
		sched := from.genesis.Params.Schedule
		switch ended := sched.EpochOf(status.Height + 1); {
		case ended == 0:
			return withHint(fmt.Errorf("no epoch has ended yet: the newest block is %d", status.Height), fmt.Sprintf("the first ends with block %d", sched.EpochEnd(0)))
		case !given:
			to = ended - 1
		case to >= ended:
			return withHint(fmt.Errorf("epoch %d has not ended: the newest block is %d", to, status.Height), fmt.Sprintf("the last that has is epoch %d", ended-1))
		}
		out := exported{Chain: protocol.ShortChainID(from.genesis.ChainID()), To: to, Blocks: sched.EpochEnd(to)}
		err = writeFile(args[0], func(w io.Writer) error { return writeAudit(c, w, from, &out) })
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return printJSON(c, &out)
		}
		_, err = fmt.Fprintf(c.App.Writer, "%s: blocks 1 to %d of %s, epochs 0 to %d, %d bytes\nhash %s\n", args[0], out.Blocks, out.Chain, out.To, out.Bytes, out.Hash)
		return err
	})
}

// writeAudit writes a file, and what it has into out.
func writeAudit(c *cli.Context, to io.Writer, from *chain, out *exported) error {
	b := bufio.NewWriterSize(to, 1<<20)
	count := &counter{w: b}
	w, err := audit.NewWriter(count, from.json)
	if err != nil {
		return err
	}
	var done atomic.Uint64
	defer progress.Start(c.App.ErrWriter, func() string { return fmt.Sprintf("%d of %d blocks", done.Load(), out.Blocks) })()
	for h := from.genesis.First(); h <= out.Blocks; h++ {
		r, err := from.Next()
		if err != nil {
			return fmt.Errorf("block %d: %w", h, err)
		}
		if err := w.Add(r); err != nil {
			return err
		}
		done.Store(uint64(h))
	}
	if out.Hash, err = w.Close(); err != nil {
		return err
	}
	out.Bytes = count.n
	return b.Flush()
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// openAudit opens the file that a flag names; "-" is standard input.
func openAudit(c *cli.Context, flag, path string) (r *audit.Reader, closer func() error, err error) {
	in, closer := c.App.Reader, func() error { return nil }
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, nil, withHint(err, "--"+flag+" takes what assay audit export wrote")
		}
		in, closer = f, f.Close
	}
	r, err = audit.NewReader(in)
	if err != nil {
		return nil, nil, errors.Join(withHint(fmt.Errorf("read %s: %w", inputName(path), err), "--"+flag+" takes what assay audit export wrote"), closer())
	}
	return r, closer, nil
}
