package arith

// What tests reach inside for.
var (
	PlainExp = plainExp // the definition that Exp is tested against
	Scores   = scores
	Mix      = mix

	Exp2Table = exp2Table
	Log2Table = log2Table
)

// Vec returns token t.
func (b *Batch) Vec(t int) *Vec { return b.vecs[t] }
