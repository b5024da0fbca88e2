package keystore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// pipePatience is how long the other end of a pipe may take: a person may be
// typing another passphrase into a password manager there.
const pipePatience = 2 * time.Minute

// place is what is known of a file or directory on the way to a secret.
type place struct {
	path string
	mode fs.FileMode
	// owner is its user.
	owner uint32
	// readOnly says that nobody can write through this mount.
	readOnly bool
	// memory says that it is in a file system that is in memory alone.
	memory bool
}

// exposed returns [ErrExposed] if the mode of a secret file has a bit of
// forbidden, unless it is one that a container is given, which its user cannot
// change: then open says that others may read it.
//
// Such a secret is on a read-only mount, or in memory where none but its owner
// may write; root or this user owns it and the directories above it; and nobody
// else can put another file in its place. A directory in which others may write
// does no harm on a read-only mount, and above one if it is sticky, as /tmp.
//
// The way is the file's directory and those above it, to the root.
func exposed(file place, way []place, forbidden fs.FileMode, user uint32) (open bool, err error) {
	if file.mode.Perm()&forbidden == 0 {
		return false, nil
	}
	given := file.readOnly || file.memory && file.mode&0o022 == 0
	for _, p := range append([]place{file}, way...) {
		given = given && (p.owner == 0 || p.owner == user)
	}
	for _, dir := range way {
		shut := dir.mode&0o022 == 0 || dir.readOnly || file.readOnly && dir.mode&fs.ModeSticky != 0
		given = given && shut
	}
	if given {
		return true, nil
	}
	return false, fmt.Errorf("%s has mode %04o, run chmod 600 %s, or where that cannot be, mount it with mode 0400: %w",
		file.path, file.mode.Perm(), file.path, ErrExposed)
}

// checkExposed applies exposed to the open file f.
func checkExposed(f *os.File, info fs.FileInfo, forbidden fs.FileMode) (open bool, err error) {
	if info.Mode().Perm()&forbidden == 0 {
		return false, nil
	}
	file, err := look(f.Name(), info)
	if err != nil {
		return false, err
	}
	target, err := filepath.EvalSymlinks(f.Name()) // Kubernetes: to ..data, and on from there
	if err != nil {
		return false, err
	}
	if target, err = filepath.Abs(target); err != nil {
		return false, err
	}
	if same, err := os.Stat(target); err != nil || !os.SameFile(same, info) {
		return false, errors.Join(fmt.Errorf("%s was replaced while it was read: %w", f.Name(), ErrExposed), err)
	}
	var way []place
	for at := filepath.Dir(target); ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil {
			return false, err
		}
		dir, err := look(at, info)
		if err != nil {
			return false, err
		}
		if way = append(way, dir); at == filepath.Dir(at) {
			return exposed(file, way, forbidden, uint32(os.Geteuid()))
		}
	}
}

// look tells what exposed asks for.
func look(path string, info fs.FileInfo) (place, error) {
	p := place{path: path, mode: info.Mode()}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return p, fmt.Errorf("look at %s: no owner is known", path)
	}
	p.owner = stat.Uid
	var err error
	if p.readOnly, p.memory, err = mountOf(path); err != nil {
		return p, fmt.Errorf("look at the mount of %s: %w", path, err)
	}
	return p, nil
}

// readSecret reads a passphrase file of at most limit bytes, or what comes from
// a pipe.
func readSecret(ctx context.Context, path string, limit int64, warn func(string)) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("passphrase file %s does not exist: %w", path, ErrNoPassphrase)
	case err != nil:
		return nil, fmt.Errorf("read passphrase file: %w", err)
	case info.Mode()&fs.ModeNamedPipe != 0:
		b, err := readPipe(ctx, path, limit, pipePatience)
		if err != nil {
			return nil, fmt.Errorf("read passphrase file: %w", err)
		}
		return b, nil
	case info.Mode()&fs.ModeCharDevice != 0:
		return nil, fmt.Errorf("%w: %s is a terminal or a device; without that flag, the passphrase is asked for", ErrNoPassphrase, path)
	}
	b, open, err := readFile(path, limit, 0o007)
	if errors.Is(err, errShape) {
		return nil, fmt.Errorf("%w: %w", ErrNoPassphrase, err)
	}
	if errors.Is(err, ErrExposed) {
		return nil, fmt.Errorf("read passphrase file: %w; or hand it over in a pipe, as <(cat %s)", err, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read passphrase file: %w", err)
	}
	if open {
		warn(fmt.Sprintf("passphrase file %s has mode %04o on a mount that cannot be changed: every user here may read it", path, info.Mode().Perm()))
	}
	return b, nil
}

// readPipe reads a pipe to its end: at most limit bytes, which must come within
// patience. A pipe with a name must be closed to others; one of "<(command)" has
// none, and is.
func readPipe(ctx context.Context, path string, limit int64, patience time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("nothing came through %s within %s: %w", path, patience, ErrNoPassphrase))
	defer cancel()
	type result struct {
		b   []byte
		err error
	}
	results := make(chan result, 1) // one: the reader never waits for us
	go func() {
		f, err := os.Open(path) // waits for who writes, and may do so for ever
		if err != nil {
			results <- result{nil, err}
			return
		}
		defer func() { _ = f.Close() }()
		stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
		defer stop()
		b, err := readPrivatePipe(f, limit)
		results <- result{b, err}
	}()
	select {
	case r := <-results:
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return r.b, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func readPrivatePipe(f *os.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeNamedPipe == 0 {
		return nil, fmt.Errorf("%s was a pipe and is one no more: %w", f.Name(), ErrExposed)
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 {
		return nil, fmt.Errorf("the pipe %s has mode %04o, run chmod 600 %s: %w", f.Name(), mode, f.Name(), ErrExposed)
	}
	return readAtMost(f, limit)
}
