//go:build !linux

package export

import "os"

// send does nothing where a system has no such hint.
func send(*os.File, int64, int64) {}
