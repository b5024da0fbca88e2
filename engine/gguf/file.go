package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
)

// File is an open model file. Its methods are safe for concurrent use; none of
// its slices may be written to, or read after Close.
type File struct {
	version   uint32
	alignment uint64
	size      int64

	pairs   []KV // in file order
	byKey   map[string]int
	tensors []Tensor // in file order
	byName  map[string]int

	path    string      // empty for a file that was not opened by path
	info    fs.FileInfo // at opening; nil like path
	file    *os.File    // what is mapped, to ask whether it changed; nil like path
	mapped  []byte      // the mapping, where there is one
	closing sync.Once
	closed  error
}

// KV is one pair of the metadata.
type KV struct {
	Key  string
	Type ValueType
	// Raw is the value exactly as the file stores it, without its type: the
	// model id hashes it. It lies in the mapping.
	Raw []byte
}

// Tensor is one named array of numbers.
type Tensor struct {
	Name string
	// Dims are in ggml's order: Dims[0] is the length of a row, the input width
	// of a matrix.
	Dims []uint64
	Type Type
	// Data lies in the mapping; its length is what Type and Dims ask for.
	Data []byte
}

// Rows returns the number of rows: the product of all dimensions but the first.
func (t Tensor) Rows() uint64 {
	rows := uint64(1)
	for _, d := range t.Dims[1:] {
		rows *= d
	}
	return rows
}

// Elements returns the number of elements, at most 2^48.
func (t Tensor) Elements() uint64 { return t.Dims[0] * t.Rows() }

// Open maps the file at path and checks it. The mapping is read-only and
// shared: all processes that open the same file use the same memory. Whoever
// writes to the file while it is open changes what is read from the mapping
// ([File.Changed] tells), and where the file became shorter, who reads there
// gets a SIGBUS. So files must be replaced by renaming, which harms no one:
// the mapping stays with the old file.
//
// Errors are those of the file system, or wrap a sentinel of this package.
func Open(path string) (*File, error) {
	file, info, data, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("open model %q: %w", path, err)
	}
	f, err := parseMapped(data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open model %q: %w", path, explainPart(path, err)), syscall.Munmap(data), file.Close())
	}
	f.path, f.info, f.file, f.mapped = path, info, file, data
	return f, nil
}

// parseMapped is Parse of a mapping, whose file may be cut off at any time: the
// fault becomes an error.
func parseMapped(data []byte) (f *File, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch x := recover().(type) {
		case nil:
		case interface { // what the runtime panics with at a fault
			runtime.Error
			Addr() uintptr
		}:
			f, err = nil, fmt.Errorf("%w: it became shorter while it was read", ErrTruncated)
		default:
			panic(x)
		}
	}()
	return Parse(data)
}

// mapFile maps a whole regular file.
func mapFile(path string) (*os.File, fs.FileInfo, []byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, nil, unwrapPath(err)
	}
	info, data, err := mapOpened(file)
	if err != nil {
		_ = file.Close() // only read
		return nil, nil, nil, err
	}
	return file, info, data, nil
}

func mapOpened(file *os.File) (fs.FileInfo, []byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, nil, unwrapPath(err)
	}
	switch size := info.Size(); {
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%w: it is no regular file", ErrNotGGUF)
	case size == 0:
		return nil, nil, fmt.Errorf("%w: it is empty", ErrNotGGUF)
	case size > math.MaxInt:
		return nil, nil, fmt.Errorf("%w: a file of %d bytes cannot be mapped here", ErrLimit, size)
	default:
		data, err := syscall.Mmap(int(file.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
		if err != nil {
			return nil, nil, fmt.Errorf("map %d bytes: %w", size, err)
		}
		return info, data, nil
	}
}

// Changed returns ErrChanged where the file's size or time of modification is
// not what it was when the file was opened: what was read from it since may be
// another model's. Replacing the file by renaming is no change. It takes some
// hundred nanoseconds. What [Parse] made never changes.
func (f *File) Changed() error {
	if f.file == nil {
		return nil
	}
	now, err := f.file.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrChanged, unwrapPath(err))
	case now.Size() != f.info.Size():
		return fmt.Errorf("%w: it has %d bytes, and had %d", ErrChanged, now.Size(), f.info.Size())
	case !now.ModTime().Equal(f.info.ModTime()):
		return fmt.Errorf("%w: it was written to", ErrChanged)
	}
	return nil
}

// Bytes returns the mapping; nil after [Parse].
func (f *File) Bytes() []byte { return f.mapped }

// unwrapPath drops operation and path from an error of package os: the caller
// names the file once.
func unwrapPath(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// Close unmaps the file. Nothing that came from it may be used afterwards.
// Later calls return what the first one returned.
func (f *File) Close() error {
	f.closing.Do(func() {
		if f.file != nil {
			f.closed = errors.Join(syscall.Munmap(f.mapped), f.file.Close())
		}
	})
	return f.closed
}

// Version returns the version of the format: 2 or 3.
func (f *File) Version() uint32 { return f.version }

// Size returns the length of the file in bytes.
func (f *File) Size() int64 { return f.size }

// Tensors returns all tensors in the order of the file.
func (f *File) Tensors() []Tensor { return f.tensors }

// Tensor returns the tensor called name.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return f.tensors[i], true
}

// Metadata returns all pairs in the order of the file.
func (f *File) Metadata() []KV { return f.pairs }

// Lookup returns the pair with the given key.
func (f *File) Lookup(key string) (KV, bool) {
	i, ok := f.byKey[key]
	if !ok {
		return KV{}, false
	}
	return f.pairs[i], true
}

// String returns a copy of the string under key; ok is false if there is no
// such key or its value is of another type. The other getters are alike.
func (f *File) String(key string) (value string, ok bool) {
	kv, ok := f.Lookup(key)
	if !ok || kv.Type != String {
		return "", false
	}
	return string(kv.Raw[8:]), true
}

// Uint returns the number under key, of any integer type; negative ones are not ok.
func (f *File) Uint(key string) (uint64, bool) {
	kv, ok := f.Lookup(key)
	if !ok {
		return 0, false
	}
	return number(kv.Type, kv.Raw)
}

// Float32 returns the number under key, of type float32.
func (f *File) Float32(key string) (float32, bool) {
	kv, ok := f.Lookup(key)
	if !ok || kv.Type != Float32 {
		return 0, false
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(kv.Raw)), true
}

// Bool returns the bool under key.
func (f *File) Bool(key string) (value, ok bool) {
	kv, ok := f.Lookup(key)
	if !ok || kv.Type != Bool {
		return false, false
	}
	return kv.Raw[0] == 1, true
}

// array returns the elements of the array under key. The file may have changed
// since it was checked, so there are at least as many bytes as elements.
func (f *File) array(key string) (kind ValueType, n int, raw []byte, ok bool) {
	kv, ok := f.Lookup(key)
	if !ok || kv.Type != Array {
		return 0, 0, nil, false
	}
	kind, raw = ValueType(binary.LittleEndian.Uint32(kv.Raw)), kv.Raw[minArrayBytes:]
	count := binary.LittleEndian.Uint64(kv.Raw[4:])
	if count > uint64(len(raw)) {
		return 0, 0, nil, false
	}
	return kind, int(count), raw, true
}

// Strings returns copies of the strings of the array under key.
func (f *File) Strings(key string) ([]string, bool) {
	kind, n, raw, ok := f.array(key)
	if !ok || kind != String {
		return nil, false
	}
	out := make([]string, n)
	for i := range out {
		if len(raw) < minStringBytes {
			return nil, false
		}
		size := binary.LittleEndian.Uint64(raw)
		if size > uint64(len(raw)-minStringBytes) {
			return nil, false
		}
		out[i] = string(raw[8 : 8+size])
		raw = raw[8+size:]
	}
	return out, true
}

// Int32s returns the array under key, of int32, or of uint32 below 2^31.
func (f *File) Int32s(key string) ([]int32, bool) {
	kind, n, raw, ok := f.array(key)
	if !ok || kind != Int32 && kind != Uint32 || n > len(raw)/4 {
		return nil, false
	}
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
		if kind == Uint32 && out[i] < 0 {
			return nil, false
		}
	}
	return out, true
}

// Float32s returns the array of float32 under key.
func (f *File) Float32s(key string) ([]float32, bool) {
	kind, n, raw, ok := f.array(key)
	if !ok || kind != Float32 || n > len(raw)/4 {
		return nil, false
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out, true
}
