package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
func lockSigner(ctx context.Context, c *cli.Context, keys string, pub protocol.PublicKey) (*signerLock, error) {
	f := openLock(keys, pub)
	if f == nil {
		return &signerLock{}, nil
	}
	l := &signerLock{f: f}
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for told := false; ; {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case err == nil:
			l.write(lockNote{PID: os.Getpid(), Sent: l.read().Sent})
			return l, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			l.release()
			return &signerLock{}, nil // a disk without locks
		}
		if !told {
			note(c, "waiting for %s, which signs with the same key", l.holder())
			told = true
		}
		select {
		case <-ctx.Done():
			who := l.holder()
			l.release()
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

// maxLock bounds the file: the transactions of a coldkey have some 200 bytes.
const maxLock = 64 << 10

// signerLock is a lock that is held, or none where the file is nil.
type signerLock struct{ f *os.File }

// lockNote is what its holder writes into it.
type lockNote struct {
	PID  int      `json:"pid"`
	Sent []sentTx `json:"sent"` // lately, by nonce
}

// sentTx is a transaction that a node has taken.
type sentTx struct {
	Chain string    `json:"chain"`
	Nonce uint64    `json:"nonce"`
	Tx    string    `json:"tx"` // in hex
	At    time.Time `json:"at"`
}

// release frees the lock.
func (l *signerLock) release() {
	if l.f != nil {
		_ = l.f.Close() // which frees it
	}
}

// read returns the note; an empty one if there is none, or one that is broken.
func (l *signerLock) read() lockNote {
	var n lockNote
	if l.f == nil {
		return n
	}
	b, err := io.ReadAll(io.NewSectionReader(l.f, 0, maxLock))
	if err != nil || json.Unmarshal(b, &n) != nil {
		return lockNote{}
	}
	return n
}

// write replaces the note, which only helps: nothing depends on it.
func (l *signerLock) write(n lockNote) {
	b, err := json.Marshal(n)
	if l.f == nil || err != nil || len(b) > maxLock || l.f.Truncate(0) != nil {
		return
	}
	_, _ = l.f.WriteAt(append(b, '\n'), 0)
}

// holder names who holds the lock.
func (l *signerLock) holder() string {
	if n := l.read(); n.PID > 0 {
		return fmt.Sprintf("process %d", n.PID)
	}
	return "another process"
}
