package audit_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func genesis(t testing.TB) []byte {
	t.Helper()
	n, err := apitest.New()
	check(t, err)
	b, err := json.Marshal(n.Genesis)
	check(t, err)
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// full is a record with everything in it.
func full(h protocol.Height) *audit.Record {
	return &audit.Record{
		Height: h, Time: -5, Proposer: apitest.Public("p"), PrevEligible: []protocol.PublicKey{apitest.Public("q")},
		Votes:        []ledger.BlockVote{{Address: ledger.ConsensusAddress{1}, Power: 2, Flag: ledger.VoteNil}},
		Misbehaviour: []ledger.Misbehaviour{{Offence: ledger.OffenceLightAttack, Address: ledger.ConsensusAddress{3}, Power: 4, Height: 5, Time: 6, Total: 7}},
		StateHash:    wire.HashOf("state"), Txs: audit.Pack([][]byte{[]byte("head"), bytes.Repeat([]byte("tx"), 40)}),
		Outcome: &audit.Outcome{Epoch: ledger.EpochRecord{Epoch: 8}, Payments: []ledger.Payment{{Miner: 9}}},
	}
}

func file(t testing.TB, records ...*audit.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := audit.NewWriter(&b, genesis(t))
	check(t, err)
	for _, r := range records {
		check(t, w.Add(r))
	}
	_, err = w.Close()
	check(t, err)
	return b.Bytes()
}

// readAll reads a file to its end.
func readAll(b []byte) (list []*audit.Record, err error) {
	f, err := audit.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	for {
		r, err := f.Next()
		if errors.Is(err, io.EOF) {
			if _, err := f.Next(); err != io.EOF || f.Hash().IsZero() { //nolint:errorlint // as io.Reader has it
				return list, fmt.Errorf("behind the end: %w", err)
			}
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, r)
	}
}

func TestAFileGivesBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	want := []*audit.Record{full(1), {Height: 2, PrevEligible: []protocol.PublicKey{}, Votes: []ledger.BlockVote{}, Misbehaviour: []ledger.Misbehaviour{}, Txs: []byte{}}}
	got, err := readAll(file(t, want...))
	check(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	b, err := got[0].Block()
	check(t, err)
	if len(b.Txs) != 2 || string(b.Txs[0]) != "head" || string(b.Txs[1]) != strings.Repeat("tx", 40) || b.Time != -5 || len(b.Votes) != 1 || len(b.Misbehaviour) != 1 {
		t.Errorf("got %+v", b)
	}
}

func TestAnyByteThatIsChangedOrMissingIsFound(t *testing.T) {
	t.Parallel()
	whole := file(t, full(1))
	for at := range whole {
		b := bytes.Clone(whole)
		b[at] ^= 1
		if _, err := readAll(b); err == nil {
			t.Errorf("byte %d changed: nothing was found", at)
		}
		if _, err := readAll(whole[:at]); !errors.Is(err, audit.ErrFile) {
			t.Errorf("cut off at %d: got %v", at, err)
		}
	}
	if _, err := readAll(append(bytes.Clone(whole), 0)); !errors.Is(err, audit.ErrFile) {
		t.Errorf("something behind the end: got %v", err)
	}
}

func TestWhatIsNoFileSaysWhy(t *testing.T) {
	t.Parallel()
	begin := []byte(audit.Format + "\n")
	huge := binary.BigEndian.AppendUint32(append(bytes.Clone(begin), 'G'), ledger.MaxGenesisBytes+1)
	for what, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":            {nil, audit.ErrFile},
		"another file":       {bytes.Repeat([]byte("PK"), 40), audit.ErrFile},
		"a newer format":     {[]byte("assay-audit/2\n and so on"), audit.ErrVersion},
		"no genesis":         {append(bytes.Clone(begin), 'B', 0, 0, 0, 0), audit.ErrFile},
		"a huge genesis":     {huge, audit.ErrFile},
		"an unusual genesis": {append(bytes.Clone(begin), 'G', 0, 0, 0, 2, '{', '}'), ledger.ErrGenesis},
		"a gap":              {gap(t), audit.ErrOrder},
	} {
		if _, err := readAll(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
	w, err := audit.NewWriter(io.Discard, genesis(t))
	check(t, err)
	if err := w.Add(full(2)); !errors.Is(err, audit.ErrOrder) {
		t.Errorf("a gap is written: got %v", err)
	}
}

// gap is a file whose second record is of block 1 again.
func gap(t *testing.T) []byte {
	t.Helper()
	one := file(t, full(1))
	const end = 5 + 32
	begin := len(file(t)) - end
	record := one[begin : len(one)-end]
	return append(bytes.Clone(one[:len(one)-end]), record...)
}

func FuzzReader(f *testing.F) {
	whole := file(f, full(1), full(2))
	f.Add(whole)
	f.Add(file(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := readAll(b)
		for _, r := range list {
			if _, err := r.Block(); err != nil && !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("block %d: %v", r.Height, err)
			}
		}
		if err == nil && !bytes.HasPrefix(b, []byte(audit.Format)) {
			t.Errorf("%x is no file", b[:min(len(b), 20)])
		}
	})
}

// TestTransactionsThatNoBlockHasAreRefused before memory is taken for them: empty
// ones, and more than there can be, in a record and in a block of this network.
func TestTransactionsThatNoBlockHasAreRefused(t *testing.T) {
	short := slices.Repeat([][]byte{{1}}, 100)
	for name, txs := range map[string][]byte{
		"an empty one": audit.Pack([][]byte{[]byte("head"), {}}), "many of a byte": audit.Pack(short), "millions of none": make([]byte, 24<<20),
		"half a length": {0, 0, 0}, "more than is there": {0, 0, 0, 9, 1},
	} {
		if _, err := (&audit.Record{Height: 1, Txs: txs}).Block(); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	f, err := audit.NewReader(bytes.NewReader(file(t, &audit.Record{Height: 1, Txs: audit.Pack([][]byte{make([]byte, 40<<20)})})))
	check(t, err)
	p := audit.Replay{Genesis: f.Genesis(), Threads: 1}
	if _, err := p.Run(t.Context(), f); !errors.Is(err, wire.ErrMalformed) || !strings.Contains(err.Error(), "they may be") {
		t.Errorf("a block of 40 MiB: got %v", err)
	}
}

// FuzzDecodeRecord: what decodes encodes to the same bytes, and transactions that
// unpack pack to the same.
func FuzzDecodeRecord(f *testing.F) {
	f.Add(wire.Encode(full(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := audit.DecodeRecord(b)
		if err != nil {
			return
		}
		if !bytes.Equal(wire.Encode(r), b) {
			t.Errorf("%+v does not stand for %x", r, b)
		}
		if block, err := r.Block(); err == nil && !bytes.Equal(audit.Pack(block.Txs), r.Txs) {
			t.Errorf("%x unpacks to %x", r.Txs, block.Txs)
		}
	})
}
