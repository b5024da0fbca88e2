package backup

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol"
)

// Errors of this package.
var (
	// ErrTaken: the place of a backup, or of what is put back, is not empty.
	ErrTaken = errors.New("something is there")
	// ErrDamaged: a backup is not as it was made.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrOther: a backup of another role or network.
	ErrOther = errors.New("the backup is another's")
)

// format is the version of a backup's layout.
const format = 1

// Bounds of a manifest: a database of a terabyte has some 20,000 files.
const (
	maxManifest = 64 << 20
	maxFiles    = 1 << 18
)

// manifestName is the file that tells of a backup; it is written last.
const manifestName = "manifest.json"

// Manifest tells what a backup is.
type Manifest struct {
	Format  int         `json:"format"`
	Role    config.Role `json:"role"`
	ChainID string      `json:"chain_id"`
	// Height is the newest block whose state the database has; 0 for a miner, which
	// has none.
	Height protocol.Height `json:"height,omitempty"`
	Made   time.Time       `json:"made"` // UTC
	// Program is the version that made it.
	Program string   `json:"program"`
	LeftOut []string `json:"left_out"`
	Files   []File   `json:"files"`
}

// File is one file of a backup.
type File struct {
	Name   string `json:"name"` // from the backup, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
}

// Bytes is the size of all files.
func (m *Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Bytes
	}
	return n
}

// readManifest reads what lies in dir. Errors: [ErrDamaged], fs.ErrNotExist.
func readManifest(dir string) (*Manifest, error) {
	f, err := openRegular(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil {
		return nil, err
	}
	m, err := decodeManifest(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return m, nil
}

// decodeManifest reads a manifest and refuses names that lead out of the backup.
func decodeManifest(b []byte) (*Manifest, error) {
	if len(b) > maxManifest {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrDamaged, maxManifest)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if m.Format != format {
		return nil, fmt.Errorf("%w: format %d, this program reads %d", ErrDamaged, m.Format, format)
	}
	if len(m.Files) > maxFiles {
		return nil, fmt.Errorf("%w: %d files", ErrDamaged, len(m.Files))
	}
	for i, f := range m.Files {
		if f.Bytes < 0 || !filepath.IsLocal(f.Name) || strings.Contains(f.Name, `\`) || i > 0 && m.Files[i-1].Name >= f.Name {
			return nil, fmt.Errorf("%w: file %.80q", ErrDamaged, f.Name)
		}
	}
	return &m, nil
}

// list returns the files under dir with their hashes, in the order of their names.
func list(ctx context.Context, dir string) ([]File, error) {
	var out []File
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := hash(ctx, path, math.MaxInt64-1, io.Discard)
		f.Name = filepath.ToSlash(name)
		out = append(out, f)
		return err
	})
	slices.SortFunc(out, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}

// openRegular opens a regular file: it waits for no pipe's other end, and follows
// no link.
func openRegular(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: %s is no file", ErrDamaged, path)
	}
	if err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// hash reads a regular file of at most so many bytes into w, and one more of a
// longer one.
func hash(ctx context.Context, path string, most int64, w io.Writer) (File, error) {
	f, err := openRegular(path)
	if err != nil {
		return File{}, err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	limited := io.LimitReader(f, most+1)
	n, err := io.Copy(io.MultiWriter(sum, w), readerFunc(func(b []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return limited.Read(b)
	}))
	return File{Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

// readerFunc reads by a function.
type readerFunc func([]byte) (int, error)

// Read implements [io.Reader].
func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
