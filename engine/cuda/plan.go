package cuda

import (
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/weights"
)

// part is memory of a pass: where its address goes, and its bytes.
type part struct {
	at    *pointer
	bytes int64
}

// parts are the memory that a pass of w computes in.
func (s *scratch) parts(w *weights.Model) []part {
	heads, kv := w.Heads*w.Head, w.KVHeads*w.Head
	wide := max(w.Width, heads, w.FFN)
	var list []part
	for _, x := range []struct {
		at    *pointer
		bytes int // of a token
	}{
		{&s.x, 4 * w.Width},
		{&s.h, 4 * w.Width},
		{&s.q, 4 * heads},
		{&s.turned, 4 * heads},
		{&s.att, 4 * heads},
		{&s.k, 4 * kv},
		{&s.v, 4 * kv},
		{&s.gate, 4 * w.FFN},
		{&s.up, 4 * w.FFN},
		{&s.rows.quants, wide},
		{&s.rows.dx, 4 * wide / blockLen},
		{&s.rows.tx, 4 * wide / blockLen},
		{&s.failed, 4 * w.Layers * w.KVHeads},
	} {
		list = append(list, part{x.at, int64(x.bytes) * mostTokens})
	}
	list = append(list, part{&s.qkv, 4 * int64(heads+2*kv)})
	list = append(list, part{&s.gated.quants, int64(w.FFN)}, part{&s.gated.dx, 4 * int64(w.FFN/blockLen)}, part{&s.gated.tx, 4 * int64(w.FFN/blockLen)})
	list = append(list, part{&s.facted, int64(factBytes(mostTokens, w.Rope.Config().Rot, firstPages))})
	if w.Norm == nil {
		return list
	}
	return append(list, part{&s.states, 4 * int64(w.Width) * mostTokens}, part{&s.best, 4 * logitsAtOnce}, part{&s.logits, 4 * int64(w.Vocab) * logitsAtOnce})
}

// Need is how many bytes a model, or a part of one, takes on a device without
// keys and values, and how many each position of a sequence adds.
func Need(w *weights.Model) (model, position int64) {
	for _, x := range new(scratch).parts(w) {
		model += x.bytes
	}
	seen := map[*weights.Matrix]bool{}
	matrix := func(l weights.Linear) {
		if model += 4 * int64(len(l.Bias)); l.Matrix != nil && !seen[l.Matrix] {
			seen[l.Matrix] = true
			model += int64((l.Matrix.Rows+lanes-1)/lanes*lanes) * int64(l.Matrix.Stride())
		}
	}
	matrix(weights.Linear{Matrix: w.Embed})
	matrix(w.Output)
	model += 4 * int64(len(w.Norm))
	for i := range w.Stack {
		l := &w.Stack[i]
		for _, x := range []weights.Linear{l.Q, l.K, l.V, l.O, l.Gate, l.Up, l.Down} {
			matrix(x)
		}
		for _, x := range [][]float32{l.AttnNorm, l.FFNNorm, l.AttnPost, l.FFNPost, l.QNorm, l.KNorm} {
			model += 4 * int64(len(x))
		}
	}
	return model, pageBytes(w) / pageLen
}

// left is how many bytes of the device's memory nobody has allocated. Errors:
// *Error.
func (b *Backend) left() (free int64, err error) {
	err = b.on(func() (err error) {
		free, err = b.dev.Room()
		return err
	})
	return free, err
}

// fit refuses a model for which free bytes are no room, beside a page, and
// notes how many pages there is room for. Errors: backend.ErrMemory.
func (b *Backend) fit(w *weights.Model, free int64) error {
	need, _ := Need(w)
	page := pageBytes(w)
	if need+page > free {
		const mib = 1 << 20
		return fmt.Errorf("%w: the model takes %d MiB, and %d of the device's %d MiB are free",
			backend.ErrMemory, (need+page)/mib+1, free/mib, b.info.Memory/mib)
	}
	b.room = int(min((free-need)/page, math.MaxInt32))
	return nil
}
