package export

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/scoring/synthetic/gate"
)

const (
	// sampleSize is how many rows are compared with each other: as many as the
	// window of diversity of a request, and half a million comparisons.
	sampleSize = 1024
	// alikeFrom is from how many equal positions on two responses count as alike:
	// half of them, when they share about half of their runs of words.
	alikeFrom = gate.Positions / 2
	// maxLength bounds the lengths that are told apart, in words.
	maxLength = 1 << 20
)

// Sight is what a data set looks like.
type Sight struct {
	Rows int64 `json:"rows"`
	// Words are the lengths of responses.
	Words Lengths `json:"words"`
	// Same counts rows whose prompt and response were there before.
	Same int64 `json:"same"`
	// Sampled is how many rows were drawn, each as likely; of them, Diversity is as
	// which share of different ones their responses count, in 65536ths, and Alike
	// how many have one before them that shares half of their runs of words.
	Sampled   int    `json:"sampled"`
	Diversity uint32 `json:"diversity"`
	Alike     int    `json:"alike"`
}

// Lengths are lengths in words: the least, those below which 10, 50 and 90 of a
// hundred are, and the most.
type Lengths struct {
	Least int `json:"least"`
	P10   int `json:"p10"`
	P50   int `json:"p50"`
	P90   int `json:"p90"`
	Most  int `json:"most"`
}

// Looker looks at rows one by one. In memory it keeps 16 bytes and little more of
// each, and the sample.
type Looker[T any] struct {
	rows    int64
	seen    map[[16]byte]struct{}
	same    int64
	lengths map[int]int64
	sample  []drawn[T]
	r       *rand.Rand
}

// drawn is a row of the sample.
type drawn[T any] struct {
	at  int64
	row T
}

// NewLooker returns a looker; the seed decides the sample.
func NewLooker[T any](seed uint64) *Looker[T] {
	return &Looker[T]{seen: map[[16]byte]struct{}{}, lengths: map[int]int64{}, r: rand.New(rand.NewPCG(seed, 0))}
}

// Look takes the next row.
func Look[T any, P Row[T]](l *Looker[T], row *T) {
	prompt, response := P(row).Text()
	h := sha256.Sum256([]byte(prompt + "\x00" + response))
	key := [16]byte(h[:])
	if _, there := l.seen[key]; there {
		l.same++
	} else {
		l.seen[key] = struct{}{}
	}
	l.lengths[min(len(text.Words(response)), maxLength)]++
	if len(l.sample) < sampleSize {
		l.sample = append(l.sample, drawn[T]{l.rows, *row})
	} else if at := l.r.Int64N(l.rows + 1); at < sampleSize { // Vitter's algorithm R
		l.sample[at] = drawn[T]{l.rows, *row}
	}
	l.rows++
}

// See returns what was seen, and n rows of the sample in their order.
func See[T any, P Row[T]](l *Looker[T], n int) (*Sight, []T) {
	s := &Sight{Rows: l.rows, Same: l.same, Words: l.words(), Sampled: len(l.sample)}
	show := make([]T, 0, n)
	for _, d := range inOrder(l.sample[:min(n, len(l.sample))]) {
		show = append(show, d.row)
	}
	var signs []gate.Signature
	for _, d := range inOrder(l.sample) {
		_, response := P(&d.row).Text()
		grams := text.Novel(text.Words(response))
		if len(grams) == 0 {
			continue
		}
		sign := gate.Sign(grams)
		if slices.ContainsFunc(signs, func(t gate.Signature) bool { return sign.Equal(&t) >= alikeFrom }) {
			s.Alike++
		}
		signs = append(signs, sign)
	}
	s.Diversity = gate.Diversity(signs)
	return s, show
}

func inOrder[T any](list []drawn[T]) []drawn[T] {
	return slices.SortedFunc(slices.Values(list), func(a, b drawn[T]) int { return cmp.Compare(a.at, b.at) })
}

func (l *Looker[T]) words() (out Lengths) {
	lengths := make([]int, 0, len(l.lengths))
	for n := range l.lengths {
		lengths = append(lengths, n)
	}
	if len(lengths) == 0 {
		return out
	}
	slices.Sort(lengths)
	at := func(part int64) int {
		left := part * l.rows / 100
		for _, n := range lengths {
			if left -= l.lengths[n]; left < 0 {
				return n
			}
		}
		return lengths[len(lengths)-1]
	}
	return Lengths{Least: lengths[0], P10: at(10), P50: at(50), P90: at(90), Most: lengths[len(lengths)-1]}
}

// Read calls yield with every row of a data set's JSON Lines. Errors: [ErrRow],
// yield's, and those of the system.
func Read[T any](ctx context.Context, dir string, m *Manifest, rows *atomic.Int64, yield func(*T) error) error {
	for i := range m.Epochs {
		if err := readEpoch(ctx, dir, &m.Epochs[i], rows, yield); err != nil {
			return err
		}
	}
	return nil
}

func readEpoch[T any](ctx context.Context, dir string, e *Epoch, rows *atomic.Int64, yield func(*T) error) error {
	lines, err := openLines(dir, e.JSONL.Name)
	if err != nil {
		return err
	}
	defer lines.close()
	for {
		b, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s, line %d: %w", e.JSONL.Name, lines.number, err)
		}
		row, err := parseRow[T](b)
		if err != nil {
			return fmt.Errorf("%s, line %d: %w", e.JSONL.Name, lines.number, err)
		}
		count(rows)
		if err := errors.Join(ctx.Err(), yield(row)); err != nil {
			return err
		}
	}
}
