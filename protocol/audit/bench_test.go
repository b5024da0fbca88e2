package audit_test

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/audit/audittest"
	"github.com/assaynet/assay/protocol/ledger"
)

// parade is a network in which every validator weighs every miner.
type parade struct {
	*audittest.Parade
	genesis *ledger.Genesis
	list    []*audit.Record
}

// newParade makes the blocks of epochs 0 to last.
func newParade(tb testing.TB, seats, validators int, last protocol.Epoch) *parade {
	tb.Helper()
	n := audittest.New(tb, seats, validators, last)
	return &parade{n, n.Genesis, n.Records}
}

type next func() (*audit.Record, error)

func (f next) Next() (*audit.Record, error) { return f() }

func (n *parade) replay(tb testing.TB, last protocol.Epoch, change func(*audit.Replay)) *audit.Report {
	tb.Helper()
	p := audit.Replay{Genesis: n.genesis, To: last, Threads: runtime.GOMAXPROCS(0)}
	if change != nil {
		change(&p)
	}
	report, err := p.Run(tb.Context(), n.Source())
	check(tb, err)
	if report.Difference != nil || report.Epochs == 0 || report.Paid == 0 {
		tb.Fatalf("got %+v, %v", report, report.Difference)
	}
	return report
}

// BenchmarkReplay does what `assay audit replay --file` does with forty epochs of
// 256 seats and 64 validators, of which each weighs all miners: it reads the file
// and checks its hash, looks at each signature or believes them, carries out forty
// blocks an epoch with the votes of all validators, computes what each epoch paid,
// and compares all payments. An epoch has 128 transactions, the seals and the rows
// of 64 validators; who answers and who judges is in no benchmark.
func BenchmarkReplay(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(audit.GCPercent)) // as the command does
	const last = 39
	n := newParade(b, 256, 64, last)
	file := n.File(b)
	for _, c := range []struct {
		name    string
		believe bool
	}{{"signatures", false}, {"believed", true}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				src, err := audit.NewReader(bytes.NewReader(file))
				check(b, err)
				p := audit.Replay{Genesis: src.Genesis(), To: last, Believe: c.believe, Threads: runtime.GOMAXPROCS(0)}
				report, err := p.Run(b.Context(), src)
				check(b, err)
				if report.Difference != nil || report.Epochs != last+1 || report.Paid == 0 {
					b.Fatalf("got %+v, %v", report, report.Difference)
				}
			}
			b.ReportMetric(float64(b.N)*(last+1)/b.Elapsed().Seconds(), "epochs/s")
		})
	}
}
