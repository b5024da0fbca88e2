package meter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/assaynet/assay/scoring/synthetic/sandbox/meter"
)

// features are those of package sandbox.
const features = api.CoreFeaturesV2&^api.CoreFeatureSIMD | experimental.CoreFeaturesExceptionHandling

func engines() map[string]wazero.RuntimeConfig {
	return map[string]wazero.RuntimeConfig{"interpreter": wazero.NewRuntimeConfigInterpreter(), "compiler": wazero.NewRuntimeConfig()}
}

// section, list and code write parts of a module.
func section(id byte, parts ...byte) []byte { return append([]byte{id, byte(len(parts))}, parts...) }

const head = "\x00asm\x01\x00\x00\x00"

// module returns a module whose one function, run, has the given locals and body,
// takes nothing, and returns an i64. It has a page of memory, a table of one
// function, and a tag without values.
func module(locals []byte, body ...byte) []byte {
	function := append(append(slices.Clone(locals), body...), 0x0b)
	return slices.Concat([]byte(head),
		section(1, 2, 0x60, 0, 1, 0x7e, 0x60, 0, 0), // types: → i64; →
		section(3, 1, 0),
		section(4, 1, 0x70, 0, 1),
		section(5, 1, 1, 1, 16),
		section(13, 1, 0, 1),
		section(7, 1, 3, 'r', 'u', 'n', 0, 0),
		section(9, 1, 0, 0x41, 0, 0x0b, 1, 0),
		section(10, slices.Concat([]byte{1, byte(len(function))}, function)...),
	)
}

var none = []byte{0}

// run runs a module with fuel and returns its result, the fuel that is left, and
// whether it ended well.
func run(t *testing.T, c wazero.RuntimeConfig, b []byte, fuel int64) (result uint64, left int64, err error) {
	t.Helper()
	metered, err := meter.Rewrite(b)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, c.WithCoreFeatures(features))
	defer func() { _ = r.Close(ctx) }()
	m, err := r.Instantiate(ctx, metered)
	if err != nil {
		t.Fatal(err)
	}
	g := m.ExportedGlobal(meter.FuelExport).(api.MutableGlobal)
	g.Set(uint64(fuel))
	results, err := m.ExportedFunction("run").Call(ctx)
	if err == nil {
		result = results[0]
	}
	return result, int64(g.Get()), err
}

// TestFuelIsCounted: what each module takes of a thousand units, on both engines.
func TestFuelIsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		body []byte
		want int64 // that is left; below zero: it traps
	}{
		"a constant":        {[]byte{0x42, 7}, 999},
		"a loop once":       {[]byte{0x03, 0x40, 0x0b, 0x42, 7}, 998},
		"two loops":         {[]byte{0x03, 0x40, 0x03, 0x40, 0x0b, 0x0b, 0x42, 7}, 997},
		"for ever":          {[]byte{0x03, 0x40, 0x0c, 0, 0x0b, 0x42, 7}, -1},
		"for ever, caught":  {[]byte{0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b, 0x0b, 0x42, 7}, -1},
		"thrown and caught": {[]byte{0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x08, 0, 0x0b, 0x0b, 0x42, 7}, 999},
		"640 bytes filled":  {[]byte{0x41, 0, 0x41, 0, 0x41, 0x80, 5, 0xfc, 11, 0, 0x42, 7}, 989},
		"640 bytes copied":  {[]byte{0x41, 0, 0x41, 8, 0x41, 0x80, 5, 0xfc, 10, 0, 0, 0x42, 7}, 989},
		"-1 bytes filled":   {[]byte{0x41, 0, 0x41, 0, 0x41, 0x7f, 0xfc, 11, 0, 0x42, 7}, 999 - (1<<32-1)>>6},
		"a page":            {[]byte{0x41, 1, 0x40, 0, 0x1a, 0x42, 7}, 999 - 1024},
		"no page":           {[]byte{0x41, 0, 0x40, 0, 0x1a, 0x42, 7}, 999},
	} {
		for engine, config := range engines() {
			result, left, err := run(t, config, module(none, c.body...), 1000)
			if left != c.want || (err != nil) != (c.want < 0) || err == nil && result != 7 {
				t.Errorf("%s, %s: result %d, %d left, %v, want %d", name, engine, result, left, err, c.want)
			}
		}
	}
}

// TestCallsInEachOtherEnd: a function that calls itself ends at the same call
// on both engines, by its number or through the table, also where it catches
// what it can.
func TestCallsInEachOtherEnd(t *testing.T) {
	for name, body := range map[string][]byte{
		"by number":         {0x10, 0},
		"through the table": {0x41, 0, 0x11, 0, 0},
		"in a try":          {0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x10, 0, 0x1a, 0x0b, 0x0b, 0x42, 7},
	} {
		for engine, config := range engines() {
			_, left, err := run(t, config, module(none, body...), 1e6)
			if err == nil || left != 1e6-meter.MaxDepth {
				t.Errorf("%s, %s: %d units were used, %v, want %d", name, engine, int64(1e6)-left, err, meter.MaxDepth)
			}
		}
	}
}

// TestDepthIsRightAfterAnException: a loop of calls that throw, more of them
// than may be open at once.
func TestDepthIsRightAfterAnException(t *testing.T) {
	// Function 0 calls 1, which throws, in a loop of 5,000 with a local of i32.
	caller := []byte{
		1, 1, 0x7f,
		0x03, 0x40, // loop
		0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x10, 1, 0x1a, 0x0b, 0x0b, // block, try_table (catch_all 0), call 1, drop
		0x20, 0, 0x41, 1, 0x6a, 0x22, 0, 0x41, 0x88, 0x27, 0x48, 0x0d, 0, 0x0b, // i++ < 5000: again
		0x42, 7, 0x0b,
	}
	thrower := []byte{0, 0x08, 0, 0x0b}
	b := slices.Concat([]byte(head),
		section(1, 2, 0x60, 0, 1, 0x7e, 0x60, 0, 0), section(3, 2, 0, 0), section(13, 1, 0, 1), section(7, 1, 3, 'r', 'u', 'n', 0, 0),
		section(10, slices.Concat([]byte{2, byte(len(caller))}, caller, []byte{byte(len(thrower))}, thrower)...))
	for engine, config := range engines() {
		result, left, err := run(t, config, b, 1e6)
		if err != nil || result != 7 || left != 1e6-1-2*5000 {
			t.Errorf("%s: result %d, %d left, %v", engine, result, left, err)
		}
	}
}

// TestNotANumberIsOne: 0 ÷ 0, −(0 ÷ 0) + 1, √−1 and ∞ − ∞ have the same bits.
func TestNotANumberIsOne(t *testing.T) {
	zero := []byte{0x44, 0, 0, 0, 0, 0, 0, 0, 0}
	inf := []byte{0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f}
	minus := []byte{0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf}
	quotient := slices.Concat(zero, zero, []byte{0xa3})
	for name, body := range map[string][]byte{
		"0/0":       quotient,
		"-(0/0)+1":  slices.Concat(quotient, []byte{0x9a}, minus, []byte{0xa0}),
		"sqrt(-1)":  slices.Concat(minus, []byte{0x9f}),
		"inf-inf":   slices.Concat(inf, inf, []byte{0xa1}),
		"0*inf":     slices.Concat(zero, inf, []byte{0xa2}),
		"narrowed":  slices.Concat(quotient, []byte{0xb6, 0xbb}),
		"min":       slices.Concat(quotient, zero, []byte{0xa4}),
		"with bits": slices.Concat([]byte{0x44, 1, 2, 3, 4, 5, 6, 0xf8, 0xff}, zero, []byte{0xa0}),
	} {
		for engine, config := range engines() {
			got, _, err := run(t, config, module(none, append(body, 0xbd)...), 1000) // i64.reinterpret
			if err != nil || got != 0x7ff8<<48 {
				t.Errorf("%s, %s: got %#x, %v", name, engine, got, err)
			}
		}
	}
	for engine, config := range engines() {
		// f32.const 0, f32.const 0, f32.div, i32.reinterpret, i64.extend_i32_u
		got, _, err := run(t, config, module(none, 0x43, 0, 0, 0, 0, 0x43, 0, 0, 0, 0, 0x95, 0xbc, 0xad), 1000)
		if err != nil || got != 0x7fc00000 {
			t.Errorf("0/0 of 32 bits, %s: got %#x, %v", engine, got, err)
		}
	}
	product := slices.Concat([]byte{0x44}, bits(1.5), []byte{0x44}, bits(-2.25), []byte{0xa2, 0xbd})
	for engine, config := range engines() {
		if got, _, err := run(t, config, module(none, product...), 1000); err != nil || got != math.Float64bits(-3.375) {
			t.Errorf("1.5 × -2.25, %s: got %#x, %v", engine, got, err)
		}
	}
}

func bits(v float64) []byte {
	var b []byte
	for u, i := math.Float64bits(v), 0; i < 8; i++ {
		b = append(b, byte(u>>(8*i)))
	}
	return b
}

// TestCountersAreOutOfReach: modules that would be valid only with the counters,
// and what is not metered.
func TestCountersAreOutOfReach(t *testing.T) {
	export := func(parts ...byte) []byte { return slices.Concat([]byte(head), section(7, parts...)) }
	locals := slices.Concat([]byte{2}, []byte{0xff, 0x1f, 0x7f}, []byte{2, 0x7f})
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"fuel filled":          {module(none, 0x42, 99, 0x24, 0, 0x42, 7), meter.ErrModule},
		"depth read":           {module(none, 0x23, 1, 0xac), meter.ErrModule},
		"the pass's local":     {module(none, 0x41, 0, 0x21, 0, 0x42, 7), meter.ErrModule},
		"fuel exported":        {export(1, 1, 'x', 3, 0), meter.ErrModule},
		"fuel's name taken":    {export(append([]byte{1, 10}, meter.FuelExport+"\x03\x00"...)...), meter.ErrModule},
		"a start":              {slices.Concat([]byte(head), section(8, 0)), meter.ErrUnsupported},
		"memory imported":      {slices.Concat([]byte(head), section(2, 1, 1, 'a', 1, 'b', 2, 0, 1)), meter.ErrUnsupported},
		"vectors":              {module(none, 0xfd, 12), meter.ErrUnsupported},
		"atomics":              {module(none, 0xfe, 0), meter.ErrUnsupported},
		"a tail call":          {module(none, 0x12, 0), meter.ErrUnsupported},
		"an old try":           {module(none, 0x06, 0x40, 0x0b), meter.ErrUnsupported},
		"a second memory":      {module(none, 0x3f, 1), meter.ErrUnsupported},
		"a typed reference":    {module(none, 0x02, 0x64, 0x0b), meter.ErrUnsupported},
		"many locals":          {module(locals, 0x42, 7), meter.ErrModule},
		"deep blocks":          {module(none, bytes.Repeat([]byte{0x02, 0x40}, 60)...), meter.ErrModule},
		"sections in disorder": {slices.Concat([]byte(head), section(3, 0), section(1, 0)), meter.ErrModule},
		"a section twice":      {slices.Concat([]byte(head), section(1, 0), section(1, 0)), meter.ErrModule},
		"an unknown section":   {slices.Concat([]byte(head), section(14)), meter.ErrModule},
		"functions, no code":   {slices.Concat([]byte(head), section(1, 1, 0x60, 0, 0), section(3, 1, 0)), meter.ErrModule},
		"code, no functions":   {slices.Concat([]byte(head), section(10, 1, 2, 0, 0x0b)), meter.ErrModule},
		"a function, no type":  {slices.Concat([]byte(head), section(3, 1, 5), section(10, 1, 2, 0, 0x0b)), meter.ErrModule},
		"2^32 types":           {slices.Concat([]byte(head), section(1, 0xff, 0xff, 0xff, 0xff, 0x0f)), meter.ErrModule},
		"a number of 33 bits":  {slices.Concat([]byte(head), section(1, 0xff, 0xff, 0xff, 0xff, 0x1f)), meter.ErrModule},
		"half a section":       {[]byte(head + "\x01\x05\x00"), meter.ErrModule},
		"no end":               {slices.Concat([]byte(head), section(1, 1, 0x60, 0, 0), section(3, 1, 0), section(10, 1, 2, 0, 0x01)), meter.ErrModule},
		"more after the end":   {slices.Concat([]byte(head), section(1, 1, 0x60, 0, 0), section(3, 1, 0), section(10, 1, 3, 0, 0x0b, 0x0b)), meter.ErrModule},
		"nothing":              {nil, meter.ErrModule},
		"a megabyte and one":   {make([]byte, meter.MaxModule+1), meter.ErrModule},
	} {
		if _, err := meter.Rewrite(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// FuzzRewrite: nothing panics, what comes out is bounded, and what was valid
// stays so.
func FuzzRewrite(f *testing.F) {
	f.Add(module(none, 0x03, 0x40, 0x0c, 0, 0x0b, 0x42, 7))
	f.Add(module([]byte{1, 2, 0x7c}, 0x20, 0, 0x20, 1, 0xa0, 0x1a, 0x10, 0))
	f.Add(module(none, 0x41, 0, 0x0e, 1, 0, 0, 0xfc, 9, 0, 0x1c, 1, 0x7f))
	f.Fuzz(func(t *testing.T, b []byte) {
		metered, err := meter.Rewrite(b)
		if err != nil {
			if !errors.Is(err, meter.ErrModule) && !errors.Is(err, meter.ErrUnsupported) {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		if len(metered) > 200+40*len(b) {
			t.Fatalf("%d bytes of %d", len(metered), len(b))
		}
		if valid(t.Context(), b) == nil {
			if err := valid(t.Context(), metered); err != nil {
				t.Fatalf("it was valid before: %v", err)
			}
		}
	})
}

func valid(ctx context.Context, b []byte) error {
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features).WithMemoryLimitPages(16))
	defer func() { _ = r.Close(ctx) }()
	_, err := r.CompileModule(ctx, b)
	return err
}

// ExampleRewrite counts what a function takes.
func ExampleRewrite() {
	metered, err := meter.Rewrite(module(none, 0x42, 7))
	fmt.Println(len(metered) > 0, err)
	// Output: true <nil>
}
