package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/assaynet/assay/cmd/internal/cmdtest"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"assay": main})
}

// TestScripts runs testdata/*.txt. Each finds a tiny model, which ASSAY_MODEL
// names, one with altered weights in ALTERED, one whose runs fail on "!" in
// FAILING, one that asks for a BOS in BOS, and the real model in REAL.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: addModels,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"edit": editJSON, "holds": jsonHolds, "write": writeBytes, "relabel": relabel},
	})
}

func TestHelpIsWhole(t *testing.T) { cmdtest.CheckHelp(t, app()) }

func addModels(e *testscript.Env) error {
	for name, o := range map[string]enginetest.Options{
		"ASSAY_MODEL": {},
		"ALTERED":     {Seed: 1},
		"FAILING":     {FailToken: enginetest.ByteToken + '!'},
		"UNTIED":      {Untied: true, Type: gguf.Q8_0},
	} {
		path := filepath.Join(e.WorkDir, name+".gguf")
		if err := enginetest.Write(path, o); err != nil {
			return err
		}
		e.Setenv(name, path)
	}
	withBOS := filepath.Join(e.WorkDir, "BOS.gguf")
	if err := askForBOS(e.Getenv("ASSAY_MODEL"), withBOS); err != nil {
		return err
	}
	e.Setenv("BOS", withBOS)
	fetched := os.Getenv("ASSAY_MODEL")
	if fetched == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		fetched = filepath.Join(cache, "assay", "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
	}
	if _, err := os.Stat(fetched); err != nil {
		return fmt.Errorf("%w (hint: run `make model`, which fetches it)", err)
	}
	e.Setenv("REAL", fetched)
	return nil
}

// askForBOS copies a model that then wants a BOS at the beginning.
func askForBOS(from, to string) (err error) {
	f, err := gguf.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := &gguf.Writer{}
	for _, kv := range f.Metadata() {
		if kv.Key == "tokenizer.ggml.add_bos_token" {
			w.AddBool(kv.Key, true)
			continue
		}
		w.AddRaw(kv.Key, kv.Type, kv.Raw)
	}
	for _, t := range f.Tensors() {
		w.AddTensor(t)
	}
	return w.WriteFile(to)
}

// editJSON changes one field of the object in a file: edit FILE OUT FIELD VALUE,
// where FIELD may be an array's element, like ids[3], or go deeper, like settings.seed.
func editJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: edit FILE OUT FIELD VALUE")
	}
	root := readObject(ts, args[0])
	var value any
	ts.Check(json.Unmarshal([]byte(args[3]), &value))
	object, key := root, args[2]
	if outer, inner, ok := cutField(key); ok {
		object, key = root[outer].(map[string]any), inner
	}
	if m := regexp.MustCompile(`^(.*)\[(\d+)\]$`).FindStringSubmatch(key); m != nil {
		i, err := strconv.Atoi(m[2])
		ts.Check(err)
		object[m[1]].([]any)[i] = value
	} else {
		object[key] = value
	}
	out, err := json.Marshal(root)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out, 0o600))
}

func cutField(key string) (outer, inner string, ok bool) {
	m := regexp.MustCompile(`^(\w+)\.(\w+)$`).FindStringSubmatch(key)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// jsonHolds checks that a file is one JSON object with exactly these fields:
// holds FILE FIELD...
func jsonHolds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: holds FILE FIELD...")
	}
	object := readObject(ts, args[0])
	for _, name := range args[1:] {
		if _, ok := object[name]; !ok {
			ts.Fatalf("%s has no field %q", args[0], name)
		}
		delete(object, name)
	}
	for name := range object {
		ts.Fatalf("%s has the field %q", args[0], name)
	}
}

func readObject(ts *testscript.TestScript, name string) map[string]any {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &object))
	return object
}

// writeBytes writes a Go string literal to a file: write FILE LITERAL. Files in
// a script always end with a line feed; this one need not.
func writeBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: write FILE LITERAL")
	}
	text, err := strconv.Unquote(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// relabel copies a run with the model id of another: relabel RUN OTHER OUT.
func relabel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: relabel RUN OTHER OUT")
	}
	run := readObject(ts, args[0])
	run["model_id"] = readObject(ts, args[1])["model_id"]
	out, err := json.Marshal(run)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out, 0o600))
}
