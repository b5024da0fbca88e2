package ptx_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/engine/cuda/internal/ptx"
)

// The kernels of a chain: first makes of each thread's number n the number n + 1
// at out, each that follows adds what it is told to.
const (
	writes = `
	add.u32 %r2, %r1, 1;
	cvt.u64.u32 %d4, %r2;
	st.global.u64 [%d3], %d4;`
	begins = `
	griddepcontrol.launch_dependents;`
	waits = `
	griddepcontrol.wait;`
	adds = `
	ld.global.u32 %r3, [%d1];
	ld.global.u64 %d4, [%d3];
	cvt.u64.u32 %d5, %r3;
	add.s64 %d4, %d4, %d5;
	st.global.u64 [%d3], %d4;`
)

// chain launches kernels that work on the same memory, all but the first early,
// and runs them: by Begin, last one first, and End, or by End alone.
func chain(t *testing.T, d *device, begin bool, s ptx.Schedule, bodies ...string) error {
	t.Helper()
	var list []*ptx.Launch
	for i, body := range bodies {
		m, err := ptx.Parse(text(".shared .align 16 .b8 room[64];", body))
		if err != nil {
			t.Fatal(err)
		}
		s.Most, s.Seed = 100000, s.Seed+1
		l, err := m.Kernels["k"].Launch(&d.mem, ptx.Grid{X: 1, Y: 1, Threads: d.bytes / 8}, [][]byte{le64(d.in), le64(d.out)}, s, i > 0)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	for i := len(list) - 1; i > 0 && begin; i-- {
		if err := list[i].Begin(); err != nil {
			return err
		}
	}
	for _, l := range list {
		if err := l.End(); err != nil {
			return err
		}
	}
	return nil
}

// TestAGridThatWaitsSeesAllGridsBefore: whether it begins before them or after.
func TestAGridThatWaitsSeesAllGridsBefore(t *testing.T) {
	follows := begins + `
	prefetch.global.L2 [%d1];
	prefetch.global.L2 [%d3];` + waits + adds
	for _, begin := range []bool{false, true} {
		for _, s := range schedules() {
			d := newDevice(t, le32(100), 64)
			if err := chain(t, d, begin, s, writes, follows, follows); err != nil {
				t.Fatalf("%+v, begun %t: %v", s, begin, err)
			}
			for i, x := range d.results(t) {
				if x != uint64(i)+201 {
					t.Fatalf("%+v, begun %t: thread %d has %d", s, begin, i, x)
				}
			}
		}
	}
}

// TestWarpsThatMeetBehindTheWait have threads of a block at the wait while others
// stand at a barrier before it.
func TestWarpsThatMeetBehindTheWait(t *testing.T) {
	body := `
	setp.lt.u32 %p1, %r1, 32;
	@%p1 bra SECOND;
	griddepcontrol.wait;
	bar.sync 0;
	bra MET;
SECOND:
	bar.sync 0;
	griddepcontrol.wait;
MET:` + adds
	for _, begin := range []bool{false, true} {
		d := newDevice(t, le32(100), 64)
		if err := chain(t, d, begin, ptx.Schedule{Races: true}, writes, body); err != nil {
			t.Fatal(err)
		}
		if x := d.results(t); x[0] != 101 || x[63] != 164 {
			t.Errorf("begun %t: %v", begin, x)
		}
	}
}

// TestWhatIsNoOrderOfGrids: each is an error of a grid that begins early, in
// every order of threads; where it reads too early only if it did begin so.
func TestWhatIsNoOrderOfGrids(t *testing.T) {
	read := `
	ld.global.u64 %d4, [%d3];`
	copied := `
	mov.u64 %d5, room;
	setp.eq.u32 %p1, %r1, 0;
	@%p1 cp.async.ca.shared.global [%d5], [%d2], 8;
	cp.async.commit_group;
	cp.async.wait_group 0;`
	for name, c := range map[string]struct {
		want   error
		begun  bool // it is found only then
		bodies []string
	}{
		"a read of what the grid before writes":         {ptx.ErrRace, true, []string{writes, read + waits + adds}},
		"a copy of what the grid before writes":         {ptx.ErrRace, true, []string{writes, copied + waits + adds}},
		"a read of what the grid before that one wrote": {ptx.ErrRace, true, []string{writes, waits + adds, read + waits}},
		"a read of what it writes itself":               {ptx.ErrRace, true, []string{waits, read + waits + writes}},
		"a write before the wait":                       {ptx.ErrRace, false, []string{adds, writes + waits}},
		"a write of a grid that never waits":            {ptx.ErrRace, false, []string{writes, adds}},
		"the end of a grid that did not wait":           {ptx.ErrEarly, false, []string{writes, begins, waits + adds}},
		"the end of a thread that did not wait": {ptx.ErrEarly, false, []string{writes, `
	setp.eq.u32 %p1, %r1, 5;
	@%p1 ret;` + waits + adds}},
		"a prefetch of nobody's memory": {ptx.ErrBounds, false, []string{writes, `
	prefetch.global.L2 [%d1+4096];` + waits}},
	} {
		for _, s := range []ptx.Schedule{{}, {Races: true}} {
			for _, begin := range []bool{false, true} {
				d := newDevice(t, le32(100), 64)
				if err := d.mem.Write(d.out, make([]byte, d.bytes)); err != nil { // of an earlier step
					t.Fatal(err)
				}
				want := c.want
				if c.begun && !begin {
					want = nil
				}
				if err := chain(t, d, begin, s, c.bodies...); !errors.Is(err, want) || want == nil && err != nil {
					t.Errorf("%s, begun %t, %+v: got %v, want %v", name, begin, s, err, want)
				}
			}
		}
	}
}

// TestWaitsOfAPlainGrid do nothing, and only an early grid begins early.
func TestWaitsOfAPlainGrid(t *testing.T) {
	gives(t, nil, begins+waits+writes+waits, func(l int) uint64 { return uint64(l) + 1 })
	m, err := ptx.Parse(text("", writes))
	if err != nil {
		t.Fatal(err)
	}
	d := newDevice(t, nil, 32)
	l, err := m.Kernels["k"].Launch(&d.mem, ptx.Grid{X: 1, Y: 1, Threads: 32}, [][]byte{le64(d.in), le64(d.out)}, ptx.Schedule{}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Begin(); !errors.Is(err, ptx.ErrLaunch) {
		t.Errorf("got %v", err)
	}
}
