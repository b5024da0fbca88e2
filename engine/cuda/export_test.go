//go:build linux && (amd64 || arm64) && !static

package cuda

// OpenLibrary opens a library that is not NVIDIA's, without sensors.
func OpenLibrary(name string) (Driver, error) {
	return openLibrary(name, "libnvidia-ml-of-nobody.so.1")
}

// OpenLibraries opens one with sensors.
func OpenLibraries(name, sensors string) (Driver, error) { return openLibrary(name, sensors) }

// Symbols are what a library must have.
func Symbols() []string { return symbols }
