package daemon

import (
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// sizeEvery is how old the size of the database may be: it is the sum over some
// hundred files.
const sizeEvery = 30 * time.Second

// sizes measures a directory, seldom.
type sizes struct {
	dir string

	mu   sync.Mutex
	at   time.Time // guarded by mu
	last float64   // guarded by mu
}

// bytes returns how many bytes the files below the directory have. Those that go
// meanwhile are not counted.
func (s *sizes) bytes() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() && time.Since(s.at) < sizeEvery {
		return s.last
	}
	var sum int64
	_ = filepath.WalkDir(s.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // it is gone
		}
		if info, err := d.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	s.at, s.last = time.Now(), float64(sum)
	return s.last
}

// NewHomeMetrics returns what tells of the disk: data is the directory of the
// database.
func NewHomeMetrics(data string) []prometheus.Collector {
	s := &sizes{dir: data}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "assay", Subsystem: "home", Name: name, Help: help}, value)
	}
	return []prometheus.Collector{
		gauge("database_bytes", "Size of the database's files.", s.bytes),
		gauge("disk_free_bytes", "Bytes that the daemon may still write on the disk of the home.", func() float64 {
			free, err := Free(data)
			if err != nil {
				return 0
			}
			return float64(free)
		}),
	}
}
