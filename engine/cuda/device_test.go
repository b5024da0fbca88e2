package cuda_test

import (
	"os"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/backendtest"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// TestTheDeviceKeepsTheContract runs on every device of this machine, where
// scripts/check/gpu.sh asks for it: as steps choose kernels, which for models as
// small as these is chunks_… alone, and with matrix_… for all that it can do.
func TestTheDeviceKeepsTheContract(t *testing.T) {
	if os.Getenv("ASSAY_CUDA") == "" {
		return
	}
	d, err := cuda.Library()
	if err != nil {
		t.Fatal(err)
	}
	list, err := d.Devices()
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	for number, info := range list {
		for name, change := range map[string]func(*cuda.Backend){info.Name: func(*cuda.Backend) {}, info.Name + ", by matrix": (*cuda.Backend).ByMatrix} {
			t.Run(name, func(t *testing.T) {
				t.Logf("cuda:%d: compute capability %d.%d, %d MiB", number, info.Major, info.Minor, info.Memory>>20)
				backendtest.Test(t, backendtest.Subject{
					Open: func(_ *gguf.File, w *weights.Model) (backend.Backend, error) {
						b, err := cuda.Open(w, cuda.Config{Driver: d, Device: number, Check: -1})
						if err != nil {
							return nil, err
						}
						change(b)
						return b, nil
					},
					Held: func(b backend.Backend) int64 { return b.(*cuda.Backend).CacheBytes() },
				})
			})
		}
	}
}
