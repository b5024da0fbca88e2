// Package modelstore keeps models under names: each file once, under its hash,
// and a name is a small file beside it that says which. What is fetched is not
// there before it is whole and its hash is what was asked for; what was broken
// off goes on where it ended.
//
//	blobs/HASH       files, by the SHA-256 of their bytes
//	names/NAME.json  an Entry
//	parts/…          what is being fetched
package modelstore

import (
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
	data, err := os.ReadFile(s.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Entry{}, "", fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	if err != nil {
		return Entry{}, "", err
	}
	var e Entry
	if err := json.Unmarshal(data, &e); err != nil || !goodHash.MatchString(e.SHA256) {
		return Entry{}, "", fmt.Errorf("%w: %s says nothing of a model", ErrStore, s.file(name))
	}
	e.Name = name
	if _, err := os.Stat(s.blob(e.SHA256)); err != nil {
		return Entry{}, "", fmt.Errorf("%w: %w", ErrStore, err)
	}
	return e, s.blob(e.SHA256), nil
}

// List returns all models by name. Errors are those of Get.
func (s *Store) List() ([]Entry, error) {
	files, err := os.ReadDir(filepath.Join(s.dir, "names"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, f := range files {
		name, is := strings.CutSuffix(f.Name(), ".json")
		if !is || !goodName.MatchString(name) {
			continue
		}
		e, _, err := s.Get(name)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Remove takes a name away, and the file, where no other name means it. It
// returns how many bytes that freed.
func (s *Store) Remove(name string) (freed int64, err error) {
	e, _, err := s.Get(name)
	if err != nil {
		return 0, err
	}
	if err := os.Remove(s.file(name)); err != nil {
		return 0, err
	}
	return s.drop(e.SHA256, e.Size)
}

// drop takes a file away that no name means, and returns what that freed.
func (s *Store) drop(hash string, size int64) (freed int64, err error) {
	all, err := s.List()
	if err != nil {
		return 0, err
	}
	if slices.ContainsFunc(all, func(o Entry) bool { return o.SHA256 == hash }) {
		return 0, nil
	}
	return size, os.Remove(s.blob(hash))
}

// add gives a file that is whole its place and its name.
func (s *Store) add(e Entry, part string) error {
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
	old, _, had := s.Get(e.Name)
	if err := durable.Replace(s.file(e.Name), append(data, '\n'), 0o644); err != nil {
		return err
	}
	if had == nil && old.SHA256 != e.SHA256 {
		_, err = s.drop(old.SHA256, old.Size)
	}
	return err
}
