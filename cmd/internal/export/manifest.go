package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/assaynet/assay/protocol"
)

const (
	// Format is the version of a [Manifest].
	Format = "assay-dataset/1"

	manifestName = "manifest.json"
	cardName     = "README.md"
	dataDir      = "data"
	// maxManifest bounds a manifest: some hundred bytes an epoch, for a century of
	// epochs of an hour.
	maxManifest = 512 << 20
)

// Manifest says what a data set consists of.
type Manifest struct {
	Format  string  `json:"format"`
	ChainID string  `json:"chain_id"`
	Kind    string  `json:"kind"`
	Epochs  []Epoch `json:"epochs"` // ascending
}

// Epoch is the rows of one epoch.
type Epoch struct {
	Epoch protocol.Epoch `json:"epoch"`
	Rows  int64          `json:"rows"`
	// Dropped counts what the network has and the data set leaves out; the card
	// says why.
	Dropped int64 `json:"dropped"`
	JSONL   File  `json:"jsonl"`
	Parquet File  `json:"parquet"`
}

// File is a file of the data set.
type File struct {
	Name   string        `json:"name"` // from the data set's directory
	Bytes  int64         `json:"bytes"`
	SHA256 protocol.Hash `json:"sha256"`
}

// The forms of a file of rows, by the end of its name.
const (
	formJSONL   = "jsonl"
	formParquet = "parquet"
)

func fileName(e protocol.Epoch, form string) string {
	return fmt.Sprintf("%s/epoch-%08d.%s", dataDir, e, form)
}

// ReadManifest reads the manifest of the data set in a directory, and refuses one
// that names other files than a data set has. Errors: [ErrManifest], and those of
// the system.
func ReadManifest(dir string) (*Manifest, error) {
	b, err := ManifestBytes(dir, maxManifest, ErrManifest)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", filepath.Join(dir, manifestName), ErrManifest, err)
	}
	return m, nil
}

// ManifestBytes returns manifest.json of a directory. Where there is none, or one
// of more than limit bytes, the error is none; others are those of the system.
func ManifestBytes(dir string, limit int64, none error) ([]byte, error) {
	path := filepath.Join(dir, manifestName)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", dir, none)
	case err != nil:
		return nil, err
	case info.Size() > limit:
		return nil, fmt.Errorf("%s has %d bytes: %w", path, info.Size(), none)
	}
	return os.ReadFile(path)
}

func parseManifest(b []byte) (*Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("something follows the object")
	}
	if m.Format != Format {
		return nil, fmt.Errorf("format %.40q, this program reads %q", m.Format, Format)
	}
	for i := range m.Epochs {
		e := &m.Epochs[i]
		switch {
		case i > 0 && m.Epochs[i-1].Epoch >= e.Epoch:
			return nil, fmt.Errorf("epoch %d comes after epoch %d", e.Epoch, m.Epochs[i-1].Epoch)
		case e.JSONL.Name != fileName(e.Epoch, formJSONL) || e.Parquet.Name != fileName(e.Epoch, formParquet):
			return nil, fmt.Errorf("epoch %d: its files have other names", e.Epoch)
		case e.Rows < 0 || e.Dropped < 0:
			return nil, fmt.Errorf("epoch %d: fewer rows than none", e.Epoch)
		}
	}
	return &m, nil
}

// Rows counts the rows of all epochs.
func (m *Manifest) Rows() (n int64) {
	for i := range m.Epochs {
		n += m.Epochs[i].Rows
	}
	return n
}

// Dropped counts what is left out of all epochs.
func (m *Manifest) Dropped() (n int64) {
	for i := range m.Epochs {
		n += m.Epochs[i].Dropped
	}
	return n
}

// Bytes counts the bytes of all files of rows.
func (m *Manifest) Bytes() (n int64) {
	for i := range m.Epochs {
		n += m.Epochs[i].JSONL.Bytes + m.Epochs[i].Parquet.Bytes
	}
	return n
}

// has reports whether an epoch stands in the manifest and its files have their
// sizes: what is in them is for [Verify] to say.
func (m *Manifest) has(dir string, e protocol.Epoch) bool {
	i, ok := m.find(e)
	if !ok {
		return false
	}
	for _, f := range []File{m.Epochs[i].JSONL, m.Epochs[i].Parquet} {
		info, err := os.Stat(filepath.Join(dir, f.Name))
		if err != nil || info.Size() != f.Bytes {
			return false
		}
	}
	return true
}

func (m *Manifest) find(e protocol.Epoch) (int, bool) {
	return slices.BinarySearchFunc(m.Epochs, e, func(x Epoch, e protocol.Epoch) int {
		switch {
		case x.Epoch < e:
			return -1
		case x.Epoch > e:
			return 1
		}
		return 0
	})
}

// Of returns what the manifest says of an epoch; nil where it has none.
func (m *Manifest) Of(e protocol.Epoch) *Epoch {
	i, ok := m.find(e)
	if !ok {
		return nil
	}
	return &m.Epochs[i]
}

// put adds an epoch, or replaces what stood there.
func (m *Manifest) put(e Epoch) {
	i, ok := m.find(e.Epoch)
	if ok {
		m.Epochs[i] = e
		return
	}
	m.Epochs = slices.Insert(m.Epochs, i, e)
}

// write writes the manifest whole or not at all.
func (m *Manifest) write(dir string) error {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return Replace(filepath.Join(dir, manifestName), append(b, '\n'))
}

// Replace writes a file whole or not at all, and has it on the disk.
func Replace(path string, b []byte) error {
	f, err := os.Create(path + partEnd)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
