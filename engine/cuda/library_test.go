//go:build linux && cgo && (amd64 || arm64) && !static

package cuda_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ebitengine/purego"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/enginetest"
)

// fake is a library of testdata/libcuda.c.txt, built by the compiler that cgo
// needs anyway.
type fake struct {
	path               string
	handle             uintptr
	reset, calls, live uintptr
	left, graphs       uintptr
	loose, early       uintptr
	misplaced, refuse  uintptr
}

// compiled is a library of a text in testdata, and returns its path.
func compiled(t *testing.T, name string, change func(string) string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".c.txt")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name+".so.1")
	cc := exec.CommandContext(t.Context(), "cc", "-shared", "-fPIC", "-O1", "-x", "c", "-o", path, "-")
	cc.Stdin = strings.NewReader(change(string(text)))
	if out, err := cc.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func build(t *testing.T, change func(string) string) *fake {
	t.Helper()
	f := &fake{path: compiled(t, "libcuda", change)}
	var err error
	if f.handle, err = purego.Dlopen(f.path, purego.RTLD_NOW); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]*uintptr{
		"fake_reset": &f.reset, "fake_calls": &f.calls, "fake_live": &f.live, "fake_left": &f.left, "fake_graphs": &f.graphs, "fake_loose": &f.loose,
		"fake_early": &f.early, "fake_misplaced": &f.misplaced, "fake_refuse": &f.refuse,
	} {
		if *at, err = purego.Dlsym(f.handle, name); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func same(s string) string { return s }

// says sets what the library does: call number at fails with a code.
func (f *fake) says(at, code, devices, version int) {
	purego.SyscallN(f.reset, uintptr(at), uintptr(code), uintptr(devices), uintptr(version))
}

func number(function uintptr) int {
	r, _, _ := purego.SyscallN(function)
	return int(int32(r))
}

const driver12 = 12040

func TestALibraryThatIsNotThere(t *testing.T) {
	for name, want := range map[string]string{"libcuda-of-nobody.so.1": "no driver of NVIDIA", "libc.so.6": "has no cuInit"} {
		if _, err := cuda.OpenLibrary(name); !errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	all := cuda.Symbols()
	for _, s := range []string{all[0], all[len(all)-1]} {
		f := build(t, func(text string) string {
			return regexp.MustCompile(`\b`+s+`\(`).ReplaceAllString(text, "another_"+s+"(")
		})
		if _, err := cuda.OpenLibrary(f.path); !errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), "has no "+s) {
			t.Errorf("without %s: got %v", s, err)
		}
	}
}

func TestWhatALibrarySays(t *testing.T) {
	f := build(t, same)
	f.says(0, 0, 2, driver12)
	d, err := cuda.OpenLibrary(f.path)
	if err != nil {
		t.Fatal(err)
	}
	want := cuda.Info{Name: "Fake 9000", Driver: "CUDA 12.4", Version: 12040, Major: 8, Minor: 6, Memory: 24 << 30, Multiprocessors: 82, MHz: 1695}
	if list, err := d.Devices(); err != nil || len(list) != 2 || list[1] != want {
		t.Errorf("got %+v, %v", list, err)
	}
	for _, c := range []struct {
		devices, version int
		want             string
	}{{0, driver12, "cuInit: CUDA_ERROR_NO_DEVICE (100)"}, {1, 8000, "the driver is of CUDA 8.0, and CUDA 9.0 is needed"}} {
		f.says(0, 0, c.devices, c.version)
		if _, err := cuda.OpenLibrary(f.path); !errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestSensors: the management library knows one of two devices, or all but its
// power, or is not there, or is another.
func TestSensors(t *testing.T) {
	f := build(t, same)
	f.says(0, 0, 2, driver12)
	silent := func(text string) string { return "#define SILENT\n" + text }
	for _, c := range []struct {
		library string
		want    [2]float64
	}{
		{compiled(t, "libnvidia-ml", same), [2]float64{61, 312.5}},
		{compiled(t, "libnvidia-ml", silent), [2]float64{61, 0}},
		{"libnvidia-ml-of-nobody.so.1", [2]float64{}},
		{"libc.so.6", [2]float64{}},
	} {
		d, err := cuda.OpenLibraries(f.path, c.library)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range [][2]float64{{}, c.want} {
			if celsius, watts := d.(cuda.Sensors).Sense(i); celsius != want[0] || watts != want[1] {
				t.Errorf("%s: device %d has %v °C and %v W, want %v", c.library, i, celsius, watts, want)
			}
		}
		b, err := cuda.Open(tiny(t, enginetest.Options{}), cuda.Config{Driver: d, Device: 1, Check: -1})
		if err != nil {
			t.Fatal(err)
		}
		if x := b.Devices()[0]; x.Celsius != c.want[0] || x.Watts != c.want[1] || x.Name != "cuda:1" || x.State != backend.InService || x.Memory != 24<<30 {
			t.Errorf("%s: got %+v", c.library, x)
		}
		b.Close()
	}
}

// TestADriverWithoutGraphs is of before CUDA 11.4: all else is done as ever.
func TestADriverWithoutGraphs(t *testing.T) {
	f := build(t, func(text string) string {
		return strings.ReplaceAll(text, "int cuGraphInstantiateWithFlags(", "int another(")
	})
	f.says(0, 0, 1, driver12)
	d, err := cuda.OpenLibrary(f.path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := cuda.Open(tiny(t, enginetest.Options{}), cuda.Config{Driver: d, Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c := b.NewCache()
	defer c.Release()
	p := &backend.Piece{Cache: c, Tokens: []backend.Token{30}, Keep: 1, Want: backend.State | backend.Likeliest, Each: func(int, backend.Result) {}}
	if err := b.Step([]*backend.Piece{p}); err != nil || p.Err != nil || p.Ran != 1 || number(f.graphs) != 0 {
		t.Errorf("%v, %v, %d results, %d graphs", err, p.Err, p.Ran, number(f.graphs))
	}
}

// ninth makes the library's devices of compute capability 9.6, whose kernels may
// begin early.
func ninth(text string) string {
	return strings.ReplaceAll(text, "which == 75 ? 8 :", "which == 75 ? 9 :")
}

// TestKernelsBeginEarlyByTheLibrary: in a graph and without one, each directly
// behind a kernel; and where the driver cannot, or refuses it, as any other.
func TestKernelsBeginEarlyByTheLibrary(t *testing.T) {
	w := tiny(t, enginetest.Options{})
	for name, c := range map[string]struct {
		change  func(string) string
		version int
		refuse  int
		early   bool
		graphs  int
	}{
		"as it is":           {ninth, 12030, 0, true, 4},
		"of CUDA 12.2":       {ninth, 12020, 0, false, 4},
		"of capability 8.6":  {same, 12030, 0, false, 4},
		"without the call":   {func(s string) string { return strings.ReplaceAll(ninth(s), "cuLaunchKernelEx(", "another(") }, 12030, 0, false, 4},
		"without graphs":     {func(s string) string { return strings.ReplaceAll(ninth(s), "cuGraphLaunch(", "another(") }, 12030, 0, true, 0},
		"refused in a graph": {ninth, 12030, 1, false, 4},
		"refused, no graphs": {func(s string) string { return strings.ReplaceAll(ninth(s), "cuGraphLaunch(", "another(") }, 12030, 2, false, 0},
		"refused everywhere": {ninth, 12030, 2, false, 4},
	} {
		t.Run(name, func(t *testing.T) {
			f := build(t, c.change)
			f.says(0, 0, 1, c.version)
			purego.SyscallN(f.refuse, uintptr(c.refuse))
			d, err := cuda.OpenLibrary(f.path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
			if err != nil {
				t.Fatal(err)
			}
			cache := b.NewCache()
			for range 2 {
				p := &backend.Piece{Cache: cache, Tokens: []backend.Token{30}, Keep: 1, Want: backend.State | backend.Likeliest, Each: func(int, backend.Result) {}}
				if err := b.Step([]*backend.Piece{p}); err != nil || p.Err != nil || p.Ran != 1 {
					t.Fatal(err, p.Err, p.Ran)
				}
			}
			if n := number(f.early); n > 0 != c.early || number(f.misplaced) != 0 || number(f.graphs) != c.graphs {
				t.Errorf("%d kernels began early, %d of them behind none, and %d graphs ran", n, number(f.misplaced), number(f.graphs))
			}
			b.Close()
			if cache.Release(); number(f.live) != 0 {
				t.Errorf("%d are left", number(f.live))
			}
		})
	}
}

// TestErrorsAtEveryCall fails one call after the other: lack of memory, an
// error of this call alone, and one of all that follow; with kernels that may
// begin early, too, of which a refused one begins as any other.
func TestErrorsAtEveryCall(t *testing.T) {
	for name, change := range map[string]func(string) string{"capability 8.6": same, "capability 9.6": ninth} {
		t.Run(name, func(t *testing.T) { testErrors(t, build(t, change)) })
	}
}

func testErrors(t *testing.T, f *fake) {
	t.Helper()
	w := tiny(t, enginetest.Options{})
	use := func() error { // all that a life has
		d, err := cuda.OpenLibrary(f.path)
		if err != nil {
			return err
		}
		b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
		if err != nil {
			return err
		}
		c := b.NewCache()
		defer func() {
			b.Close()
			c.Release()
		}()
		p := &backend.Piece{
			Cache: c, Tokens: []backend.Token{30, 31, 32}, Keep: 2, Want: backend.State | backend.Likeliest | backend.Logits,
			Each: func(int, backend.Result) {},
		}
		err = b.Step([]*backend.Piece{p})
		if err == nil && p.Err == nil { // and one of graphs
			p.Tokens, p.Keep = p.Tokens[:1], 1
			err = b.Step([]*backend.Piece{p})
		}
		if err != nil {
			if again := b.Step([]*backend.Piece{p}); errors.Is(err, backend.ErrDevice) && !errors.Is(again, err) {
				t.Errorf("a lost device: %v, then %v", err, again)
			}
			return err
		}
		c.Fork(min(2, c.Len())).Release()
		return p.Err
	}
	f.says(0, 0, 1, driver12)
	if err := use(); err != nil || number(f.live) != 0 || number(f.left) != 0 {
		t.Fatalf("%v, %d are left, %d were in the context at its end", err, number(f.live), number(f.left))
	}
	if n := number(f.graphs); n != 2 {
		t.Errorf("%d graphs ran, want one of the layers and one of logits", n)
	}
	total := number(f.calls)
	for code, name := range map[int]string{2: "CUDA_ERROR_OUT_OF_MEMORY", 719: "CUDA_ERROR_LAUNCH_FAILED", 1: "an error without a name"} {
		unnoticed := 0
		for at := 1; at <= total; at++ {
			f.says(at, code, 1, driver12)
			err := use()
			want := backend.ErrDevice
			if code == 2 {
				want = backend.ErrMemory
			}
			switch {
			case err == nil:
				unnoticed++ // of a Fork, which is shorter then, and of the end
			case !strings.Contains(err.Error(), name):
				t.Errorf("call %d of %d: got %v, want %s", at, total, err, name)
			case !errors.Is(err, want) && !errors.Is(err, backend.ErrUnavailable):
				t.Errorf("call %d of %d: got %v, want %v", at, total, err, want)
			}
			if n := number(f.live); n != 0 {
				t.Errorf("call %d of %d, %v: %d are left", at, total, err, n)
			}
			if code == 2 && number(f.loose) != 0 {
				t.Errorf("call %d of %d, %v: kernels were under way when all was waited for", at, total, err)
			}
		}
		if unnoticed > total/2 {
			t.Errorf("of %d errors %d were not noticed", total, unnoticed)
		}
	}
}
