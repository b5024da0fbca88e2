package consensus_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

// A reader that begins again has the times that it was asked for, asks nobody
// for them, and begins near others. A node that trusts another block begins
// with nothing.
func TestARestartHasWhatWasVerifiedOfThePast(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 400, 999, "", sliding)
	synctest.Test(t, func(t *testing.T) {
		fs := storetest.Memory()
		open := func(name string) *store.DB {
			db, err := store.Open(name, store.Options{FS: fs})
			check(t, err)
			return db
		}
		end := 300
		providers := func() []consensus.Provider { return []consensus.Provider{f.provider(t, "a", end)} }
		begin := func(db *store.DB, trust int) *consensus.Light {
			return newLight(t, n, db, func(c *consensus.LightConfig) {
				c.Providers = providers
				if trust > 0 {
					c.Trust = protocol.Checkpoint{Height: protocol.Height(trust), Hash: protocol.Hash(f.blocks[trust-1].Hash())}
				}
			})
		}
		latest := func(l *consensus.Light) {
			_, err := l.Latest(t.Context())
			check(t, err)
		}
		db := open("db")
		l := begin(db, 0)
		latest(l)
		old := upTo(290, 10)
		f.sameTimes(t, l, old...)
		end = 320 // written down with a later header
		latest(l)
		check(t, db.Close())

		db = open("db")
		l = begin(db, 0)
		before := f.asked.Load()
		f.sameTimes(t, l, old...)
		if asked := f.asked.Load() - before; asked != 0 {
			t.Errorf("asked for %d blocks for times that were known", asked)
		}
		others := []int{265, 205, 145, 85, 25}
		f.sameTimes(t, l, others...)
		// Where nothing is kept, the first of them alone takes more than one question may.
		if asked := int(f.asked.Load() - before); asked > 6*len(others) {
			t.Errorf("asked for %d blocks for %d times", asked, len(others))
		}
		check(t, db.Close())

		db = open("db")
		l = begin(db, 350)
		end = 400
		latest(l)
		before = f.asked.Load()
		f.sameTimes(t, l, 21)
		if f.asked.Load() == before {
			t.Error("what was kept with a block that is not trusted counts on")
		}
		check(t, db.Close())
	})
}

// What cannot be read of the past is forgotten: it is no truth that is lost, and a
// node begins all the same.
func TestWhatCannotBeReadOfThePastIsAskedForAgain(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 100, 999, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t, storetest.Memory(), "db")
		l := newLight(t, n, db, nil, f.provider(t, "a", 60))
		_, err := l.Latest(t.Context())
		check(t, err)
		space := db.Space("light")
		for _, key := range []string{"mark/", "mark/nonsense", "walk/" + string(store.Key(9)), "time/", "time/" + string(store.Key(30)) + "0"} {
			check(t, space.Set([]byte(key), []byte("nonsense")))
		}
		check(t, space.Set(append([]byte("mark/"), store.Key(20)...), f.bytes(t, 21))) // another block
		l = newLight(t, n, db, nil, f.provider(t, "a", 100))
		_, err = l.Latest(t.Context())
		check(t, err)
		f.sameTimes(t, l, 9, 20, 21, 30)
		left := 0
		check(t, space.Iterate([]byte("walk/"), nil, func(_, _ []byte) bool { left++; return true }))
		if left != 0 {
			t.Errorf("%d blocks that cannot be read are left", left)
		}
	})
}

// However long a reader runs and whatever it is asked, it keeps little.
func TestLittleIsKeptOfThePast(t *testing.T) {
	n := bubbleNetwork(t)
	f := newFakeChain(t, n.g, 400, 999, "", everybody)
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t, storetest.Memory(), "db")
		end := 20
		l := newLight(t, n, db, func(c *consensus.LightConfig) {
			c.Providers = func() []consensus.Provider { return []consensus.Provider{f.provider(t, "a", end)} }
			c.TrustPeriod = 3300 * time.Second
			c.Trust = protocol.Checkpoint{Height: 330, Hash: protocol.Hash(f.blocks[329].Hash())}
		})
		for end = 330; end <= 400; end++ {
			_, err := l.Latest(t.Context())
			check(t, err)
			for h := end - 5; h > end-60; h -= 7 {
				if _, err := l.TimeOf(t.Context(), protocol.Height(h)); err != nil && !errors.Is(err, consensus.ErrNoBlock) {
					t.Fatal(err)
				}
			}
		}
		for prefix, most := range map[string]int{"mark/": 32, "walk/": 8, "time/": 400} {
			kept := 0
			check(t, db.Space("light").Iterate([]byte(prefix), nil, func(_, _ []byte) bool { kept++; return true }))
			if kept == 0 || kept > most {
				t.Errorf("%d of %s are kept, want some, and %d at most", kept, prefix, most)
			}
		}
	})
}
