package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol/durable"
)

// Restore puts a backup into a home that has no database. Settings and genesis are
// put where there are none; where there are, the settings stay and the genesis must
// be the same. The database appears whole or not at all, after each file was
// compared with its hash. Errors: [ErrDamaged], [ErrOther], [ErrTaken], and the
// system's.
func Restore(ctx context.Context, from string, home config.Home, role config.Role, done func(bytes, of int64)) (*Manifest, error) {
	m, err := readManifest(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no backup, it has no %s; name a directory that the command backup made", from, manifestName)
	}
	if err != nil {
		return nil, err
	}
	if m.Role != role {
		return nil, fmt.Errorf("%w: of a %s; use: %s restore", ErrOther, m.Role, m.Role)
	}
	if err := vacant(home); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(string(home), 0o700); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(string(home), ".restore.*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // what had to stay has left it
	if err := fill(ctx, m, from, tmp, done); err != nil {
		return nil, err
	}
	// The log of consensus is of heights that the database has not.
	if err := os.RemoveAll(filepath.Join(home.Consensus(), "wal")); err != nil {
		return nil, err
	}
	return m, put(config.Home(tmp), home, m.ChainID)
}

// vacant refuses a home that has a database.
func vacant(home config.Home) error {
	there, err := exists(home.Data())
	if err == nil && there {
		err = fmt.Errorf("%s: %w; move it away first, it may be newer than the backup", home.Data(), ErrTaken)
	}
	return err
}

// fill copies the files of a backup, each compared with its hash.
func fill(ctx context.Context, m *Manifest, from, to string, done func(bytes, of int64)) error {
	sum, all := int64(0), m.Bytes()
	for _, want := range m.Files {
		name := filepath.FromSlash(want.Name)
		if err := os.MkdirAll(filepath.Join(to, filepath.Dir(name)), 0o700); err != nil {
			return err
		}
		if err := copyFile(ctx, want, filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
		sum += want.Bytes
		done(sum, all)
	}
	return nil
}

func copyFile(ctx context.Context, want File, from, to string) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	got, err := hash(ctx, from, want.Bytes, f)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", want.Name, err)
	}
	if got.Bytes != want.Bytes || got.SHA256 != want.SHA256 {
		return fmt.Errorf("%w: %s differs from what was written", ErrDamaged, want.Name)
	}
	return nil
}

// put gives what was copied its place in the home, the database last.
func put(from, home config.Home, chain string) error {
	if _, err := open(from.Data(), chain); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	b, err := os.ReadFile(from.Genesis())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	switch was, err := os.ReadFile(home.Genesis()); {
	case errors.Is(err, fs.ErrNotExist):
		if err := durable.Create(home.Genesis(), b, 0o600); err != nil {
			return err
		}
	case err != nil:
		return err
	case !bytes.Equal(was, b):
		return fmt.Errorf("%w: of another network than %s", ErrOther, home.Genesis())
	}
	if b, err = os.ReadFile(from.Config()); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := durable.Create(home.Config(), b, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := durable.SyncDir(from.Data()); err != nil {
		return err
	}
	if err := os.Rename(from.Data(), home.Data()); err != nil {
		return err
	}
	return durable.SyncDir(string(home))
}
