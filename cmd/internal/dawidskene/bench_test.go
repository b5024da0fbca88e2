package dawidskene_test

import (
	"math/rand/v2"
	"testing"

	"github.com/assaynet/assay/cmd/internal/dawidskene"
)

// BenchmarkFit is of fifty thousand items, to each of which five of thirty raters
// answer, three of four times rightly.
func BenchmarkFit(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	n := dawidskene.Size{Items: 50_000, Raters: 30, Labels: 3}
	var answers []dawidskene.Answer
	for item := range n.Items {
		truth := r.IntN(2) * 2
		for range 5 {
			a := dawidskene.Answer{Item: item, Rater: r.IntN(n.Raters), Label: truth}
			if r.IntN(4) == 0 {
				a.Label = r.IntN(n.Labels)
			}
			answers = append(answers, a)
		}
	}
	rounds := 0
	for b.Loop() {
		e, err := dawidskene.Fit(answers, n, dawidskene.Settings{})
		if err != nil {
			b.Fatal(err)
		}
		rounds = e.Rounds
	}
	b.ReportMetric(float64(rounds), "rounds")
	b.ReportMetric(float64(n.Items)*float64(b.N)/b.Elapsed().Seconds(), "items/s")
}
