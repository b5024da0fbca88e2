package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Checkpoint writes a copy of the database, as it is at one moment, to a directory
// that is not there yet. Files that never change again are linked where the file
// system can, so it takes little time and room however large the database is; the
// copy stays whole when they go from here. Errors are those of the system, with
// io/fs.ErrExist for a directory that is there.
func (d *DB) Checkpoint(dir string) error {
	err := d.do(func() error { return d.db.Checkpoint(dir, pebble.WithFlushedWAL()) })
	if err != nil {
		return fmt.Errorf("copy database %q to %q: %w", d.dir, dir, err)
	}
	return nil
}
