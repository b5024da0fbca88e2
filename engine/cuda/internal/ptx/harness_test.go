package ptx_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/assaynet/assay/engine/cuda/internal/ptx"
)

func le32(x uint32) []byte { return binary.LittleEndian.AppendUint32(nil, x) }
func le64(x uint64) []byte { return binary.LittleEndian.AppendUint64(nil, x) }

// text is a module with one kernel, k(in, out), whose registers are %p, %h (16
// bits), %r, %f and %d (64). When body begins, %d1 is in, %d2 is out, %r1 the
// thread's number and %d3 the address of its own eight bytes of out.
func text(shared, body string) string {
	return fmt.Sprintf(`.version 6.0
.target sm_61
.address_size 64
%s
.visible .entry k(.param .u64 in, .param .u64 out)
{
	.reg .pred %%p<9>;
	.reg .b16 %%h<9>;
	.reg .b32 %%r<9>;
	.reg .f32 %%f<9>;
	.reg .b64 %%d<9>;
	ld.param.u64 %%d1, [in];
	ld.param.u64 %%d2, [out];
	mov.u32 %%r1, %%tid.x;
	mul.wide.u32 %%d3, %%r1, 8;
	add.s64 %%d3, %%d2, %%d3;
%s
	ret;
}`, shared, body)
}

// device is where kernels of text run.
type device struct {
	mem     ptx.Memory
	in, out uint64
	bytes   int
}

// inBytes is how long in is; what is not given is undefined.
const inBytes = 1024

func newDevice(t testing.TB, in []byte, threads int) *device {
	t.Helper()
	d := &device{bytes: 8 * threads}
	var err error
	if d.in, err = d.mem.Alloc(inBytes); err == nil && len(in) > 0 {
		err = d.mem.Write(d.in, in)
	}
	if err != nil {
		t.Fatal(err)
	}
	if d.out, err = d.mem.Alloc(d.bytes); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *device) run(t testing.TB, src string, g ptx.Grid, s ptx.Schedule) error {
	t.Helper()
	m, err := ptx.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	if s.Most == 0 {
		s.Most = 100000
	}
	return m.Kernels["k"].Run(&d.mem, g, [][]byte{le64(d.in), le64(d.out)}, s)
}

// results are the eight bytes of each thread.
func (d *device) results(t testing.TB) []uint64 {
	t.Helper()
	data := make([]byte, d.bytes)
	if err := d.mem.Read(data, d.out); err != nil {
		t.Fatal(err)
	}
	var list []uint64
	for ; len(data) > 0; data = data[8:] {
		list = append(list, binary.LittleEndian.Uint64(data))
	}
	return list
}

// schedules are one in order and some random ones, all with an eye on races.
func schedules() []ptx.Schedule {
	list := []ptx.Schedule{{Races: true}}
	for seed := range uint64(20) {
		list = append(list, ptx.Schedule{Random: true, Seed: seed, Races: true})
	}
	return list
}

// hasty are two that do not look for races, as most that tests of kernels run by.
func hasty() []ptx.Schedule { return []ptx.Schedule{{}, {Random: true, Seed: 20}} }

// gives runs body in one warp, under every schedule, and compares what each
// thread stored.
func gives(t *testing.T, in []byte, body string, want func(lane int) uint64) {
	t.Helper()
	for _, s := range append(schedules(), hasty()...) {
		d := newDevice(t, in, 32)
		if err := d.run(t, text("", body), ptx.Grid{X: 1, Y: 1, Threads: 32}, s); err != nil {
			t.Fatalf("%+v: %s: %v", s, body, err)
		}
		for l, x := range d.results(t) {
			if x != want(l) {
				t.Fatalf("%+v: %s: lane %d has %#x, want %#x", s, body, l, x, want(l))
			}
		}
	}
}

// fails runs body in two blocks of two warps, under every schedule: at least
// one must end with the error, and those that must always do.
func fails(t *testing.T, kind error, always bool, shared, body string) {
	t.Helper()
	found, list := 0, schedules()
	if !errors.Is(kind, ptx.ErrRace) && !errors.Is(kind, ptx.ErrConstant) { // for which alone one has to look
		list = append(list, hasty()...)
	}
	for _, s := range list {
		d := newDevice(t, le64(7), 64)
		err := d.run(t, text(shared, body), ptx.Grid{X: 2, Y: 1, Threads: 64}, s)
		switch {
		case errors.Is(err, kind):
			found++
		case errors.Is(kind, ptx.ErrRace) && errors.Is(err, ptx.ErrUndefined): // the race was lost
		case err != nil || always:
			t.Errorf("%+v: got %v, want %v", s, err, kind)
		}
	}
	if found == 0 {
		t.Errorf("no schedule gave %v", kind)
	}
}
