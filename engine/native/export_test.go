//go:build cgo

package native

// Watched lets tests watch memory of their own.
type Watched = watch

// What tests use of the watch over mapped files.
var (
	NewWatch = newWatch
	ReadAll  = readAll
)

// Err is err.
func (w *watch) Err() error { return w.err() }

// Close is close.
func (w *watch) Close() { w.close() }
