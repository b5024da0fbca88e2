package synthetic

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

// MaxBefore bounds the texts of earlier requests that the records of one are
// compared with, in bytes: some hundred thousand records of prose, and at most
// 200 MB of memory, whatever the texts are. So earlier requests, however many,
// cost the judges of one no more than a quarter of what it pays may cost them.
const MaxBefore = 16 << 20

// Before returns what earlier requests paid, which is not new in a request of
// which judges find what it pays: the records of those that had ended when its
// openings did, and that are kept until it has ended at the latest. So it is
// the same to all its judges, whenever in their time they look. It is bounded
// by [MaxBefore], newest first. Errors are those of the state.
//
// What two requests that run at the same time pay is not compared, but for one
// text, which is paid once: each would wait for the other.
func Before(p *params.Params, r ledger.Reader, q *ledger.Request) (Window, error) {
	type earlier struct {
		id   protocol.Hash
		spec *Specification
		end  protocol.Height
	}
	var list []earlier
	kept := protocol.Height(p.Tasks.Retention * p.Schedule.Tempo)
	err := ledger.Requests(r, func(id protocol.Hash, e ledger.Request) bool {
		if e.Ended == 0 || e.Ended > q.OpenDeadline(p) || e.Ended+kept <= q.SettleDeadline(p) || e.Count == 0 {
			return true
		}
		if spec, err := parseAsked(&e.Asked); err == nil { // else it paid nothing
			list = append(list, earlier{id, spec, e.Ended})
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b earlier) int {
		return cmp.Or(cmp.Compare(b.end, a.end), bytes.Compare(a.id[:], b.id[:]))
	})
	w, left := &index.Memory{}, MaxBefore
	for i := range list {
		g := &gates{spec: list[i].spec}
		err := ledger.EachRecord(r, list[i].id, func(k ledger.Record) bool {
			if k.Paid == 0 {
				return true
			}
			if left -= len(k.Text); left < 0 {
				return false
			}
			e := g.entry(k.Text)
			w.Add(e.Grams, &e.Signature)
			return true
		})
		if err != nil || left < 0 {
			return index.Fixed{Memory: w}, err
		}
	}
	return index.Fixed{Memory: w}, nil
}
