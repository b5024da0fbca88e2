package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
)

// TestAServerTakesTheMemoryThatItTells, within a tenth of what the system has
// counted at most: after a short answer, after a prompt of 2,000 tokens, and after
// eight prompts of 300 at once, with what the log says of keys and values.
func TestAServerTakesTheMemoryThatItTells(t *testing.T) {
	for _, path := range []string{enginetest.Real(t), enginetest.Gemma(t)} {
		for _, x := range []struct{ many, tokens int }{{1, 8}, {1, 2000}, {8, 300}} {
			told, most := servedMemory(t, path, x.many, x.tokens)
			t.Logf("%s, %d prompts of %d tokens: %.0f MiB told, %.0f at most", path, x.many, x.tokens, told, most)
			if most > 1.1*told || told > 1.1*most {
				t.Errorf("%s, %d prompts of %d tokens: %.0f MiB told, %.0f at most", path, x.many, x.tokens, told, most)
			}
		}
	}
}

// servedMemory has a server answer prompts of so many tokens, all at once, and
// returns what it told that it takes, and the most that it took, in MiB.
func servedMemory(t *testing.T, path string, many, tokens int) (told, most float64) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	program := exec.CommandContext(t.Context(), "assay", "serve", "--model", path, "--listen", "127.0.0.1:0", "--log-format", "json")
	logs, err := program.StderrPipe()
	ok(err)
	ok(program.Start())
	defer func() {
		_ = program.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, logs)
		_ = program.Wait()
	}()
	var said struct {
		URL  string
		Need float64 `json:"mebibytes"`
		Each float64 `json:"mebibytes_per_1024_tokens"`
	}
	lines := bufio.NewScanner(logs)
	for said.URL == "" && lines.Scan() {
		ok(json.Unmarshal(lines.Bytes(), &said))
	}
	const answer = 4
	done := make(chan error, many)
	for i := range many {
		prompt := strings.Repeat(fmt.Sprintf("%d,", 100+i), tokens)
		body := fmt.Sprintf(`{"prompt":[%s],"max_tokens":%d}`, strings.TrimSuffix(prompt, ","), answer)
		go func() {
			resp, err := http.Post(said.URL+"/completions", "application/json", strings.NewReader(body))
			if err == nil {
				if _, err = io.Copy(io.Discard, resp.Body); resp.StatusCode != http.StatusOK {
					err = fmt.Errorf("status %d", resp.StatusCode)
				}
				_ = resp.Body.Close()
			}
			done <- err
		}()
	}
	for range many {
		ok(<-done)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", program.Process.Pid))
	ok(err)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("the system does not count: %s", status)
	}
	kib, err := strconv.ParseFloat(string(found[1]), 64)
	ok(err)
	return said.Need + said.Each*float64(many*(tokens+answer))/1024, kib / 1024
}
