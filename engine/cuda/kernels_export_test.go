package cuda

// Modules are the committed kernels.
var Modules = modules

// Interleaved, KernelName are what puts a matrix on a device, and chooses its
// kernel.
var (
	Interleaved = interleaved
	KernelName  = kernelName
)

// What the self-test runs, and what must come of it.
const Golden = golden

var (
	Probes      = probes
	ProbeText   = probeText
	NewProbeSum = newProbeSum
)

// Add adds what comes of a position.
func (s probeSum) Add(likeliest int32, state, logits []float32) { s.add(likeliest, state, logits) }

// CrowdFacts leaves room for the facts of n bytes, so that the next step moves
// them.
func (b *Backend) CrowdFacts(n int) { b.pinned.facts = b.pinned.facts[:n] }

// ByMatrix has matrix_… compute linear layers of many tokens that are chunks_…'s,
// as of matrices too small for it.
func (b *Backend) ByMatrix() { b.full = 1 }
