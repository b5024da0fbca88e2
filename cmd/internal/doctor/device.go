package doctor

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/assaynet/assay/cmd/internal/models"
	"github.com/assaynet/assay/engine"
)

// device looks at the GPUs that the engine may use: what there is, whether it
// computes the bits that it must, what fits, and where each model would lie.
func (p *patient) device(context.Context) Finding {
	asked := p.cfg.Engine.Device
	if asked == engine.DeviceCPU {
		return ok("cpu, as engine.device says")
	}
	list, err := engine.Devices()
	if err != nil && asked == engine.DeviceAuto {
		return ok("cpu: %s", oneLine(err))
	} else if err != nil {
		return fail("install NVIDIA's driver (nvidia-smi shows it), or set engine.device to cpu", "%s: %s", asked, oneLine(err))
	}
	return p.gpus(list)
}

// gpus is device where there are some. All that are asked for by name must be
// there and sound; of others one is enough.
func (p *patient) gpus(list []engine.Device) Finding {
	asked, sound, unsound, named := p.cfg.Engine.Device, 0, 0, 0
	var lines []string
	for _, d := range list {
		allowed, byName := engine.Asks(asked, d.Name)
		if !allowed {
			continue
		}
		if byName {
			named++
		}
		line := d.String()
		if d.Err == nil {
			sound++
			line += p.fits(d)
		} else {
			unsound++
		}
		lines = append(lines, line)
	}
	detail := strings.Join(lines, "; ")
	switch auto := asked == engine.DeviceAuto; {
	case len(list) == 0 && auto:
		return ok("cpu: this machine has no GPU")
	case !auto && named < engine.GPUs(asked):
		return fail("set engine.device to what there is, cpu or auto", "%s: this machine has %d devices", asked, len(list))
	case sound > 0 && (auto || unsound == 0):
		return ok("%s%s", detail, p.where(list))
	case auto:
		return warn("the CPU computes instead; see what the device lacks", "%s", detail)
	}
	return fail("see what the device lacks, or set engine.device to cpu", "%s", detail)
}

// fits says what each model leaves of a device's memory.
func (p *patient) fits(d engine.Device) (text string) {
	for _, m := range p.needs(nil) {
		text += ", " + engine.Fits(m.Model, m.Position, d.Free)
	}
	return text
}

// where says which layers of each model would lie where.
func (p *patient) where(list []engine.Device) (text string) {
	for _, m := range p.needs(list) {
		text += "; " + m.name + ": " + m.Where
	}
	return text
}

// need is what a model takes.
type need struct {
	name string
	engine.Footprint
}

// needs are those of the models that are there; the check of the model says
// where there are none.
func (p *patient) needs(list []engine.Device) (all []need) {
	paths, err := models.Find(p.home, p.cfg, &p.genesis.Params)
	if err != nil {
		return nil
	}
	for _, path := range paths {
		if n, err := engine.Need(path, p.cfg.Engine.Device, list); err == nil {
			all = append(all, need{filepath.Base(path), n})
		}
	}
	return all
}
