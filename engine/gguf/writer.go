package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// Writer builds a file in memory, but for tensors that are written as the file
// is: pairs and tensors in the order of the calls. It writes what it is told and
// checks only that each tensor has as many bytes as its shape asks for, so that
// tests can make files that Parse refuses. The zero value is ready; it is not
// safe for concurrent use.
type Writer struct {
	// Version is the version of the format; 0 stands for 3.
	Version uint32
	// Alignment of tensor data; 0 stands for 32. A value other than 0 is also
	// written as general.alignment.
	Alignment uint32

	pairs   []byte
	nPairs  uint64
	tensors []source
}

// source is a tensor and, where its data is not in memory, what writes it.
type source struct {
	Tensor
	write func(io.Writer) error
}

// size returns how many bytes the tensor's shape asks for, and fails if its
// data is known to be another number.
func (s source) size() (uint64, error) {
	size, err := s.byteSize()
	if err == nil && s.write == nil && size != uint64(len(s.Data)) {
		err = fmt.Errorf("%w: %q has %d bytes, its shape asks for %d", ErrTensor, s.Name, len(s.Data), size)
	}
	return size, err
}

// AddRaw adds a pair whose value is stored as raw.
func (w *Writer) AddRaw(key string, kind ValueType, raw []byte) {
	w.nPairs++
	w.pairs = appendString(w.pairs, key)
	w.pairs = binary.LittleEndian.AppendUint32(w.pairs, uint32(kind))
	w.pairs = append(w.pairs, raw...)
}

// AddString adds a string.
func (w *Writer) AddString(key, value string) { w.AddRaw(key, String, appendString(nil, value)) }

// AddUint32 adds a uint32.
func (w *Writer) AddUint32(key string, value uint32) {
	w.AddRaw(key, Uint32, binary.LittleEndian.AppendUint32(nil, value))
}

// AddFloat32 adds a float32.
func (w *Writer) AddFloat32(key string, value float32) {
	w.AddRaw(key, Float32, binary.LittleEndian.AppendUint32(nil, math.Float32bits(value)))
}

// AddBool adds a bool.
func (w *Writer) AddBool(key string, value bool) {
	raw := []byte{0}
	if value {
		raw[0] = 1
	}
	w.AddRaw(key, Bool, raw)
}

// AddStrings adds an array of strings.
func (w *Writer) AddStrings(key string, values []string) {
	raw := appendArray(nil, String, len(values))
	for _, v := range values {
		raw = appendString(raw, v)
	}
	w.AddRaw(key, Array, raw)
}

// AddInt32s adds an array of int32.
func (w *Writer) AddInt32s(key string, values []int32) {
	raw := appendArray(nil, Int32, len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(v))
	}
	w.AddRaw(key, Array, raw)
}

// AddFloat32s adds an array of float32.
func (w *Writer) AddFloat32s(key string, values []float32) {
	raw := appendArray(nil, Float32, len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	w.AddRaw(key, Array, raw)
}

// AddTensor adds a tensor; t.Data is kept, not copied.
func (w *Writer) AddTensor(t Tensor) { w.tensors = append(w.tensors, source{Tensor: t}) }

// AddTensorFunc adds a tensor whose data write gives to its argument when the
// file is written, as often as it is; t.Data is of no account.
func (w *Writer) AddTensorFunc(t Tensor, write func(io.Writer) error) {
	w.tensors = append(w.tensors, source{t, write})
}

// ReplaceTensor puts t in the place of the tensor called name; it reports
// whether there was one.
func (w *Writer) ReplaceTensor(name string, t Tensor) bool {
	for i := range w.tensors {
		if w.tensors[i].Name == name {
			w.tensors[i] = source{Tensor: t}
			return true
		}
	}
	return false
}

// counted counts the bytes that were written to a Writer.
type counted struct {
	to io.Writer
	n  int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}

// WriteTo writes the file. It fails if a tensor's data does not fit its shape.
func (w *Writer) WriteTo(to io.Writer) (int64, error) {
	head, align, err := w.head()
	if err != nil {
		return 0, err
	}
	out := &counted{to: to}
	if _, err := out.Write(head); err != nil {
		return out.n, err
	}
	zeros := make([]byte, align)
	for _, t := range w.tensors {
		if _, err := out.Write(zeros[:padding(uint64(out.n), align)]); err != nil {
			return out.n, err
		}
		if err := t.writeTo(out); err != nil {
			return out.n, err
		}
	}
	_, err = out.Write(zeros[:padding(uint64(out.n), align)])
	return out.n, err
}

func (s source) writeTo(out *counted) error {
	if s.write == nil {
		_, err := out.Write(s.Data)
		return err
	}
	size, err := s.size()
	if err != nil {
		return err
	}
	before := out.n
	if err := s.write(out); err != nil {
		return err
	}
	if n := uint64(out.n - before); n != size {
		return fmt.Errorf("%w: %d bytes of %q were written, its shape asks for %d", ErrTensor, n, s.Name, size)
	}
	return nil
}

// Size returns how many bytes the file has. It fails as WriteTo does.
func (w *Writer) Size() (int64, error) {
	head, align, err := w.head()
	if err != nil {
		return 0, err
	}
	size := uint64(len(head))
	for _, t := range w.tensors {
		n, err := t.size()
		if err != nil {
			return 0, err
		}
		size += padding(size, align) + n
	}
	return int64(size + padding(size, align)), nil
}

// head returns everything before the tensor data, and the alignment.
func (w *Writer) head() ([]byte, uint64, error) {
	align, pairs, n := uint64(defaultAlignment), w.pairs, w.nPairs
	if w.Alignment != 0 {
		align = uint64(w.Alignment)
		extra := Writer{}
		extra.AddUint32("general.alignment", w.Alignment)
		pairs, n = append(extra.pairs, pairs...), n+1
	}
	version := w.Version
	if version == 0 {
		version = 3
	}
	b := binary.LittleEndian.AppendUint32([]byte(magic), version)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(w.tensors)))
	b = binary.LittleEndian.AppendUint64(b, n)
	b = append(b, pairs...)
	offset := uint64(0)
	for _, t := range w.tensors {
		size, err := t.size()
		if err != nil {
			return nil, 0, err
		}
		b = appendTensor(b, t.Tensor, offset)
		offset += size + padding(size, align)
	}
	return b, align, nil
}

// WriteFile writes the file to path as a whole: beside it first, then renamed,
// so that whoever has the old file mapped keeps it.
func (w *Writer) WriteFile(path string) error {
	err := writeAtomic(path, func(out io.Writer) error {
		_, err := w.WriteTo(out)
		return err
	})
	if err != nil {
		return fmt.Errorf("write model %q: %w", path, err)
	}
	return nil
}

// writeAtomic lets write fill a new file beside path and renames it into place.
func writeAtomic(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	err = errors.Join(write(tmp), tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// padding is what takes n to the next multiple of align, a power of two.
func padding(n, align uint64) uint64 { return -n & (align - 1) }

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

func appendArray(b []byte, kind ValueType, n int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(kind))
	return binary.LittleEndian.AppendUint64(b, uint64(n))
}

func appendTensor(b []byte, t Tensor, offset uint64) []byte {
	b = appendString(b, t.Name)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(t.Dims)))
	for _, d := range t.Dims {
		b = binary.LittleEndian.AppendUint64(b, d)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(t.Type))
	return binary.LittleEndian.AppendUint64(b, offset)
}
