package keystore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assaynet/assay/protocol/keystore"
)

// TestASecretOpenToOthersIsRefusedUnlessAContainerWasGivenIt goes through what
// decides, for a user with the id 1000. The way is from the file's directory to
// the root.
func TestASecretOpenToOthersIsRefusedUnlessAContainerWasGivenIt(t *testing.T) {
	const user, stranger, root = 1000, 1001, 0
	place := keystore.NewPlace
	sticky := fs.ModeDir | fs.ModeSticky | 0o777
	closed := place(fs.ModeDir|0o755, root, "")
	shared := place(sticky, root, "")
	for name, c := range map[string]struct {
		file      keystore.Place
		way       []keystore.Place
		forbidden fs.FileMode
		want      string
	}{
		"private":                                  {place(0o600, user, ""), []keystore.Place{closed}, 0o007, "closed"},
		"a stranger's, and closed":                 {place(0o640, stranger, ""), []keystore.Place{shared}, 0o007, "closed"},
		"of the group, for a passphrase":           {place(0o640, user, ""), []keystore.Place{closed}, 0o007, "closed"},
		"of the group, for a key":                  {place(0o640, user, ""), []keystore.Place{closed}, 0o077, "refused"},
		"on a disk":                                {place(0o444, root, ""), []keystore.Place{closed, closed}, 0o007, "refused"},
		"a docker secret":                          {place(0o444, root, "read-only"), []keystore.Place{place(fs.ModeDir|0o755, root, "read-only"), closed, closed}, 0o007, "open"},
		"of Kubernetes":                            {place(0o644, root, "read-only"), []keystore.Place{place(fs.ModeDir|0o755, root, "read-only"), place(sticky, root, "read-only"), closed}, 0o007, "open"},
		"of Kubernetes, for a group":               {place(0o440, root, "read-only"), []keystore.Place{place(sticky, root, "read-only"), closed}, 0o077, "open"},
		"of Kubernetes, 0777":                      {place(0o777, root, "read-only"), []keystore.Place{place(sticky, root, "read-only"), closed}, 0o077, "open"},
		"a podman secret":                          {place(0o444, root, "memory"), []keystore.Place{place(fs.ModeDir|0o755, root, "memory"), closed}, 0o007, "open"},
		"the user's own, in memory":                {place(0o444, user, "memory"), []keystore.Place{place(fs.ModeDir|0o700, user, "memory"), closed}, 0o007, "open"},
		"read-only, below /tmp":                    {place(0o444, root, "read-only"), []keystore.Place{place(fs.ModeDir|0o755, root, "read-only"), shared, closed}, 0o007, "open"},
		"in /dev/shm":                              {place(0o444, user, "memory"), []keystore.Place{place(sticky, root, "memory"), closed}, 0o007, "refused"},
		"in memory, and others may write":          {place(0o666, user, "memory"), []keystore.Place{closed}, 0o007, "refused"},
		"in memory, and a group may write":         {place(0o664, user, "memory"), []keystore.Place{closed}, 0o007, "refused"},
		"a stranger's":                             {place(0o444, stranger, "read-only"), []keystore.Place{closed}, 0o007, "refused"},
		"in a stranger's directory":                {place(0o444, root, "read-only"), []keystore.Place{closed, place(fs.ModeDir|0o755, stranger, ""), closed}, 0o007, "refused"},
		"below where all may write":                {place(0o444, root, "read-only"), []keystore.Place{closed, place(fs.ModeDir|0o777, root, ""), closed}, 0o007, "refused"},
		"below where a group may write":            {place(0o444, root, "read-only"), []keystore.Place{closed, place(fs.ModeDir|0o775, root, ""), closed}, 0o007, "refused"},
		"in memory, on a disk where all may write": {place(0o444, root, "memory"), []keystore.Place{closed, shared}, 0o007, "refused"},
	} {
		open, err := keystore.Exposed(c.file, c.way, c.forbidden, user)
		got := "closed"
		switch {
		case errors.Is(err, keystore.ErrExposed) && !open:
			got = "refused"
		case err != nil:
			got = err.Error()
		case open:
			got = "open"
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// TestAPlainFileOpenToOthersIsRefusedWithAWayOut, by root, too: the disk of the
// tests is no container's mount, or one where all may write above it.
func TestAPlainFileOpenToOthersIsRefusedWithAWayOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil { // in memory, too, nobody may take such a one for given
		t.Fatal(err)
	}
	path := filepath.Join(dir, "p")
	if err := os.WriteFile(path, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("p", link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		_, err := keystore.ReadPassphrase(t.Context(), keystore.PassphraseOptions{File: p})
		want(t, p, err, keystore.ErrExposed)
		if hint := "has mode 0444, run chmod 600 " + p + ", or where that cannot be, mount it with mode 0400"; !strings.Contains(fmt.Sprint(err), hint) {
			t.Errorf("got %v, want %q in it", err, hint)
		}
	}
}

// TestTheKindOfAMountIsKnown of two that every Linux has.
func TestTheKindOfAMountIsKnown(t *testing.T) {
	var s unix.Statfs_t
	if err := unix.Statfs("/proc", &s); err != nil {
		t.Fatal(err)
	}
	readOnly, memory, err := keystore.MountOf("/proc")
	if err != nil || memory || readOnly != (s.Flags&unix.ST_RDONLY != 0) {
		t.Errorf("/proc: got %v, %v, %v", readOnly, memory, err)
	}
	if readOnly, _, err = keystore.MountOf(t.TempDir()); err != nil || readOnly {
		t.Errorf("where tests write: got %v, %v", readOnly, err)
	}
	if _, _, err := keystore.MountOf(filepath.Join(t.TempDir(), "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nowhere: got %v", err)
	}
}

// TestAPassphraseComesThroughAPipe: "<(pass show x)" of a shell, "| … /dev/stdin",
// and one with a name.
func TestAPassphraseComesThroughAPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, err := w.WriteString("secret\nuser: me\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	named := filepath.Join(t.TempDir(), "named")
	if err := unix.Mkfifo(named, 0o600); err != nil {
		t.Fatal(err)
	}
	wrote := make(chan error, 1)
	go func() { wrote <- os.WriteFile(named, []byte("secret\n"), 0o600) }() // waits for the reader
	for _, path := range []string{fmt.Sprintf("/dev/fd/%d", r.Fd()), named} {
		p, err := keystore.ReadPassphrase(t.Context(), keystore.PassphraseOptions{File: path})
		if err != nil || !p.Equal(passphrase(t, "secret")) {
			t.Errorf("%s: got another one, %v", path, err)
		}
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

func TestAPipeIsReadForAWhileAndNotWithoutEnd(t *testing.T) {
	dir := t.TempDir()
	pipe := func(name string, mode uint32) string {
		path := filepath.Join(dir, name)
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, fs.FileMode(mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	// Both ends open here: nobody writes, and nobody has to be waited for.
	hold := func(path, text string) {
		f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	silent := pipe("silent", 0o600)
	hold(silent, "half a line")
	_, err := keystore.ReadPipe(t.Context(), silent, 100, time.Millisecond)
	want(t, "silent", err, keystore.ErrNoPassphrase)
	if got := fmt.Sprint(err); !strings.HasPrefix(got, "nothing came through "+silent+" within 1ms") {
		t.Errorf("got %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = keystore.ReadPipe(ctx, silent, 100, time.Hour)
	want(t, "interrupted", err, context.Canceled)
	_, err = keystore.ReadPipe(ctx, pipe("nobody writes", 0o600), 100, time.Hour)
	want(t, "interrupted, and nobody writes", err, context.Canceled)

	long := pipe("long", 0o600)
	hold(long, strings.Repeat("x", 101))
	if _, err := keystore.ReadPipe(t.Context(), long, 100, time.Hour); err == nil || !strings.Contains(err.Error(), "has over 100 bytes") {
		t.Errorf("long: got %v", err)
	}
	public := pipe("public", 0o644)
	hold(public, "secret\n")
	_, err = keystore.ReadPipe(t.Context(), public, 100, time.Hour)
	want(t, "for everybody", err, keystore.ErrExposed)
}
