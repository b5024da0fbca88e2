package simtest_test

import (
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func TestHonestNetworkPaysEqualWorkEqually(t *testing.T) {
	t.Parallel()
	s := network(t)
	s.play(12)
	for _, name := range slices.Concat(miners, judges) {
		if early := s.Mined(name, 0, 1) + s.Judged(name, 0, 1); early != 0 {
			t.Errorf("%s was paid %s before any weights could count", name, early)
		}
	}
	// Nobody is paid twice, nothing but dust is left: half for answers, half
	// for judging.
	var mined, judged protocol.Amount
	for _, name := range miners {
		mined += s.Mined(name, 0, 12)
	}
	for _, name := range judges {
		judged += s.Judged(name, 0, 12)
	}
	rec, _, err := ledger.ReadEpoch(s.State(), 12)
	if err != nil {
		t.Fatal(err)
	}
	// What the first epochs issued is paid little by little.
	issued := protocol.Amount(s.Params().Schedule.EpochEnd(12))*s.Params().Emission.PerBlock - rec.Carried
	const dust = 1000 // units
	if mined+judged > issued || issued-mined-judged > dust || mined > judged+dust || judged > mined+dust {
		t.Errorf("miners got %s and judges %s of %s", mined, judged, issued)
	}
	// The first payment goes to those whom most judges happened to draw in the
	// first epoch; from then on equal work is paid equally.
	half := s.half(4, 12)
	for _, name := range miners {
		s.near(name, s.Mined(name, 4, 12), half/3, 10)
	}
	for _, name := range judges {
		s.near(name, s.Judged(name, 4, 12), half/4, 6)
		for e := range s.lastEpoch() {
			if p := s.Payment(name, e); p.Fulfilled != p.Drawn {
				t.Errorf("%s did %d of %d duties before epoch %d", name, p.Fulfilled, p.Drawn, e)
			}
		}
	}
	for _, name := range miners {
		if f := s.findings(name); len(f) != 1 || f[wire.FindingPassed] < 14 {
			t.Errorf("findings about %s: %v, want only exact ones, of two judges a round", name, f)
		}
	}
}
