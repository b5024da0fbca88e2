package cuda

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/weights"
)

// Backend is a model on a device.
type Backend struct {
	dev     Device
	info    Info
	kernels map[string]uintptr
	m       *model
	owned   []pointer // that Close frees
	held    int64     // bytes of them
	store   *store
	close   func()                // once
	lost    atomic.Pointer[error] // backend.ErrDevice, from when it is first seen
	table   pointer               // pages' addresses of a pass
	entries int                   // that table has room for
}

var _ backend.Backend = (*Backend)(nil)

// budget is how many tokens of prompts a step may have: on the slowest devices,
// half a second for a model of their size.
const budget = 256

// The least compute capability: the first with products of four bytes.
const minMajor, minMinor = 6, 1

// Open puts a model on the device of that number. Errors:
// backend.ErrUnavailable, backend.ErrUnsupported, backend.ErrMemory,
// backend.ErrDevice.
func Open(w *weights.Model, driver Driver, number int) (*Backend, error) {
	if err := check(w); err != nil {
		return nil, err
	}
	list, err := driver.Devices()
	if err != nil {
		return nil, err
	}
	if number < 0 || number >= len(list) {
		return nil, fmt.Errorf("%w: cuda:%d, of %d devices", backend.ErrUnavailable, number, len(list))
	}
	info := list[number]
	if info.Major < minMajor || info.Major == minMajor && info.Minor < minMinor {
		return nil, fmt.Errorf("%w: %s has compute capability %d.%d, and %d.%d is needed",
			backend.ErrUnavailable, info.Name, info.Major, info.Minor, minMajor, minMinor)
	}
	dev, err := driver.Open(number)
	if err != nil {
		return nil, err
	}
	b := &Backend{dev: dev, info: info, store: &store{dev: dev, bytes: 2 * 2 * pageLen * int64(w.Layers*w.KVHeads*w.Head)}}
	b.close = sync.OnceFunc(b.end)
	err = b.on(func() (err error) {
		b.kernels, err = load(dev)
		return err
	})
	if err == nil {
		err = b.place(w)
	}
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("%s: %w", info.Name, err)
	}
	return b, nil
}

// About names the device's instructions by its compute capability.
func (b *Backend) About() backend.About {
	return backend.About{ISA: fmt.Sprintf("sm_%d%d", b.info.Major, b.info.Minor), Layout: "device"}
}

// NewCache returns an empty cache.
func (b *Backend) NewCache() backend.Cache { return &cache{store: b.store} }

// PageBytes is the memory of a page.
func (b *Backend) PageBytes() int64 { return b.store.bytes }

// CacheBytes is the memory of all pages, in use or not.
func (b *Backend) CacheBytes() int64 { return b.store.size() }

// Budget is how many tokens of prompts a step may have.
func (b *Backend) Budget() int { return budget }

// Check returns what has ended the device.
func (b *Backend) Check() error {
	if err := b.lost.Load(); err != nil {
		return *err
	}
	return nil
}

// Close frees the model; pages follow when their caches are released.
func (b *Backend) Close() { b.close() }

func (b *Backend) end() {
	b.dev.Do(func() {
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
	if errors.Is(err, backend.ErrDevice) {
		b.lost.CompareAndSwap(nil, &err)
	}
	return err
}
