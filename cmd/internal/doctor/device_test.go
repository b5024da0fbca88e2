package doctor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/assaynet/assay/cmd/internal/doctor"
	"github.com/assaynet/assay/engine"
)

func TestDevicesAreExamined(t *testing.T) {
	sound := engine.Device{
		Name: "cuda:0", Model: "NVIDIA H200", Driver: "CUDA 12.8", Major: 9, Memory: 140 << 30, Free: 139 << 30, Tested: 300 * time.Millisecond,
	}
	wrong := sound
	wrong.Name, wrong.Err = "cuda:1", fmt.Errorf("%w: it gives wrong bits", engine.ErrDevice)
	const line = "NVIDIA H200, compute capability 9.0, CUDA 12.8, 139.0 of 140.0 GiB free; "
	for _, c := range []struct {
		asked  string
		list   []engine.Device
		state  doctor.State
		detail string
	}{
		{"auto", []engine.Device{sound, wrong}, doctor.OK, "cuda:0, " + line + "right bits in 0.3 s; cuda:1, " + line + "of no use: backend: the device failed: it gives wrong bits"},
		{"cuda:0", []engine.Device{sound, wrong}, doctor.OK, "cuda:0, " + line + "right bits in 0.3 s"},
		{"cuda:1", []engine.Device{sound, wrong}, doctor.Fail, "cuda:1, " + line + "of no use: backend: the device failed: it gives wrong bits"},
		{"auto", []engine.Device{wrong}, doctor.Warn, "cuda:1, " + line + "of no use: backend: the device failed: it gives wrong bits"},
		{"cuda:2", []engine.Device{sound}, doctor.Fail, "cuda:2: this machine has 1 devices"},
		{"cuda:0,2", []engine.Device{sound}, doctor.Fail, "cuda:0,2: this machine has 1 devices"},
		{"cuda:0,1", []engine.Device{sound, wrong}, doctor.Fail, "cuda:0, " + line + "right bits in 0.3 s; cuda:1, " + line + "of no use: backend: the device failed: it gives wrong bits"},
		{"cuda:0,cpu", []engine.Device{sound, wrong}, doctor.OK, "cuda:0, " + line + "right bits in 0.3 s"},
		{"auto", nil, doctor.OK, "cpu: this machine has no GPU"},
	} {
		f := doctor.GPUs(c.asked, c.list)
		if f.State != c.state || f.Detail != c.detail || (f.State == doctor.OK) != (f.Hint == "") {
			t.Errorf("%s: got %+v, want %s: %s", c.asked, f, c.state, c.detail)
		}
	}
}
