package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
)

// lockEvery is how often a lock that another process has is tried again.
const lockEvery = 50 * time.Millisecond

// lockSigner waits until no other process of this machine signs with a key, so
// that one asks for its nonce after the other has used one. The kernel frees the
// lock when its holder ends, however that ends. Where there is no lock to be had,
// as on a read-only disk, there is none: a node refuses a second transaction with
// one nonce all the same.
func lockSigner(ctx context.Context, c *cli.Context, keys string, pub protocol.PublicKey) (release func(), err error) {
	f := openLock(keys, pub)
	if f == nil {
		return func() {}, nil
	}
	release = func() { _ = f.Close() } // which frees it
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for told := false; ; {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case err == nil:
			leavePID(f)
			return release, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			release()
			return func() {}, nil //nolint:nilerr // a disk without locks
		}
		if !told {
			note(c, "waiting for %s, which signs with the same key", holder(f))
			told = true
		}
		select {
		case <-ctx.Done():
			who := holder(f)
			release()
			if c.Err() != nil {
				return nil, fmt.Errorf("%w; nothing was sent", context.Canceled)
			}
			return nil, withHint(fmt.Errorf("%s signs with the same key and has not ended; nothing was sent", who), "try again, or give a longer --timeout")
		case <-tick.C:
		}
	}
}

// openLock opens the file that stands for a key: beside the key, or else among
// the files of this user. It returns nil if there is none to be had.
func openLock(keys string, pub protocol.PublicKey) *os.File {
	dirs := []string{keys}
	if run := os.Getenv("XDG_RUNTIME_DIR"); run != "" {
		dirs = append(dirs, filepath.Join(run, "assay"))
	}
	if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "assay"))
	}
	for _, dir := range dirs {
		if dir != keys && os.MkdirAll(dir, 0o700) != nil {
			continue
		}
		path := filepath.Join(dir, "."+pub.String()+".lock")
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		if err == nil {
			return f
		}
	}
	return nil
}

// leavePID writes who holds the lock, for who waits to read.
func leavePID(f *os.File) {
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // it only helps people
	}
}

// holder names who holds the lock.
func holder(f *os.File) string {
	b := make([]byte, 20)
	n, _ := f.ReadAt(b, 0) // the end of the file is an error, too
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n]))); err == nil {
		return fmt.Sprintf("process %d", pid)
	}
	return "another process"
}
