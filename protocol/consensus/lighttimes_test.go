package consensus_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
)

// sameTimes fails unless a reader verifies for each of these blocks the time that
// its header has.
func (f *fakeChain) sameTimes(t *testing.T, l *consensus.Light, heights ...int) {
	t.Helper()
	for _, h := range heights {
		at, err := l.TimeOf(t.Context(), protocol.Height(h))
		if err != nil || !at.Equal(f.blocks[h-1].Time) {
			t.Fatalf("time of block %d: got %s, %v, want %s", h, at, err, f.blocks[h-1].Time)
		}
	}
}

// upTo are the heights from one to n, by step.
func upTo(n, step int) (out []int) {
	for h := 1; h <= n; h += step {
		out = append(out, h)
	}
	return out
}

func TestTimesOfPastBlocksAreThoseOfTheirHeaders(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 60, 99, "", sliding)
	synctest.Test(t, func(t *testing.T) {
		l := newLight(t, n, nil, nil, f.provider(t, "a", 60), f.provider(t, "b", 60))
		if _, err := l.TimeOf(t.Context(), 7); !errors.Is(err, consensus.ErrNoBlock) {
			t.Fatalf("before a block is verified: got %v, want %v", err, consensus.ErrNoBlock)
		}
		_, err := l.Latest(t.Context())
		check(t, err)
		f.sameTimes(t, l, 60, 59, 55, 1, 30)
		f.sameTimes(t, l, upTo(60, 1)...)
		for _, h := range []protocol.Height{0, 61, 1 << 63, 1<<64 - 1} {
			if _, err := l.TimeOf(t.Context(), h); !errors.Is(err, consensus.ErrNoBlock) {
				t.Errorf("block %d: got %v, want %v", h, err, consensus.ErrNoBlock)
			}
		}
	})
}

// A list has the time of each epoch. Each costs a question or two, for the reader
// begins near it, and not at the genesis.
func TestATimeCostsFewQuestions(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 400, 999, "", sliding)
	synctest.Test(t, func(t *testing.T) {
		l := newLight(t, n, nil, nil, f.provider(t, "a", 400))
		_, err := l.Latest(t.Context())
		check(t, err)
		before := f.asked.Load()
		heights := upTo(400, 4)
		f.sameTimes(t, l, heights...)
		if asked := int(f.asked.Load() - before); asked > 2*len(heights) {
			t.Errorf("asked for %d blocks for %d times", asked, len(heights))
		}
	})
}

func TestNobodyThatLiesIsBelievedATime(t *testing.T) {
	n := bubbleNetwork(t)
	honest := newFakeChain(t, n.g, 60, 99, "", everybody)
	strangers := newFakeChain(t, n.g, 60, 99, "", func(int) []string { return []string{"x0", "x1", "x2", "x3"} })
	changed := func(h protocol.Height) []byte { // by an hour, and signed by nobody
		p, err := honest.blocks[h-1].ToProto()
		check(t, err)
		p.SignedHeader.Header.Time = p.SignedHeader.Header.Time.Add(time.Hour)
		return marshal(t, p)
	}
	few := newFakeChain(t, n.g, 60, 1, "few", everybody)
	for _, b := range few.blocks { // only two of four signed
		b.Commit.Signatures[0].Signature[5] ^= 1
		b.Commit.Signatures[1].Signature[5] ^= 1
	}
	for what, lie := range map[string]func(h protocol.Height) []byte{
		"another set":        func(h protocol.Height) []byte { return strangers.bytes(t, int(h)) },
		"a changed time":     changed,
		"too few signatures": func(h protocol.Height) []byte { return few.bytes(t, int(h)) },
		"another height":     func(h protocol.Height) []byte { return honest.bytes(t, int(h)+1) },
		"nonsense":           func(protocol.Height) []byte { return []byte("nonsense") },
		"too many bytes":     func(protocol.Height) []byte { return make([]byte, 1<<20) },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lies := false
				liar := fakeProvider{name: "liar", block: func(h protocol.Height) ([]byte, error) {
					switch {
					case h == 0:
						return honest.bytes(t, 60), nil
					case lies:
						return lie(h), nil
					}
					return honest.bytes(t, int(h)), nil
				}}
				alone := newLight(t, n, nil, nil, liar)
				among := newLight(t, n, nil, nil, liar, honest.provider(t, "a", 60))
				for _, l := range []*consensus.Light{alone, among} {
					_, err := l.Latest(t.Context())
					check(t, err)
				}
				lies = true
				for _, h := range []protocol.Height{20, 56} { // forwards, and backwards
					if at, err := alone.TimeOf(t.Context(), h); !errors.Is(err, consensus.ErrLie) {
						t.Errorf("alone, block %d: got %s, %v, want %v", h, at, err, consensus.ErrLie)
					}
				}
				honest.sameTimes(t, among, 20, 56, 10, 30)
			})
		})
	}
}

func marshal(t *testing.T, p *cmtproto.LightBlock) []byte {
	t.Helper()
	b, err := p.Marshal()
	check(t, err)
	return b
}

// What no trusted header leads to any more is not known. Hashes lead from the
// newest to those that are near it, however old.
func TestTimesBeyondTheTrustPeriodAreNotKnown(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 420, 999, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		l := newLight(t, n, nil, func(c *consensus.LightConfig) {
			c.Trust = protocol.Checkpoint{Height: 410, Hash: protocol.Hash(f.blocks[409].Hash())}
			c.TrustPeriod = 3200 * time.Second // blocks up to 400 are older
		}, f.provider(t, "a", 420))
		_, err := l.Latest(t.Context())
		check(t, err)
		for _, h := range []protocol.Height{1, 19} {
			if at, err := l.TimeOf(t.Context(), h); !errors.Is(err, consensus.ErrExpired) {
				t.Errorf("block %d: got %s, %v, want %v", h, at, err, consensus.ErrExpired)
			}
		}
		f.sameTimes(t, l, 20, 419, 415)
		time.Sleep(time.Hour) // of the bubble
		if at, err := l.TimeOf(t.Context(), 200); !errors.Is(err, consensus.ErrExpired) {
			t.Errorf("an hour later: got %s, %v, want %v", at, err, consensus.ErrExpired)
		}
	})
}

// Who shows a thousand times gets an answer, although nobody tells one.
func TestTimesThatNobodyTellsHoldUpNobody(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 60, 99, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		hangs := false
		p := hanging{f.provider(t, "a", 60), &hangs}
		l := newLight(t, n, nil, nil, p)
		_, err := l.Latest(t.Context())
		check(t, err)
		hangs = true
		const patience = 20 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		begin := time.Now()
		for i := range 1000 {
			if _, err := l.TimeOf(ctx, protocol.Height(2+i%50)); !errors.Is(err, consensus.ErrNoBlock) && !errors.Is(err, consensus.ErrNoProvider) {
				t.Fatalf("got %v, want %v", err, consensus.ErrNoBlock)
			}
		}
		if took := time.Since(begin); took != patience-consensus.PastReserve {
			t.Errorf("took %s, want all but what is left of the time, %s", took, consensus.PastReserve)
		}
	})
}

// Long blocks of the past are asked for as slowly as a validator serves who has no
// seat, and no slower.
func TestOldBlocksAreAskedForAsSlowlyAsTheyAreServed(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 200, 999, "", everybody)
	pad := append([]byte{0x7a, 0xe0, 0xd4, 0x03}, make([]byte, 60_000)...) // a field that nobody knows
	synctest.Test(t, func(t *testing.T) {
		size, blocks := 0, 0
		long := fakeProvider{name: "long", block: func(h protocol.Height) ([]byte, error) {
			if h == 0 {
				return f.bytes(t, 200), nil
			}
			b := append(f.bytes(t, int(h)), pad...)
			size, blocks = size+len(b), blocks+1
			return b, nil
		}}
		l := newLight(t, n, nil, nil, long)
		_, err := l.Latest(t.Context())
		check(t, err)
		size, blocks = 0, 0 // from here on
		begin := time.Now()
		f.sameTimes(t, l, upTo(180, 4)...)
		took := time.Since(begin).Seconds()
		least, most := float64(size-size/blocks-consensus.PastBurst)/consensus.PastRate, float64(size)/consensus.PastRate
		if least < 5 || took < least || took > most {
			t.Errorf("%d bytes took %.1f s, want %.1f to %.1f", size, took, least, most)
		}
	})
}

// hanging answers no question about a block while it hangs.
type hanging struct {
	consensus.Provider
	hangs *bool
}

func (p hanging) LightBlock(ctx context.Context, h protocol.Height) ([]byte, error) {
	if *p.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return p.Provider.LightBlock(ctx, h)
}
