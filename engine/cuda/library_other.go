//go:build !linux || (!amd64 && !arm64) || static

package cuda

import (
	"fmt"

	"github.com/assaynet/assay/engine/backend"
)

// Library says that there is no driver for this system, or that the program is
// static, and so opens no library. Errors: backend.ErrUnavailable.
func Library() (Driver, error) {
	return nil, fmt.Errorf("%w: NVIDIA's driver is opened on Linux, on amd64 and arm64, by programs that are not static (the Debian package's are not)", backend.ErrUnavailable)
}
