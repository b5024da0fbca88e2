package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
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
	mapped  []byte      // the mapping, where there is one
	unmap   func() error
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
	// Dims are in ggml's order: Dims[0] is the length of a row, the input width of a matrix.
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
// shortens the file while it is mapped kills the process that reads it
// (SIGBUS), so files must be replaced by renaming, never overwritten.
//
// Errors are those of the file system, or wrap a sentinel of this package.
func Open(path string) (*File, error) {
	data, info, err := mapFile(path)
	if err != nil {
		return nil, fmt.Errorf("open model %q: %w", path, err)
	}
	f, err := Parse(data)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open model %q: %w", path, err), syscall.Munmap(data))
	}
	f.path, f.info, f.mapped = path, info, data
	f.unmap = func() error { return syscall.Munmap(data) }
	return f, nil
}

// mapFile maps a whole regular file.
func mapFile(path string) ([]byte, fs.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, unwrapPath(err)
	}
	defer func() { _ = file.Close() }() // only read; the mapping outlives it
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
		return data, info, nil
	}
}

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
		if f.unmap != nil {
			f.closed = f.unmap()
		}
	})
	return f.closed
}

// Version returns the version of the format: 2 or 3.
func (f *File) Version() uint32 { return f.version }

// Size returns the length of the file in bytes.
func (f *File) Size() int64 { return f.size }

// Path returns the path given to [Open]; it is empty after [Parse].
func (f *File) Path() string { return f.path }

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

// array returns the elements of the array under key.
func (f *File) array(key string) (kind ValueType, n int, raw []byte, ok bool) {
	kv, ok := f.Lookup(key)
	if !ok || kv.Type != Array {
		return 0, 0, nil, false
	}
	kind = ValueType(binary.LittleEndian.Uint32(kv.Raw))
	return kind, int(binary.LittleEndian.Uint64(kv.Raw[4:])), kv.Raw[minArrayBytes:], true
}

// ArrayLen returns the element type and the length of the array under key.
func (f *File) ArrayLen(key string) (ValueType, int, bool) {
	kind, n, _, ok := f.array(key)
	return kind, n, ok
}

// Strings returns copies of the strings of the array under key.
func (f *File) Strings(key string) ([]string, bool) {
	kind, n, raw, ok := f.array(key)
	if !ok || kind != String {
		return nil, false
	}
	out := make([]string, n)
	for i := range out {
		size := binary.LittleEndian.Uint64(raw)
		out[i] = string(raw[8 : 8+size])
		raw = raw[8+size:]
	}
	return out, true
}

// Int32s returns the array under key, of int32, or of uint32 below 2^31.
func (f *File) Int32s(key string) ([]int32, bool) {
	kind, n, raw, ok := f.array(key)
	if !ok || kind != Int32 && kind != Uint32 {
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
	if !ok || kind != Float32 {
		return nil, false
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out, true
}
