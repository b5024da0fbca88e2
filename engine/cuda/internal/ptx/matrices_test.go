package ptx_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/cuda/internal/ptx"
)

// shapes are the products of bytes, and where NVIDIA's PTX ISA puts element i
// of a lane's fragments: group is lane / 4, t is lane % 4.
var shapes = []struct {
	name       string
	m, k       int
	na, nb, nc int // registers
	a          func(group, t, i int) (row, col int)
	b          func(group, t, i int) (row, col int)
	c          func(group, t, i int) (row, col int)
}{
	{
		"m8n8k16", 8, 16, 1, 1, 2,
		func(group, t, i int) (int, int) { return group, t*4 + i },
		func(group, t, i int) (int, int) { return t*4 + i, group },
		func(group, t, i int) (int, int) { return group, t*2 + i },
	},
	{
		"m16n8k16", 16, 16, 2, 1, 4,
		func(group, t, i int) (int, int) { return group + i/4*8, t*4 + i%4 },
		func(group, t, i int) (int, int) { return t*4 + i, group },
		func(group, t, i int) (int, int) { return group + i/2*8, t*2 + i%2 },
	},
	{
		"m16n8k32", 16, 32, 4, 2, 4,
		func(group, t, i int) (row, col int) {
			if row = group; i >= 4 && i < 8 || i >= 12 {
				row += 8
			}
			if col = t*4 + i%4; i >= 8 {
				col += 16
			}
			return row, col
		},
		func(group, t, i int) (int, int) { return t*4 + i%4 + i/4*16, group },
		func(group, t, i int) (int, int) { return group + i/2*8, t*2 + i%2 },
	},
}

// list is {%r2, %r3, …}, count registers from a number on.
func list(from, count int) string {
	var names []string
	for i := range count {
		names = append(names, fmt.Sprintf("%%r%d", from+i))
	}
	return "{" + strings.Join(names, ", ") + "}"
}

func TestProductsHaveTheDocumentedFragments(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range shapes {
		var a [16][32]int8
		var b [32][8]int8
		for i := range a {
			for j := range a[i] {
				a[i][j] = int8(r.Uint32())
			}
		}
		for i := range b {
			for j := range b[i] {
				b[i][j] = int8(r.Uint32())
			}
		}
		var in []byte // of each lane the words of A, then of B
		for lane := range 32 {
			for i := range 4 * s.na {
				row, col := s.a(lane/4, lane%4, i)
				in = append(in, byte(a[row][col]))
			}
			for i := range 4 * s.nb {
				row, col := s.b(lane/4, lane%4, i)
				in = append(in, byte(b[row][col]))
			}
		}
		words := s.na + s.nb
		for i := range s.nc {
			do := fmt.Sprintf(".reg .b32 %%x<9>; mul.lo.s32 %%r8, %%r1, %d; cvt.u64.u32 %%d4, %%r8; add.s64 %%d4, %%d1, %%d4;", 4*words)
			for w := range words {
				do += fmt.Sprintf("ld.global.u32 %%r%d, [%%d4+%d];", 2+w, 4*w)
			}
			do += "mov.b32 %x0, 1000; mov.b32 %x1, 1000; mov.b32 %x2, 1000; mov.b32 %x3, 1000;"
			c := strings.ReplaceAll(list(0, s.nc), "%r", "%x")
			do += fmt.Sprintf("mma.sync.aligned.%s.row.col.s32.s8.s8.s32 %s, %s, %s, %s;", s.name, c, list(2, s.na), list(2+s.na, s.nb), c)
			gives(t, in, do+fmt.Sprintf("mov.b32 %%r0, %%x%d;", i)+stored("%r0"), func(lane int) uint64 {
				row, col := s.c(lane/4, lane%4, i)
				sum := int32(1000)
				for k := range s.k {
					sum += int32(a[row][k]) * int32(b[k][col])
				}
				return uint64(uint32(sum))
			})
		}
	}
}

// TestMatricesAreLoaded puts rows of 16 bytes into shared memory, each by a
// lane, and reads four matrices.
func TestMatricesAreLoaded(t *testing.T) {
	const fill = `mul.lo.s32 %r2, %r1, 16; cvt.u64.u32 %d4, %r2; mov.u64 %d5, sh; add.s64 %d6, %d5, %d4; cvt.u32.u64 %r3, %d6;
	mul.lo.s32 %r4, %r1, 4; add.s32 %r5, %r4, 1; add.s32 %r6, %r4, 2; add.s32 %r7, %r4, 3;
	st.shared.v4.u32 [%d6], {%r4, %r5, %r6, %r7};`
	const load = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r4, %r5, %r6, %r7}, [%r3];"
	run := func(s ptx.Schedule, body string) ([]uint64, error) {
		d := newDevice(t, nil, 32)
		if err := d.run(t, text(".shared .align 16 .b8 sh[512];", body), ptx.Grid{X: 1, Y: 1, Threads: 32}, s); err != nil {
			return nil, err
		}
		return d.results(t), nil
	}
	for i := range 4 {
		for _, s := range schedules() {
			got, err := run(s, fill+"bar.warp.sync -1;"+load+stored(fmt.Sprintf("%%r%d", 4+i)))
			if err != nil {
				t.Fatal(err)
			}
			for l, x := range got {
				if want := uint64((i*8+l/4)*4 + l%4); x != want {
					t.Fatalf("matrix %d, lane %d: got %d, want %d", i, l, x, want)
				}
			}
		}
	}
	if _, err := run(ptx.Schedule{Races: true}, fill+load+stored("%r4")); !errors.Is(err, ptx.ErrRace) {
		t.Errorf("without a wait for the lanes: %v", err)
	}
	if _, err := run(ptx.Schedule{}, fill+"add.s32 %r3, %r3, 8;"+load+stored("%r4")); !errors.Is(err, ptx.ErrAlignment) {
		t.Errorf("8 bytes on: %v", err)
	}
	if _, err := run(ptx.Schedule{}, fill+"setp.lt.u32 %p1, %r1, 16; @%p1 "+load+stored("%r4")); !errors.Is(err, ptx.ErrDeadlock) {
		t.Errorf("by half of the warp: %v", err)
	}
}

// TestCopiesLandWhenTheyAreWaitedFor has each thread copy four bytes twice, and
// read what another one's copies brought.
func TestCopiesLandWhenTheyAreWaitedFor(t *testing.T) {
	var in []byte
	for i := range 256 {
		in = append(in, le32(uint32(1000+i))...)
	}
	const sh = ".shared .align 16 .b8 sh[1024];"
	const begin = `mul.lo.s32 %r2, %r1, 4; cvt.u64.u32 %d4, %r2; add.s64 %d5, %d1, %d4; mov.u64 %d6, sh; add.s64 %d6, %d6, %d4; cvt.u32.u64 %r3, %d6;
	xor.b32 %r4, %r1, 33; mul.lo.s32 %r4, %r4, 4; cvt.u64.u32 %d7, %r4; mov.u64 %d8, sh; add.s64 %d7, %d8, %d7;
	cp.async.ca.shared.global [%r3], [%d5], 4; cp.async.commit_group;
	cp.async.ca.shared.global [%r3+256], [%d5+256], 4; cp.async.commit_group;`
	run := func(s ptx.Schedule, body string) ([]uint64, error) {
		d := newDevice(t, in, 64)
		if err := d.run(t, text(sh, begin+body), ptx.Grid{X: 1, Y: 1, Threads: 64}, s); err != nil {
			return nil, err
		}
		return d.results(t), nil
	}
	for _, s := range schedules() {
		for body, want := range map[string]int{
			"cp.async.wait_group 1; bar.sync 0; ld.shared.u32 %r0, [%d7];":     1000,
			"cp.async.wait_group 0; bar.sync 0; ld.shared.u32 %r0, [%d7+256];": 1064,
		} {
			got, err := run(s, body+stored("%r0"))
			if err != nil {
				t.Fatalf("%+v: %v", s, err)
			}
			for i, x := range got {
				if x != uint64(want+(i^33)) {
					t.Fatalf("%+v: thread %d has %d", s, i, x)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		body string
		kind error
	}{
		"read before the wait":          {"ld.shared.u32 %r0, [%d6];", ptx.ErrUndefined},
		"one group too few":             {"cp.async.wait_group 1; bar.sync 0; ld.shared.u32 %r0, [%d7+256];", ptx.ErrUndefined},
		"no barrier after the wait":     {"cp.async.wait_group 0; ld.shared.u32 %r0, [%d7];", ptx.ErrRace},
		"no wait before the barrier":    {"bar.sync 0; cp.async.wait_group 0; ld.shared.u32 %r0, [%d7];", ptx.ErrRace},
		"a source that was not there":   {"cp.async.ca.shared.global [%r3+512], [%d2], 4; cp.async.commit_group; cp.async.wait_group 0; mov.b32 %r0, 1;", ptx.ErrUndefined},
		"16 bytes at no multiple of 16": {"cp.async.cg.shared.global [%r3+512], [%d1], 16; mov.b32 %r0, 1;", ptx.ErrAlignment},
	} {
		found := false
		for _, s := range schedules() {
			_, err := run(s, c.body+stored("%r0"))
			if errors.Is(c.kind, ptx.ErrRace) && errors.Is(err, ptx.ErrUndefined) { // the race was lost
				continue
			}
			if err != nil && !errors.Is(err, c.kind) {
				t.Errorf("%s: %+v: got %v, want %v", name, s, err, c.kind)
			}
			found = found || err != nil
		}
		if !found {
			t.Errorf("%s: no schedule found it", name)
		}
	}
	for _, do := range []string{"cp.async.cg.shared.global [%r3], [%d5], 4;", "cp.async.ca.shared.global [%r3], [%d5], 12;", "cp.async.ca.shared.global [%r3], [%r5], 4;"} {
		if _, err := ptx.Parse(text(sh, do)); !errors.Is(err, ptx.ErrOpcode) {
			t.Errorf("%s: %v", do, err)
		}
	}
}
