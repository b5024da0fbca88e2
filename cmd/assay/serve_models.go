package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/server/shelf"
)

// modelName is the name by which a model's file is asked for.
func modelName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".gguf") }

// openShelf describes the models of the flags, and opens the first and those
// that stay.
func openShelf(c *cli.Context, registry prometheus.Registerer) (*shelf.Shelf, error) {
	list, err := servedModels(c)
	if err != nil {
		return nil, usage.Mistake(err)
	}
	cfg := shelf.Config{Limit: int64(c.Float64("memory") * (1 << 30)), Idle: c.Duration("idle")}
	if cfg.Limit < 0 || cfg.Idle < 0 {
		return nil, usage.Mistake(errors.New("--memory and --idle are 0 or more"))
	}
	pins := c.StringSlice("pin")
	var beside int64 // that a draft model takes beside each
	if path := c.String("draft-model"); path != "" && c.String("drafts") != engine.DraftsOff {
		about, err := shelf.Describe(storedPath(path))
		if err != nil {
			return nil, modelHint(err)
		}
		beside = about.Need
	}
	for _, m := range list {
		about, err := shelf.Describe(m.path)
		if err != nil {
			return nil, modelHint(err)
		}
		about.Need += beside
		cfg.Specs = append(cfg.Specs, specOf(c, m, about, slices.Contains(pins, m.name), registry))
	}
	for _, name := range pins {
		if !slices.ContainsFunc(cfg.Specs, func(x shelf.Spec) bool { return x.Name == name }) {
			return nil, usage.Mistake(withHint(fmt.Errorf("--pin %s is no model of --model", abridge(name)), "a model's name is its file's, without .gguf"))
		}
	}
	s, err := shelf.New(c.Context, cfg)
	switch {
	case errors.Is(err, shelf.ErrTooLarge):
		return nil, usage.Mistake(withHint(err, "give more by --memory, or fewer by --pin"))
	case err != nil:
		return nil, usage.Mistake(err)
	}
	for i, x := range cfg.Specs {
		if i > 0 && !x.Pinned {
			continue
		}
		_, back, err := s.Take(c.Context, x.Name)
		if err != nil {
			return nil, errors.Join(modelHint(err), s.Close())
		}
		back()
	}
	return s, nil
}

// specOf is a model whose metrics are told while it is open.
func specOf(c *cli.Context, model givenModel, about shelf.About, pinned bool, registry prometheus.Registerer) shelf.Spec {
	name := model.name
	var metrics *daemon.EngineMetrics
	return shelf.Spec{
		Name: name, About: about, Pinned: pinned,
		Open: func(ctx context.Context) (*engine.Model, error) {
			metrics = daemon.NewEngineMetrics()
			cfg := engineConfig(c, 0)
			cfg.KeepPlaces = true
			cfg.Observer = metrics
			m, err := engine.Open(ctx, model.path, cfg)
			if err != nil {
				return nil, err
			}
			if err := metrics.Register(registry, name, m); err != nil {
				return nil, errors.Join(err, m.Close())
			}
			return m, nil
		},
		Closed: func() {
			metrics.Unregister(registry, name)
			metrics = nil // it knows the model, which is to be gone
		},
	}
}

// servedModels returns the files of --model, each once, those of a directory in the
// order of their names; by default that which was fetched, or all of the store.
func servedModels(c *cli.Context) ([]givenModel, error) {
	given := slices.DeleteFunc(c.StringSlice("model"), func(s string) bool { return s == "" }) // of an empty variable
	if len(given) == 0 {
		return servedByDefault()
	}
	var out []givenModel
	for _, path := range given {
		if stored := storedPath(path); stored != path {
			out = append(out, givenModel{path, stored})
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, modelHint(err)
		}
		files := []string{path}
		if info.IsDir() {
			if files, err = filepath.Glob(filepath.Join(path, "*.gguf")); err != nil || len(files) == 0 {
				return nil, errors.Join(err, withHint(fmt.Errorf("%s has no GGUF file", path), "name one by --model"))
			}
		}
		for _, file := range files {
			if !slices.ContainsFunc(out, func(m givenModel) bool { return m.path == file }) {
				out = append(out, givenModel{modelName(file), file})
			}
		}
	}
	return out, nil
}

// servedByDefault is what is served where nothing is said.
func servedByDefault() ([]givenModel, error) {
	m, err := defaultModel()
	if err == nil {
		return []givenModel{m}, nil
	}
	store, err2 := openStore()
	if err2 != nil {
		return nil, err
	}
	entries, err2 := store.List()
	if err2 != nil || len(entries) == 0 {
		return nil, errors.Join(err, err2)
	}
	var out []givenModel
	for _, e := range entries {
		out = append(out, givenModel{e.Name, storedPath(e.Name)})
	}
	return out, nil
}
