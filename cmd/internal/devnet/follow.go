package devnet

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"time"
)

// pollEvery is how often a log is looked at; it is for people to read.
const pollEvery = 200 * time.Millisecond

// written is how long a log is by now; 0 of none.
func written(path string) int64 {
	at, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return at.Size()
}

// follow calls fn with every JSON line that is written to a log behind an offset
// until ctx ends.
func follow(ctx context.Context, path string, offset int64, fn func(map[string]any)) {
	var pending []byte
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if f, err := os.Open(path); err == nil {
			chunk, err := io.ReadAll(io.NewSectionReader(f, offset, 1<<24))
			_ = f.Close()
			if err == nil {
				offset += int64(len(chunk))
				pending = append(pending, chunk...)
			}
		}
		for {
			line, rest, ok := bytes.Cut(pending, []byte("\n"))
			if !ok {
				break
			}
			pending = rest
			var m map[string]any
			if json.Unmarshal(line, &m) == nil {
				fn(m)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
