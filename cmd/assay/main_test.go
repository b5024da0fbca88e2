package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

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
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"edit": editJSON, "holds": jsonHolds, "write": writeBytes, "relabel": relabel, "same": sameField, "ask": askServer},
	})
}

func TestHelpIsWhole(t *testing.T) { cmdtest.CheckHelp(t, app()) }

// askServer asks a server until it is there: ask URL BODY OUT, or ask URL OUT,
// which writes the answer to a file, and the id of its receipt to the variable
// RECEIPT.
func askServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: ask URL [BODY] OUT")
	}
	method, body := http.MethodGet, ""
	if len(args) == 3 {
		method, body = http.MethodPost, args[1]
	}
	for deadline := time.Now().Add(cmdtest.Patience); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.NewRequest(method, args[0], strings.NewReader(body))
		ts.Check(err)
		resp, err := http.DefaultClient.Do(r)
		if err != nil && time.Now().Before(deadline) {
			continue
		}
		ts.Check(err)
		b, err := io.ReadAll(resp.Body)
		ts.Check(errors.Join(err, resp.Body.Close()))
		ts.Check(os.WriteFile(ts.MkAbs(args[len(args)-1]), b, 0o600))
		ts.Setenv("RECEIPT", resp.Header.Get("X-Assay-Receipt"))
		return
	}
}

func addModels(e *testscript.Env) error {
	ports, err := cmdtest.Ports(1, e.Defer)
	if err != nil {
		return err
	}
	e.Setenv("PORT", strconv.Itoa(ports[0]))
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
	const template = "tokenizer.chat_template"
	for name, change := range map[string]struct {
		key string
		add func(w *gguf.Writer, key string)
	}{
		"BOS": {"tokenizer.ggml.add_bos_token", func(w *gguf.Writer, key string) { w.AddBool(key, true) }},
		"PART": {"general.name", func(w *gguf.Writer, _ string) {
			w.AddUint32("split.no", 0)
			w.AddUint32("split.count", 2)
		}},
		"LOGITS": {"general.name", func(w *gguf.Writer, _ string) { w.AddFloat32("llama.logit_scale", 0.125) }},
		"NOCHAT": {template, func(*gguf.Writer, string) {}},
		"DATED": {template, func(w *gguf.Writer, key string) {
			w.AddString(key, "{{ strftime_now('%d %b %Y: ') }}{{ messages[0].content }}")
		}},
		"MAYDATE": {template, func(w *gguf.Writer, key string) {
			w.AddString(key, "{{ strftime_now('%F: ') if strftime_now is defined }}{{ messages[0].content }}")
		}},
		"REFUSES": {template, func(w *gguf.Writer, key string) {
			w.AddString(key, "{% if messages[0].role == 'system' %}{{ raise_exception('no system turns') }}{% endif %}{{ messages[0].content }}")
		}},
	} {
		path := filepath.Join(e.WorkDir, name+".gguf")
		if err := rewrite(e.Getenv("ASSAY_MODEL"), path, change.key, change.add); err != nil {
			return err
		}
		e.Setenv(name, path)
	}
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

// rewrite copies a model with the pair under key written by add, which may
// write nothing.
func rewrite(from, to, key string, add func(w *gguf.Writer, key string)) (err error) {
	f, err := gguf.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := &gguf.Writer{}
	for _, kv := range f.Metadata() {
		if kv.Key == key {
			add(w, key)
			continue
		}
		w.AddRaw(kv.Key, kv.Type, kv.Raw)
	}
	for _, t := range f.Tensors() {
		w.AddTensor(t)
	}
	return w.WriteFile(to)
}

// editJSON changes one field of the object in a file: edit FILE OUT FIELD
// VALUE, where FIELD may be an array's element, like ids[3], or go deeper, like
// settings.seed.
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

// sameField checks that two objects have a field in common: same FIELD FILE OTHER.
func sameField(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: same FIELD FILE OTHER")
	}
	a, b := readObject(ts, args[1])[args[0]], readObject(ts, args[2])[args[0]]
	if a == nil || !reflect.DeepEqual(a, b) {
		ts.Fatalf("%s is %v in %s, and %v in %s", args[0], a, args[1], b, args[2])
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
