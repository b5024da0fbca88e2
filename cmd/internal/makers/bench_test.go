package makers_test

import (
	"testing"

	"github.com/assaynet/assay/cmd/internal/makers"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/synthetic"
)

// BenchmarkWorld is one world of the scenario that ships: all its cases and shares.
func BenchmarkWorld(b *testing.B) {
	s, err := makers.Read(makers.Shipped())
	if err != nil {
		b.Fatal(err)
	}
	p := params.Local()
	for b.Loop() {
		if _, err := makers.Run(b.Context(), makers.Config{Scenario: s, Rules: synthetic.Default(), Params: &p, Seed: 11, Worlds: 1, Threads: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
