package cuda

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/weights"
)

// Backend is a model on a device.
type Backend struct {
	*unit
	m       *model
	owned   []pointer    // that Close frees
	held    atomic.Int64 // bytes of them
	store   *store
	close   func()                // once
	lost    atomic.Pointer[error] // backend.ErrDevice, from when it is first seen
	wrong   atomic.Bool           // it was the self-test that saw it
	last    atomic.Int64          // sequences of the last step
	tokens  atomic.Int64          // of all steps
	pinned  pinned
	entries int                  // pages that the facts of a pass have room for
	tiles   tiles                // of the rows that are described
	full    int                  // blocks of threads from which linear layers take matrix_…; matrixBlocks but in the self-test
	busy    int                  // blocks of threads from which attention takes large tiles; two for each multiprocessor but in the self-test
	graphs  map[graphKey]uintptr // 0 for none
	room    int                  // pages that there was memory for at first
	plain   bool                 // no kernel begins early

	probes  []*Backend    // the self-test's, nil for none
	every   time.Duration // between self-tests
	checked time.Time     // the last one, Step's
}

// unit is an open device with its kernels.
type unit struct {
	dev     Device
	number  int // among the driver's
	info    Info
	kernels map[string]kernel
	sensors Sensors // or nil
}

var _ backend.Watched = (*Backend)(nil)

// Config says what a Backend runs on.
type Config struct {
	Driver Driver
	Device int // its number among the driver's
	// Check is the time between self-tests of the device. 0 means an hour;
	// below 0 there are none, not even at Open, which serves tests alone.
	Check time.Duration
	// Plain has every kernel begin when the one before it has ended, also on a
	// device that can have them begin early, to measure what that is worth.
	Plain bool
}

// How many tokens of prompts a step may have: on the slowest devices, half a
// second for a model of their size. On those with asynchronous copies, which are
// quicker, 512 are still soon over; 1,024 are where a device has many
// multiprocessors, whose last turn of blocks of threads then is a small part.
const (
	budget      = 256
	largeBudget = 512
	mostBudget  = mostTokens
	manySMs     = 100
)

// The least compute capability: the first with products of four bytes.
const minMajor, minMinor = 6, 1

// Open tests a device and puts a model on it. Errors: backend.ErrUnavailable,
// backend.ErrUnsupported, backend.ErrMemory, backend.ErrDevice.
func Open(w *weights.Model, cfg Config) (*Backend, error) {
	s, err := Take(cfg)
	if err != nil {
		return nil, err
	}
	return s.Open(w)
}

// Seat is an open device that has passed its test, and has no model yet. Open
// or Close is its last call.
type Seat struct {
	b    *Backend
	free int64
}

// Take opens a device and tests it. Errors: backend.ErrUnavailable,
// backend.ErrMemory, backend.ErrDevice.
func Take(cfg Config) (*Seat, error) {
	u, err := open(cfg.Driver, cfg.Device)
	if err != nil {
		return nil, err
	}
	s := &Seat{b: u.backend()}
	s.b.plain = cfg.Plain
	if cfg.Check >= 0 {
		s.b.every = cmp.Or(cfg.Check, checkEvery)
		s.b.checked = time.Now()
		err = s.b.prepare()
	}
	if err == nil {
		s.free, err = s.b.left()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("%s: %w", u.name(), err)
	}
	return s, nil
}

// Free is how many bytes of the device's memory nobody had allocated.
func (s *Seat) Free() int64 { return s.free }

// Open puts a model on the device, or a part of one. Errors:
// backend.ErrUnsupported, backend.ErrMemory, backend.ErrDevice, after which the
// device is closed.
func (s *Seat) Open(w *weights.Model) (*Backend, error) {
	err := check(w)
	if err == nil {
		err = s.b.fit(w, s.free)
	}
	if err == nil {
		err = s.b.place(w)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("%s: %w", s.b.name(), err)
	}
	return s.b, nil
}

// Close gives the device back.
func (s *Seat) Close() { s.b.Close() }

// open opens a device and loads the kernels. Errors: backend.ErrUnavailable,
// *Error.
func open(driver Driver, number int) (*unit, error) {
	list, err := driver.Devices()
	if err != nil {
		return nil, err
	}
	if number < 0 || number >= len(list) {
		return nil, fmt.Errorf("%w: cuda:%d, of %d devices", backend.ErrUnavailable, number, len(list))
	}
	u := &unit{number: number, info: list[number]}
	u.sensors, _ = driver.(Sensors)
	if u.info.Major < minMajor || u.info.Major == minMajor && u.info.Minor < minMinor {
		return nil, fmt.Errorf("%w: cuda:%d, %s, has compute capability %d.%d, and %d.%d is needed",
			backend.ErrUnavailable, number, u.info.Name, u.info.Major, u.info.Minor, minMajor, minMinor)
	}
	if u.dev, err = driver.Open(number); err != nil {
		return nil, err
	}
	if u.dev.Do(func() { u.kernels, err = load(u.dev, u.info) }); err != nil {
		u.dev.Close()
		return nil, fmt.Errorf("%s: %w", u.name(), err)
	}
	return u, nil
}

// name is what people call it.
func (u *unit) name() string { return fmt.Sprintf("cuda:%d, %s", u.number, u.info.Name) }

// backend is one without a model, whose last page closes the device.
func (u *unit) backend() *Backend {
	b := &Backend{unit: u, full: matrixBlocks, busy: 2 * u.info.Multiprocessors, graphs: map[graphKey]uintptr{}, store: &store{dev: u.dev, last: u.dev.Close}}
	b.close = sync.OnceFunc(b.end)
	return b
}

// pageBytes is the memory of a page.
func pageBytes(w *weights.Model) int64 {
	return 2 * 2 * pageLen * int64(w.Layers*w.KVHeads*w.Head)
}

// prepare puts the probes on the device, and runs them. Errors:
// backend.ErrDevice, backend.ErrMemory.
func (b *Backend) prepare() error {
	for _, w := range probes() {
		p := b.backend()
		p.store.last = func() {}
		b.probes = append(b.probes, p)
		if err := p.place(w); err != nil {
			return err
		}
	}
	return examine(b.probes)
}

// SelfTest runs the self-test on a device. It returns how many bytes of its
// memory nobody has allocated, and how long the test took. Errors:
// backend.ErrUnavailable, backend.ErrMemory, backend.ErrDevice, which says
// where the bits are wrong.
func SelfTest(driver Driver, number int) (free int64, took time.Duration, err error) {
	began := time.Now()
	u, err := open(driver, number)
	if err != nil {
		return 0, 0, err
	}
	b := u.backend()
	defer b.Close()
	if free, err = b.left(); err == nil {
		err = b.prepare()
	}
	return free, time.Since(began), err
}

// About names the device's instructions by its compute capability.
func (b *Backend) About() backend.About {
	return backend.About{ISA: fmt.Sprintf("sm_%d%d", b.info.Major, b.info.Minor), Layout: "device", Device: b.name(), Room: b.room}
}

// NewCache returns an empty cache.
func (b *Backend) NewCache() backend.Cache { return &cache{store: b.store} }

// PageBytes is the memory of a page.
func (b *Backend) PageBytes() int64 { return b.store.bytes }

// CacheBytes is the memory of all pages, in use or not.
func (b *Backend) CacheBytes() int64 { return b.store.size() }

// Devices is the one device.
func (b *Backend) Devices() []backend.Device {
	d := backend.Device{
		Name: fmt.Sprintf("cuda:%d", b.number), State: backend.InService, Used: b.held.Load() + b.store.size(), Memory: b.info.Memory,
		Sequences: int(b.last.Load()), Tokens: b.tokens.Load(),
	}
	for _, p := range b.probes {
		d.Used += p.held.Load() + p.store.size()
	}
	switch {
	case b.wrong.Load():
		d.State = backend.WrongBits
	case b.Check() != nil:
		d.State = backend.Failed
	}
	if b.sensors != nil {
		d.Celsius, d.Watts = b.sensors.Sense(b.number)
	}
	return []backend.Device{d}
}

// Budget is how many tokens of prompts a step may have.
func (b *Backend) Budget() int {
	switch {
	case b.info.Major < 8:
		return budget
	case b.info.Multiprocessors < manySMs:
		return largeBudget
	}
	return mostBudget
}

// Check returns what has ended the device, and names it.
func (b *Backend) Check() error {
	if err := b.lost.Load(); err != nil {
		return *err
	}
	return nil
}

// Close frees the model; pages follow when their caches are released.
func (b *Backend) Close() { b.close() }

func (b *Backend) end() {
	for _, p := range b.probes {
		p.Close()
	}
	b.dev.Do(func() {
		b.forget()
		for _, data := range b.pinned.all {
			_ = b.dev.Unpin(data)
		}
		for _, p := range b.owned {
			_ = b.dev.Free(uint64(p)) // a device that has failed has given up its memory
		}
	})
	b.store.close()
}

// do runs f on the device, and remembers an error that ends it.
func (b *Backend) do(f func() error) (err error) {
	if err := b.Check(); err != nil {
		return err
	}
	err = b.on(f)
	if lost(err) {
		b.lose(err)
	}
	return err
}

// lose keeps what has ended the device, with its name.
func (b *Backend) lose(err error) {
	err = fmt.Errorf("%s: %w", b.name(), err)
	b.lost.CompareAndSwap(nil, &err)
}

// still runs the self-test again where it is due, and loses a device that gives
// wrong bits.
func (b *Backend) still() error {
	if b.probes == nil || time.Since(b.checked) < b.every {
		return nil
	}
	b.checked = time.Now()
	err := examine(b.probes)
	if err != nil {
		b.wrong.Store(errors.Is(err, errWrongBits))
		b.lose(err)
	}
	return err
}
