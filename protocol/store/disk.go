package store

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// disk is a file system under a database. What it refuses pebble does not always
// return: it tries a flush again at once and for ever, panics where it cannot go
// on with its log, and closes what its own background work still uses when
// opening ends with an error. So the first refusal of a write makes the database
// fail here, and the call never returns: while the database is being opened, from
// the flush of the replayed log on, and later where there is an Options.Fatal to
// end the process.
type disk struct {
	FS
	d *DB
}

// check returns err, unless nobody should go on after it. What befalls a file that
// is not the database's, of a copy that is made, befalls the copy alone.
func (f disk) check(name string, err error) error {
	if err == nil || !f.owns(name) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrClosed) {
		return err // no word of the disk's
	}
	if opened := f.d.opened.Load(); opened && f.d.fatal != nil || !opened && f.d.flushed.Load() {
		f.d.die(err)
	}
	return err
}

// owns reports whether a path is the database's directory, or in it.
func (f disk) owns(name string) bool {
	rest, ok := strings.CutPrefix(filepath.Clean(name), filepath.Clean(f.d.dir))
	return ok && (rest == "" || rest[0] == filepath.Separator)
}

// file returns what opening a file gave.
func (f disk) file(name string, file vfs.File, err error) (vfs.File, error) {
	if err := f.check(name, err); err != nil {
		return nil, err
	}
	return diskFile{file, name, f}, nil
}

// Unwrap implements [vfs.FS].
func (f disk) Unwrap() vfs.FS { return f.FS }

// GetDiskUsage implements [vfs.FS]. A disk that cannot tell its size is no
// trouble: pebble only wants to know whether to hurry.
func (f disk) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	u, err := f.FS.GetDiskUsage(path)
	if err != nil {
		return u, vfs.ErrUnsupported
	}
	return u, nil
}

// Create implements [vfs.FS].
func (f disk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	return f.file(name, file, err)
}

// OpenReadWrite implements [vfs.FS].
func (f disk) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.OpenReadWrite(name, c, o...)
	return f.file(name, file, err)
}

// ReuseForWrite implements [vfs.FS].
func (f disk) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(from, to, c)
	return f.file(to, file, err)
}

// OpenDir implements [vfs.FS].
func (f disk) OpenDir(name string) (vfs.File, error) {
	file, err := f.FS.OpenDir(name)
	return f.file(name, file, err)
}

// Link implements [vfs.FS].
func (f disk) Link(from, to string) error { return f.check(to, f.FS.Link(from, to)) }

// Rename implements [vfs.FS].
func (f disk) Rename(from, to string) error { return f.check(to, f.FS.Rename(from, to)) }

// List implements [vfs.FS].
func (f disk) List(dir string) ([]string, error) {
	names, err := f.FS.List(dir)
	return names, f.check(dir, err)
}

// diskFile is a file that is written to.
type diskFile struct {
	vfs.File
	name string
	f    disk
}

// Write implements [vfs.File].
func (d diskFile) Write(b []byte) (int, error) {
	n, err := d.File.Write(b)
	return n, d.f.check(d.name, err)
}

// WriteAt implements [vfs.File].
func (d diskFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := d.File.WriteAt(b, at)
	return n, d.f.check(d.name, err)
}

// Sync implements [vfs.File].
func (d diskFile) Sync() error { return d.f.check(d.name, d.File.Sync()) }

// SyncData implements [vfs.File].
func (d diskFile) SyncData() error { return d.f.check(d.name, d.File.SyncData()) }

// SyncTo implements [vfs.File].
func (d diskFile) SyncTo(n int64) (bool, error) {
	full, err := d.File.SyncTo(n)
	return full, d.f.check(d.name, err)
}

// Close implements [vfs.File].
func (d diskFile) Close() error { return d.f.check(d.name, d.File.Close()) }
