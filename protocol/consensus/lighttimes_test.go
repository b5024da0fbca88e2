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

// TestATimeIsHadWhereNobodyKeepsTheBeginning: the genesis is within the trust
// period, and those who answer keep no block below 20; in whatever order.
func TestATimeIsHadWhereNobodyKeepsTheBeginning(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 60, 99, "", everybody)
	for _, heights := range [][]int{{40}, {52, 45, 40}, {30, 59, 35, 20}} {
		synctest.Test(t, func(t *testing.T) {
			pruned := func(name string) consensus.Provider {
				whole := f.provider(t, name, 60)
				return fakeProvider{name: name, block: func(h protocol.Height) ([]byte, error) {
					if h > 0 && h < 20 {
						return nil, consensus.ErrNoBlock
					}
					return whole.LightBlock(t.Context(), h)
				}}
			}
			l := newLight(t, n, nil, func(c *consensus.LightConfig) {
				c.Trust = protocol.Checkpoint{Height: 58, Hash: protocol.Hash(f.blocks[57].Hash())}
			}, pruned("a"), pruned("b"))
			_, err := l.Latest(t.Context())
			check(t, err)
			f.sameTimes(t, l, heights...)
			if _, err := l.TimeOf(t.Context(), 19); !errors.Is(err, consensus.ErrNoBlock) {
				t.Errorf("a block that nobody keeps: got %v, want %v", err, consensus.ErrNoBlock)
			}
		})
	}
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
		"too many bytes":     func(protocol.Height) []byte { return make([]byte, 128<<10) },
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

// Hashes lead back to what no trusted header leads to any more, some blocks a
// question. Each is known at last, with the same time, in whatever order they are
// asked for, and no block is fetched twice.
func TestTimesBeyondTheTrustPeriodAreReachedInWhateverOrder(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 420, 999, "", everybody)
	for what, heights := range map[string][]int{
		"the oldest first":       {1, 19, 20, 200, 415, 419},
		"the newest first":       {419, 415, 200, 20, 19, 1},
		"the middle first":       {200, 419, 1, 20, 415, 19},
		"from block to block up": upTo(420, 1),
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLight(t, n, nil, func(c *consensus.LightConfig) {
					c.Trust = protocol.Checkpoint{Height: 410, Hash: protocol.Hash(f.blocks[409].Hash())}
					c.TrustPeriod = 3200 * time.Second // blocks up to 400 are older
				}, f.provider(t, "a", 420))
				_, err := l.Latest(t.Context())
				check(t, err)
				begin := f.asked.Load()
				for questions := 0; ; {
					unknown := 0
					for _, h := range heights {
						before := f.asked.Load()
						at, err := l.TimeOf(t.Context(), protocol.Height(h))
						switch asked := f.asked.Load() - before; {
						case err != nil && !errors.Is(err, consensus.ErrNoBlock):
							t.Fatalf("block %d: got %v, want %v", h, err, consensus.ErrNoBlock)
						case err == nil && !at.Equal(f.blocks[h-1].Time):
							t.Fatalf("time of block %d: got %s, want %s", h, at, f.blocks[h-1].Time)
						case asked > consensus.MaxFetched, err != nil && asked < consensus.MaxFetched:
							t.Fatalf("block %d: asked for %d blocks, %v", h, asked, err)
						case err != nil:
							unknown++
						}
						questions++
					}
					if unknown == 0 {
						break
					}
					if questions > 20*len(heights) {
						t.Fatalf("%d are not known after %d questions", unknown, questions)
					}
					time.Sleep(consensus.UnknownFor) // of the bubble
				}
				if asked := f.asked.Load() - begin; asked != 419 {
					t.Errorf("asked for %d blocks, want each of the 419 once", asked)
				}
			})
		})
	}
}

// Who shows a thousand times gets an answer, although nobody tells one: what was
// asked for in vain is not asked for again for a minute.
func TestWhatIsNotKnownIsNotAskedForAgainSoon(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 60, 99, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		hangs := false
		p := &hanging{Provider: f.provider(t, "a", 60), hangs: &hangs}
		l := newLight(t, n, nil, nil, p)
		_, err := l.Latest(t.Context())
		check(t, err)
		hangs = true
		for minute := range 2 {
			for range 1000 {
				if _, err := l.TimeOf(t.Context(), 20); !errors.Is(err, consensus.ErrNoBlock) && !errors.Is(err, consensus.ErrNoProvider) {
					t.Fatalf("got %v, want %v", err, consensus.ErrNoBlock)
				}
			}
			if p.asked != 2*(minute+1) { // by signatures, and then by hashes
				t.Errorf("asked %d times in minute %d", p.asked, minute+1)
			}
			time.Sleep(consensus.UnknownFor)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.TimeOf(ctx, 20); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who does not wait: got %v", err)
		}
		hangs = false
		f.sameTimes(t, l, 20) // nobody said that it is not known
	})
}

// A block that signatures prove is compared with what another provider has, as the
// newest is.
func TestAForkInThePastIsNoticed(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 60, 99, "", everybody)
	other := newFakeChain(t, n.g, 60, 20, "other", everybody)
	late := newFakeChain(t, n.g, 25, 99, "", everybody)
	late.blocks[24] = f.timed(t, 25, f.blocks[59].Time.Add(time.Second), everybody(25)) // than the newest
	for _, other := range []*fakeChain{other, late} {
		synctest.Test(t, func(t *testing.T) { noticeFork(t, n, f, other) })
	}
}

// noticeFork has a reader of a chain notice that another has another block 25.
func noticeFork(t *testing.T, n *network, f, other *fakeChain) {
	t.Helper()
	forked := fakeProvider{name: "b", block: func(h protocol.Height) ([]byte, error) {
		if h == 25 {
			return other.bytes(t, 25), nil
		}
		return f.provider(t, "b", 60).LightBlock(t.Context(), h)
	}}
	l := newLight(t, n, nil, nil, f.provider(t, "a", 60), forked)
	_, err := l.Latest(t.Context())
	check(t, err)
	if at, err := l.TimeOf(t.Context(), 25); !errors.Is(err, consensus.ErrFork) {
		t.Errorf("got %s, %v, want %v", at, err, consensus.ErrFork)
	}
	f.sameTimes(t, l, 30)
}

// A reader that has asked for too much waits before it asks: that is no reason to
// ask others besides, or to ask anybody last.
func TestOwnBoundsMakeNobodySlow(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 200, 999, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		var all []consensus.Provider
		for _, name := range []string{"a", "b", "c", "d"} {
			all = append(all, f.long(t, name, 200))
		}
		l := newLight(t, n, nil, nil, all...)
		_, err := l.Latest(t.Context())
		check(t, err)
		f.sameTimes(t, l, 2) // and the first
		before, begin := f.asked.Load(), time.Now()
		heights := upTo(180, 10)[1:]
		f.sameTimes(t, l, heights...)
		if asked := int(f.asked.Load() - before); asked != 2*len(heights) {
			t.Errorf("asked for %d blocks for %d times, want each of one and of another", asked, len(heights))
		}
		if took := time.Since(begin); took < 5*time.Second {
			t.Errorf("took %s, which is no wait", took)
		}
	})
}

// Long blocks of the past are asked for as slowly as a validator serves who has no
// seat, and no slower.
func TestOldBlocksAreAskedForAsSlowlyAsTheyAreServed(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 200, 999, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		l := newLight(t, n, nil, nil, f.long(t, "long", 200))
		_, err := l.Latest(t.Context())
		check(t, err)
		before, begin := f.asked.Load(), time.Now()
		f.sameTimes(t, l, upTo(180, 4)...)
		size := float64(f.asked.Load()-before) * float64(len(f.bytes(t, 100))+padding)
		took := time.Since(begin).Seconds()
		least, most := (size-2*padding-consensus.PastBurst)/consensus.PastRate-1, size/consensus.PastRate
		if least < 5 || took < least || took > most {
			t.Errorf("%.0f bytes took %.1f s, want %.1f to %.1f", size, took, least, most)
		}
	})
}

// padding is by how many bytes the blocks of a long provider are longer.
const padding = 60_004

// long is a provider whose blocks are as long as can be: a field that nobody knows
// is in each.
func (f *fakeChain) long(t testing.TB, name string, n int) consensus.Provider {
	pad := append([]byte{0x7a, 0xe0, 0xd4, 0x03}, make([]byte, padding-4)...)
	of := f.provider(t, name, n)
	return fakeProvider{name: name, block: func(h protocol.Height) ([]byte, error) {
		b, err := of.LightBlock(t.Context(), h)
		return append(b, pad...), err
	}}
}

// hanging answers no question about a block while it hangs.
type hanging struct {
	consensus.Provider
	hangs *bool
	asked int
}

func (p *hanging) LightBlock(ctx context.Context, h protocol.Height) ([]byte, error) {
	if *p.hangs {
		p.asked++
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return p.Provider.LightBlock(ctx, h)
}

// A header of the future tells of this machine's clock where validators signed it
// and nothing verified is above it. Else who gives it lies, and is asked last: it
// has no operator set a clock that is right.
func TestWhoGivesATimeOfTheFutureIsALiarUnlessItIsSigned(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 60, 99, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		next := time.Now().Add(time.Hour)
		l := newLight(t, n, nil, nil, f.provider(t, "a", 40))
		_, err := l.Latest(t.Context())
		check(t, err)
		for what, tc := range map[string]struct {
			h       int
			at      time.Time
			signers []string
			want    error
		}{
			"the next block, signed":          {41, next, everybody(41), consensus.ErrClock},
			"a later block, signed":           {60, next, everybody(60), consensus.ErrClock},
			"the next block, by nobody":       {41, next, nil, consensus.ErrLie},
			"a later block, by strangers":     {60, next, []string{"x0", "x1", "x2"}, consensus.ErrLie},
			"a later block, of centuries on":  {60, next.AddDate(5000, 0, 0), everybody(60), consensus.ErrLie},
			"a past block, signed":            {20, next, everybody(20), consensus.ErrLie},
			"a past block, by nobody":         {20, next, nil, consensus.ErrLie},
			"a past block, as late as a next": {20, f.blocks[39].Time, everybody(20), consensus.ErrLie},
		} {
			err := consensus.Follows(l, f.blocks[0], f.timed(t, tc.h, tc.at, tc.signers))
			if !errors.Is(err, tc.want) || errors.Is(err, consensus.ErrLie) && errors.Is(err, consensus.ErrClock) || errors.Is(err, consensus.ErrExpired) {
				t.Errorf("%s: got %v, want %v alone", what, err, tc.want)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		liar := fakeProvider{name: "liar", block: func(h protocol.Height) ([]byte, error) {
			if asked++; h == 0 {
				h = 60
			}
			p, err := f.timed(t, int(h), time.Now().Add(time.Hour), nil).ToProto()
			check(t, err)
			return marshal(t, p), nil
		}}
		l := newLight(t, n, nil, func(c *consensus.LightConfig) {
			c.Trust = protocol.Checkpoint{Height: 50, Hash: protocol.Hash(f.blocks[49].Hash())}
		}, f.provider(t, "a", 55), liar, f.provider(t, "b", 55))
		for range 6 { // whoever is asked first
			_, err := l.Latest(t.Context())
			check(t, err)
		}
		if asked > 2 { // for its newest, and by who compares
			t.Errorf("the liar was asked %d times", asked)
		}
	})
}

// Where nobody is there to be asked, nothing becomes unknown by that, nor where the
// way back has come nearer: the next question goes on.
func TestWhatNobodyWasAskedForIsAskedForAtOnce(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 200, 999, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		there := []consensus.Provider{f.provider(t, "a", 200)}
		l := newLight(t, n, nil, func(c *consensus.LightConfig) { c.Providers = func() []consensus.Provider { return there } })
		_, err := l.Latest(t.Context())
		check(t, err)
		all := there
		there = nil
		for _, h := range []protocol.Height{20, 195} {
			if _, err := l.TimeOf(t.Context(), h); !errors.Is(err, consensus.ErrNoProvider) {
				t.Errorf("block %d, with nobody there: got %v, want %v", h, err, consensus.ErrNoProvider)
			}
		}
		there = all
		f.sameTimes(t, l, 20, 195)
	})
	synctest.Test(t, func(t *testing.T) {
		l := newLight(t, n, nil, func(c *consensus.LightConfig) {
			c.Trust = protocol.Checkpoint{Height: 195, Hash: protocol.Hash(f.blocks[194].Hash())}
			c.TrustPeriod = 3410 * time.Second // blocks up to 190 are older
		}, f.provider(t, "a", 200))
		_, err := l.Latest(t.Context())
		check(t, err)
		questions := 1
		for ; ; questions++ {
			if _, err = l.TimeOf(t.Context(), 100); err == nil || !errors.Is(err, consensus.ErrNoBlock) || questions == 10 {
				break
			}
		}
		if err != nil || questions != (200-100+consensus.MaxFetched-1)/consensus.MaxFetched {
			t.Errorf("it took %d questions, %v", questions, err)
		}
	})
}
