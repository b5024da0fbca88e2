package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/split"
	"github.com/assaynet/assay/engine/weights"
)

// usefulPositions is how many positions of sequences a GPU must have room for
// beside a model before auto takes it: with less, requests wait for memory.
const usefulPositions = 4096

// gpu is a GPU that has passed its test.
type gpu struct {
	name string
	free int64
}

// arrangement is which layers lie where: the first ones on the CPU, and those of
// each GPU up to its end.
type arrangement struct {
	cpu  int
	ends []int
	why  string // more than one place; or empty
}

// arrange finds a place for a model. Errors: backend.ErrMemory, which says what
// is missing and what would help.
func arrange(w *weights.Model, p places, gpus []gpu) (arrangement, error) {
	pages, least := (min(usefulPositions, w.Context)+backend.PageLen-1)/backend.PageLen, 1
	need := func(from, to int) (model, page int64) {
		model, position := cuda.Need(w.Part(from, to))
		return model, position * backend.PageLen
	}
	free, names := make([]int64, len(gpus)), make([]string, len(gpus))
	for i, g := range gpus {
		free[i], names[i] = g.free, g.name
	}
	if p.cpu || p.auto {
		least = pages
	}
	if p.auto {
		for i := range gpus {
			if ends, all := split.Fill(0, w.Layers, pages, free[i:i+1], need); all {
				return arrangement{ends: append(make([]int, i), ends...)}, nil
			}
		}
	}
	whole, page := need(0, w.Layers)
	if ends, n := split.Widest(w.Layers, free, need); n >= least {
		a := arrangement{ends: ends}
		if p.auto {
			a.why = fmt.Sprintf("no GPU alone has room for %.2f GiB", gib(whole+int64(least)*page))
		}
		return a, nil
	}
	if cpu, ends := split.Least(w.Layers, pages, free, need); p.cpu && cpu < w.Layers {
		return arrangement{cpu: cpu, ends: ends, why: fmt.Sprintf("%s has room for %d of %d layers", strings.Join(names, " with "), w.Layers-cpu, w.Layers)}, nil
	}
	return arrangement{}, refusal(whole+int64(least)*page, gpus, p)
}

// refusal says what is missing and what would help.
func refusal(need int64, gpus []gpu, p places) error {
	total := int64(0)
	var have []string
	for _, g := range gpus {
		total += g.free
		have = append(have, fmt.Sprintf("%.2f of %s", gib(g.free), g.name))
	}
	help := "free memory there, add a GPU, or take cuda:…,cpu, where the CPU has the other layers"
	if p.cpu {
		help = "not even one layer fits: free memory there, or take cpu"
	}
	missing := "each part needs some to compute in"
	if need > total {
		missing = fmt.Sprintf("%.2f are missing", gib(need-total))
	}
	return fmt.Errorf("%w: the model and a page of keys and values take %.2f GiB; free are %s; %s; %s",
		backend.ErrMemory, gib(need), strings.Join(have, ", "), missing, help)
}

// openCUDA puts a model on the GPUs that cfg allows, as few as have room for it,
// and what they have no room for on the CPU, if cfg allows that.
func openCUDA(f *gguf.File, w *weights.Model, cfg Config) (backend.Backend, string, error) {
	d, err := cfg.driver()
	if err != nil {
		return nil, "", err
	}
	p, err := parseDevice(cfg.Device)
	if err != nil {
		return nil, "", err
	}
	p.cpu = p.cpu && (!p.auto || cfg.Backend == BackendAuto) // by the name of the GPUs' backend nothing else is meant
	var t taken
	defer t.close()
	if p.auto {
		err = t.sound(d, w)
	} else {
		err = t.all(d, p.gpus)
	}
	if err != nil {
		return nil, "", err
	}
	a, err := arrange(w, p, t.gpus)
	if err != nil {
		return nil, "", err
	}
	b, err := t.open(f, w, cfg, a)
	return b, a.why, err
}

// taken are GPUs that have passed their test, open until they get layers.
type taken struct {
	gpus  []gpu
	seats []*cuda.Seat // nil for one that has layers
}

func (t *taken) close() {
	for _, s := range t.seats {
		if s != nil {
			s.Close()
		}
	}
}

func (t *taken) add(d cuda.Driver, number int) error {
	s, err := cuda.Take(cuda.Config{Driver: d, Device: number})
	if err == nil {
		t.gpus, t.seats = append(t.gpus, gpu{fmt.Sprintf("cuda:%d", number), s.Free()}), append(t.seats, s)
	}
	return err
}

// all takes those that were asked for.
func (t *taken) all(d cuda.Driver, numbers []int) error {
	for _, n := range numbers {
		if err := t.add(d, n); err != nil {
			return err
		}
	}
	return nil
}

// sound takes those that pass their test, until one has room for the whole
// model. Errors: why the first did not pass, where none does.
func (t *taken) sound(d cuda.Driver, w *weights.Model) error {
	list, err := d.Devices()
	if err != nil {
		return err
	}
	var first error
	for i := range max(1, len(list)) { // of none, the first says that there are none
		if err := t.add(d, i); err != nil {
			first = errors.Join(first, err)
			continue
		}
		if _, err := arrange(w, places{auto: true}, t.gpus[len(t.gpus)-1:]); err == nil {
			break
		}
	}
	if len(t.gpus) == 0 {
		return first
	}
	return nil
}

// open gives each GPU its layers.
func (t *taken) open(f *gguf.File, w *weights.Model, cfg Config, a arrangement) (backend.Backend, error) {
	var parts []split.Part
	fail := func(err error) (backend.Backend, error) {
		for _, p := range parts {
			p.Close()
		}
		return nil, err
	}
	if a.cpu > 0 {
		cfg.Device, cfg.Backend = DeviceCPU, BackendAuto
		o, err := openBackend(processors, f, w.Part(0, a.cpu), cfg)
		if err != nil {
			return fail(err)
		}
		parts = append(parts, split.Part{Backend: o.Backend, Layers: a.cpu})
	}
	from := a.cpu
	for i, to := range a.ends {
		if to <= from {
			continue
		}
		s := t.seats[i]
		t.seats[i] = nil
		b, err := s.Open(w.Part(from, to))
		if err != nil {
			return fail(err)
		}
		parts = append(parts, split.Part{Backend: b, Layers: to - from})
		from = to
	}
	if len(parts) == 1 {
		return parts[0].Backend, nil
	}
	return split.New(w.Width, parts), nil
}

// Footprint is what a model of a file takes on GPUs.
type Footprint struct {
	Model    int64 // bytes without keys and values
	Position int64 // bytes that each position of a sequence adds
	Where    string
}

// Need says what the model of a file takes on a GPU, and where it would lie by a
// Config.Device of GPUs, of which list has those of the machine. Errors: those of
// opening such a file, ErrRequest.
func Need(path, device string, list []Device) (n Footprint, err error) {
	p, err := parseDevice(device)
	if err != nil {
		return Footprint{}, err
	}
	f, err := gguf.Open(path)
	if err != nil {
		return Footprint{}, err
	}
	var w *weights.Model
	if cut := guarded(func() { w, err = weights.Load(f) }); cut != nil {
		err = cut
	}
	if err == nil {
		n.Model, n.Position = cuda.Need(w)
		n.Where = where(w, p, list)
	}
	return n, errors.Join(err, f.Close())
}

// where says in words where a model would lie.
func where(w *weights.Model, p places, list []Device) string {
	var gpus []gpu
	for i, d := range list {
		if d.Err == nil && (p.auto || slices.Contains(p.gpus, i)) {
			gpus = append(gpus, gpu{d.Name, d.Free})
		}
	}
	a, err := arrange(w, p, gpus)
	if err != nil {
		return reason(err)
	}
	var parts []string
	if a.cpu > 0 {
		parts = append(parts, fmt.Sprintf("layers 1–%d on cpu", a.cpu))
	}
	from := a.cpu
	for i, to := range a.ends {
		if to > from {
			parts = append(parts, fmt.Sprintf("layers %d–%d on %s", from+1, to, gpus[i].name))
		}
		from = max(from, to)
	}
	return strings.Join(parts, ", ")
}
