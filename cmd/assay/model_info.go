package main

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// modelInfo is the object that info --json prints.
type modelInfo struct {
	ModelID     string         `json:"model_id"`
	Name        string         `json:"name"`
	Arch        string         `json:"architecture"`
	FileBytes   int64          `json:"file_bytes"`
	Weights     uint64         `json:"weights"`
	Tensors     int            `json:"tensors"`
	Types       map[string]int `json:"types"`
	Layers      int            `json:"layers"`
	Width       int            `json:"width"`
	Heads       int            `json:"heads"`
	KVHeads     int            `json:"kv_heads"`
	FFN         int            `json:"ffn"`
	Context     int            `json:"context"`
	Vocabulary  int            `json:"vocabulary"`
	BOS         *engine.Token  `json:"bos"` // null: none
	AddBOS      bool           `json:"add_bos"`
	Stop        []engine.Token `json:"stop"`
	Chat        string         `json:"chat"`         // "template": its own chat template is run; "": it has none that can be read
	ChatSystem  bool           `json:"chat_system"`  // it takes a system message
	ChatDay     string         `json:"chat_day"`     // what the template does with --date: "unused", "used" or "needed"
	ChatProblem string         `json:"chat_problem"` // why a plain question cannot be asked; "": it can
	Device      string         `json:"device"`       // where it would be computed: "cpu", or a GPU by number and name, or which layers on what
	Why         string         `json:"device_why"`   // why there
	Devices     []gpuInfo      `json:"devices"`      // GPUs of this machine
	NoDevices   string         `json:"no_devices"`   // why there are none; "": there are
	DeviceBytes int64          `json:"device_bytes"`
	TokenBytes  int64          `json:"device_token_bytes"`
	Backend     string         `json:"backend"`
	ISA         string         `json:"isa"`
	LoadSeconds float64        `json:"load_seconds"`
}

// gpuInfo is a GPU of this machine.
type gpuInfo struct {
	Name        string  `json:"name"`
	Model       string  `json:"model"`
	Driver      string  `json:"driver"`
	Capability  string  `json:"compute_capability"`
	Bytes       int64   `json:"bytes"`
	FreeBytes   int64   `json:"free_bytes"`
	TestSeconds float64 `json:"test_seconds"`
	Problem     string  `json:"problem"` // why it is of no use; "": it is
}

func modelInfoCommand() *cli.Command {
	return &cli.Command{
		Name:  "info",
		Usage: "show what a model is",
		Description: `Shows the model id, which names what the model computes (weights, shape,
tokenizer and arithmetic; not its name or licence), and its shape. The id is
kept in FILE.modelid, so that later openings need not read the whole file.

It shows where the model would be computed and why, with the layers of each
place where several share it, and the NVIDIA GPUs of this machine: driver,
compute capability, memory, what the model leaves of that, and whether the
device's self-test gives the bits that it must.`,
		Flags: modelFlags("print one JSON object; sizes in bytes, lengths in tokens", deviceFlag()),
		Action: func(c *cli.Context) error {
			return withModel(c, engine.Config{Device: c.String("device"), Weights: engine.WeightsMapped}, func(m *engine.Model) error { return showInfo(c, m) })
		},
	}
}

func showInfo(c *cli.Context, m *engine.Model) error {
	i, t, id := m.Info(), m.Tokenizer(), m.ID()
	out := modelInfo{
		ModelID: hex.EncodeToString(id[:]), Name: i.Name, Arch: i.Arch, FileBytes: i.FileSize, Weights: i.Weights,
		Tensors: i.Tensors, Types: i.Types, Layers: i.Layers, Width: i.Width, Heads: i.Heads, KVHeads: i.KVHeads,
		FFN: i.FFN, Context: i.Context, Vocabulary: i.Vocab, AddBOS: t.AddBOS(), Stop: t.StopTokens(), Chat: t.ChatFormat(),
		ChatDay: string(t.ChatDay()), Device: i.Device, Why: i.Why, DeviceBytes: i.Need, TokenBytes: i.TokenNeed,
		Backend: i.Backend, ISA: i.ISA, LoadSeconds: i.Load.Seconds(),
	}
	if bos, ok := t.BOS(); ok {
		out.BOS = &bos
	}
	if out.Stop == nil {
		out.Stop = []engine.Token{}
	}
	user := tokenizer.Message{Role: "user", Content: "Hello."}
	if _, err := t.Chat([]tokenizer.Message{user}); err != nil {
		out.ChatProblem = err.Error()
	}
	_, err := t.ChatOn(time.Unix(0, 0), []tokenizer.Message{{Role: "system", Content: "Be kind."}, user})
	out.ChatSystem = err == nil
	gpus, err := engine.Devices()
	if out.Devices = gpuInfos(gpus); err != nil {
		out.NoDevices = err.Error()
	}
	if c.Bool("json") {
		return printJSON(c, out)
	}
	var types []string
	for _, name := range slices.Sorted(maps.Keys(i.Types)) {
		types = append(types, fmt.Sprintf("%d × %s", i.Types[name], name))
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	for _, line := range [][2]any{
		{"model id", out.ModelID},
		{"name", out.Name},
		{"architecture", out.Arch},
		{"file", fmt.Sprintf("%.1f MB, %d weights in %d tensors: %s", float64(i.FileSize)/1e6, i.Weights, i.Tensors, strings.Join(types, ", "))},
		{"shape", fmt.Sprintf("%d layers of width %d, %d heads on %d, ffn %d", i.Layers, i.Width, i.Heads, i.KVHeads, i.FFN)},
		{"context", fmt.Sprintf("%d tokens", i.Context)},
		{"vocabulary", fmt.Sprintf("%d tokens; an answer ends at %s", i.Vocab, named(t, out.Stop))},
		{"chat", chatWay(&out)},
		{"device", fmt.Sprintf("%s (%s)", i.Device, i.Why)},
		{"backend", fmt.Sprintf("%s (%s), %d threads, opened in %.2f s", i.Backend, i.ISA, i.Threads, out.LoadSeconds)},
	} {
		if _, err := fmt.Fprintf(w, "%s\t%s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	for _, d := range gpus {
		if _, err := fmt.Fprintf(w, "gpu\t%s; %s\n", d, engine.Fits(i.Need, i.TokenNeed, d.Free)); err != nil {
			return err
		}
	}
	return w.Flush()
}

func gpuInfos(list []engine.Device) []gpuInfo {
	infos := make([]gpuInfo, len(list))
	for i, d := range list {
		infos[i] = gpuInfo{
			Name: d.Name, Model: d.Model, Driver: d.Driver, Capability: fmt.Sprintf("%d.%d", d.Major, d.Minor),
			Bytes: d.Memory, FreeBytes: d.Free, TestSeconds: d.Tested.Seconds(),
		}
		if d.Err != nil {
			infos[i].Problem = d.Err.Error()
		}
	}
	return infos
}

// named lists tokens by name and id.
func named(t *tokenizer.Tokenizer, ids []engine.Token) string {
	if len(ids) == 0 {
		return "its greatest length alone"
	}
	var out []string
	for _, id := range ids {
		out = append(out, fmt.Sprintf("%s (%d)", t.DecodeSpecial([]engine.Token{id}), id))
	}
	return strings.Join(out, ", ")
}

// chatWay says how the model is asked.
func chatWay(m *modelInfo) string {
	if m.Chat == "" {
		return "by --prompt alone: " + m.ChatProblem
	}
	way := "by the file's own template"
	if !m.ChatSystem {
		way += ", which takes no system message"
	}
	switch tokenizer.DayUse(m.ChatDay) {
	case tokenizer.DayNeeded:
		return way + "; it needs the day (--date), so it can serve no network's tasks"
	case tokenizer.DayUsed:
		way += "; it writes the day where --date gives one"
	}
	if m.ChatProblem != "" {
		way += "; but " + m.ChatProblem
	}
	return way
}
