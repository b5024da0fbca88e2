package gguf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
)

// raw builds a file by hand, for what Writer will not write.
type raw []byte

func (r raw) u32(n uint32) raw   { return binary.LittleEndian.AppendUint32(r, n) }
func (r raw) u64(n uint64) raw   { return binary.LittleEndian.AppendUint64(r, n) }
func (r raw) str(s string) raw   { return append(r.u64(uint64(len(s))), s...) }
func (r raw) zeros(n int) raw    { return append(r, make([]byte, n)...) }
func head(tensors, n uint64) raw { return raw("GGUF").u32(3).u64(tensors).u64(n) }

// tensor appends the description of a tensor.
func (r raw) tensor(name string, kind uint32, offset uint64, dims ...uint64) raw {
	r = r.str(name).u32(uint32(len(dims)))
	for _, d := range dims {
		r = r.u64(d)
	}
	return r.u32(kind).u64(offset)
}

// arrays appends an array value nested depth deep around one byte.
func (r raw) arrays(depth int) raw {
	for range depth - 1 {
		r = r.u32(uint32(gguf.Array)).u64(1)
	}
	return append(r.u32(uint32(gguf.Uint8)).u64(1), 7)
}

// hostile is a corpus of files that must be refused, and why.
var hostile = map[string]struct {
	data raw
	want error
}{
	"empty":                   {raw(""), gguf.ErrNotGGUF},
	"half a magic":            {raw("GGU"), gguf.ErrNotGGUF},
	"another magic":           {raw("GGJT").zeros(64), gguf.ErrNotGGUF},
	"no version":              {raw("GGUF"), gguf.ErrTruncated},
	"version 1":               {raw("GGUF").u32(1).zeros(64), gguf.ErrVersion},
	"version 4":               {raw("GGUF").u32(4).zeros(64), gguf.ErrVersion},
	"big-endian":              {raw("GGUF\x00\x00\x00\x03").zeros(64), gguf.ErrVersion},
	"no counts":               {raw("GGUF").u32(3).u64(0), gguf.ErrTruncated},
	"2^64-1 tensors":          {head(math.MaxUint64, 0), gguf.ErrLimit},
	"too many tensors":        {head(gguf.MaxTensors+1, 0), gguf.ErrLimit},
	"tensors without bytes":   {head(gguf.MaxTensors, 0), gguf.ErrTruncated},
	"2^64-1 pairs":            {head(0, math.MaxUint64), gguf.ErrLimit},
	"too many pairs":          {head(0, gguf.MaxPairs+1), gguf.ErrLimit},
	"pairs without bytes":     {head(0, gguf.MaxPairs), gguf.ErrTruncated},
	"empty key":               {head(0, 1).str("").u32(0).zeros(8), gguf.ErrMetadata},
	"long key":                {head(0, 1).str(strings.Repeat("k", gguf.MaxKey+1)).u32(0).zeros(8), gguf.ErrLimit},
	"key past the end":        {head(0, 1).u64(60).zeros(20), gguf.ErrTruncated},
	"key of 2^64-1 bytes":     {head(0, 1).u64(math.MaxUint64).zeros(20), gguf.ErrLimit},
	"repeated key":            {head(0, 2).str("a").u32(0).zeros(1).str("a").u32(0).zeros(1), gguf.ErrMetadata},
	"unknown value type":      {head(0, 1).str("a").u32(13).zeros(8), gguf.ErrMetadata},
	"huge value type":         {head(0, 1).str("a").u32(math.MaxUint32).zeros(8), gguf.ErrMetadata},
	"bool of 2":               {append(head(0, 1).str("a").u32(7), 2, 0), gguf.ErrMetadata},
	"bool of 2 in an array":   {append(head(0, 1).str("a").u32(9).u32(7).u64(2), 1, 2), gguf.ErrMetadata},
	"number past the end":     {head(0, 1).str("a").u32(10).zeros(7), gguf.ErrTruncated},
	"string past the end":     {head(0, 1).str("a").u32(8).u64(9).zeros(8), gguf.ErrTruncated},
	"string too long":         {head(0, 1).str("a").u32(8).u64(gguf.MaxString + 1).zeros(8), gguf.ErrLimit},
	"array too long":          {head(0, 1).str("a").u32(9).u32(0).u64(gguf.MaxArray + 1).zeros(8), gguf.ErrLimit},
	"array of 2^64-1":         {head(0, 1).str("a").u32(9).u32(10).u64(math.MaxUint64).zeros(8), gguf.ErrLimit},
	"vocabulary of 2^40":      {head(0, 1).str("tokenizer.ggml.tokens").u32(9).u32(8).u64(1 << 40).zeros(64), gguf.ErrLimit},
	"embedding of 2^40 rows":  {head(1, 0).tensor("token_embd.weight", 8, 0, 64, 1<<40).zeros(128), gguf.ErrTruncated},
	"array past the end":      {head(0, 1).str("a").u32(9).u32(4).u64(3).zeros(11), gguf.ErrTruncated},
	"array of unknown type":   {head(0, 1).str("a").u32(9).u32(99).u64(0).zeros(8), gguf.ErrMetadata},
	"array nested too deep":   {head(0, 1).str("a").u32(9).arrays(gguf.MaxDepth + 1), gguf.ErrLimit},
	"strings past the end":    {head(0, 1).str("a").u32(9).u32(8).u64(3).u64(0).u64(0).u64(1), gguf.ErrTruncated},
	"alignment of a string":   {head(0, 1).str("general.alignment").u32(8).str("x"), gguf.ErrMetadata},
	"alignment of 0":          {head(0, 1).str("general.alignment").u32(4).u32(0), gguf.ErrMetadata},
	"alignment of 48":         {head(0, 1).str("general.alignment").u32(4).u32(48), gguf.ErrMetadata},
	"alignment of 2^31":       {head(0, 1).str("general.alignment").u32(4).u32(1 << 31), gguf.ErrMetadata},
	"alignment of -32":        {head(0, 1).str("general.alignment").u32(5).u32(0xffffffe0), gguf.ErrMetadata},
	"tensor without a name":   {head(1, 0).tensor("", 0, 0, 8).zeros(128), gguf.ErrTensor},
	"long tensor name":        {head(1, 0).tensor(strings.Repeat("n", gguf.MaxName+1), 0, 0, 8).zeros(128), gguf.ErrLimit},
	"repeated tensor":         {head(2, 0).tensor("x", 0, 0, 8).tensor("x", 0, 32, 8).zeros(128), gguf.ErrTensor},
	"no dimensions":           {head(1, 0).tensor("x", 0, 0).zeros(128), gguf.ErrTensor},
	"five dimensions":         {head(1, 0).tensor("x", 0, 0, 1, 1, 1, 1, 1).zeros(128), gguf.ErrTensor},
	"2^32-1 dimensions":       {head(1, 0).str("x").u32(math.MaxUint32).zeros(128), gguf.ErrTensor},
	"dimension of zero":       {head(1, 0).tensor("x", 0, 0, 8, 0).zeros(128), gguf.ErrTensor},
	"product over 2^64":       {head(1, 0).tensor("x", 0, 0, 1<<32, 1<<32, 2).zeros(128), gguf.ErrTensor},
	"product of 2^64":         {head(1, 0).tensor("x", 0, 0, 1<<63, 2).zeros(128), gguf.ErrTensor},
	"bytes over 2^64":         {head(1, 0).tensor("x", 28, 0, 1<<61).zeros(128), gguf.ErrTensor},
	"unknown type":            {head(1, 0).tensor("x", 99, 0, 32).zeros(128), gguf.ErrType},
	"removed type Q4_2":       {head(1, 0).tensor("x", 4, 0, 32).zeros(128), gguf.ErrType},
	"rows of half a block":    {head(1, 0).tensor("x", 2, 0, 48, 2).zeros(128), gguf.ErrTensor},
	"offset not aligned":      {head(1, 0).tensor("x", 0, 8, 8).zeros(128), gguf.ErrTensor},
	"offset past the end":     {head(1, 0).tensor("x", 0, 1<<40, 8).zeros(128), gguf.ErrTruncated},
	"offset of 2^64-32":       {head(1, 0).tensor("x", 0, math.MaxUint64-31, 8).zeros(128), gguf.ErrTruncated},
	"data past the end":       {head(1, 0).tensor("x", 0, 0, 64).zeros(128), gguf.ErrTruncated},
	"no data":                 {head(1, 0).tensor("x", 0, 0, 8), gguf.ErrTruncated},
	"description cut":         {head(1, 0).str("x").u32(1).u64(8).zeros(11), gguf.ErrTruncated},
	"tensors that overlap":    {head(2, 0).tensor("x", 0, 0, 16).tensor("y", 0, 32, 8).zeros(256), gguf.ErrTensor},
	"tensors at one place":    {head(2, 0).tensor("x", 0, 32, 8).tensor("y", 0, 32, 8).zeros(256), gguf.ErrTensor},
	"one tensor in the other": {head(2, 0).tensor("x", 0, 0, 32).tensor("y", 0, 64, 1).zeros(512), gguf.ErrTensor},
}

func TestParseRefusesHostileFiles(t *testing.T) {
	for name, c := range hostile {
		t.Run(name, func(t *testing.T) {
			f, err := gguf.Parse(c.data)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if f != nil {
				t.Error("a file came with the error")
			}
		})
	}
}

func TestParseNamesTheUnknownType(t *testing.T) {
	_, err := gguf.Parse(hostile["unknown type"].data)
	if err == nil || !strings.Contains(err.Error(), `"x" is of type 99`) {
		t.Errorf("got %v", err)
	}
}

func TestParseAcceptsTheLimits(t *testing.T) {
	for name, data := range map[string]raw{
		"deepest array":   head(0, 1).str("a").u32(9).arrays(gguf.MaxDepth),
		"longest key":     head(0, 1).str(strings.Repeat("k", gguf.MaxKey)).u32(0).zeros(1),
		"longest name":    head(1, 0).tensor(strings.Repeat("n", gguf.MaxName), 0, 0, 8).zeros(128),
		"nothing":         head(0, 0),
		"tensors touch":   head(2, 0).tensor("y", 0, 32, 8).tensor("x", 0, 0, 8).zeros(128),
		"empty array":     head(0, 1).str("a").u32(9).u32(8).u64(0).zeros(2),
		"four dimensions": head(1, 0).tensor("x", 0, 0, 2, 2, 2, 1).zeros(128),
	} {
		if _, err := gguf.Parse(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRefusesEveryTruncation(t *testing.T) {
	w := sample()
	data := render(t, w)
	end := len(data) - 16 // y has 80 bytes, padded to 96
	for n := range end {
		if _, err := gguf.Parse(data[:n:n]); !errors.Is(err, gguf.ErrTruncated) && !errors.Is(err, gguf.ErrNotGGUF) {
			t.Fatalf("the first %d of %d bytes: got %v", n, len(data), err)
		}
	}
	if _, err := gguf.Parse(data[:end]); err != nil {
		t.Errorf("without the last padding: %v", err)
	}
}

func TestParseAllocatesLittleForHostileFiles(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, c := range hostile {
		if _, err := gguf.Parse(c.data); err == nil {
			t.Error("a hostile file was read")
		}
	}
	runtime.ReadMemStats(&after)
	// The whole corpus has 70 KiB; an announced length that was believed would
	// cost megabytes.
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("the corpus made Parse allocate %d bytes", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range hostile {
		f.Add([]byte(c.data))
	}
	var b bytes.Buffer
	if _, err := sample().WriteTo(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse(data)
		if err != nil {
			return
		}
		for _, kv := range file.Metadata() {
			file.String(kv.Key)
			file.Uint(kv.Key)
			file.Float32(kv.Key)
			file.Bool(kv.Key)
			file.Strings(kv.Key)
			file.Int32s(kv.Key)
			file.Float32s(kv.Key)
		}
		again := rewrite(t, file)
		if got, want := gguf.ModelID(again), gguf.ModelID(file); got != want {
			t.Errorf("written again the model id is %x, not %x", got, want)
		}
	})
}

// rewrite writes what was read, with the default alignment, and reads it again.
func rewrite(t *testing.T, f *gguf.File) *gguf.File {
	t.Helper()
	w := &gguf.Writer{Version: f.Version()}
	for _, kv := range f.Metadata() {
		if kv.Key != "general.alignment" {
			w.AddRaw(kv.Key, kv.Type, kv.Raw)
		}
	}
	for _, x := range f.Tensors() {
		w.AddTensor(x)
	}
	again, err := gguf.Parse(render(t, w))
	if err != nil {
		t.Fatalf("what was written is refused: %v", err)
	}
	return again
}
