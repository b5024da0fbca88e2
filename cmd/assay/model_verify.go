package main

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/runfile"
)

func modelVerifyCommand() *cli.Command {
	return &cli.Command{
		Name:  "verify",
		Usage: "check a run that generate --json printed",
		Description: `Runs the model once over prompt and answer and compares every choice and every
hidden state, bit for bit. Prints "equal" and exits 0, or prints the first
output token that differs and how ("token", "hidden state", "ended too early",
"ended too late", "signature", …) and exits 1. Where nothing could be found out, as for another
model, it says why and exits 2.

   assay model generate --prompt "Two and two is" --json | assay model verify --run -

JSON fields: equal, position (index of the output token, or -1), kind,
fingerprint (this machine's own, with the run's binding; empty where it did not run),
signed_by (the address of the key that signed the run, where one did).
With exit status 2 they are: equal, which is null; error.`,
		Flags: modelFlags("print one JSON object; the exit status stays",
			&cli.StringFlag{Name: "run", Usage: "`FILE` with the run; - is standard input"},
			threadsFlag(), deviceFlag(), backendFlag(), weightsFlag()),
		Action: func(c *cli.Context) error {
			path := c.String("run")
			if path == "" {
				return fmt.Errorf("no run is given; give --run FILE, which %s generate --json printed", c.App.Name+" model")
			}
			data, err := readText(c, path, "a run", maxRunFile)
			if err != nil {
				return readHint(err, "--run takes what assay model generate --json printed")
			}
			return verifyRun(c, inputName(path), data, "--run takes what assay model generate --json printed")
		},
	}
}

// verifyRun checks a run that stands in a file of a name.
func verifyRun(c *cli.Context, name string, data []byte, hint string) error {
	file, run, err := runfile.Parse(data)
	if err != nil {
		return withHint(fmt.Errorf("read run from %s: %w", name, err), hint)
	}
	return withModel(c, engineConfig(c, 0), func(m *engine.Model) error { return verify(c, m, file, run) })
}

// verdict is the object that verify --json prints.
type verdict struct {
	Equal       bool   `json:"equal"`
	Position    int    `json:"position"`
	Kind        string `json:"kind"`
	Fingerprint string `json:"fingerprint"`
	SignedBy    string `json:"signed_by,omitempty"`
}

func verify(c *cli.Context, m *engine.Model, file runfile.File, run engine.Run) error {
	if id := m.ID(); file.ModelID != hex.EncodeToString(id[:]) {
		return fmt.Errorf("the run is of model %q, this file is model %x; give --model the file that it was made with", abridge(file.ModelID), id)
	}
	sayDevice(c, m)
	report, err := recompute(c, m, run)
	if err != nil {
		return err
	}
	v := verdict{Equal: report.Equal, Position: report.Position, Kind: string(report.Kind)}
	if report.Ran() {
		root := report.Root(run.Binding)
		v.Fingerprint = hex.EncodeToString(root[:])
	}
	if v.Equal {
		v.Kind = renderingDiffers(m, file, run)
		v.Equal = v.Kind == ""
	}
	by, signed := signer(file)
	if v.SignedBy = by; !signed && v.Equal {
		v.Equal, v.Kind = false, "signature"
	}
	if c.Bool("json") {
		err = printJSON(c, v)
	} else {
		_, err = fmt.Fprintln(c.App.Writer, describe(v, len(run.Output)))
	}
	if err == nil && !v.Equal {
		return errDiffers
	}
	return err
}

// recompute is Verify, except that leaves that do not give the fingerprint,
// which is reason enough to refuse a run, do not hide which of them is wrong.
func recompute(c *cli.Context, m *engine.Model, run engine.Run) (engine.Report, error) {
	report, err := m.Verify(c.Context, run)
	if err != nil || report.Kind != engine.KindLeaves || len(run.Leaves) != len(run.Output) {
		return report, err
	}
	run.Fingerprint = fingerprint.Root(run.Leaves)
	if report, err = m.Verify(c.Context, run); report.Equal {
		report.Equal, report.Kind = false, engine.KindFingerprint
	}
	return report, err
}

// renderingDiffers checks what nobody signs but a reader believes: that text
// and finish belong to the ids. It returns the field that does not, or "".
func renderingDiffers(m *engine.Model, file runfile.File, run engine.Run) string {
	// A JSON string cannot hold bytes that are not UTF-8: each became U+FFFD.
	want := string([]rune(string(m.Tokenizer().Decode(run.Output))))
	if file.Text != nil && *file.Text != want {
		return "text"
	}
	finish := engine.FinishLength
	if m.IsStop(run.Output[len(run.Output)-1]) {
		finish = engine.FinishStop
	}
	if file.Finish != "" && run.Finish != finish {
		return "finish"
	}
	return ""
}

// describe says in words what was found about an answer of n tokens.
func describe(v verdict, n int) string {
	if v.Equal && v.SignedBy != "" {
		return "equal, signed by " + v.SignedBy
	}
	if v.Equal {
		return "equal"
	}
	var b strings.Builder
	fmt.Fprint(&b, "differs: ", v.Kind)
	if v.Position >= 0 {
		fmt.Fprintf(&b, ", at output token %d of %d (counted from 0)", v.Position, n)
	}
	return b.String()
}
