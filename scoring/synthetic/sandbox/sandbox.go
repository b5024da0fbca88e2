package sandbox

import (
	"context"
	"crypto/sha256"
	_ "embed" // the interpreter
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/scoring/synthetic/sandbox/meter"
)

//go:embed micropython.wasm
var micropython []byte

// Limits of a run. They are part of what every judge must do alike.
const (
	MaxProgram = 64 << 10 // bytes
	MaxOutput  = 64 << 10 // bytes, of both streams together
	Memory     = 16 << 20 // bytes
)

// Fuel is what a run is given, in units of package meter, where nothing else is
// said: to start and end takes 140,000, and a step of Python some twenty.
const Fuel = 4_000_000

// Name returns the SHA-256 of the interpreter's module, before it is metered:
// judges that name the same find the same.
func Name() protocol.Hash { return sha256.Sum256(micropython) }

// Engine says how WebAssembly is carried out. Outcomes do not depend on it.
type Engine int

// The engines.
const (
	Interpreter Engine = iota // runs everywhere
	Compiler                  // quicker at loops by far, and slower at calls; the interpreter where there is none
)

// ErrProgram says that a text cannot be a program: it is too long, or holds a zero
// byte.
var ErrProgram = errors.New("sandbox: not a program")

// End says how a run ended.
type End string

// The ends.
const (
	EndExit   End = "exit"   // by itself, with a code
	EndFuel   End = "fuel"   // its fuel was used up
	EndOutput End = "output" // it wrote more than it may
	EndTrap   End = "trap"   // the interpreter broke: too many open calls, a wrong address
)

// Outcome is what a run came to.
type Outcome struct {
	End    End
	Code   uint32 // of an exit; 0 is success
	Fuel   int64  // that was used, at most what it was given
	Output string // what it wrote to standard output
	Errors string // what it wrote to standard error
}

// Sandbox is an interpreter that is ready to run. It is safe for concurrent use.
type Sandbox struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
	fuel    int64
}

// New prepares an interpreter that gives each run so much fuel: some tenths of a
// second. Close it.
func New(ctx context.Context, e Engine, fuel int64) (*Sandbox, error) {
	metered, err := meter.Rewrite(micropython)
	if err != nil {
		return nil, err
	}
	c := wazero.NewRuntimeConfigInterpreter()
	if e == Compiler {
		c = wazero.NewRuntimeConfig()
	}
	// SIMD stays off: package meter refuses it.
	c = c.WithCoreFeatures(api.CoreFeaturesV2&^api.CoreFeatureSIMD | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(Memory >> 16).WithDebugInfoEnabled(false)
	s := &Sandbox{runtime: wazero.NewRuntimeWithConfig(ctx, c), fuel: fuel}
	if s.module, err = s.runtime.CompileModule(ctx, metered); err == nil {
		err = s.link(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), s.Close(ctx))
	}
	return s, nil
}

// Close frees what the sandbox holds.
func (s *Sandbox) Close(ctx context.Context) error { return s.runtime.Close(ctx) }

// Run runs a program from the beginning, in memory of its own. It ends by itself:
// fuel is finite. Errors: [ErrProgram]; others are mistakes of this package, not
// of the program.
func (s *Sandbox) Run(ctx context.Context, program string) (Outcome, error) {
	if len(program) > MaxProgram || strings.IndexByte(program, 0) >= 0 {
		return Outcome{}, ErrProgram
	}
	r := &run{arguments: []string{"micropython", "-c", program}}
	ctx = context.WithValue(ctx, runKey{}, r)
	m, err := s.runtime.InstantiateModule(ctx, s.module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return Outcome{}, fmt.Errorf("sandbox: %w", err)
	}
	defer func() { _ = m.Close(ctx) }() // which frees memory alone
	fuel, ok := m.ExportedGlobal(meter.FuelExport).(api.MutableGlobal)
	start := m.ExportedFunction("_start")
	if !ok || start == nil {
		return Outcome{}, errors.New("sandbox: the module is no program")
	}
	fuel.Set(uint64(s.fuel))
	_, err = start.Call(ctx)
	left := int64(fuel.Get())
	o := Outcome{End: EndExit, Fuel: s.fuel - max(left, 0), Output: string(r.output), Errors: string(r.errors)}
	var exit *sys.ExitError
	switch {
	case left < 0:
		o.End = EndFuel
	case r.flooded:
		o.End = EndOutput
	case errors.As(err, &exit):
		o.Code = exit.ExitCode()
	case err != nil:
		o.End = EndTrap
	}
	return o, nil
}

// Passes runs a program and returns what it wrote and whether it ended by itself
// with success: what checks and gates ask. What cannot be a program does not. An
// error says that nothing was found out.
func (s *Sandbox) Passes(ctx context.Context, program string) (output string, ok bool, err error) {
	o, err := s.Run(ctx, program)
	if errors.Is(err, ErrProgram) {
		return "", false, nil
	}
	return o.Output, err == nil && o.End == EndExit && o.Code == 0, err
}
