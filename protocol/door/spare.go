package door

import (
	"os"
	"sync"
)

// sparing lets one look at a time: two would take the files from each other.
var sparing sync.Mutex

// Spare returns an error where this process cannot open n more files now: what
// accepts connections and ends for want of a file must not be handed one then. It
// opens and closes as many.
func Spare(n int) error {
	sparing.Lock()
	defer sparing.Unlock()
	files := make([]*os.File, 0, n)
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
	}()
	for range n {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	return nil
}
