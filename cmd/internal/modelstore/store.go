// Package modelstore keeps models under names: each file once, under its hash,
// and a name is a small file beside it that says which. What is fetched is not
// there before it is whole and its hash is what was asked for; what was broken
// off goes on where it ended.
//
//	blobs/HASH       files, by the SHA-256 of their bytes
//	names/NAME.json  an Entry
//	parts/…          what is being fetched
//	lock             held by whoever changes names and files
package modelstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/assaynet/assay/protocol/durable"
)

// What can go wrong.
var (
	ErrName    = errors.New("a model's name has 1 to 128 letters, digits, dots, dashes and underscores, and begins with none of the marks")
	ErrUnknown = errors.New("there is no such model in the store")
	ErrHash    = errors.New("it is not the file that is meant")
	ErrFormat  = errors.New("it is no GGUF file")
	ErrStore   = errors.New("the store is damaged")
	ErrPlain   = errors.New("an https address must not lead to one without encryption")
)

// Store is a directory.
type Store struct{ dir string }

// Open returns the store in a directory, which need not be there.
func Open(dir string) *Store { return &Store{dir} }

// Entry is a model of the store.
type Entry struct {
	Name   string    `json:"name"`
	SHA256 string    `json:"sha256"` // of the file, in hex
	Size   int64     `json:"bytes"`
	Source string    `json:"source"` // as it was asked for
	Pulled time.Time `json:"pulled"`
}

var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

var goodHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (s *Store) blob(hash string) string { return filepath.Join(s.dir, "blobs", hash) }
func (s *Store) file(name string) string { return filepath.Join(s.dir, "names", name+".json") }

// Get returns the model of a name, and the path of its file. Errors: [ErrName],
// [ErrUnknown], [ErrStore].
func (s *Store) Get(name string) (Entry, string, error) {
	if !goodName.MatchString(name) {
		return Entry{}, "", fmt.Errorf("%w: %.140q", ErrName, name)
	}
	e, err := s.read(name)
	if err != nil {
		return Entry{}, "", err
	}
	if _, err := os.Stat(s.blob(e.SHA256)); err != nil {
		return Entry{}, "", fmt.Errorf("%w: %s is there, and its file is not: %w", ErrStore, name, err)
	}
	return e, s.blob(e.SHA256), nil
}

// read returns what a name says, whether its file is there or not.
func (s *Store) read(name string) (Entry, error) {
	data, err := os.ReadFile(s.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Entry{}, fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	if err := json.Unmarshal(data, &e); err != nil || !goodHash.MatchString(e.SHA256) {
		return Entry{}, fmt.Errorf("%w: %s says nothing of a model", ErrStore, s.file(name))
	}
	e.Name = name
	return e, nil
}

// List returns all models by name. Errors are those of Get.
func (s *Store) List() ([]Entry, error) {
	names, err := s.names()
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, name := range names {
		e, _, err := s.Get(name)
		if errors.Is(err, ErrUnknown) {
			continue // somebody has just taken it away
		}
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// names returns the names there are, in order.
func (s *Store) names() (out []string, err error) {
	files, err := os.ReadDir(filepath.Join(s.dir, "names"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, f := range files {
		if name, is := strings.CutSuffix(f.Name(), ".json"); is && goodName.MatchString(name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, err
}

// hold keeps others from changing names and files until free is called.
func (s *Store) hold(ctx context.Context) (free func(), err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	return lock(ctx, filepath.Join(s.dir, "lock"))
}

// Remove takes a name away, also one whose file is not there, and the file, where
// no other name means it. It returns how many bytes that freed. Errors: [ErrName],
// [ErrUnknown], those of the file system, the cause of ctx.
func (s *Store) Remove(ctx context.Context, name string) (freed int64, err error) {
	if !goodName.MatchString(name) {
		return 0, fmt.Errorf("%w: %.140q", ErrName, name)
	}
	free, err := s.hold(ctx)
	if err != nil {
		return 0, err
	}
	defer free()
	e, err := s.read(name)
	if err != nil && !errors.Is(err, ErrStore) {
		return 0, err
	}
	if err := os.Remove(s.file(name)); err != nil || e.SHA256 == "" {
		return 0, err
	}
	return s.drop(e.SHA256)
}

// drop takes a file away that no name means, and returns what that freed. The
// store is held.
func (s *Store) drop(hash string) (freed int64, err error) {
	names, err := s.names()
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		switch e, err := s.read(name); {
		case errors.Is(err, ErrStore): // it means no file
		case err != nil:
			return 0, err
		case e.SHA256 == hash:
			return 0, nil
		}
	}
	info, err := os.Stat(s.blob(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), os.Remove(s.blob(hash))
}

// add gives a file that is whole its place and its name.
func (s *Store) add(ctx context.Context, e Entry, part string) error {
	free, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer free()
	for _, dir := range []string{"blobs", "names"} {
		if err := os.MkdirAll(filepath.Join(s.dir, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.Rename(part, s.blob(e.SHA256)); err != nil {
		return err
	}
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	old, had := s.read(e.Name)
	if err := durable.Replace(s.file(e.Name), append(data, '\n'), 0o644); err != nil {
		return err
	}
	if had == nil && old.SHA256 != e.SHA256 {
		_, err = s.drop(old.SHA256)
	}
	return err
}
