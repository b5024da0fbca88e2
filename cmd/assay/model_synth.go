package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/engine/synth"
)

// synthResult is the object that synth --json prints.
type synthResult struct {
	Path    string `json:"path"`
	Shape   string `json:"shape"`
	Type    string `json:"type"`
	Seed    uint64 `json:"seed"`
	Weights uint64 `json:"weights"`
	Bytes   int64  `json:"bytes"`
}

func modelSynthCommand() *cli.Command {
	return &cli.Command{
		Name:  "synth",
		Usage: "write a model of random weights in the shape of a real one",
		Description: `Writes a GGUF file whose answers mean nothing, but that needs the memory and the
time of a real model of its shape and type: to size a machine before anything is
downloaded. Equal flags give equal bytes. Embedding and output are Q8_0, or Q6_K
beside K types, as real files have them.

   assay model synth --shape llama-8b --type q4_k
   assay model bench --model random-llama-8b-q4_k.gguf

With --dry-run it says how large the file would be and writes nothing.
JSON fields: path, shape, type, seed, weights, bytes.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "shape", Value: "llama-1b", Usage: "`SHAPE`: " + strings.Join(synth.Shapes(), ", ")},
			&cli.StringFlag{Name: "type", Value: "q8_0", Usage: "`TYPE` of the matrices: " + strings.Join(synth.Types(), ", ")},
			&cli.Uint64Flag{Name: "seed", Usage: "`N` decides the weights"},
			&cli.UintFlag{Name: "context", Value: synth.DefaultContext, Usage: "`N` tokens that the model says it takes"},
			&cli.StringFlag{Name: "out", Usage: "`FILE` to write", DefaultText: "random-SHAPE-TYPE.gguf"},
			&cli.BoolFlag{Name: "force", Usage: "write over a file that is there", DisableDefaultText: true},
			&cli.BoolFlag{Name: "dry-run", Usage: "write nothing", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object", DisableDefaultText: true},
		},
		Action: synthesise,
	}
}

// maxContext bounds what a model may say of its context: more than any has.
const maxContext = 1 << 24

func synthesise(c *cli.Context) error {
	if n := c.Uint("context"); n < 1 || n > maxContext {
		return fmt.Errorf("the context must be 1 to %d tokens, not %d", maxContext, n)
	}
	o := synth.Options{Shape: strings.ToLower(c.String("shape")), Type: strings.ToLower(c.String("type")), Seed: c.Uint64("seed"), Context: uint32(c.Uint("context"))}
	m, err := synth.New(o)
	if err != nil {
		return err
	}
	r := synthResult{Path: c.String("out"), Shape: o.Shape, Type: o.Type, Seed: o.Seed, Weights: m.Weights(), Bytes: m.Size()}
	if r.Path == "" {
		r.Path = fmt.Sprintf("random-%s-%s.gguf", o.Shape, o.Type)
	}
	if !c.Bool("dry-run") {
		if err := writeSynth(c, m, r.Path); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return printJSON(c, r)
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s: %d weights, %d bytes, seed %d\n", r.Path, r.Weights, r.Bytes, r.Seed)
	return err
}

func writeSynth(c *cli.Context, m *synth.Model, path string) error {
	if _, err := os.Lstat(path); err == nil && !c.Bool("force") {
		return fmt.Errorf("%s is there already; give --out another name, or --force", path)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	stop := progress.Start(c.App.ErrWriter, func() string {
		return fmt.Sprintf("writing %s: %d of %d MB", path, m.Written()/1e6, m.Size()/1e6)
	})
	defer stop()
	return m.WriteFile(path)
}
