package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/durable"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

// LeftOut says what a backup of a role has no part of, and why.
func LeftOut(role config.Role) []string {
	out := []string{
		"keys/: who has a backup is not to have the keys; the words that init showed make them again",
		"models: fetch them again, they are checked by their hash",
	}
	if role == config.Validator {
		out = append(out, "consensus/: the record of what was signed last belongs to this machine alone; an old one would let two nodes sign against each other")
	}
	return out
}

// Make copies the database of a home, which a daemon has open or nobody, to the
// directory to, which appears whole or not at all. Errors: [ErrTaken], those of
// [store.Open], and the system's.
func Make(ctx context.Context, home config.Home, role config.Role, to string) (*Manifest, error) {
	to, err := filepath.Abs(to)
	if err != nil {
		return nil, err
	}
	data, err := filepath.Abs(home.Data())
	if err != nil {
		return nil, err
	}
	if inside, err := filepath.Rel(data, to); err == nil && filepath.IsLocal(inside) {
		return nil, fmt.Errorf("%s lies in the database itself; name a directory elsewhere", to)
	}
	if _, err := os.Lstat(to); err == nil {
		return nil, fmt.Errorf("%s: %w; name a directory that is not there yet", to, ErrTaken)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(to), "."+filepath.Base(to)+".*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // it has another name after success
	if err := checkpoint(ctx, home, filepath.Join(tmp, filepath.Base(home.Data()))); err != nil {
		return nil, err
	}
	m, err := describe(ctx, home, role, tmp)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(tmp, to); err != nil {
		return nil, err
	}
	return m, durable.SyncDir(filepath.Dir(to))
}

// checkpoint copies the database, by the daemon that runs or by itself.
func checkpoint(ctx context.Context, home config.Home, to string) error {
	err := ask(ctx, home, to)
	if !errors.Is(err, errNobody) {
		return err
	}
	db, err := store.Open(home.Data(), store.Options{})
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%w; what has it open does not answer at %s: stop it, or start the daemon again", err, home.Control())
	}
	if err != nil {
		return home.Explain(err, "")
	}
	return errors.Join(db.Checkpoint(to), db.Close())
}

// describe adds what belongs to the database, and the manifest, once the copy has
// been opened.
func describe(ctx context.Context, home config.Home, role config.Role, dir string) (*Manifest, error) {
	g, err := home.ReadGenesis()
	if err != nil {
		return nil, err
	}
	m := &Manifest{
		Format: format, Role: role, ChainID: protocol.ShortChainID(g.ChainID()), Made: time.Now().UTC().Truncate(time.Second),
		Program: usage.Version(), LeftOut: LeftOut(role),
	}
	if m.Height, err = open(filepath.Join(dir, filepath.Base(home.Data())), m.ChainID); err != nil {
		return nil, err
	}
	for _, path := range []string{home.Config(), home.Genesis()} {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := durable.Create(filepath.Join(dir, filepath.Base(path)), b, 0o600); err != nil {
			return nil, err
		}
	}
	if m.Files, err = list(ctx, dir); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return m, durable.Create(filepath.Join(dir, manifestName), append(b, '\n'), 0o600)
}

// open opens a copy, as the daemon would, and returns the height of its state.
func open(dir, chain string) (protocol.Height, error) {
	db, err := store.Open(dir, store.Options{})
	if err != nil {
		return 0, err
	}
	h, err := heightOf(db, chain)
	return h, errors.Join(err, db.Close())
}

func heightOf(db *store.DB, chain string) (protocol.Height, error) {
	if err := db.CheckChain(chain); err != nil {
		return 0, err
	}
	st, err := state.Open(db.Space("state"))
	if err != nil {
		return 0, err
	}
	return st.Version(), nil
}

// exists reports whether something has the path.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
