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

// Writer builds a file in memory: pairs and tensors in the order of the calls.
// It writes what it is told and checks only that each tensor has as many bytes
// as its shape asks for, so that tests can make files that Parse refuses.
// The zero value is ready; it is not safe for concurrent use.
type Writer struct {
	// Version is the version of the format; 0 stands for 3.
	Version uint32
	// Alignment of tensor data; 0 stands for 32. A value other than 0 is also
	// written as general.alignment.
	Alignment uint32

	pairs   []byte
	nPairs  uint64
	tensors []Tensor
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
func (w *Writer) AddTensor(t Tensor) { w.tensors = append(w.tensors, t) }

// ReplaceTensor puts t in the place of the tensor called name; it reports
// whether there was one.
func (w *Writer) ReplaceTensor(name string, t Tensor) bool {
	for i := range w.tensors {
		if w.tensors[i].Name == name {
			w.tensors[i] = t
			return true
		}
	}
	return false
}

// WriteTo writes the file. It fails if a tensor's data does not fit its shape.
func (w *Writer) WriteTo(out io.Writer) (int64, error) {
	head, align, err := w.head()
	if err != nil {
		return 0, err
	}
	var written int64
	put := func(b []byte) error {
		n, err := out.Write(b)
		written += int64(n)
		return err
	}
	zeros := make([]byte, align)
	if err := put(head); err != nil {
		return written, err
	}
	for _, t := range w.tensors {
		if err := put(zeros[:padding(uint64(written), align)]); err != nil {
			return written, err
		}
		if err := put(t.Data); err != nil {
			return written, err
		}
	}
	return written, put(zeros[:padding(uint64(written), align)])
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
		size, err := t.byteSize()
		if err != nil {
			return nil, 0, err
		}
		if size != uint64(len(t.Data)) {
			return nil, 0, fmt.Errorf("%w: %q has %d bytes, its shape asks for %d", ErrTensor, t.Name, len(t.Data), size)
		}
		b = appendTensor(b, t, offset)
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
