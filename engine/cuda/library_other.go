//go:build !linux || (!amd64 && !arm64)

package cuda

import (
	"fmt"

	"github.com/assaynet/assay/engine/backend"
)

// Library says that there is no driver for this system. Errors:
// backend.ErrUnavailable.
func Library() (Driver, error) {
	return nil, fmt.Errorf("%w: NVIDIA's driver is opened on Linux, on amd64 and arm64", backend.ErrUnavailable)
}
