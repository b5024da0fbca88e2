package engine

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/native"
)

// batcher is the native backend: one goroutine that runs the steps of all callers, those that are waiting together as one batch.
// A caller that comes while a batch runs joins the next one. No bit depends on the company.
type batcher struct {
	net    *native.Model
	nice   int
	tokens int // the most of a step of one caller

	jobs chan *waiting // unbuffered: a caller whose context ends before its job is taken withdraws it
	stop chan struct{}
	done sync.WaitGroup

	logits []float32 // of the batch; of the running goroutine only
}

const (
	// batchColumns is how many columns end the collecting of a batch.
	batchColumns = 1024
	// pieceWork is about how many multiplications a step of one caller may take, so that others and cancellation wait little;
	// two cores do so many in less than half a second.
	pieceWork     = 80e9
	minPiece      = 32
	maxPiece      = 512
	logitsAtOnce  = 64
	companyPeriod = 100 * time.Microsecond // how long a batch waits for the callers of the last one
)

// waiting is a step of one caller.
type waiting struct {
	piece native.Piece
	each  func(int, []float32, []float32, Token)
	first int // position of the first wanted state
	ran   int // out
	err   error
	done  chan struct{}
}

type nativeKV struct{ *native.Cache }

func (c nativeKV) fork(n int) kv { return nativeKV{c.Fork(n)} }

func newBatcher(net *arith.Model, cfg Config) (*batcher, error) {
	n, err := native.New(net, native.Config{Threads: cfg.Threads, Nice: cfg.Nice, Level: cfg.ISA})
	if err != nil {
		return nil, err
	}
	work := float64(net.Layers) * float64(net.Width) * float64(3*net.FFN+2*(net.Heads+net.KVHeads)*net.Head)
	b := &batcher{
		net: n, nice: cfg.Nice, jobs: make(chan *waiting), stop: make(chan struct{}),
		tokens: min(maxPiece, max(minPiece, int(pieceWork/work)/arith.PageLen*arith.PageLen)),
	}
	b.done.Go(b.run)
	return b, nil
}

func (b *batcher) name() (string, string) { return BackendNative, b.net.Level().String() }
func (b *batcher) newCache() kv           { return nativeKV{b.net.NewCache()} }
func (b *batcher) most() int              { return b.tokens }

func (b *batcher) close() {
	close(b.stop)
	b.done.Wait()
	b.net.Close()
}

func (b *batcher) step(
	ctx context.Context, c kv, tokens []Token, keep int, each func(int, []float32, []float32, Token),
) (int, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	j := &waiting{
		piece: native.Piece{Cache: c.(nativeKV).Cache, Tokens: tokens, Keep: keep},
		each:  each, first: c.Len() + len(tokens) - keep, done: make(chan struct{}),
	}
	select {
	case b.jobs <- j:
		<-j.done
		return j.ran, j.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// run is the goroutine that runs batches.
func (b *batcher) run() {
	if b.nice > 0 {
		// The thread keeps its priority until it ends, and it ends with this goroutine, which never unlocks it.
		runtime.LockOSThread()
		lowerPriority(b.nice)
	}
	for last := 0; ; {
		select {
		case j := <-b.jobs:
			batch := b.collect(j, last)
			b.compute(batch)
			last = len(batch)
			for _, j := range batch {
				close(j.done)
			}
		case <-b.stop:
			return
		}
	}
}

// collect adds to first those who wait, and for a moment waits for as many as there were in the last batch: callers that decode
// side by side come back one by one, and would never meet again once they had parted.
func (b *batcher) collect(first *waiting, last int) []*waiting {
	batch, columns := []*waiting{first}, len(first.piece.Tokens)
	var began time.Time
	for columns < batchColumns {
		select {
		case j := <-b.jobs:
			batch, columns = append(batch, j), columns+len(j.piece.Tokens)
			continue
		default:
		}
		if len(batch) >= last {
			break
		}
		if began.IsZero() {
			began = time.Now()
		} else if time.Since(began) > companyPeriod {
			break
		}
		runtime.Gosched()
	}
	return batch
}

// compute runs a batch: all new tokens at once, then the logits of the wanted states.
func (b *batcher) compute(batch []*waiting) {
	pieces := make([]*native.Piece, len(batch))
	for i, j := range batch {
		pieces[i] = &j.piece
	}
	if err := b.net.Forward(pieces); err != nil {
		for _, j := range batch {
			j.err = err
		}
		return
	}
	var states [][]float32
	var owners []*waiting
	for _, j := range batch {
		j.err = j.piece.Err
		for _, s := range j.piece.States {
			states, owners = append(states, s), append(owners, j)
		}
	}
	for at := 0; at < len(states); at += logitsAtOnce {
		end := min(at+logitsAtOnce, len(states))
		b.choose(states[at:end], owners[at:end])
	}
}

// choose makes the logits of some states and hands them to their owners, states in order. A state that fails ends its job.
func (b *batcher) choose(states [][]float32, owners []*waiting) {
	logits, best, err := b.net.Logits(states, &b.logits)
	var wg sync.WaitGroup
	for i, j := range owners {
		var failed *FailedError
		switch {
		case err != nil:
			j.err = err
		case errors.As(j.err, &failed) && failed.Position <= j.first+j.ran:
			// a state before this one failed
		case best[i] < 0:
			j.err = &FailedError{Position: j.first + j.ran}
		default:
			k := j.ran
			j.ran++
			if len(states) == 1 {
				j.each(k, states[i], logits[i], best[i])
			} else {
				wg.Go(func() { j.each(k, states[i], logits[i], best[i]) })
			}
		}
	}
	wg.Wait()
}
