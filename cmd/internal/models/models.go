// Package models finds the model files of a network on this machine, and makes
// sure that they are the network's to the bit.
package models

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
)

var (
	// ErrNone says that no model file is there.
	ErrNone = errors.New("no model")
	// ErrOther says that a file is not a model that the network pays for.
	ErrOther = errors.New("wrong model")
	// ErrTasks says that a model's chat template cannot write the network's tasks.
	ErrTasks = errors.New("model cannot be asked")
)

// Find returns the paths that the settings name, else the files that the
// network's models are called, in HOME/models or the user's cache, or that assay
// model pull has fetched under that name: none where the network pays for no kind
// that needs one. It returns [ErrNone], with a hint, when none is there.
func Find(home config.Home, c *config.Config, p *params.Params) ([]string, error) {
	switch {
	case len(p.Models()) == 0: // its kinds of tasks need none
		return nil, nil
	case len(c.Engine.Models) > 0:
		return c.Engine.Models, nil
	}
	dirs := []string{filepath.Join(string(home), "models")}
	cache, err := os.UserCacheDir()
	if err == nil {
		dirs = append(dirs, filepath.Join(cache, "assay", "models"))
	}
	var found []string
	for _, m := range p.Models() {
		path := inDirs(dirs, filepath.Base(m.Name))
		if path == "" && err == nil {
			path = inStore(cache, m.Name)
		}
		if path != "" {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: %s is not in %s; give --model FILE, or %s", ErrNone, Names(p), strings.Join(dirs, " or "), how(p.Models()[0].Name))
	}
	return found, nil
}

// inDirs is the path of a file in the first of some directories that has it; ""
// where none has.
func inDirs(dirs []string, name string) string {
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// Names lists the models that a network pays for.
func Names(p *params.Params) string {
	var names []string
	for _, m := range p.Models() {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// Check hashes the file at path, or reads the hash that was kept beside it, and
// returns the network's model that it is, else [ErrOther] or [ErrTasks].
func Check(path string, p *params.Params) (params.Model, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return params.Model{}, Hint(err)
	}
	id := protocol.ModelID(gguf.CachedModelID(f))
	t, err := tokenizer.New(f)
	if cerr := f.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("close model %q: %w", path, cerr)
	}
	m, other := Paid(path, id, p)
	switch {
	case other != nil:
		return m, other
	case err != nil:
		return m, Hint(err)
	}
	return m, Answers(path, t, p)
}

// Answers returns [ErrTasks] where the network's tasks cannot be written for a
// model: its template refuses a system message, needs the day, or is none. Such
// a model would fail each task that it is asked.
func Answers(path string, t *tokenizer.Tokenizer, p *params.Params) error {
	_, err := t.Chat(bridge.Conversation(inference.Messages(&inference.Task{System: p.Inference.System, Prompt: "Hello."})))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, tokenizer.ErrDay):
		return fmt.Errorf("%w: %s: %w, which tasks do not give, for all must make one prompt of a task; name another model with --model", ErrTasks, path, err)
	}
	return fmt.Errorf("%w: this network's tasks cannot be written for %s: %w; name another model with --model", ErrTasks, path, err)
}

// Paid returns the network's model with this id, else [ErrOther].
func Paid(path string, id protocol.ModelID, p *params.Params) (params.Model, error) {
	for _, m := range p.Models() {
		if m.ID == id {
			return m, nil
		}
	}
	return params.Model{}, fmt.Errorf("%w: %s is model %s, this network pays for %s; %s", ErrOther, path, id.Short(), listed(p), how(Names(p)))
}

func listed(p *params.Params) string {
	var out []string
	for _, m := range p.Models() {
		out = append(out, m.Name+" ("+m.ID.Short()+")")
	}
	return strings.Join(out, ", ")
}

// Hint adds what to do to an error of opening a model.
func Hint(err error) error {
	var hint string
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "check the path in --model or in config.toml"
	case errors.Is(err, gguf.ErrPart):
		hint = "join the parts with gguf-split --merge FIRST-PART OUT.gguf (pieces cut by bytes: with cat), and give OUT.gguf"
	case errors.Is(err, gguf.ErrNotGGUF):
		hint = "--model takes a GGUF file"
	case errors.Is(err, gguf.ErrTruncated):
		hint = "the file is not whole: fetch or copy it again"
	case errors.Is(err, engine.ErrUnsupported), errors.Is(err, gguf.ErrType), errors.Is(err, gguf.ErrVersion), errors.Is(err, tokenizer.ErrUnsupported):
		hint = "this version does not run such a model"
	case errors.Is(err, gguf.ErrLimit), errors.Is(err, gguf.ErrMetadata), errors.Is(err, gguf.ErrTensor), errors.Is(err, engine.ErrWeights), errors.Is(err, tokenizer.ErrData):
		hint = "the file is damaged: fetch or copy it again"
	default:
		return err
	}
	return fmt.Errorf("%w; %s", err, hint)
}
