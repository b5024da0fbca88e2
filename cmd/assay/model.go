package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/models"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
	"github.com/assaynet/assay/protocol/params"
)

// Bounds on what the model commands read.
const (
	// maxRunFile bounds a run to verify: 128 Ki tokens with their leaves take
	// 10 MiB.
	maxRunFile = 64 << 20
	// maxIDsFile bounds a list of ids.
	maxIDsFile = 16 << 20
)

// modelCommand is the group that runs models without any network.
func modelCommand() *cli.Command {
	check := modelVerifyCommand()
	group := &cli.Command{
		Name:  "model",
		Usage: "look into, run and check a model, without any network",
		Description: `Works on one GGUF file, given by --model or the variable ASSAY_MODEL, or by its name
in the store; without either, on the model that "make model" fetches. The same model,
prompt and settings give the same tokens and the same fingerprint on every machine:

   assay model generate --chat "Why is the sky blue?" --json > run.json
   assay model verify --run run.json`,
		Subcommands: usage.WithoutArguments([]*cli.Command{
			modelInfoCommand(),
			modelListCommand(), modelPullCommand(), modelRemoveCommand(),
			modelTokenizeCommand(),
			modelDetokenizeCommand(),
			modelGenerateCommand(),
			check,
			modelPerplexityCommand(),
			modelBenchCommand(),
			modelSynthCommand(),
		}),
	}
	judged(check) // an argument too many has its exit status, too
	return group
}

// modelFlags are the flags of every model command.
func modelFlags(jsonUsage string, more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "model", EnvVars: []string{"ASSAY_MODEL"}, Usage: "GGUF `FILE`, or a name that assay model list shows (default: the one that make model fetches)"},
		&cli.BoolFlag{Name: "json", Usage: jsonUsage},
	}, more...)
}

// threadsFlag is the flag of the commands that run the model.
func threadsFlag() cli.Flag {
	return &cli.IntFlag{Name: "threads", Usage: "`N` threads that compute; they change no result", DefaultText: "one for each processor"}
}

// backendFlag is another flag of those commands.
func backendFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "backend", EnvVars: []string{"ASSAY_BACKEND"}, DefaultText: engine.BackendAuto,
		Usage: "`WHAT` computes: " + strings.Join(engine.Backends(), ", ") + "; all give the same bits",
	}
}

// deviceFlag is another flag of those commands.
func deviceFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "device", EnvVars: []string{"ASSAY_DEVICE"}, DefaultText: engine.DeviceAuto,
		Usage: "`WHERE` it computes: " + engine.DeviceForms + ", where N is an NVIDIA GPU's number; auto takes the first GPU that passes its self-test and has room, or all of them, or they and the CPU",
	}
}

// sayDevice tells, beside the result, where a model computes, where that is a
// GPU or somebody asked.
func sayDevice(c *cli.Context, m *engine.Model) {
	if i := m.Info(); i.Device != engine.DeviceCPU || c.String("device") != "" {
		note(c, "device: %s (%s)", i.Device, i.Why)
	}
}

// weightsFlag is the other flag of those commands.
func weightsFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "weights", EnvVars: []string{"ASSAY_WEIGHTS"}, DefaultText: engine.WeightsAuto,
		Usage: "`WHERE` weights are read: mapped, in the file; interleaved, in a copy that is quicker to read and takes the place of the file's pages; auto, by the processor",
	}
}

// draftsFlag is the flag of the commands that make answers.
func draftsFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "drafts", EnvVars: []string{"ASSAY_DRAFTS"}, DefaultText: engine.DraftsAuto,
		Usage: "`WHEN` tokens are guessed from what prompt and answer hold already, and tried some at a time: auto, where that is quicker; always; off. No token changes",
	}
}

// draftModelFlag is another flag of those commands.
func draftModelFlag() cli.Flag {
	return &cli.StringFlag{
		Name: "draft-model", EnvVars: []string{"ASSAY_DRAFT_MODEL"}, DefaultText: "none",
		Usage: "GGUF `FILE` of a smaller model of the same vocabulary, which guesses tokens, too, where that is quicker; no token changes",
	}
}

// engineConfig is what threadsFlag, deviceFlag, backendFlag, weightsFlag,
// draftsFlag and draftModelFlag say, with so many bytes of prefix cache (see
// engine.Config).
func engineConfig(c *cli.Context, prefixCache int64) engine.Config {
	return engine.Config{Threads: c.Int("threads"), Device: c.String("device"), Backend: c.String("backend"), Weights: c.String("weights"), Drafts: c.String("drafts"), DraftModel: storedPath(c.String("draft-model")), PrefixCache: prefixCache}
}

// modelPath returns the file to work on.
func modelPath(c *cli.Context) (string, error) {
	if given := c.String("model"); given != "" {
		return storedPath(given), nil
	}
	m, err := defaultModel()
	return m.path, err
}

// givenModel is a model's file and the name by which it is asked for.
type givenModel struct{ name, path string }

// defaultModel is the network's own, as make model or assay model pull has
// fetched it.
func defaultModel() (givenModel, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return givenModel{}, withHint(errors.New("no model is given and there is no cache directory"), "give --model FILE")
	}
	hints := []string{"give --model FILE", "run make model"}
	p := params.Local()
	for _, m := range p.Models() {
		name, path := modelName(m.Name), filepath.Join(cache, "assay", "models", m.Name)
		if _, err := os.Stat(path); err == nil {
			return givenModel{name, path}, nil
		}
		if path := storedPath(name); path != name {
			return givenModel{name, path}, nil
		}
		if fetch := models.Fetch(m.Name); fetch != "" {
			hints = append(hints, fetch)
		}
	}
	return givenModel{}, withHint(errors.New("no model is given and none was fetched"), strings.Join(hints, ", or "))
}

// modelHint says what to do about a model file that cannot be used.
func modelHint(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return withHint(err, "--model takes a file, or a name that assay model list shows; assay model pull and make model fetch one")
	case errors.Is(err, gguf.ErrPart):
		return withHint(err, "join the parts with gguf-split --merge FIRST-PART OUT.gguf (pieces cut by bytes: with cat), and give OUT.gguf")
	case errors.Is(err, engine.ErrVocabulary):
		return withHint(err, "give a smaller model of the same family, or leave out --draft-model")
	case errors.Is(err, engine.ErrUnavailable), errors.Is(err, engine.ErrDevice):
		return withHint(err, "assay model info shows the devices of this machine; --device cpu needs none")
	case errors.Is(err, gguf.ErrNotGGUF):
		return withHint(err, "--model takes a GGUF file")
	case errors.Is(err, gguf.ErrTruncated):
		return withHint(err, "the file is not whole: fetch or copy it again")
	case errors.Is(err, engine.ErrUnsupported), errors.Is(err, tokenizer.ErrUnsupported), errors.Is(err, gguf.ErrType), errors.Is(err, gguf.ErrVersion):
		return withHint(err, "this version of assay does not run such a model; try another file")
	case errors.Is(err, gguf.ErrLimit), errors.Is(err, gguf.ErrMetadata), errors.Is(err, gguf.ErrTensor),
		errors.Is(err, engine.ErrWeights), errors.Is(err, tokenizer.ErrData):
		return withHint(err, "the file is damaged or badly made: fetch it again, or try another")
	}
	return err
}

// withModel opens the model, calls f and closes it.
func withModel(c *cli.Context, cfg engine.Config, f func(*engine.Model) error) error {
	path, err := modelPath(c)
	if err != nil {
		return err
	}
	m, err := engine.Open(c.Context, path, cfg)
	if err != nil {
		return modelHint(err)
	}
	return errors.Join(runHint(f(m)), m.Close())
}

// runHint says what to do about a run that was refused.
func runHint(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled // in whatever words the engine says it
	case errors.Is(err, engine.ErrContext):
		return withHint(err, "shorten the prompt, or lower --max-tokens")
	case errors.Is(err, engine.ErrToken):
		return withHint(err, "the ids must be of this model's vocabulary, which assay model info shows")
	case errors.Is(err, engine.ErrNotFinite):
		return withHint(err, "the model's numbers overflow on this prompt: no machine can answer it")
	}
	return err
}

// withTokenizer opens the model's tokenizer alone, which is quick, and calls f.
func withTokenizer(c *cli.Context, f func(*tokenizer.Tokenizer) error) error {
	path, err := modelPath(c)
	if err != nil {
		return err
	}
	file, err := gguf.Open(path)
	if err != nil {
		return modelHint(err)
	}
	t, err := tokenizer.New(file)
	if err == nil {
		return errors.Join(f(t), file.Close())
	}
	return errors.Join(modelHint(err), file.Close())
}

// printJSON writes one value and a line feed.
func printJSON(c *cli.Context, v any) error {
	e := json.NewEncoder(c.App.Writer)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// readInput reads a whole file of at most limit bytes; "-" is standard input,
// of which a person at a terminal is told that what is waited for.
func readInput(c *cli.Context, path, what string, limit int64) ([]byte, error) {
	var data []byte
	var err error
	if path != "-" {
		data, err = input.ReadFile(c.Context, path, limit)
	} else {
		if input.Terminal(c.App.Reader) != nil {
			note(c, "waiting for %s; end it with Enter and Ctrl-D", what)
		}
		data, err = input.Read(c.Context, c.App.Reader, limit)
	}
	if errors.Is(err, input.ErrTooLong) {
		return nil, fmt.Errorf("%s has %w", inputName(path), err)
	}
	return data, err
}

// readText is readInput of a text for programs.
func readText(c *cli.Context, path, what string, limit int64) ([]byte, error) {
	data, err := readInput(c, path, what, limit)
	if err != nil {
		return nil, err
	}
	if data, err = config.Text(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", inputName(path), err)
	}
	return data, nil
}

// inputName is what an error calls an input.
func inputName(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}
