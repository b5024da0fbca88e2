package keystore

import "golang.org/x/sys/unix"

// mountOf tells of the mount of path whether nobody can write through it, and
// whether its file system is in memory alone.
func mountOf(path string) (readOnly, memory bool, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return false, false, err
	}
	kind := uint32(s.Type) // 32 bits on every machine, in fields of many widths
	return s.Flags&unix.ST_RDONLY != 0, kind == unix.TMPFS_MAGIC || kind == unix.RAMFS_MAGIC, nil
}
