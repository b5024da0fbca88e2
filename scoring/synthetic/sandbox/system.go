package sandbox

import (
	"context"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// Numbers of WASI's errors (preview 1).
const (
	success  = 0
	badFile  = 8
	badPlace = 21
	noSystem = 52
)

// run is what one program has.
type run struct {
	arguments      []string
	output, errors []byte
	flooded        bool
}

type runKey struct{}

// call is a function that the interpreter imports: with the run, its memory,
// the low 32 bits of each argument, which is all that any of them uses, and its
// result.
type call func(r *run, m api.Memory, a []uint32) (errno uint32)

// calls are the functions that do something. All others, poll_oneoff among them,
// do nothing and say that the system has no such thing.
var calls = map[string]call{
	"args_sizes_get":    argumentSizes,
	"args_get":          arguments,
	"environ_sizes_get": func(_ *run, m api.Memory, a []uint32) uint32 { return put(m, a[0], 0, a[1], 0) },
	"environ_get":       func(*run, api.Memory, []uint32) uint32 { return success },
	"fd_fdstat_get":     describe,
	"fd_prestat_get":    func(*run, api.Memory, []uint32) uint32 { return badFile }, // no directory is open
	"fd_read":           readNothing,
	"fd_write":          write,
	"clock_time_get": func(_ *run, m api.Memory, a []uint32) uint32 { // it is always 1970
		return place(m.WriteUint64Le(a[2], 0))
	},
	"host_result_cap": func(*run, api.Memory, []uint32) uint32 { return 0 },
	"host_call":       func(*run, api.Memory, []uint32) uint32 { return ^uint32(0) }, // of the Python package; there is no host
	"proc_exit":       func(_ *run, _ api.Memory, a []uint32) uint32 { panic(sys.NewExitError(a[0])) },
}

// link makes a function for each one that the module imports.
func (s *Sandbox) link(ctx context.Context) error {
	builders := map[string]func(name string, f api.GoModuleFunc, d api.FunctionDefinition){}
	var finish []func() error
	for _, d := range s.module.ImportedFunctions() {
		module, name, _ := d.Import()
		if builders[module] == nil {
			b := s.runtime.NewHostModuleBuilder(module)
			builders[module] = func(name string, f api.GoModuleFunc, d api.FunctionDefinition) {
				b.NewFunctionBuilder().WithGoModuleFunction(f, d.ParamTypes(), d.ResultTypes()).Export(name)
			}
			finish = append(finish, func() error {
				_, err := b.Instantiate(ctx)
				return err
			})
		}
		builders[module](name, answer(calls[name], len(d.ResultTypes()) > 0), d)
	}
	for _, f := range finish {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// answer makes wazero's function of a call, which may be nil.
func answer(f call, result bool) api.GoModuleFunc {
	return func(ctx context.Context, m api.Module, stack []uint64) {
		errno := uint32(noSystem)
		if f != nil {
			// Above 32 bits the compiler leaves what was there.
			args := make([]uint32, len(stack))
			for i, v := range stack {
				args[i] = uint32(v)
			}
			errno = f(ctx.Value(runKey{}).(*run), m.Memory(), args)
		}
		if result {
			stack[0] = uint64(errno)
		}
	}
}

// place turns whether an address was in memory into an error's number.
func place(ok bool) uint32 {
	if !ok {
		return badPlace
	}
	return success
}

// put writes two numbers.
func put(m api.Memory, at, v, at2, v2 uint32) uint32 {
	return place(m.WriteUint32Le(at, v) && m.WriteUint32Le(at2, v2))
}

func argumentSizes(r *run, m api.Memory, a []uint32) uint32 {
	n := 0
	for _, s := range r.arguments {
		n += len(s) + 1
	}
	return put(m, a[0], uint32(len(r.arguments)), a[1], uint32(n))
}

func arguments(r *run, m api.Memory, a []uint32) uint32 {
	list, at := a[0], a[1]
	for _, s := range r.arguments {
		if !m.WriteUint32Le(list, at) || !m.WriteString(at, s+"\x00") {
			return badPlace
		}
		list, at = list+4, at+uint32(len(s))+1
	}
	return success
}

// describe says of the three streams that they are terminals, which one can do
// nothing but read or write, and that there is no other.
func describe(_ *run, m api.Memory, a []uint32) uint32 {
	if a[0] > 2 {
		return badFile
	}
	const size, character = 24, 2
	return place(m.Write(a[1], append([]byte{character}, make([]byte, size-1)...)))
}

// readNothing finds standard input at its end.
func readNothing(_ *run, m api.Memory, a []uint32) uint32 {
	if a[0] != 0 {
		return badFile
	}
	return place(m.WriteUint32Le(a[3], 0))
}

// write takes a list of pieces of memory. Who writes more than the limit is ended.
func write(r *run, m api.Memory, a []uint32) uint32 {
	to := &r.output
	if a[0] == 2 {
		to = &r.errors
	} else if a[0] != 1 {
		return badFile
	}
	list, n := a[1], uint32(0)
	for range a[2] {
		at, ok := m.ReadUint32Le(list)
		size, ok2 := m.ReadUint32Le(list + 4)
		piece, ok3 := m.Read(at, size)
		if !ok || !ok2 || !ok3 {
			return badPlace
		}
		if free := MaxOutput - len(r.output) - len(r.errors); len(piece) > free {
			*to = append(*to, piece[:free]...)
			r.flooded = true
			panic(sys.NewExitError(1))
		}
		*to = append(*to, piece...)
		list, n = list+8, n+size
	}
	return place(m.WriteUint32Le(a[3], n))
}
