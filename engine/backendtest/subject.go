package backendtest

import (
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// Subject is a backend under test, and how it is made to fail.
type Subject struct {
	// Open makes the backend of a model and its file; the test closes it.
	Open func(f *gguf.File, w *weights.Model) (backend.Backend, error)
	// Refuse makes the backend's allocations fail after n more, and none where
	// n is below 0. It is nil where memory is Go's, which does not refuse.
	Refuse func(n int)
	// Held is the memory of all pages of keys and values, free or not. It is
	// nil where that is the garbage collector's to say.
	Held func(b backend.Backend) int64
	// Break loses the backend whose model's file is at path: it cuts the file
	// off, or fails the device. It is nil for one that nothing outside can
	// harm.
	Break func(path string) error
	// Lost is what the backend then says: backend.ErrFile or backend.ErrDevice.
	Lost error
	// Parts, where not 0, tells that the backend is made of so many others, each
	// of which keeps the contract for itself: models have as many layers, and of
	// types and company a part is enough.
	Parts uint32
}

// Test holds a subject to the contract.
func Test(t *testing.T, s Subject) {
	t.Run("every type and family has the reference's bits", s.testBits)
	t.Run("a position gives what is wanted and nothing more", s.testWants)
	t.Run("the likeliest among equals is the lowest", s.testTies)
	t.Run("company and shared pages change no bit", s.testCompany)
	t.Run("what is taken back leaves no trace", s.testTruncate)
	t.Run("a model fails where it fails", s.testFailures)
	t.Run("what is not finite fails where it is wanted", s.testNotFinite)
	t.Run("what cannot be harms no other piece", s.testBadPieces)
	t.Run("cancelled tasks end within a step and leave nothing", s.testCancellation)
	t.Run("an open backend has the manners of one", s.testLife)
	if s.Refuse != nil {
		t.Run("without memory nothing is lost", s.testRefusedStep)
		t.Run("a fork without memory is shorter", s.testRefusedFork)
	}
	if s.Held != nil {
		t.Run("pages come back", s.testPages)
	}
	if s.Break != nil {
		t.Run("a lost backend says so for ever", s.testLoss)
	}
}

// open makes the subject's backend of the model file at path until the test ends.
func (s Subject) open(t *testing.T, path string) (backend.Backend, *oracle) {
	t.Helper()
	f := enginetest.Open(t, path)
	w, err := weights.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Open(f, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b, newOracle(w)
}

// tiny is open of a tiny model.
func (s Subject) tiny(t *testing.T, o enginetest.Options) (backend.Backend, *oracle) {
	t.Helper()
	return s.open(t, enginetest.Tiny(t, s.layered(o)))
}

// layered gives each part a layer.
func (s Subject) layered(o enginetest.Options) enginetest.Options {
	if s.Parts > 0 {
		o.Layers = max(o.Layers, s.Parts)
	}
	return o
}
