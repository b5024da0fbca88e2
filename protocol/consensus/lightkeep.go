package consensus

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/store"
)

// What a reader has verified of the past is kept with its newest trusted
// header, in one write, so that a restart asks nobody for it again: the blocks
// that others are proven from, and the times for which blocks were fetched. It is
// no more than what the reader holds in memory: maxMarks and maxWalked blocks of
// maxLightBlock bytes, 2.5 MiB at most, and maxKeptTimes times of 30 bytes.
// What was verified stays so; what follows from a block that has become too old
// meanwhile is looked at when it is used.

// maxKeptTimes bounds the times on disk: those of the epochs of a year, of an hour
// each, take no more.
const maxKeptTimes = 1 << 14

var (
	markPrefix = []byte("mark/")
	walkPrefix = []byte("walk/")
	timePrefix = []byte("time/")
)

func keptKey(prefix []byte, h protocol.Height) []byte {
	return append(slices.Clone(prefix), store.Key(uint64(h))...)
}

// onDisk is what is kept of the past: keys of blocks, and how many times.
type onDisk struct {
	blocks map[string]bool
	times  int
}

// load reads what was kept with the newest trusted header. What cannot be read is
// forgotten: it can be asked for again.
func (l *Light) load() error {
	l.disk.blocks = map[string]bool{}
	for _, prefix := range [][]byte{markPrefix, walkPrefix} {
		err := l.space.Iterate(prefix, nil, func(key, b []byte) bool {
			l.disk.blocks[string(key)] = true // or it would never be removed
			lb, err := decodeLightBlock(b, l.chain)
			switch {
			case err != nil || string(keptKey(prefix, protocol.Height(lb.Height))) != string(key):
				l.cfg.Logger.Warn().Err(err).Msg("a verified block of the past cannot be read, and is forgotten")
			case string(prefix) == string(walkPrefix):
				l.past.walked = append(l.past.walked, lb)
				l.past.times[protocol.Height(lb.Height)] = lb.Time
			default:
				l.past.mark(lb, func(*types.LightBlock) bool { return false })
				l.past.times[protocol.Height(lb.Height)] = lb.Time
			}
			return len(l.disk.blocks) < 2*(maxMarks+maxWalked)
		})
		if err != nil {
			return fmt.Errorf("read blocks of the past: %w", err)
		}
	}
	l.past.walked = l.past.walked[:min(len(l.past.walked), maxWalked)]
	err := l.space.Iterate(timePrefix, nil, func(key, b []byte) bool {
		if key = key[len(timePrefix):]; len(key) == 8 && len(b) == 8 {
			l.past.times[protocol.Height(binary.BigEndian.Uint64(key))] = time.Unix(0, int64(binary.BigEndian.Uint64(b))).UTC()
		}
		l.disk.times++
		return l.disk.times < maxKeptTimes
	})
	if err != nil {
		return fmt.Errorf("read times of the past: %w", err)
	}
	return nil
}

// forget removes what was kept of the past: the operator trusts another block than
// the one that it was kept with.
func (l *Light) forget() error {
	b := l.cfg.DB.Batch()
	for _, prefix := range [][]byte{markPrefix, walkPrefix, timePrefix} {
		b.DeleteRange(l.space, prefix, keptKey(prefix, 1<<64-1))
	}
	if err := b.Commit(); err != nil {
		return fmt.Errorf("forget blocks of the past: %w", err)
	}
	l.disk.blocks = map[string]bool{}
	return nil
}

// keep writes a trusted header down, and what has become known of the past since
// it was last called.
func (l *Light) keep(lb *types.LightBlock) error {
	l.keeping.Lock()
	defer l.keeping.Unlock()
	l.mu.Lock()
	want := map[string]*types.LightBlock{}
	for _, m := range l.past.marks {
		want[string(keptKey(markPrefix, protocol.Height(m.Height)))] = m
	}
	for _, w := range l.past.walked {
		want[string(keptKey(walkPrefix, protocol.Height(w.Height)))] = w
	}
	if l.newest != nil && l.newest.Height > lb.Height {
		lb = l.newest // another has gone on meanwhile, and may have written first
	}
	times := l.past.asked
	l.past.asked = nil
	l.mu.Unlock()

	b := l.cfg.DB.Batch()
	defer b.Discard()
	if err := put(b, l.space, trustedKey, lb); err != nil {
		return err
	}
	for key := range l.disk.blocks {
		if want[key] == nil {
			b.Delete(l.space, []byte(key))
		}
	}
	for key, m := range want {
		if l.disk.blocks[key] {
			continue
		}
		if err := put(b, l.space, []byte(key), m); err != nil {
			return err
		}
	}
	kept := l.disk.times + len(times)
	if kept > maxKeptTimes {
		b.DeleteRange(l.space, timePrefix, keptKey(timePrefix, 1<<64-1))
		kept = len(times)
	}
	for h, at := range times {
		b.Set(l.space, keptKey(timePrefix, h), binary.BigEndian.AppendUint64(nil, uint64(at.UnixNano())))
	}
	if err := b.Commit(); err != nil {
		return fmt.Errorf("keep trusted header: %w", err)
	}
	l.disk.times = kept
	l.disk.blocks = make(map[string]bool, len(want))
	for key := range want {
		l.disk.blocks[key] = true
	}
	return nil
}

// put adds the write of a block to a batch.
func put(b *store.Batch, s *store.Space, key []byte, lb *types.LightBlock) error {
	p, err := lb.ToProto()
	if err != nil {
		return fmt.Errorf("encode trusted header: %w", err)
	}
	raw, err := p.Marshal()
	if err != nil {
		return fmt.Errorf("encode trusted header: %w", err)
	}
	b.Set(s, key, raw)
	return nil
}

// askedLocked has the time of a block that was asked for kept.
func (p *past) askedLocked(lb *types.LightBlock) {
	if p.asked == nil || len(p.asked) >= maxKeptTimes {
		p.asked = map[protocol.Height]time.Time{}
	}
	p.asked[protocol.Height(lb.Height)] = lb.Time
}
