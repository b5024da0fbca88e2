// Command peers writes the tiny models that an independent engine is to run,
// and what it is to run them on, into a folder. scripts/oracle/peers.sh calls it.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/assaynet/assay/engine/enginetest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// job is one line of the list that the other engine reads.
type job struct {
	Name      string  `json:"name"`
	File      string  `json:"file"`
	SHA256    string  `json:"sha256"`
	Prompt    []int32 `json:"prompt"`
	Positions []int   `json:"positions"`
	Context   uint32  `json:"context"`
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: peers FOLDER")
	}
	var jobs []job
	for i, p := range enginetest.Peers() {
		file := filepath.Join(args[0], fmt.Sprintf("%02d.gguf", i))
		if err := enginetest.Write(file, p.Options); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		jobs = append(jobs, job{p.Name, file, hex.EncodeToString(sum[:]), p.Prompt(), p.Positions, max(p.Options.Context, 512)})
	}
	data, err := json.Marshal(jobs)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(args[0], "jobs.json"), data, 0o644)
}
