package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

const magic = "GGUF"

// Parse reads the file held in data, which the result refers to and which must
// not change. Errors wrap the sentinels of this package.
func Parse(data []byte) (*File, error) {
	c := &cursor{data: data}
	f := &File{size: int64(len(data))}
	tensors, pairs, err := parseHeader(c, f)
	if err != nil {
		return nil, err
	}
	if err := parsePairs(c, f, pairs); err != nil {
		return nil, err
	}
	if err := refusePart(f); err != nil {
		return nil, err
	}
	if f.alignment, err = alignment(f); err != nil {
		return nil, err
	}
	offsets, err := parseTensors(c, f, tensors)
	if err != nil {
		return nil, err
	}
	if err := placeTensors(f, data, uint64(c.pos), offsets); err != nil {
		return nil, err
	}
	return f, nil
}

func parseHeader(c *cursor, f *File) (tensors, pairs uint64, err error) {
	if len(c.data) < len(magic) || string(c.data[:len(magic)]) != magic {
		return 0, 0, fmt.Errorf("%w: it starts with %q", ErrNotGGUF, c.data[:min(len(c.data), len(magic))])
	}
	c.pos = len(magic)
	if f.version, err = c.u32("version"); err != nil {
		return 0, 0, err
	}
	if f.version != 2 && f.version != 3 {
		if swapped := bits.ReverseBytes32(f.version); swapped == 2 || swapped == 3 {
			return 0, 0, fmt.Errorf("%w: the file is big-endian, only little-endian files are read", ErrVersion)
		}
		return 0, 0, fmt.Errorf("%w %d: versions 2 and 3 are read", ErrVersion, f.version)
	}
	if tensors, err = c.count("number of tensors", maxTensors, minTensorBytes); err != nil {
		return 0, 0, err
	}
	if pairs, err = c.count("number of metadata pairs", maxPairs, minPairBytes); err != nil {
		return 0, 0, err
	}
	return tensors, pairs, nil
}

func parsePairs(c *cursor, f *File, n uint64) error {
	f.pairs = make([]KV, 0, n)
	f.byKey = make(map[string]int, n)
	for i := range n {
		key, err := c.str("key", maxKey)
		if err != nil {
			return fmt.Errorf("metadata pair %d: %w", i, err)
		}
		if len(key) == 0 {
			return fmt.Errorf("%w: pair %d has an empty key", ErrMetadata, i)
		}
		if _, dup := f.byKey[string(key)]; dup {
			return fmt.Errorf("%w: key %q appears twice", ErrMetadata, key)
		}
		kind, err := c.valueType()
		if err != nil {
			return fmt.Errorf("metadata %q: %w", key, err)
		}
		start := c.pos
		if err := c.skipValue(kind, 0); err != nil {
			return fmt.Errorf("metadata %q: %w", key, err)
		}
		f.byKey[string(key)] = len(f.pairs)
		f.pairs = append(f.pairs, KV{Key: string(key), Type: kind, Raw: c.data[start:c.pos:c.pos]})
	}
	return nil
}

// alignment reads general.alignment.
func alignment(f *File) (uint64, error) {
	kv, ok := f.Lookup("general.alignment")
	if !ok {
		return defaultAlignment, nil
	}
	a, ok := f.Uint("general.alignment")
	if !ok {
		return 0, fmt.Errorf("%w: general.alignment is a %v, not a number above zero", ErrMetadata, kv.Type)
	}
	if a < minAlignment || a > maxAlignment || bits.OnesCount64(a) != 1 {
		return 0, fmt.Errorf("%w: general.alignment is %d, not a power of two from %d to %d", ErrMetadata, a, minAlignment, maxAlignment)
	}
	return a, nil
}

// parseTensors reads the descriptions of n tensors and returns their offsets.
func parseTensors(c *cursor, f *File, n uint64) ([]uint64, error) {
	f.tensors = make([]Tensor, 0, n)
	f.byName = make(map[string]int, n)
	offsets := make([]uint64, 0, n)
	for i := range n {
		t, offset, err := c.tensor()
		if err != nil {
			return nil, fmt.Errorf("tensor %d: %w", i, err)
		}
		if _, dup := f.byName[t.Name]; dup {
			return nil, fmt.Errorf("%w: %q appears twice", ErrTensor, t.Name)
		}
		f.byName[t.Name] = len(f.tensors)
		f.tensors = append(f.tensors, t)
		offsets = append(offsets, offset)
	}
	return offsets, nil
}

// tensor reads one description: name, dimensions, type and offset.
func (c *cursor) tensor() (Tensor, uint64, error) {
	name, err := c.str("name", maxName)
	if err != nil {
		return Tensor{}, 0, err
	}
	if len(name) == 0 {
		return Tensor{}, 0, fmt.Errorf("%w: it has no name", ErrTensor)
	}
	t := Tensor{Name: string(name)}
	dims, err := c.u32("number of dimensions")
	if err != nil {
		return Tensor{}, 0, fmt.Errorf("%q: %w", name, err)
	}
	if dims < 1 || dims > maxDims {
		return Tensor{}, 0, fmt.Errorf("%w: %q has %d dimensions, not 1 to %d", ErrTensor, name, dims, maxDims)
	}
	t.Dims = make([]uint64, dims)
	for i := range t.Dims {
		if t.Dims[i], err = c.u64("dimension"); err != nil {
			return Tensor{}, 0, fmt.Errorf("%q: %w", name, err)
		}
	}
	kind, err := c.u32("type")
	if err != nil {
		return Tensor{}, 0, fmt.Errorf("%q: %w", name, err)
	}
	t.Type = Type(kind)
	offset, err := c.u64("offset")
	if err != nil {
		return Tensor{}, 0, fmt.Errorf("%q: %w", name, err)
	}
	return t, offset, nil
}

// byteSize returns how many bytes the tensor's data takes, at most
// maxElements times the widest element.
func (t Tensor) byteSize() (uint64, error) {
	block, size := t.Type.Block()
	if block == 0 {
		return 0, fmt.Errorf("%w: %q is of %v", ErrType, t.Name, t.Type)
	}
	elements := uint64(1)
	for _, d := range t.Dims {
		hi, lo := bits.Mul64(elements, d)
		if d == 0 || hi != 0 || lo > maxElements {
			return 0, fmt.Errorf("%w: %q has the impossible shape %v", ErrTensor, t.Name, t.Dims)
		}
		elements = lo
	}
	if t.Dims[0]%block != 0 {
		return 0, fmt.Errorf("%w: %q has rows of %d elements, no multiple of %v's block of %d", ErrTensor, t.Name, t.Dims[0], t.Type, block)
	}
	return elements / block * size, nil
}

// placeTensors gives each tensor its bytes of data. Descriptions end at end;
// the data starts at the next multiple of the alignment.
func placeTensors(f *File, data []byte, end uint64, offsets []uint64) error {
	if len(f.tensors) == 0 {
		return nil
	}
	base := (end + f.alignment - 1) &^ (f.alignment - 1)
	if base > uint64(len(data)) {
		return fmt.Errorf("%w: no tensor data", ErrTruncated)
	}
	body := data[base:]
	for i := range f.tensors {
		t := &f.tensors[i]
		size, err := t.byteSize()
		if err != nil {
			return err
		}
		at := offsets[i]
		if at%f.alignment != 0 {
			return fmt.Errorf("%w: %q lies at offset %d, no multiple of the alignment %d", ErrTensor, t.Name, at, f.alignment)
		}
		if at > uint64(len(body)) || size > uint64(len(body))-at {
			return fmt.Errorf("%w: %q needs %d bytes at offset %d, the file has %d", ErrTruncated, t.Name, size, at, len(body))
		}
		t.Data = body[at : at+size : at+size]
	}
	return refuseOverlap(f.tensors, offsets)
}

// refuseOverlap finds two tensors that share bytes.
func refuseOverlap(tensors []Tensor, offsets []uint64) error {
	order := make([]int, len(tensors))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case offsets[a] < offsets[b]:
			return -1
		case offsets[a] > offsets[b]:
			return 1
		}
		return a - b
	})
	for i := 1; i < len(order); i++ {
		a, b := order[i-1], order[i]
		if offsets[a]+uint64(len(tensors[a].Data)) > offsets[b] {
			return fmt.Errorf("%w: %q and %q overlap", ErrTensor, tensors[a].Name, tensors[b].Name)
		}
	}
	return nil
}

// cursor walks over the structured head of a file.
type cursor struct {
	data []byte
	pos  int // Invariant: 0 <= pos <= len(data).
}

func (c *cursor) left() uint64 { return uint64(len(c.data) - c.pos) }

// take returns the next n bytes of what.
func (c *cursor) take(what string, n uint64) ([]byte, error) {
	if n > c.left() {
		return nil, fmt.Errorf("%w: %s needs %d bytes at offset %d, %d are left", ErrTruncated, what, n, c.pos, c.left())
	}
	b := c.data[c.pos : c.pos+int(n)]
	c.pos += int(n)
	return b, nil
}

func (c *cursor) u32(what string) (uint32, error) {
	b, err := c.take(what, 4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (c *cursor) u64(what string) (uint64, error) {
	b, err := c.take(what, 8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// count reads a number of things, at most limit, each of at least size bytes.
func (c *cursor) count(what string, limit, size uint64) (uint64, error) {
	n, err := c.u64(what)
	if err != nil {
		return 0, err
	}
	if n > limit {
		return 0, fmt.Errorf("%w: %s is %d, at most %d are read", ErrLimit, what, n, limit)
	}
	if n > c.left()/size {
		return 0, fmt.Errorf("%w: %s is %d, more than the remaining %d bytes can hold", ErrTruncated, what, n, c.left())
	}
	return n, nil
}

// str reads a string of at most limit bytes; the result lies in the file.
func (c *cursor) str(what string, limit uint64) ([]byte, error) {
	n, err := c.u64("length of " + what)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("%w: %s of %d bytes, at most %d are read", ErrLimit, what, n, limit)
	}
	return c.take(what, n)
}

func (c *cursor) valueType() (ValueType, error) {
	n, err := c.u32("value type")
	if err != nil {
		return 0, err
	}
	v := ValueType(n)
	if !v.known() {
		return 0, fmt.Errorf("%w: unknown %v", ErrMetadata, v)
	}
	return v, nil
}

// skipValue checks one value and moves past it.
func (c *cursor) skipValue(v ValueType, depth int) error {
	switch v {
	case String:
		_, err := c.str("string", maxString)
		return err
	case Array:
		return c.skipArray(depth + 1)
	case Bool:
		return c.skipBools(1)
	default:
		_, err := c.take(v.String(), v.size())
		return err
	}
}

func (c *cursor) skipBools(n uint64) error {
	b, err := c.take("bool", n)
	if err != nil {
		return err
	}
	for _, x := range b {
		if x > 1 {
			return fmt.Errorf("%w: a bool has the value %d", ErrMetadata, x)
		}
	}
	return nil
}

func (c *cursor) skipArray(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: arrays nested more than %d deep", ErrLimit, maxDepth)
	}
	v, err := c.valueType()
	if err != nil {
		return err
	}
	size := v.size()
	switch v {
	case String:
		size = minStringBytes
	case Array:
		size = minArrayBytes
	}
	n, err := c.count("array length", maxArray, size)
	if err != nil {
		return err
	}
	switch v {
	case Bool:
		return c.skipBools(n)
	case String, Array:
		for i := range n {
			if err := c.skipValue(v, depth); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
		return nil
	default:
		_, err := c.take("array", n*size)
		return err
	}
}

// number decodes the first value of an integer type in raw. ok is false for
// other types and for negative values.
func number(v ValueType, raw []byte) (n uint64, ok bool) {
	switch v {
	case Uint8:
		return uint64(raw[0]), true
	case Uint16:
		return uint64(binary.LittleEndian.Uint16(raw)), true
	case Uint32:
		return uint64(binary.LittleEndian.Uint32(raw)), true
	case Uint64:
		return binary.LittleEndian.Uint64(raw), true
	case Int8:
		return uint64(raw[0]), raw[0] <= math.MaxInt8
	case Int16:
		n = uint64(binary.LittleEndian.Uint16(raw))
		return n, n <= math.MaxInt16
	case Int32:
		n = uint64(binary.LittleEndian.Uint32(raw))
		return n, n <= math.MaxInt32
	case Int64:
		n = binary.LittleEndian.Uint64(raw)
		return n, n <= math.MaxInt64
	}
	return 0, false
}
