package simtest_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// recorded is a network of testdata, as an audit file.
type recorded struct {
	genesis []byte // JSON
	params  *ledger.Genesis
	last    protocol.Epoch
	file    []byte
}

// readRecorded makes an audit file of a recorded network: the states' hashes are
// those that were written down before each block, the outcomes those of its state.
func readRecorded(t *testing.T, name string) *recorded {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var life lived // what all recorded networks have
	if err := json.Unmarshal(b, &life); err != nil {
		t.Fatal(err)
	}
	g := &ledger.Genesis{}
	if err := wire.Decode(life.Genesis, len(life.Genesis), g); err != nil {
		t.Fatal(err)
	}
	end := &ledger.MemTree{}
	for _, e := range life.State {
		if err := end.Set(e.Key, e.Value); err != nil {
			t.Fatal(err)
		}
	}
	out := &recorded{params: g, last: g.Params.Schedule.EpochOf(life.Blocks[len(life.Blocks)-1].Height+1) - 1}
	if out.genesis, err = json.Marshal(g); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := audit.NewWriter(&file, out.genesis)
	if err != nil {
		t.Fatal(err)
	}
	for i := range life.Blocks {
		after := end.Hash()
		if i+1 < len(life.Blocks) {
			after = protocol.Hash(life.Blocks[i+1].Before)
		}
		r, err := audit.RecordOf(life.Blocks[i].decided(), g.Params.Schedule, end, after)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out.file = file.Bytes()
	return out
}

// UnmarshalText reads hex digits.
func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// decided is the block in the ledger's words.
func (b *block) decided() *ledger.Block {
	out := &ledger.Block{Height: b.Height, Time: b.Time, Proposer: protocol.PublicKey(b.Proposer)}
	for _, k := range b.Eligible {
		out.PrevEligible = append(out.PrevEligible, protocol.PublicKey(k))
	}
	for _, v := range b.Votes {
		out.Votes = append(out.Votes, ledger.BlockVote{Address: ledger.ConsensusAddress(v.Address), Flag: v.Flag})
	}
	for _, m := range b.Offences {
		out.Misbehaviour = append(out.Misbehaviour, ledger.Misbehaviour{Address: ledger.ConsensusAddress(m.Address), Height: m.Height})
	}
	for _, item := range b.Items {
		out.Txs = append(out.Txs, item)
	}
	return out
}

func (r *recorded) replay(t *testing.T, file []byte) (*audit.Report, error) {
	t.Helper()
	src, err := audit.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	tree := &ledger.MemTree{}
	p := audit.Replay{
		Genesis: src.Genesis(), To: r.last, Threads: 2, Tree: tree,
		Root: func() (protocol.Hash, error) { return tree.Hash(), nil },
	}
	report, err := p.Run(t.Context(), src)
	if err == nil && report.Difference == nil {
		if _, err = src.Next(); errors.Is(err, io.EOF) {
			err = nil
		}
	}
	return report, err
}

// What was recorded of whole networks comes out again: each payment, each pot and
// the state after each block.
func TestRecordedNetworksAreReDerived(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"traffic.json", "people.json"} {
		r := readRecorded(t, name)
		report, err := r.replay(t, r.file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		blocks := uint64(r.params.Params.Schedule.EpochEnd(r.last))
		if report.Difference != nil || report.Blocks != blocks || report.Epochs != uint64(r.last)+1 || report.Paid == 0 {
			t.Errorf("%s: got %+v, want %d blocks and epochs up to %d", name, report, blocks, r.last)
		}
	}
}

// A payment that was changed is named, and so is whoever's transaction was.
func TestWhatWasChangedInARecordIsNamed(t *testing.T) {
	t.Parallel()
	r := readRecorded(t, "traffic.json")
	for what, change := range map[string]struct {
		in   func(*audit.Record) bool // whether it changed something
		want string
	}{
		"a payment": {
			func(a *audit.Record) bool {
				if a.Outcome == nil || a.Outcome.Epoch.Epoch != 3 {
					return false
				}
				a.Outcome.Payments[4].Miner++
				return true
			}, "epoch 3, block 79, seat 4: miner was recorded as ",
		},
		"a pot": {
			func(a *audit.Record) bool {
				if a.Outcome == nil || a.Outcome.Epoch.Epoch != 2 {
					return false
				}
				a.Outcome.Epoch.Carried++
				return true
			}, "epoch 2, block 59: carried was recorded as ",
		},
		"a state": {
			func(a *audit.Record) bool { a.StateHash[0] ^= 1; return a.Height == 7 }, "block 7: state hash was recorded as ",
		},
		"a signature": {
			func(a *audit.Record) bool {
				b, err := a.Block()
				if err != nil || len(b.Txs) < 2 {
					return false
				}
				raw := bytes.Clone(b.Txs[1])
				raw[len(raw)-1] ^= 1
				b.Txs[1] = raw
				a.Txs = audit.Pack(b.Txs)
				return true
			}, "block was recorded as decided, and is ",
		},
		"a time": {func(a *audit.Record) bool { a.Time++; return a.Height == 7 }, ""}, // pays nobody anything: the file's hash has it
	} {
		report, err := r.replay(t, r.changed(t, change.in))
		switch {
		case err != nil:
			t.Errorf("%s: %v", what, err)
		case change.want == "" && report.Difference != nil:
			t.Errorf("%s: %s", what, report.Difference)
		case change.want != "" && (report.Difference == nil || !strings.Contains(report.Difference.String(), change.want)):
			t.Errorf("%s: got %v, want %q", what, report.Difference, change.want)
		}
	}
}

// changed writes the file anew, with one record changed, and a hash that fits.
func (r *recorded) changed(t *testing.T, change func(*audit.Record) bool) []byte {
	t.Helper()
	src, err := audit.NewReader(bytes.NewReader(r.file))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := audit.NewWriter(&out, r.genesis)
	if err != nil {
		t.Fatal(err)
	}
	done := false
	for {
		a, err := src.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		copied := *a
		if !done && change(&copied) {
			done = true
			a = &copied
		}
		if err := w.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil || !done {
		t.Fatalf("changed: %v, %v", done, err)
	}
	return out.Bytes()
}

// Whichever byte of a file is changed, it is refused, or what differs is named.
func TestAFileWithOneByteChangedIsFound(t *testing.T) {
	t.Parallel()
	r := readRecorded(t, "people.json")
	for at := 0; at < len(r.file); at += len(r.file)/23 + 1 {
		file := bytes.Clone(r.file)
		file[at] ^= 4
		if report, err := r.replay(t, file); err == nil && report.Difference == nil {
			t.Errorf("byte %d of %d: nothing was found", at, len(file))
		}
	}
	if report, err := r.replay(t, r.file[:len(r.file)-1]); err == nil {
		t.Errorf("a file that is cut off: got %+v", report)
	}
}
