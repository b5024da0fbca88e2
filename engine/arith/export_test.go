package arith

// What tests reach inside for.
var (
	PlainExp  = plainExp // the definition that Exp is tested against
	Sums      = sums
	PlainSums = plainSums // of processors without vectors

	Exp2Table = exp2Table
	Log2Table = log2Table
)

// Vec returns token t.
func (b *Batch) Vec(t int) *Vec { return b.vecs[t] }
