// Bulk makes a large file of synthetic records from a seed, new texts all of them,
// has assay score it, and says how fast that was and how much memory it took:
//
//	go run ./scripts/bench/bulk -assay build/assay -bytes 1000000000
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	assay := flag.String("assay", "build/assay", "the program")
	size := flag.Int64("bytes", 1_000_000_000, "bytes of the file, at least")
	words := flag.Int("words", 1500, "words of a record")
	seed := flag.Uint64("seed", 1, "of the texts")
	flag.Parse()
	if err := run(os.Stdout, *assay, *size, *words, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "bulk:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, assay string, size int64, words int, seed uint64) (err error) {
	dir, err := os.MkdirTemp("", "assay-bulk-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "records")
	written, records, err := write(path, size, words, seed)
	if err != nil {
		return err
	}
	var rows lines
	cmd := exec.Command(assay, "dataset", "score", "--kind", "synthetic", "--json", path) //nolint:noctx // it ends by itself
	cmd.Stdout, cmd.Stderr = &rows, os.Stderr
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	took := time.Since(begun)
	if rows.count != records {
		return fmt.Errorf("%d rows of %d records", rows.count, records)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("this system does not say how much memory a program took")
	}
	_, err = fmt.Fprintf(out, "%d bytes, %d records: %.0f s, %.1f MB/s, %d MiB resident at most, %.0f s of processors\n",
		written, records, took.Seconds(), float64(written)/took.Seconds()/1e6, usage.Maxrss>>10,
		(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
	return err
}

// write writes a specification and records of so many words each, in blocks
// that are drawn: their order is not that of the lines.
func write(path string, size int64, words int, seed uint64) (written int64, records int, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, err
	}
	r, buf := rand.New(rand.NewPCG(seed, 0)), bufio.NewWriterSize(f, 1<<20)
	line := fmt.Appendf(nil, "{\"specification\":{\"count\":%d,\"price\":1000,\"maximum\":%d,\"beacon\":\"%064x\"}}\n", 1<<20, 1000<<20, seed)
	for {
		n, err := buf.Write(line)
		if written += int64(n); err != nil {
			return 0, 0, errors.Join(err, f.Close())
		}
		if written >= size {
			return written, records, errors.Join(buf.Flush(), f.Close())
		}
		records++
		line = fmt.Appendf(line[:0], "{\"record\":\"%064x\",\"maker\":%d,\"block\":%d,\"text\":\"", records, r.IntN(100), r.IntN(100_000))
		for range words {
			for range 2 + r.IntN(3) {
				line = append(line, "bcdfghklmnprstvwz"[r.IntN(17)], "aeiou"[r.IntN(5)])
			}
			line = append(line, ' ')
		}
		line = append(bytes.TrimSuffix(line, []byte(" ")), ".\"}\n"...)
	}
}

// lines counts the rows that are written to it.
type lines struct{ count int }

func (l *lines) Write(b []byte) (int, error) {
	l.count += bytes.Count(b, []byte("\n"))
	return len(b), nil
}
