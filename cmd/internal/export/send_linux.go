package export

import (
	"os"
	"syscall"
)

// send has the system write a part of a file to the disk, and does not wait for it.
// It is a hint: what becomes of it is seen when the file is synced.
func send(f *os.File, from, size int64) {
	const write = 2 // SYNC_FILE_RANGE_WRITE
	_ = syscall.SyncFileRange(int(f.Fd()), from, size, write)
}
