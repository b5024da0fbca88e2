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
// 200 MB of memory, whatever the texts are. MaxBeside likewise bounds those of
// requests that run at the same time, apart, so that who fills one of the two
// pushes nothing out of the other. Earlier requests, however many, so cost the
// judges of one no more than three eighths of what it pays may cost them.
const (
	MaxBefore = 16 << 20
	MaxBeside = 8 << 20
)

// Before returns what is not new in a request, by its id, of which judges find
// what it pays, because other requests have it. It is the same to all its judges,
// whenever in their time they look. Errors are those of the state.
//
// Of requests that had ended when its openings did, and that are kept until it has
// ended at the latest, it is what they paid, newest first up to [MaxBefore].
//
// A request that runs beside it has a rank before it if its deadline is sooner, or
// the same and its id smaller. Of each such that had not ended then it is what was
// opened and passes the gates that need no other record and no program, paid or
// not: what it pays is not known yet. The latest deadlines come first, up to
// [MaxBeside]. All of that was sealed before a record of this one was opened, so
// that nobody can take from its makers what they wrote; who seals the same for two
// requests is paid by the first.
func Before(p *params.Params, r ledger.Reader, id protocol.Hash, q *ledger.Request) (Window, error) {
	ended, beside, err := others(p, r, id, q)
	if err != nil {
		return nil, err
	}
	w := &index.Memory{}
	paid := func(k *ledger.Record) bool { return k.Paid != 0 }
	if err := remember(w, r, ended, MaxBefore, paid, (*gates).entry); err != nil {
		return nil, err
	}
	all := func(*ledger.Record) bool { return true }
	return index.Fixed{Memory: w}, remember(w, r, beside, MaxBeside, all, (*gates).formed)
}

// other is another request with records that one judged are compared with.
type other struct {
	id   protocol.Hash
	spec *Specification
	at   protocol.Height // its end, or its deadline where it ran
}

// others lists both kinds of requests that [Before] looks at, each in its order.
func others(p *params.Params, r ledger.Reader, id protocol.Hash, q *ledger.Request) (ended, beside []other, err error) {
	kept := protocol.Height(p.Tasks.Retention * p.Schedule.Tempo)
	err = ledger.Requests(r, func(e protocol.Hash, o ledger.Request) bool {
		over := o.Ended != 0 && o.Ended <= q.OpenDeadline(p)
		first := cmp.Or(cmp.Compare(o.Asked.Deadline, q.Asked.Deadline), bytes.Compare(e[:], id[:])) < 0
		switch {
		case over && (o.Ended+kept <= q.SettleDeadline(p) || o.Count == 0), !over && (!first || o.Opened == 0):
			return true
		}
		spec, err := parseAsked(&o.Asked)
		switch {
		case err != nil || spec.check() != nil: // it pays nothing
		case over:
			ended = append(ended, other{e, spec, o.Ended})
		default:
			beside = append(beside, other{e, spec, o.Asked.Deadline})
		}
		return true
	})
	for _, list := range [][]other{ended, beside} {
		slices.SortFunc(list, func(a, b other) int {
			return cmp.Or(cmp.Compare(b.at, a.at), bytes.Compare(a.id[:], b.id[:]))
		})
	}
	return ended, beside, err
}

// remember adds what is to be compared with of the records of requests that are
// looked at, until the texts of these together have more than most bytes.
func remember(
	w *index.Memory, r ledger.Reader, list []other, most int, looked func(*ledger.Record) bool, entry func(*gates, string) *index.Entry,
) error {
	for i := range list {
		g := &gates{rules: Default(), spec: list[i].spec}
		err := ledger.EachRecord(r, list[i].id, func(k ledger.Record) bool {
			if !looked(&k) {
				return true
			}
			if most -= len(k.Text); most < 0 {
				return false
			}
			if e := entry(g, k.Text); e != nil {
				w.Add(e.Grams, &e.Signature)
			}
			return true
		})
		if err != nil || most < 0 {
			return err
		}
	}
	return nil
}
