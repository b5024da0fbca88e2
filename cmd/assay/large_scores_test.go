package main

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
	"github.com/assaynet/assay/validator/source"
)

// BenchmarkReadingScores is [BenchmarkReading] of what a validator counted of 256
// seats in each of the 64 epochs before, as it lies in its database.
func BenchmarkReadingScores(b *testing.B) {
	n, err := apitest.New()
	if err == nil {
		err = n.Grow(n.Tree)
	}
	if err != nil {
		b.Fatal(err)
	}
	dir, now := b.TempDir(), n.Genesis.Params.Schedule.EpochOf(apitest.LargeHeight)
	if err := withStore(dir, func(db *store.DB) error { return countSeats(db, now) }); err != nil {
		b.Fatal(err)
	}
	last := strconv.FormatUint(uint64(now-1), 10)
	for _, line := range []string{"scores", "scores --epoch " + last, "scores --seat 100", "scores --json --epoch " + last, "explain 100 --epoch " + last, "plot scores"} {
		b.Run(line, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				if err := withStore(dir, func(db *store.DB) error { return readScores(b, n, db, line) }); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// readScores asks one question of a node with the scores in db, for which alone the
// timer runs.
func readScores(b *testing.B, n *apitest.Network, db *store.DB, line string) error {
	large := &apitest.Large{Network: n, Reader: n.Tree}
	ask, end, err := reads(b, func(cfg *api.Config) {
		cfg.Source.Work = source.Work(cfg.Params, record.NewReader(node.RecordsOf(db), "chain"), large)
	})(large, line)
	if err != nil {
		return err
	}
	defer end()
	b.StartTimer()
	err = ask()
	b.StopTimer()
	return err
}

// withStore opens a database for f.
func withStore(dir string, f func(*store.DB) error) error {
	db, err := store.Open(dir, store.Options{Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}

// countSeats writes what a validator counted in the 64 epochs before one.
func countSeats(db *store.DB, now protocol.Epoch) error {
	random := rand.New(rand.NewPCG(1, 1))
	book := record.NewBook(node.RecordsOf(db), "chain")
	for e := now - apitest.LargeEpochs; e < now; e++ {
		var batch record.Batch
		for uid := range protocol.UID(256) {
			seat := protocol.SeatID{UID: uid}
			batch.Score(&scoring.Explanation{
				Epoch: e, Tally: scoring.Tally{Seat: seat, Kind: inference.Kind, Asked: 4, Opened: 4, Units: random.Uint64() >> 52, Work: random.Uint64() >> 36, Commits: 1, Runs: 2, Passes: 2},
				Average: scoring.Average{Epochs: 9 << 16, Asked: 40 << 16, Opened: 40 << 16}, Work: random.Uint64() >> 36,
				Bound: random.Uint32() >> 16, Availability: 65536, Speed: 65536, Raw: random.Uint64() >> 36, Weight: uint16(random.Uint32()), Reason: scoring.ReasonPaid,
			})
			f := &record.Final{Seat: seat, Kind: inference.Kind, Hotkey: apitest.Public("hotkey"), Exact: 4}
			for range 4 {
				f.Tasks = append(f.Tasks, wire.HashOf("assay/test/task", wire.Encode(random.Uint64())))
			}
			batch.Final(e, f)
		}
		batch.Sealed(&record.Sealed{Epoch: e, Rounds: []protocol.Round{protocol.Round(e)}})
		batch.Closed(e, &record.Closed{Height: apitest.LargeHeight})
		if err := errors.Join(book.Write(&batch), book.Fold(e+1)); err != nil {
			return err
		}
	}
	return nil
}
