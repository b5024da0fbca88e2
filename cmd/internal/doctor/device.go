package doctor

import (
	"context"
	"strings"

	"github.com/assaynet/assay/cmd/internal/models"
	"github.com/assaynet/assay/engine"
)

// device looks at the GPUs that the engine may use: what there is, whether it
// computes the bits that it must, and what fits.
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

// gpus is device where there are some.
func (p *patient) gpus(list []engine.Device) Finding {
	asked, sound := p.cfg.Engine.Device, false
	var lines []string
	for _, d := range list {
		if asked != engine.DeviceAuto && asked != d.Name {
			continue
		}
		line := d.String()
		if d.Err == nil {
			sound = true
			line += p.fits(d)
		}
		lines = append(lines, line)
	}
	detail := strings.Join(lines, "; ")
	switch {
	case len(list) == 0 && asked == engine.DeviceAuto:
		return ok("cpu: this machine has no GPU")
	case len(lines) == 0:
		return fail("set engine.device to one that there is, cpu or auto", "%s: this machine has %d devices", asked, len(list))
	case sound:
		return ok("%s", detail)
	case asked == engine.DeviceAuto:
		return warn("the CPU computes instead; see what the device lacks", "%s", detail)
	}
	return fail("see what the device lacks, or set engine.device to cpu", "%s", detail)
}

// fits says what each model leaves of a device's memory.
func (p *patient) fits(d engine.Device) (text string) {
	paths, err := models.Find(p.home, p.cfg, &p.genesis.Params)
	if err != nil {
		return "" // the check of the model says it
	}
	for _, path := range paths {
		if need, position, err := engine.Need(path); err == nil {
			text += ", " + engine.Fits(need, position, d.Free)
		}
	}
	return text
}
