package source_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// What BenchmarkHistory writes: epochs of a full network, each seat asked four
// times, and how many a year has where one takes two hours.
const (
	sizeEpochs = 128
	sizeSeats  = 256
	sizeYear   = 4380
)

// BenchmarkHistory is the size of what stays of epochs for good, as it lies in the
// tables of a validator's database: what each seat was paid, in the record of the
// block that closed the epoch, and what the validator counted of each and found.
func BenchmarkHistory(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	hotkeys := make([]protocol.PublicKey, sizeSeats)
	for uid := range hotkeys {
		hotkeys[uid] = apitest.Public(fmt.Sprintf("hotkey-%d", uid))
	}
	for name, write := range map[string]func(*store.DB, protocol.Epoch) error{
		"payments": func(db *store.DB, e protocol.Epoch) error {
			paid := &audit.Outcome{Epoch: ledger.EpochRecord{Epoch: e}}
			for uid, k := range hotkeys {
				paid.Payments = append(paid.Payments, ledger.Payment{
					Seat: protocol.SeatID{UID: protocol.UID(uid), Registered: 7}, Hotkey: k, Coldkey: k, Consensus: uint16(random.Uint32()), Incentive: uint16(random.Uint32()),
					Trust: uint16(random.Uint32()), Miner: protocol.Amount(random.Uint64() >> 32),
				})
			}
			h := uint64(e) * 600
			return db.Space("history").Set(store.Key(h), wire.Encode(&audit.Record{Height: protocol.Height(h), Outcome: paid}))
		},
		"scores": func(db *store.DB, e protocol.Epoch) error {
			var batch record.Batch
			for uid, k := range hotkeys {
				seat := protocol.SeatID{UID: protocol.UID(uid), Registered: 7}
				batch.Score(&scoring.Explanation{
					Epoch: e, Tally: scoring.Tally{Seat: seat, Kind: inference.Kind, Asked: 4, Opened: 4, Units: random.Uint64() >> 52, Work: random.Uint64() >> 36, Delay: 9, Commits: 1, Runs: 2, Passes: 2},
					Average: scoring.Average{Epochs: 9 << 16, Asked: 40 << 16, Opened: 40 << 16, Runs: random.Uint64() >> 44, Passes: random.Uint64() >> 44}, Work: random.Uint64() >> 36,
					Bound: random.Uint32() >> 16, Availability: 65536, Speed: 65536, Raw: random.Uint64() >> 36, Part: random.Uint32() >> 20, Weight: uint16(random.Uint32()), Reason: scoring.ReasonPaid,
				})
				f := &record.Final{Seat: seat, Kind: inference.Kind, Hotkey: k, Exact: 4}
				for range 4 {
					f.Tasks = append(f.Tasks, wire.HashOf("assay/test/task", wire.Encode(random.Uint64())))
				}
				batch.Final(e, f)
			}
			batch.Sealed(&record.Sealed{Epoch: e, Rounds: []protocol.Round{protocol.Round(e)}})
			batch.Closed(e, &record.Closed{Height: protocol.Height(e)})
			book := record.NewBook(node.RecordsOf(db), "chain")
			return errors.Join(book.Write(&batch), book.Fold(e+1))
		},
		"weights, bonds and payments": func(db *store.DB, e protocol.Epoch) error {
			return keepEpoch(db, e, random, hotkeys)
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				size, err := sizeOf(b.TempDir(), write)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(size)/sizeEpochs, "bytes/epoch")
				b.ReportMetric(float64(size)/sizeEpochs*sizeYear/(1<<20), "MiB/year")
			}
		})
	}
}

// sizeOf is how many bytes of tables a database in dir has to which epochs were
// written.
func sizeOf(dir string, write func(*store.DB, protocol.Epoch) error) (size int64, err error) {
	db, err := store.Open(dir, store.Options{Logger: zerolog.Nop()})
	if err != nil {
		return 0, err
	}
	for e := range protocol.Epoch(sizeEpochs) {
		if err := write(db, e); err != nil {
			return 0, err
		}
	}
	if err := db.Flush(); err != nil {
		return 0, err
	}
	if err := db.Close(); err != nil {
		return 0, err
	}
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	for _, name := range tables {
		info, err := os.Stat(name)
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, err
}

// keepEpoch writes what a node keeps of an epoch in which 64 validators judge all
// other seats, in no order at all: what is least compressed.
func keepEpoch(db *store.DB, e protocol.Epoch, random *rand.Rand, hotkeys []protocol.PublicKey) error {
	const judges = 64
	p, t := params.Local(), &ledger.MemTree{}
	err := t.Set(ledger.EpochKey(e), wire.Encode(ledger.EpochRecord{Epoch: e}))
	for uid, k := range hotkeys {
		err = errors.Join(err, t.Set(ledger.PaymentKey(e, protocol.UID(uid)), wire.Encode(ledger.Payment{
			Seat: protocol.SeatID{UID: protocol.UID(uid), Registered: 7}, Hotkey: k, Coldkey: k, Consensus: uint16(random.Uint32()), Incentive: uint16(random.Uint32()),
			Trust: uint16(random.Uint32()), Miner: protocol.Amount(random.Uint64() >> 32),
		})))
	}
	for judge := range protocol.UID(judges) {
		w := ledger.Weights{Seat: protocol.SeatID{UID: judge, Registered: 7}, Height: p.Schedule.EpochEnd(e)}
		var held ledger.Bonds
		for uid := protocol.UID(judges); int(uid) < len(hotkeys); uid++ {
			w.UIDs, w.Values = append(w.UIDs, uid), append(w.Values, uint16(random.Uint32()))
			held.UIDs, held.Values = append(held.UIDs, uid), append(held.Values, uint16(random.Uint32()))
		}
		err = errors.Join(err, t.Set(ledger.WeightsKey(e, judge), wire.Encode(w)), t.Set(ledger.BondsKey(judge), wire.Encode(held)))
	}
	l, opened := node.OpenEpochs(db, &p)
	if err = errors.Join(err, opened); err != nil {
		return err
	}
	return l.Add(t, p.Schedule.EpochEnd(e+1))
}
