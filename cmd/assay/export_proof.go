package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/proof"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/audit"
)

// proveHistory compares an export with the blocks of an audit file.
func proveHistory(c *cli.Context, tables []history.Table) error {
	if c.Bool("files") {
		return usage.Mistake(withHint(errors.New("--files and --audit are two ways to check"), "give one"))
	}
	cfg := proof.Config{Dir: c.String("out"), Rows: new(atomic.Int64), Height: new(atomic.Uint64)}
	for i := range tables {
		cfg.Tables = append(cfg.Tables, tables[i].Name)
	}
	for _, text := range c.StringSlice("state-hash") {
		h, err := protocol.ParseHash(text)
		if err != nil {
			return usage.Mistake(withHint(fmt.Errorf("--state-hash %q is no hash", abridge(text)), "it is 64 hex digits, as GET /v1/state-hash?height=N of a node that you trust says"))
		}
		cfg.Given = append(cfg.Given, h)
	}
	file, closer, err := openAudit(c, "audit", c.String("audit"))
	if err != nil {
		return err
	}
	return errors.Join(proveFrom(c, cfg, file), closer())
}

// proved is what --json prints.
type proved struct {
	Dir string `json:"dir"`
	*proof.Report
	Audit   protocol.Hash `json:"audit"` // hash of the audit file
	Seconds float64       `json:"seconds"`
}

func proveFrom(c *cli.Context, cfg proof.Config, file *audit.Reader) (err error) {
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(audit.GCPercent))
	}
	cfg.Replay = audit.Replay{Genesis: file.Genesis(), Threads: runtime.GOMAXPROCS(0)}
	end, err := withStates(&cfg.Replay)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	begun := time.Now()
	stop := progress.Start(c.App.ErrWriter, func() string {
		return fmt.Sprintf("block %d, %d rows", cfg.Height.Load(), cfg.Rows.Load())
	})
	defer stop()
	r, err := proof.Run(c.Context, cfg, file)
	if err != nil {
		return proofHint(err)
	}
	out := proved{Dir: cfg.Dir, Report: r}
	hash, err := toEnd(file)
	if err != nil {
		return explainReplay(err)
	}
	out.Audit = *hash
	if err := trustNode(c, r); err != nil {
		return err
	}
	stop()
	out.Seconds = time.Since(begun).Seconds()
	if c.Bool("json") {
		err = printJSON(c, &out)
	} else {
		_, err = c.App.Writer.Write([]byte(out.words()))
	}
	if err == nil && len(r.Wrong) > 0 {
		return errDataDiffers
	}
	return err
}

// trustNode has the node that --node or --home names say which states it has. One
// of the environment is not asked: nobody said here that it is trusted.
func trustNode(c *cli.Context, r *proof.Report) error {
	if node := c.String("node"); homeFlag(c) == "" && (node == "" || node == os.Getenv(envNode)) {
		return nil
	}
	return withNode(c, func(n *client) error {
		var s api.Status
		if err := n.get(c.Context, "/v1/status", &s); err != nil {
			return err
		}
		if s.ChainID != r.ChainID {
			return withHint(fmt.Errorf("the blocks are of the network %s, and the node of %s", r.ChainID, s.ChainID), "ask a node of that network")
		}
		for _, f := range r.Final {
			hash, known, err := stateHashAt(c.Context, n, f.Height)
			switch {
			case err != nil:
				return err
			case known && hash == f.StateHash:
				r.Trust(f, "node")
			case known:
				r.Fail("", 0, fmt.Sprintf("the node has the state %s after block %d, and the blocks of the file leave %s", hash, f.Height, f.StateHash))
			}
		}
		r.Bind()
		return nil
	})
}

// proofHint says what to do.
func proofHint(err error) error {
	switch {
	case errors.Is(err, history.ErrManifest), errors.Is(err, export.ErrManifest), errors.Is(err, proof.ErrNothing):
		return withHint(err, "give the directory of an export with --out")
	case errors.Is(err, proof.ErrOther):
		return withHint(err, "give the audit file of that network")
	case errors.Is(err, proof.ErrBeyond):
		return withHint(err, "write the blocks again with assay audit export when that epoch has ended")
	}
	return explainReplay(err)
}

// words says what was found, a line for each table.
func (p *proved) words() string {
	var b strings.Builder
	for _, t := range p.Tables {
		fmt.Fprintf(&b, "%s: %s\n", t.Table, tableWords(t))
		if t.Missing > 0 && t.Table != "payments" && t.Table != "weights" {
			fmt.Fprintf(&b, "%s: the ledger has %d more, which are not there: the node that was asked may not have got them\n", t.Table, t.Missing)
		}
		if len(t.Gaps) > 0 {
			fmt.Fprintf(&b, "%s: it has nothing of the epochs %s, which lie between others, or of which other tables have something\n", t.Table, spans(t.Gaps))
		}
		if len(t.Beyond) > 0 {
			fmt.Fprintf(&b, "%s: not compared are the epochs %s, which are final behind the last block of the file\n", t.Table, spans(t.Beyond))
		}
	}
	open := map[string][]string{}
	for _, t := range p.Tables {
		if columns := strings.Join(t.Open, ", "); t.Epochs > 0 {
			open[columns] = append(open[columns], t.Table)
		}
	}
	for _, columns := range slices.Sorted(maps.Keys(open)) {
		fmt.Fprintf(&b, "no state has %s of %s\n", columns, strings.Join(open[columns], ", "))
	}
	b.WriteString("times were compared with those of the file's blocks\n")
	fmt.Fprintf(&b, "%d blocks carried out from the genesis of %s; state %s after the last\n", p.Blocks, p.ChainID, p.State)
	fmt.Fprintf(&b, "audit file %s\n", p.Audit)
	if bound := len(p.Final) - len(p.Unbound); bound > 0 {
		fmt.Fprintf(&b, "%d of %d epochs are bound by states that are known from elsewhere\n", bound, len(p.Final))
	}
	if len(p.Unbound) > 0 {
		fmt.Fprintf(&b, "nothing shows yet that the blocks are the network's, of the epochs %s: give --state-hash, or --node, of somebody whom you trust\n", spans(p.Unbound))
	}
	for _, w := range p.Wrong {
		if w.File == "" {
			fmt.Fprintln(&b, w.What)
		} else {
			fmt.Fprintf(&b, "%s, line %d: %s\n", w.File, w.Line, w.What)
		}
	}
	return b.String()
}

// tableWords says what it means that the ledger has the rows of a table.
func tableWords(t *proof.Table) string {
	of := fmt.Sprintf("%d of %d rows of %d epochs ", t.Proven, t.Rows, t.Epochs)
	switch t.Table {
	case "payments":
		return of + "are what the ledger paid"
	case "weights":
		return of + "are what validators opened on the ledger"
	case "tasks":
		return of + "follow from the ledger"
	case "answers":
		return of + "are signed and open commitments on the ledger"
	case "cards":
		return of + "are signed and stand under roots on the ledger"
	}
	out := of + fmt.Sprintf("are of seats that the ledger has; %d of them count what it has, the others less", t.Counted)
	if t.Counted == t.Rows {
		out = of + "are of seats that the ledger has, and count what it has"
	}
	if len(t.By) == 0 {
		return out + "; no validator opened their weights on it"
	}
	var by []string
	for _, v := range t.By {
		by = append(by, fmt.Sprintf("%d (%d epochs)", v.Validator, v.Epochs))
	}
	return out + "; their weights were opened on it by validators " + strings.Join(by, ", ")
}

// spans writes ascending epochs as 3..5, 9.
func spans(list []protocol.Epoch) string {
	var out []string
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n] == list[n-1]+1 {
			n++
		}
		if n == 1 {
			out = append(out, num(list[0]))
		} else {
			out = append(out, num(list[0])+".."+num(list[n-1]))
		}
		list = list[n:]
	}
	return strings.Join(out, ", ")
}
