package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
)

var (
	// ErrOther says that the blocks are those of another network than the rows.
	ErrOther = errors.New("the export is of another network")
	// ErrBeyond says that the blocks end before the first epoch that was exported is
	// final.
	ErrBeyond = errors.New("the blocks end too early")
	// ErrNothing says that an export has no epoch of any table that was asked for.
	ErrNothing = errors.New("no epoch of these tables was exported")
)

// maxWrong is how many differences are told: the first ones say it.
const maxWrong = 100

// Config says what to prove.
type Config struct {
	Dir    string   // of the export
	Tables []string // by name; what was not exported is left out
	// Replay carries out the blocks: its Genesis, Threads, Tree and Root are set, and
	// the rest is this package's.
	Replay audit.Replay
	// Given are hashes of states that the user knows to be the network's.
	Given []protocol.Hash
	// Rows and Height count while it runs; nil does not.
	Rows   *atomic.Int64
	Height *atomic.Uint64
}

// Report is what was found.
type Report struct {
	ChainID string `json:"chain_id"`
	Blocks  uint64 `json:"blocks"` // that were carried out
	// State is the hash of the state after the last of them.
	State protocol.Hash `json:"state"`
	// Final are the states against which the rows of epochs were compared.
	Final []history.State `json:"final"`
	// Trusted are states whose hash the user gave, or that a node has, too; Unbound are
	// the epochs that none of them binds: of these it is known that rows and blocks
	// agree, and not that the blocks are the network's.
	Trusted []Trusted        `json:"trusted"`
	Unbound []protocol.Epoch `json:"unbound"`
	Rows    int64            `json:"rows"`
	Bytes   int64            `json:"bytes"`
	Tables  []*Table         `json:"tables"`
	// Wrong is what does not hold, of which the first hundred are told.
	Wrong []export.Wrong `json:"wrong"`

	retention protocol.Epoch
	schedule  protocol.Schedule
}

// Trusted is a state that somebody vouches for.
type Trusted struct {
	Height    protocol.Height `json:"height"`
	StateHash protocol.Hash   `json:"app_hash"`
	By        string          `json:"by"` // "flag" or "node"
}

// Table is what was found of one table.
type Table struct {
	Table  string `json:"table"`
	Epochs int    `json:"epochs"` // that were compared
	Rows   int64  `json:"rows"`   // of them
	// Proven counts the rows of which the ledger says what Columns leaves open.
	Proven int64 `json:"proven"`
	// Missing counts what the ledger has and the table has not.
	Missing int64 `json:"missing"`
	// Beyond are the epochs that are final behind the last block.
	Beyond []protocol.Epoch `json:"beyond"`
	// Gaps are epochs which the table has not, between those that it has, or where
	// another table has something.
	Gaps []protocol.Epoch `json:"gaps"`
	// Open are the columns of which no state says anything.
	Open []string `json:"open"`
	// Counted are, of scores alone, the rows that count just what the ledger has.
	Counted int64 `json:"counted,omitempty"`
	// By names, of scores alone, the validators whose opened rows the weights are.
	By []By `json:"by,omitempty"`

	manifest *export.Manifest
	check    func(context.Context, *run, *Table, *export.Epoch) error
}

// By is a validator whose opened rows were the weights of so many epochs.
type By struct {
	Validator protocol.UID `json:"validator_uid"`
	Epochs    int          `json:"epochs"`
}

// Run proves the epochs of an export, as far as the blocks of src go. Errors are
// [ErrOther], [ErrBeyond], [ErrNothing], those of the manifests, of the replay and
// of the system: what does not hold is in the report.
func Run(ctx context.Context, c Config, src audit.Source) (*Report, error) {
	p := &run{Config: c, genesis: c.Replay.Genesis, times: map[protocol.Height]int64{}, given: map[protocol.Hash]bool{}}
	p.report = &Report{
		ChainID: protocol.ShortChainID(p.genesis.ChainID()), Final: []history.State{}, Trusted: []Trusted{}, Unbound: []protocol.Epoch{}, Tables: []*Table{}, Wrong: []export.Wrong{},
		retention: protocol.Epoch(p.genesis.Params.Tasks.Retention), schedule: p.genesis.Params.Schedule,
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	if err := p.replay(ctx, src); err != nil {
		return nil, err
	}
	return p.report, p.end()
}

// run is one that goes on.
type run struct {
	Config
	genesis  *ledger.Genesis
	manifest *history.Manifest
	report   *Report
	times    map[protocol.Height]int64 // of blocks, since the epochs that are not compared yet
	given    map[protocol.Hash]bool    // whether a state had it
	names    history.Names
	failed   error // what ended the replay from within
}

// open reads the manifests.
func (p *run) open() error {
	var err error
	if p.manifest, err = history.ReadManifest(p.Dir); err != nil {
		return err
	}
	if p.manifest.ChainID != p.report.ChainID {
		return fmt.Errorf("%w: %s holds %.80q, and the blocks are of %s", ErrOther, p.Dir, p.manifest.ChainID, p.report.ChainID)
	}
	differs, err := p.manifest.Differs(p.Dir)
	if err != nil {
		return err
	}
	for _, what := range differs {
		p.wrong("manifest.json", 0, what)
	}
	epochs := 0
	for _, t := range tables() {
		if !slices.Contains(p.Tables, t.Table) {
			continue
		}
		if t.manifest, err = export.ReadManifest(filepath.Join(p.Dir, t.Table)); errors.Is(err, export.ErrManifest) && !p.manifest.Has(t.Table) {
			continue
		}
		if err != nil {
			return err
		}
		if t.manifest.ChainID != p.manifest.ChainID || t.manifest.Kind != t.Table {
			return fmt.Errorf("%w: its %s are %.80q of %.80q", ErrOther, t.Table, t.manifest.Kind, t.manifest.ChainID)
		}
		epochs += len(t.manifest.Epochs)
		p.report.Tables = append(p.report.Tables, t)
	}
	if epochs == 0 {
		return ErrNothing
	}
	for _, h := range p.Given {
		p.given[h] = false
	}
	p.names = history.Names{}
	return nil
}

// replay carries out the blocks up to the last that is needed, or the last that
// there is.
func (p *run) replay(ctx context.Context, src audit.Source) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	last := p.lastEpoch()
	r := p.Replay
	r.From, r.All = 0, true
	r.Block = func(b *audit.Record, _ *ledger.Result) {
		if p.failed = p.block(ctx, b); p.failed != nil {
			stop()
		}
	}
	end := p.report.schedule.EpochEnd(last + 1)
	done, err := r.Run(ctx, &until{src: src, last: end, left: maps.Clone(p.given)})
	switch {
	case p.failed != nil:
		return p.failed
	case errors.Is(err, audit.ErrShort):
		return p.beyond()
	case err != nil:
		return err
	}
	p.report.Blocks = done.Blocks
	if done.State != nil {
		p.report.State = *done.State
	}
	if d := done.Difference; d != nil {
		p.wrong("", 0, "the blocks contradict themselves: "+d.String())
	}
	return nil
}

// lastEpoch is the last epoch that was exported.
func (p *run) lastEpoch() (last protocol.Epoch) {
	for _, t := range p.report.Tables {
		if n := len(t.manifest.Epochs); n > 0 {
			last = max(last, t.manifest.Epochs[n-1].Epoch)
		}
	}
	return min(last, maxEpoch)
}

// maxEpoch is far behind every epoch that there will be: so that a manifest which
// says more makes no height too large.
const maxEpoch = 1 << 40

// block looks at the state after a block: at rows, where it is the one in which
// those of an epoch are final.
func (p *run) block(ctx context.Context, b *audit.Record) error {
	if p.Height != nil {
		p.Height.Store(uint64(b.Height))
	}
	if _, wanted := p.given[b.StateHash]; wanted {
		p.given[b.StateHash] = true
		p.report.Trusted = append(p.report.Trusted, Trusted{b.Height, b.StateHash, "flag"})
	}
	p.times[b.Height] = b.Time
	if m := p.manifest; m.Height == b.Height && m.StateHash != b.StateHash {
		p.wrong("manifest.json", 0, fmt.Sprintf("block %d has the state %s, and the manifest says %s", b.Height, b.StateHash, m.StateHash))
	}
	s := p.report.schedule
	e := s.EpochOf(b.Height)
	if e == 0 || !s.IsEpochEnd(b.Height) {
		return nil
	}
	return p.epoch(ctx, e-1, b)
}

// epoch compares the rows of an epoch, which are final in the state after b.
func (p *run) epoch(ctx context.Context, e protocol.Epoch, b *audit.Record) error {
	compared, gaps := false, []*Table{}
	for _, t := range p.report.Tables {
		x := t.manifest.Of(e)
		if x == nil {
			gaps = append(gaps, t)
			continue
		}
		compared = true
		if err := t.check(ctx, p, t, x); err != nil {
			return fmt.Errorf("%s of epoch %d: %w", t.Table, e, err)
		}
		t.Epochs++
	}
	p.gaps(e, gaps, compared)
	if compared {
		p.report.Final = append(p.report.Final, history.State{Epoch: e, Height: b.Height, StateHash: b.StateHash})
	}
	if want := p.manifest.Of(e); want != nil && (want.Height != b.Height || want.StateHash != b.StateHash) {
		p.wrong("manifest.json", 0, fmt.Sprintf("the rows of epoch %d are final in state %s after block %d, and the manifest says %s after block %d", e, b.StateHash, b.Height, want.StateHash, want.Height))
	}
	for h := range p.times { // the next epoch reads times from its own first block on
		if h < p.report.schedule.EpochStart(e) {
			delete(p.times, h)
		}
	}
	return nil
}

// gaps tells which tables lack an epoch, which another one has or not. Payments
// never lack one that others have: a node has those of all epochs of which it has
// anything.
func (p *run) gaps(e protocol.Epoch, tables []*Table, others bool) {
	for _, t := range tables {
		list := t.manifest.Epochs
		if within := len(list) > 0 && e > list[0].Epoch && e < list[len(list)-1].Epoch; !within && !others {
			continue
		}
		t.Gaps = append(t.Gaps, e)
		if others && t.Table == "payments" {
			p.wrong(t.Table+"/manifest.json", 0, fmt.Sprintf("epoch %d is left out, and other tables have it", e))
		}
	}
}

// end says what was left over.
func (p *run) end() error {
	known := p.report.schedule.EpochOf(protocol.Height(p.report.Blocks) + 1)
	for _, t := range p.report.Tables {
		for i := range t.manifest.Epochs {
			if e := t.manifest.Epochs[i].Epoch; e+2 > known {
				t.Beyond = append(t.Beyond, e)
			}
		}
		p.report.Rows += t.Rows
	}
	if len(p.report.Final) == 0 && len(p.report.Wrong) == 0 {
		return p.beyond()
	}
	for _, h := range p.Given {
		if !p.given[h] {
			p.wrong("", 0, fmt.Sprintf("none of the %d blocks left the state %s that was given", p.report.Blocks, h))
		}
	}
	p.report.Bind()
	return nil
}

// beyond says where the first epoch is final.
func (p *run) beyond() error {
	first := protocol.Epoch(maxEpoch)
	for _, t := range p.report.Tables {
		if len(t.manifest.Epochs) > 0 {
			first = min(first, t.manifest.Epochs[0].Epoch)
		}
	}
	return fmt.Errorf("%w: the first epoch that was exported is %d, whose rows are final after block %d", ErrBeyond, first, history.FinalAt(p.report.schedule, first))
}

func (p *run) wrong(file string, line int64, what string) { p.report.Fail(file, line, what) }

// Fail notes what does not hold; no file stands for what is of none.
func (r *Report) Fail(file string, line int64, what string) {
	if len(r.Wrong) < maxWrong {
		r.Wrong = append(r.Wrong, export.Wrong{File: file, Line: line, What: what})
	}
}

// Trust notes that somebody else has this state, too.
func (r *Report) Trust(s history.State, by string) {
	r.Trusted = append(r.Trusted, Trusted{s.Height, s.StateHash, by})
}

// Bind says which epochs no trusted state binds. What the ledger has of epoch e
// stands in its states from the end of e + 1 to the block before the end of
// e + retention, in which it is forgotten.
func (r *Report) Bind() {
	r.Unbound = r.Unbound[:0]
	for _, f := range r.Final {
		if !slices.ContainsFunc(r.Trusted, func(t Trusted) bool {
			return t.Height >= f.Height && t.Height < r.schedule.EpochEnd(f.Epoch+r.retention)
		}) {
			r.Unbound = append(r.Unbound, f.Epoch)
		}
	}
}

// until is a source up to a block, or further, where states that were given come
// behind it.
type until struct {
	src  audit.Source
	last protocol.Height
	left map[protocol.Hash]bool // of those that were given
	end  bool
}

// Next implements [audit.Source].
func (u *until) Next() (*audit.Record, error) {
	if u.end {
		return nil, io.EOF
	}
	r, err := u.src.Next()
	if err == nil {
		delete(u.left, r.StateHash)
		u.end = r.Height >= u.last && len(u.left) == 0
	}
	return r, err
}
