package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/durable"
	"github.com/assaynet/assay/protocol/key"
)

const (
	// DefaultWorkFactor makes a guess cost 2^18 scrypt rounds: 256 MiB of
	// memory and about a second.
	DefaultWorkFactor = 18
	// maxName bounds a key's name in bytes.
	maxName = 64
	// maxPublic bounds a public file in bytes; an address has 65.
	maxPublic = 256
)

// Config says where keys are and what a guess at their passphrase costs.
type Config struct {
	// Dir is the directory, by custom HOME/keys. Create makes it.
	Dir string
	// WorkFactor is log2 of scrypt's cost for new files, 1 … 20; 0 is
	// [DefaultWorkFactor]. One more doubles time and memory of an opening and
	// of a guess. Tests and throw-away networks use 1. Files say their own.
	WorkFactor int
}

// check fills the defaults and returns [ErrConfig] for what cannot be.
func (c *Config) check() error {
	if c.Dir == "" {
		return fmt.Errorf("no directory: %w", ErrConfig)
	}
	if c.WorkFactor == 0 {
		c.WorkFactor = DefaultWorkFactor
	}
	if c.WorkFactor < 1 || c.WorkFactor > maxWorkFactor {
		return fmt.Errorf("work factor %d, want 1 to %d: %w", c.WorkFactor, maxWorkFactor, ErrConfig)
	}
	return nil
}

// Store is a directory of key files. It holds no state: several may work on
// one directory, also from several processes.
type Store struct{ cfg Config }

// New returns a store. It does not touch the disk.
func New(cfg Config) (*Store, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Store{cfg: cfg}, nil
}

// Path returns the path of the encrypted file of a key.
func (s *Store) Path(name string) string { return filepath.Join(s.cfg.Dir, name+".age") }

// publicPath returns the path of the public file of a key.
func (s *Store) publicPath(name string) string { return filepath.Join(s.cfg.Dir, name+".pub") }

// Create writes the files of a key that is not there yet, else it returns
// [ErrExists] and changes nothing. Where a public file is left of a key, it makes
// that one again, and returns [ErrLost] for another. When it returns nil, the key
// is on disk.
func (s *Store) Create(name string, k *Key, p Passphrase) error {
	if err := s.Vacant(name); errors.Is(err, ErrLost) {
		if pub, wrong := s.Public(name); wrong != nil || pub != k.PublicKey() {
			return fmt.Errorf("%w, and this key is %s", err, k.PublicKey())
		}
	} else if err != nil {
		return err
	}
	if err := makeDir(s.cfg.Dir); err != nil {
		return err
	}
	file, err := seal(k, p, s.cfg.WorkFactor)
	if err != nil {
		return err
	}
	path := s.Path(name)
	if err := durable.Create(path, file, 0o600); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", path, ErrExists)
	} else if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := durable.Replace(s.publicPath(name), []byte(k.PublicKey().String()+"\n"), 0o644); err != nil {
		// Whoever made the key takes an error for "there is none".
		return fmt.Errorf("write public key: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}

// Vacant returns nil if Create may make any key of that name, or [ErrName],
// [ErrExists], or [ErrLost] where a public file is left of one: ask it before a
// passphrase is asked for.
func (s *Store) Vacant(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	path := s.Path(name)
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, ErrExists)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for key: %w", err)
	}
	return s.lost(name)
}

// lost returns [ErrLost] if there is a public file of that name, nil if not. It
// is for a name without a key file.
func (s *Store) lost(name string) error {
	path := s.publicPath(name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("look for public key: %w", err)
	}
	pub, err := s.Public(name)
	if err != nil {
		return fmt.Errorf("%s is there: %w", path, ErrLost)
	}
	return fmt.Errorf("%s names %s: %w", path, pub, ErrLost)
}

// Open decrypts a key. It returns [ErrMissing], [ErrLost], [ErrExposed],
// [ErrPassphrase], [ErrNoPassphrase], [ErrVersion], or [ErrCorrupt], the last
// also if the public file names another key. It writes the public file if a
// crash left none.
func (s *Store) Open(name string, p Passphrase) (*Key, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	file, err := s.readKey(name, p.isPublic())
	if err != nil {
		return nil, s.openError(name, err)
	}
	k, err := unseal(file, p, maxWorkFactor)
	if err != nil {
		return nil, s.openError(name, err)
	}
	if err := s.checkPublic(name, k); err != nil {
		k.Wipe()
		return nil, err
	}
	return k, nil
}

// Check looks at a key's files without its passphrase. It returns what Open
// would, as far as that shows.
func (s *Store) Check(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	file, err := s.readKey(name, false)
	if err == nil {
		err = inspect(file)
	}
	if err != nil {
		return s.openError(name, err)
	}
	return nil
}

// readKey reads a key file. One that is closed by its mode alone, and open all
// the same, is refused.
func (s *Store) readKey(name string, public bool) ([]byte, error) {
	path := s.Path(name)
	file, open, err := readFile(path, maxFile, 0o077)
	if err == nil && open && public {
		return nil, fmt.Errorf("%s has no passphrase, and every user here may read it: %w", path, ErrExposed)
	}
	return file, err
}

// openError says what failed, with a missing file as [ErrMissing] or [ErrLost].
func (s *Store) openError(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err = s.lost(name); err == nil {
			err = ErrMissing
		}
	case errors.Is(err, errShape):
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return fmt.Errorf("open key %s: %w", s.Path(name), err)
}

// checkPublic compares the public file with the key, or restores it. That it
// cannot be restored, on a disk that is read-only, is no reason to fail.
func (s *Store) checkPublic(name string, k *Key) error {
	pub, err := s.Public(name)
	if errors.Is(err, ErrMissing) {
		_ = durable.Replace(s.publicPath(name), []byte(k.PublicKey().String()+"\n"), 0o644)
		return nil
	}
	if err != nil {
		return err
	}
	if pub != k.PublicKey() {
		return fmt.Errorf("%s names %s, the key is %s: %w", s.publicPath(name), pub, k.PublicKey(), ErrCorrupt)
	}
	return nil
}

// Public reads a key's public file; no passphrase is needed, and nothing
// proves that the file is right before Open has compared it. It returns
// [ErrMissing] or [ErrCorrupt].
func (s *Store) Public(name string) (protocol.PublicKey, error) {
	var none protocol.PublicKey
	if err := checkName(name); err != nil {
		return none, err
	}
	path := s.publicPath(name)
	b, _, err := readFile(path, maxPublic, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return none, fmt.Errorf("read public key %s: %w", path, ErrMissing)
	}
	if errors.Is(err, errShape) {
		return none, fmt.Errorf("read public key: %w: %w", ErrCorrupt, err)
	}
	if err != nil {
		return none, fmt.Errorf("read public key: %w", err)
	}
	if b = bytes.TrimPrefix(b, []byte(byteOrderMark)); fault(b) != "" {
		return none, fmt.Errorf("read public key: %s %s: %w", path, fault(b), ErrCorrupt)
	}
	pub, err := protocol.ParseAddress(strings.TrimSpace(string(b)))
	if err != nil {
		return none, fmt.Errorf("read public key %s: %w: %w", path, ErrCorrupt, err)
	}
	if err := key.CheckPublic(pub); err != nil {
		return none, fmt.Errorf("read public key %s: %w: %w", path, ErrCorrupt, err)
	}
	return pub, nil
}

// Names lists the keys of the store by name, sorted, those of which a public
// file alone is left, too. A directory that does not exist has none.
func (s *Store) Names() ([]string, error) {
	entries, err := os.ReadDir(s.cfg.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	var names []string
	for _, e := range entries {
		name, isKey := strings.CutSuffix(e.Name(), ".age")
		name, isPublic := strings.CutSuffix(name, ".pub")
		if isKey != isPublic && checkName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// checkName returns [ErrName] unless name is 1 … 64 of a-z, 0-9, '-' and '_',
// the first a letter or digit: no path, hidden file or option.
func checkName(name string) error {
	ok := name != "" && len(name) <= maxName && name[0] != '-' && name[0] != '_'
	for _, c := range []byte(name) {
		ok = ok && ('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_')
	}
	if !ok {
		return fmt.Errorf("key name %.70q, want a-z, 0-9, - and _: %w", name, ErrName)
	}
	return nil
}
