//go:build linux && (amd64 || arm64)

package cuda

// OpenLibrary opens a library that is not NVIDIA's.
func OpenLibrary(name string) (Driver, error) { return openLibrary(name) }

// Symbols are what a library must have.
func Symbols() []string { return symbols }
