package cuda

// Modules are the committed kernels.
var Modules = modules

// Interleaved, KernelName are what puts a matrix on a device, and chooses its
// kernel.
var (
	Interleaved = interleaved
	KernelName  = kernelName
)
