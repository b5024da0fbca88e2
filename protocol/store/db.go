package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"
)

// schema is the version of the layout of keys and records. A program opens
// what has its own version, and refuses a newer one.
const schema = 1

// format is the version of pebble's files: fixed, so that an upgrade of the
// library does not make a database unreadable for the program before.
const format = pebble.FormatValueSeparation

// Sizes of one database. Nine nodes share a small machine in the demo, and the
// hot part of a ledger of 4,096 seats is a few megabytes.
const (
	cacheBytes    = 16 << 20
	memTableBytes = 8 << 20
	maxOpenFiles  = 256
	filterBits    = 10 // a key: one lookup in a hundred looks in vain
)

// FS is the file system that a database lives on.
type FS = vfs.FS

// Options says how a database is opened.
type Options struct {
	// FS is the file system; nil is the machine's own.
	FS FS
	// ReadOnly opens an existing database and changes nothing in it.
	ReadOnly bool
	// Cache is how many bytes of the files are kept in memory; 0 stands for 16 MiB. A
	// database in which keys are looked up that are mostly not there wants room for
	// its filters, ten bits a key: then such a lookup reads nothing.
	Cache int64
	// Logger hears of what pebble recovered from. The zero value is silent.
	Logger zerolog.Logger
	// Fatal is told what made the open database fail: a write, or work in the
	// background, where no caller waits for it. The default panics: going on
	// would lose what was acknowledged. It must not return. What happens within
	// Open is Open's error and not told here.
	Fatal func(error)
}

// DB is an open database. All methods may run at the same time.
type DB struct {
	dir     string
	db      *pebble.DB
	lock    *pebble.Lock
	fatal   func(error)
	log     zerolog.Logger
	failed  atomic.Pointer[error]
	broken  chan struct{} // closed when failed is set
	opened  atomic.Bool   // open has succeeded
	flushed atomic.Bool   // a flush has begun

	mu     sync.RWMutex // held for reading by every operation, for writing by Close
	closed bool
	iters  map[*Iterator]struct{}
	itermu sync.Mutex // guards iters
}

// Open opens the database in dir, and makes one if there is none. Errors:
// [ErrNewerSchema], [ErrCorrupt], [ErrLocked], [ErrFull], [ErrMissing], and
// those of the system, such as syscall.EROFS, with their number. After trouble
// with the disk, the directory may stay locked until the process ends.
func Open(dir string, o Options) (*DB, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if err := prepare(dir, o); err != nil {
		return nil, err
	}
	lock, err := pebble.LockDirectory(dir, o.FS)
	if err != nil {
		return nil, classifyLock(dir, err)
	}
	d := &DB{dir: dir, lock: lock, fatal: o.Fatal, log: o.Logger, iters: map[*Iterator]struct{}{}, broken: make(chan struct{})}
	if err := d.open(o); err != nil {
		return nil, err
	}
	return d, nil
}

// prepare makes the directory and looks at the version of what lies there.
func prepare(dir string, o Options) error {
	if !o.ReadOnly {
		if err := o.FS.MkdirAll(dir, 0o700); err != nil {
			return classifyOpen(dir, err)
		}
	}
	desc, err := pebble.Peek(dir, o.FS)
	switch {
	case o.ReadOnly && (errors.Is(err, fs.ErrNotExist) || err == nil && !desc.Exists):
		return fmt.Errorf("open database %q: %w", dir, ErrMissing)
	case err != nil:
		return classifyOpen(dir, err)
	case desc.Exists && desc.FormatMajorVersion > format:
		return fmt.Errorf("open database %q: files of version %d, this program reads up to %d: %w", dir, desc.FormatMajorVersion, format, ErrNewerSchema)
	}
	return nil
}

// open opens what was locked, on a goroutine of its own: after trouble that
// pebble would not return from, that one is left behind, with the lock, and the
// trouble is the error here ([DB.die], [disk]).
func (d *DB) open(o Options) error {
	ended := make(chan error, 1) // so that nobody need wait for it
	go func() { ended <- d.openLocked(o) }()
	var err error
	select {
	case err = <-ended:
	case <-d.broken:
	}
	if failed := d.failed.Load(); failed != nil {
		return classifyOpen(d.dir, *failed)
	}
	return err
}

// openLocked gives the lock back after an error.
func (d *DB) openLocked(o Options) error {
	l := logger{d}
	po := &pebble.Options{
		FS:                 disk{o.FS, d},
		Lock:               d.lock,
		ReadOnly:           o.ReadOnly,
		FormatMajorVersion: format,
		MemTableSize:       memTableBytes,
		MaxOpenFiles:       maxOpenFiles,
		Logger:             l,
		EventListener: &pebble.EventListener{
			BackgroundError: d.die, DataCorruption: l.corrupt,
			FlushBegin: func(pebble.FlushInfo) { d.flushed.Store(true) },
		},
	}
	po.CacheSize = cmp.Or(o.Cache, cacheBytes)
	for i := range po.Levels {
		po.Levels[i].FilterPolicy = bloom.FilterPolicy(filterBits)
	}
	var err error
	if d.db, err = pebble.Open(d.dir, po); err != nil {
		return errors.Join(classifyOpen(d.dir, err), d.lock.Close())
	}
	if err := d.checkSchema(o.ReadOnly); err != nil {
		return errors.Join(err, d.Close())
	}
	d.opened.Store(true)
	return nil
}

// checkSchema reads the schema's version, and writes it into a new database.
func (d *DB) checkSchema(readOnly bool) error {
	meta := d.Space("schema")
	v, err := meta.Get([]byte("version"))
	if err != nil {
		return classifyOpen(d.dir, err)
	}
	if v == nil {
		if empty, err := d.empty(); err != nil {
			return classifyOpen(d.dir, err)
		} else if !empty || readOnly {
			return fmt.Errorf("open database %q: no version in it: %w", d.dir, ErrCorrupt)
		}
		return meta.Set([]byte("version"), binary.BigEndian.AppendUint32(nil, schema))
	}
	if len(v) != 4 {
		return fmt.Errorf("open database %q: version of %d bytes: %w", d.dir, len(v), ErrCorrupt)
	}
	if n := binary.BigEndian.Uint32(v); n > schema {
		return fmt.Errorf("open database %q: schema %d, this program reads up to %d: %w", d.dir, n, schema, ErrNewerSchema)
	}
	return nil
}

func (d *DB) empty() (bool, error) {
	it, err := d.iterator(nil, nil, false)
	if err != nil {
		return false, err
	}
	defer func() { _ = it.Close() }()
	return !it.Valid(), it.Error()
}

// Failed returns the [ErrFailed] after which nothing is written any more, nil
// while all is well. The process should end: what it holds in memory may not
// be on the disk.
func (d *DB) Failed() error {
	if e := d.failed.Load(); e != nil {
		return fmt.Errorf("%w: %w", ErrFailed, classify(*e))
	}
	return nil
}

// Size returns the bytes that the database takes on the disk.
func (d *DB) Size() uint64 {
	var n uint64
	_ = d.do(func() error { n = d.db.Metrics().DiskSpaceUsage(); return nil })
	return n
}

// Flush moves what is in memory to table files. Nothing needs it but tests
// and a copy of the directory.
func (d *DB) Flush() error { return d.do(func() error { return d.db.Flush() }) }

// Close closes the database; open iterators end. A second call does nothing.
// Operations that come later get [ErrClosed].
func (d *DB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	if d.failed.Load() != nil {
		return nil // pebble holds its own locks for ever; the process is about to end
	}
	d.itermu.Lock()
	for it := range d.iters {
		_ = it.it.Close()
	}
	clear(d.iters)
	d.itermu.Unlock()
	return classify(errors.Join(d.db.Close(), d.lock.Close()))
}

// do runs an operation while the database is open, and turns what pebble
// reports by Fatalf on this goroutine into an error.
func (d *DB) do(op func() error) (err error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return ErrClosed
	}
	if err := d.Failed(); err != nil {
		return err
	}
	defer func() {
		if e := recoverFatal(recover()); e != nil {
			err = fmt.Errorf("%w: %w", ErrFailed, classify(e))
		}
	}()
	return classify(op())
}
