package consensus_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/store/storetest"
)

// BenchmarkJoin is the time from the start of a node without a block, which knows
// block 1 of a chain, until it has carried out a block at ASSAY_BLOCKS (default:
// 200) or above. So many empty blocks, a second apart, were generated before; the
// network goes on meanwhile.
func BenchmarkJoin(b *testing.B) {
	blocks := uint64(200)
	if s := os.Getenv("ASSAY_BLOCKS"); s != "" {
		var err error
		if blocks, err = strconv.ParseUint(s, 10, 32); err != nil {
			b.Fatal(err)
		}
	}
	n := newNetwork(b, 2)
	n.g.Params.Schedule = protocol.Schedule{Tempo: 200, RoundLength: 200, CommitBlocks: 80, OpenBlocks: 100, AttestBlocks: 120, SealCardsBlocks: 60, OpenCardsBlocks: 160, WeightBlocks: 180}
	n.g.Params.Seats.MaxSilence, n.g.Params.Seats.Unbonding = 2*n.g.Params.Schedule.Tempo, 2*n.g.Params.Schedule.Tempo
	n.g.Time -= int64(blocks)
	n.g.Seats = n.g.Seats[:1] // the joiner observes, so that no block waits for it
	r := n.open(b, 0, b.TempDir(), nil, nil)
	begun := time.Now()
	first, err := r.Generate(protocol.Height(blocks), time.Second)
	check(b, err)
	made := time.Since(begun)
	r.start()
	b.Cleanup(func() { r.halt(b) })
	r.await(b, protocol.Height(blocks)+1)
	for b.Loop() {
		j := n.joiner(b, 1, b.TempDir(), storetest.NewCrash(), first)
		j.start()
		head := j.await(b, protocol.Height(blocks))
		b.StopTimer()
		if _, err := j.Record(2); blocks > 2000 && err == nil {
			b.Error("it carried out all blocks")
		}
		b.ReportMetric(float64(head.Height), "height")
		j.halt(b)
		b.StartTimer()
	}
	n.over.Store(true)
	b.ReportMetric(made.Seconds()*1000/float64(blocks), "ms/block-made")
}
