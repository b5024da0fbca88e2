package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// llamaBench is llama.cpp's measure of one sequence.
func llamaBench(args ...string) func(*comparison, string) (string, []string) {
	return func(c *comparison, model string) (string, []string) {
		return filepath.Join(c.llama, "llama-bench"),
			append([]string{"-m", model, "-t", strconv.Itoa(c.threads), "-fa", "1", "-o", "jsonl"}, args...)
	}
}

// llamaBatchedBench measures 8 and 32 sequences that begin with a token of
// their own.
func llamaBatchedBench(c *comparison, model string) (string, []string) {
	t := strconv.Itoa(c.threads)
	return filepath.Join(c.llama, "llama-batched-bench"), []string{
		"-m", model, "-t", t, "-tb", t, "-fa", "on", "-npp", "1", "-ntg", "128", "-npl", "8,32",
		"-c", strconv.Itoa(32 * 256), "--output-format", "jsonl",
	}
}

// parseBench reads llama-bench's lines.
func parseBench(output []byte, into values) error {
	type line struct {
		Prompt   int     `json:"n_prompt"`
		Generate int     `json:"n_gen"`
		Speed    float64 `json:"avg_ts"`
	}
	err := eachObject(output, func(l line) {
		switch {
		case l.Prompt == 512 && l.Generate == 0:
			into[rowPrefill] = l.Speed
		case l.Prompt == 0 && l.Generate == 128:
			into[rowDecode] = l.Speed
		}
	})
	return errors.Join(err, has(into, rowPrefill, rowDecode))
}

// parseBatchedBench reads llama-batched-bench's lines.
func parseBatchedBench(output []byte, into values) error {
	type line struct {
		Sequences int     `json:"pl"`
		Speed     float64 `json:"speed_tg"`
	}
	err := eachObject(output, func(l line) {
		switch l.Sequences {
		case 8:
			into[rowDecode8] = l.Speed
		case 32:
			into[rowDecode32] = l.Speed
		}
	})
	return errors.Join(err, has(into, rowDecode8, rowDecode32))
}

// eachObject calls do for each line of output that is a JSON object; programs
// print other lines too.
func eachObject[T any](output []byte, do func(T)) error {
	for l := range bytes.Lines(output) {
		if !bytes.HasPrefix(l, []byte("{")) {
			continue
		}
		var v T
		if err := json.Unmarshal(l, &v); err != nil {
			return fmt.Errorf("%q: %w", bytes.TrimSpace(l), err)
		}
		do(v)
	}
	return nil
}

func has(v values, want ...string) error {
	for _, row := range want {
		if v[row] <= 0 {
			return fmt.Errorf("no figure for %q", row)
		}
	}
	return nil
}

// readLoop returns what a program that only reads the model's bytes reaches, in
// 10⁹ bytes a second.
func readLoop(ctx context.Context, c *comparison, model string) (float64, error) {
	ran, err := runProcess(ctx, filepath.Join(c.llama, "readloop"), []string{model, strconv.Itoa(c.threads), "2"})
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(ran.output)), 64)
}
