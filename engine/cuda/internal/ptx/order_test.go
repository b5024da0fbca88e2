package ptx_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/cuda/internal/ptx"
)

func TestLoadsAndStores(t *testing.T) {
	in := append(le64(0x8899aabbccddeeff), le64(0x1122334455667788)...)
	for do, want := range map[string]uint64{
		"ld.global.u8 %r0, [%d1+1];": 0xee, "ld.global.s8 %r0, [%d1];": 0xffffffff, "ld.global.nc.s8 %h0, [%d1]; cvt.u32.u16 %r0, %h0;": 0xffff,
		"ld.global.u16 %r0, [%d1+2];": 0xccdd, "ld.global.s16 %r0, [%d1+2];": 0xffffccdd, "ld.global.b16 %h0, [%d1+6]; cvt.u32.u16 %r0, %h0;": 0x8899,
		"ld.global.u32 %r0, [%d1+4];": 0x8899aabb, "ld.global.nc.f32 %f0, [%d1+4]; mov.b32 %r0, %f0;": 0x8899aabb,
		"ld.global.nc.u64 %d0, [%d1+8]; cvt.u32.u64 %r0, %d0;":                            0x55667788,
		"ld.global.v2.u32 {%r2, %r0}, [%d1+8];":                                           0x11223344,
		"ld.global.nc.v4.u32 {%r2, %r0, %r3, %r4}, [%d1]; xor.b32 %r0, %r0, %r4;":         0x8899aabb ^ 0x11223344,
		"st.global.u8 [%d3+3], 0x1ff; ld.global.u8 %r0, [%d3+3];":                         0xff,
		"st.global.b16 [%d3+2], 0x12345; ld.global.u16 %r0, [%d3+2];":                     0x2345,
		"st.global.v2.u32 [%d3], {%r1, 9}; ld.global.u32 %r0, [%d3+4];":                   9,
		"{ .reg .b64 %a; add.s64 %a, %d1, 16; ld.global.u32 %r0, [%a+-4]; }":              0x11223344,
		"mov.u64 %d4, sh; st.shared.u32 [%d4+4], 5; ld.shared.u32 %r0, [sh+4];":           5,
		"st.shared.f32 [sh], 0f3F800000; ld.shared.u16 %r0, [sh+2];":                      0x3f80,
		"st.shared.v2.u32 [sh+8], {3, 4}; ld.shared.v2.u32 {%r2, %r0}, [sh+8];":           4,
		"st.shared.u64 [sh], 0x100000002; ld.shared.u64 %d0, [sh]; cvt.u32.u64 %r0, %d0;": 2,
	} {
		d := newDevice(t, in, 32)
		src := text(".shared .align 16 .b8 sh[64];", do+stored("%r0"))
		if err := d.run(t, src, ptx.Grid{X: 1, Y: 1, Threads: 32}, ptx.Schedule{}); err != nil {
			t.Errorf("%s: %v", do, err)
		} else if got := d.results(t)[3]; got != want {
			t.Errorf("%s: got %#x, want %#x", do, got, want)
		}
	}
}

func TestShuffles(t *testing.T) {
	for do, want := range map[string]func(l int) uint64{
		"shfl.sync.bfly.b32 %r0, %r1, 5, 31, -1;":    func(l int) uint64 { return uint64(l ^ 5) },
		"shfl.sync.idx.b32 %r0, %r1, 7, 31, -1;":     func(int) uint64 { return 7 },
		"shfl.sync.idx.b32 %r0, %r1, 7, 0x181f, -1;": func(l int) uint64 { return uint64(l&24 | 7) },
		"shfl.sync.up.b32 %r0, %r1, 1, 0, -1;":       func(l int) uint64 { return uint64(max(l-1, 0)) },
		"shfl.sync.up.b32 %r0, %r1, 3, 0x1800, -1;":  func(l int) uint64 { return uint64(l - 3*min(l%8/3, 1)) },
		"shfl.sync.down.b32 %r0, %r1, 2, 31, -1;":    func(l int) uint64 { return uint64(l + 2*min((33-l)/4, 1)) },
		"setp.lt.u32 %p1, %r1, 16; @%p1 bra LOW; shfl.sync.bfly.b32 %r0, %r1, 1, 31, 0xffff0000; bra END; LOW: shfl.sync.bfly.b32 %r0, %r1, 3, 31, 0xffff; END:": func(l int) uint64 {
			if l < 16 {
				return uint64(l ^ 3)
			}
			return uint64(l ^ 1)
		},
		// Lanes come to it from loops of different lengths, and the first of
		// them must wait.
		"mov.b32 %r2, %r1; LOOP: setp.eq.s32 %p1, %r2, 0; @%p1 bra OUT; add.s32 %r2, %r2, -1; bra LOOP; OUT: add.s32 %r3, %r1, 100; shfl.sync.bfly.b32 %r0, %r3, 31, 31, -1;": func(l int) uint64 { return uint64(131 - l) },
	} {
		gives(t, nil, do+stored("%r0"), want)
	}
}

// TestBarriers has each warp write what the other reads.
func TestBarriers(t *testing.T) {
	const body = `
	mul.wide.u32 %d4, %r1, 4; mov.u64 %d5, sh; add.s64 %d6, %d5, %d4;
	st.shared.u32 [%d6], %r1;
	bar.sync 0;
	xor.b32 %r2, %r1, 32; mul.wide.u32 %d4, %r2, 4; add.s64 %d6, %d5, %d4;
	ld.shared.u32 %r0, [%d6];`
	for _, s := range schedules() {
		d := newDevice(t, nil, 64)
		if err := d.run(t, text(".shared .align 4 .b8 sh[256];", body+stored("%r0")), ptx.Grid{X: 1, Y: 1, Threads: 64}, s); err != nil {
			t.Fatal(err)
		}
		for i, x := range d.results(t) {
			if x != uint64(i^32) {
				t.Fatalf("%+v: thread %d has %d", s, i, x)
			}
		}
	}
}

func TestWhatADeviceLeavesUndefinedFails(t *testing.T) {
	const sh = ".shared .align 16 .b8 sh[256];"
	const mine = "mul.wide.u32 %d4, %r1, 4; mov.u64 %d5, sh; add.s64 %d6, %d5, %d4;"
	for _, c := range []struct {
		name   string
		kind   error
		always bool
		body   string
	}{
		{"a register that was not written", ptx.ErrUndefined, true, "add.s32 %r0, %r2, 1;"},
		{"a register that some lanes have not written", ptx.ErrUndefined, true, "setp.eq.s32 %p1, %r1, 40; @!%p1 mov.b32 %r0, 1; add.s32 %r2, %r0, 1;"},
		{"an element of a vector that was not written", ptx.ErrUndefined, true, "mov.b32 %r2, 1; st.global.v2.u32 [%d3], {%r2, %r4};"},
		{"a predicate that was not written", ptx.ErrUndefined, true, "@%p3 mov.b32 %r0, 1;"},
		{"memory that was not written", ptx.ErrUndefined, true, "ld.global.u32 %r0, [%d1+8];"},
		{"shared memory that was not written", ptx.ErrUndefined, true, "ld.shared.u32 %r0, [sh];"},
		{"a lane that takes no part", ptx.ErrUndefined, true, "setp.lt.u32 %p1, %r1, 16; @%p1 shfl.sync.down.b32 %r0, %r1, 1, 31, 0xffff;"},
		{"an address past the end", ptx.ErrBounds, true, "ld.global.u32 %r0, [%d1+1024];"},
		{"an address before the beginning", ptx.ErrBounds, true, "ld.global.u32 %r0, [%d1+-4];"},
		{"a shared address past the end", ptx.ErrBounds, true, "st.shared.u32 [sh+256], 1;"},
		{"a shared address in global memory", ptx.ErrBounds, true, "mov.u64 %d4, sh; ld.global.u32 %r0, [%d4];"},
		{"an address of no multiple", ptx.ErrAlignment, true, "ld.global.u32 %r0, [%d1+2];"},
		{"a vector at half its size", ptx.ErrAlignment, true, "ld.global.v4.u32 {%r0, %r2, %r3, %r4}, [%d1+8];"},
		{"threads that write to one place", ptx.ErrRace, true, "st.shared.u32 [sh], %r1;"},
		{"blocks that write to one place", ptx.ErrRace, true, "setp.eq.s32 %p1, %r1, 0; @%p1 st.global.u32 [%d2], 1;"},
		{"a warp that does not wait for the other", ptx.ErrRace, true, mine + "st.shared.u32 [%d6], 1; xor.b32 %r2, %r1, 32; mul.wide.u32 %d4, %r2, 4; add.s64 %d6, %d5, %d4; ld.shared.u32 %r0, [%d6];"},
		{"a lane that does not wait for another", ptx.ErrRace, true, mine + "st.shared.u32 [%d6], 1; xor.b32 %r2, %r1, 1; mul.wide.u32 %d4, %r2, 4; add.s64 %d6, %d5, %d4; ld.shared.u32 %r0, [%d6];"},
		{"a write after others have read", ptx.ErrRace, true, mine + "setp.eq.s32 %p1, %r1, 0; @%p1 st.shared.u32 [sh], 1; bar.sync 0; ld.shared.u32 %r0, [sh]; @%p1 st.shared.u32 [sh], 2;"},
		{"a write to what is read as constant", ptx.ErrConstant, true, "ld.global.nc.u32 %r0, [%d1]; setp.eq.s32 %p1, %r1, 0; @%p1 st.global.u32 [%d1], 1;"},
		{"a barrier in a part of a warp", ptx.ErrDeadlock, true, "setp.lt.u32 %p1, %r1, 16; @%p1 bar.sync 0;"},
		{"a barrier in a part of a block", ptx.ErrDeadlock, true, "setp.lt.u32 %p1, %r1, 32; @%p1 bar.sync 0;"},
		{"a shuffle that some lanes leave out", ptx.ErrDeadlock, true, "setp.eq.s32 %p1, %r1, 3; @%p1 bra OUT; shfl.sync.bfly.b32 %r0, %r1, 1, 31, -1; OUT:"},
		{"a shuffle by a lane that it does not name", ptx.ErrDeadlock, true, "shfl.sync.bfly.b32 %r0, %r1, 1, 31, 0xffff;"},
		{"a uniform jump that some lanes take", ptx.ErrUniform, false, "setp.lt.u32 %p1, %r1, 16; @%p1 bra.uni OUT; mov.u32 %r0, 1; OUT:"},
		{"a loop without an end", ptx.ErrDeadlock, true, "LOOP: bra LOOP;"},
	} {
		t.Run(c.name, func(t *testing.T) { fails(t, c.kind, c.always, sh, c.body) })
	}
}

func TestWarpsThatWaitForTheirLanesDoNotRace(t *testing.T) {
	const body = `
	mul.wide.u32 %d4, %r1, 4; mov.u64 %d5, sh; add.s64 %d6, %d5, %d4; st.shared.u32 [%d6], %r1;
	bar.warp.sync -1;
	xor.b32 %r2, %r1, 1; mul.wide.u32 %d4, %r2, 4; add.s64 %d7, %d5, %d4; ld.shared.u32 %r0, [%d7];
	bar.warp.sync -1;
	st.shared.u32 [%d6], 7;`
	for _, s := range schedules() {
		d := newDevice(t, nil, 64)
		if err := d.run(t, text(".shared .align 4 .b8 sh[256];", body+stored("%r0")), ptx.Grid{X: 1, Y: 1, Threads: 64}, s); err != nil {
			t.Fatal(err)
		}
		if got := d.results(t)[5]; got != 4 {
			t.Errorf("%+v: got %d", s, got)
		}
	}
}

func TestWhatIsNotInTheTableIsRefused(t *testing.T) {
	for _, c := range []struct {
		do   string
		kind error
	}{
		{"add.f32 %f0, %f1, %f2;", ptx.ErrOpcode}, // an assembler may contract it
		{"mul.f32 %f0, %f1, %f2;", ptx.ErrOpcode},
		{"add.rn.ftz.f32 %f0, %f1, %f2;", ptx.ErrOpcode},
		{"fma.rz.f32 %f0, %f1, %f2, %f3;", ptx.ErrOpcode},
		{"div.approx.f32 %f0, %f1, %f2;", ptx.ErrOpcode},
		{"div.full.f32 %f0, %f1, %f2;", ptx.ErrOpcode},
		{"ex2.approx.f32 %f0, %f1;", ptx.ErrOpcode},
		{"ld.u32 %r0, [%d1];", ptx.ErrOpcode}, // generic
		{"atom.global.add.f32 %f0, [%d1], %f1;", ptx.ErrOpcode},
		{"add.s32 %f0, %r1, %r2;", ptx.ErrOpcode},
		{"add.s32 %d0, %r1, %r2;", ptx.ErrOpcode},
		{"add.s32 %r0, %r1;", ptx.ErrOpcode},
		{"add.s32 5, %r1, %r2;", ptx.ErrOpcode},
		{"bra NOWHERE;", ptx.ErrSyntax},
		{"@%r1 mov.b32 %r0, 1;", ptx.ErrSyntax},
		{"mov.b32 %r99, 1;", ptx.ErrSyntax},
		{"A: mov.b32 %r0, 1; A: mov.b32 %r0, 1;", ptx.ErrSyntax},
		{"{ .reg .b32 t; } mov.b32 t, 1;", ptx.ErrSyntax},
		{"ld.global.u32 %r0, [%r1];", ptx.ErrOpcode},
		{"bar.sync 1;", ptx.ErrOpcode},
	} {
		if _, err := ptx.Parse(text("", c.do)); !errors.Is(err, c.kind) {
			t.Errorf("%s: got %v, want %v", c.do, err, c.kind)
		}
	}
	for _, src := range []string{"", ".version 6.0", strings.Replace(text("", ""), "ret;", "", 1), text("", "")[:300], text("", "") + "}"} {
		if _, err := ptx.Parse(src); !errors.Is(err, ptx.ErrSyntax) {
			t.Errorf("%q: got %v", src, err)
		}
	}
}

func TestLaunchesAreChecked(t *testing.T) {
	m, err := ptx.Parse(text("", ""))
	if err != nil {
		t.Fatal(err)
	}
	k, good := m.Kernels["k"], [][]byte{le64(0), le64(0)}
	for _, c := range []struct {
		g    ptx.Grid
		args [][]byte
	}{
		{ptx.Grid{X: 0, Y: 1, Threads: 32}, good},
		{ptx.Grid{X: 1, Y: 1, Threads: 33}, good},
		{ptx.Grid{X: 1, Y: 1, Threads: 2048}, good},
		{ptx.Grid{X: 1 << 30, Y: 1 << 30, Threads: 32}, good},
		{ptx.Grid{X: 1, Y: 1, Threads: 32}, good[:1]},
		{ptx.Grid{X: 1, Y: 1, Threads: 32}, [][]byte{le64(0), le32(0)}},
	} {
		if err := k.Run(&ptx.Memory{}, c.g, c.args, ptx.Schedule{}); !errors.Is(err, ptx.ErrLaunch) {
			t.Errorf("%+v: got %v", c.g, err)
		}
	}
}

func TestMemory(t *testing.T) {
	m := &ptx.Memory{Limit: 1000}
	a, err := m.Alloc(600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Alloc(401); !errors.Is(err, ptx.ErrMemory) || m.Used() != 600 {
		t.Errorf("got %v, %d used", err, m.Used())
	}
	b, err := m.Alloc(400)
	if err != nil || b%256 != 0 || b < a+600 {
		t.Errorf("got %#x after %#x, %v", b, a, err)
	}
	if err := m.Write(a+598, le32(1)); !errors.Is(err, ptx.ErrBounds) {
		t.Errorf("a write past the end: %v", err)
	}
	if err := m.Write(a, le64(7)); err != nil {
		t.Fatal(err)
	}
	if err := m.Read(make([]byte, 9), a); !errors.Is(err, ptx.ErrUndefined) {
		t.Errorf("a read of what was not written: %v", err)
	}
	if err := m.Copy(b, a, 16); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8)
	if err := m.Read(got, b); err != nil || got[0] != 7 {
		t.Errorf("got %v, %v", got, err)
	}
	if err := m.Read(got, b+8); !errors.Is(err, ptx.ErrUndefined) {
		t.Errorf("a copy of what was not written: %v", err)
	}
	if err := errors.Join(m.Free(a), m.Free(b)); err != nil || m.Used() != 0 {
		t.Errorf("%v, %d used", err, m.Used())
	}
	if err := m.Free(a); !errors.Is(err, ptx.ErrBounds) {
		t.Errorf("freed twice: %v", err)
	}
}

// FuzzParse reads any text, and runs what it is for a while: neither may panic.
func FuzzParse(f *testing.F) {
	f.Add(text(".shared .align 4 .b8 sh[256];", "st.shared.u32 [sh], %r1; bar.sync 0; ld.shared.u32 %r0, [sh];"))
	f.Add(text("", "setp.lt.u32 %p1, %r1, 16; @%p1 bra LOW; shfl.sync.bfly.b32 %r0, %r1, 1, 31, 0xffff0000; LOW: mov.b32 {%h0, %h1}, %r1;"))
	f.Add(text("", "ld.global.nc.v4.u32 {%r2, %r0, %r3, %r4}, [%d1+8]; fma.rn.f32 %f0, 0f3F800000, %f1, %f2;"))
	f.Fuzz(func(t *testing.T, src string) {
		m, err := ptx.Parse(src)
		if err != nil {
			if !errors.Is(err, ptx.ErrSyntax) && !errors.Is(err, ptx.ErrOpcode) {
				t.Error(err)
			}
			return
		}
		for _, k := range m.Kernels {
			mem := &ptx.Memory{}
			a, err := mem.Alloc(64)
			if err != nil {
				t.Fatal(err)
			}
			var args [][]byte
			for _, n := range k.Params {
				args = append(args, le64(a)[:n])
			}
			if k.Shared() > 1<<16 {
				continue
			}
			_ = k.Run(mem, ptx.Grid{X: 1, Y: 2, Threads: 32}, args, ptx.Schedule{Random: true, Races: true, Most: 300})
		}
	})
}
