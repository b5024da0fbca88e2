//go:build cgo

package native

// #include "engine.h"
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/weights"
)

// load tells C where the matrices are and gives it the vectors, which it copies.
func (m *Model) load(w *weights.Model) error {
	if w.Embed != nil {
		if err := m.matrix(-1, C.ENG_EMBED, w.Embed); err != nil {
			return err
		}
	}
	if w.Output.Matrix == w.Embed {
		C.eng_model_tie(m.c)
	} else if w.Output.Matrix != nil {
		if err := m.matrix(-1, C.ENG_OUTPUT, w.Output.Matrix); err != nil {
			return err
		}
	}
	if err := m.vectors(-1, map[int][]float32{C.ENG_LAST_NORM: w.Norm, C.ENG_OUTPUT_BIAS: w.Output.Bias}); err != nil {
		return err
	}
	for i := range w.Stack {
		if err := m.layer(i, &w.Stack[i]); err != nil {
			return err
		}
	}
	if C.eng_model_ready(m.c) == 0 {
		return fmt.Errorf("%w: the weights do not fit the model's shape", backend.ErrUnsupported)
	}
	return nil
}

// interleave copies all weights; afterwards none are read where they lay. Those
// of the file give their memory back.
func (m *Model) interleave(file []byte) error {
	err := status(C.eng_model_interleave(m.c, (*C.uint8_t)(unsafe.SliceData(file)), C.int64_t(len(file))), "interleave the weights")
	m.weights.Unpin()
	return err
}

func (m *Model) layer(i int, l *weights.Layer) error {
	linears := [C.ENG_MATRICES]weights.Linear{l.Q, l.K, l.V, l.O, l.Gate, l.Up, l.Down}
	vectors := map[int][]float32{
		C.ENG_ATTN_NORM: l.AttnNorm, C.ENG_FFN_NORM: l.FFNNorm, C.ENG_Q_NORM: l.QNorm, C.ENG_K_NORM: l.KNorm,
		C.ENG_POST_ATTN_NORM: l.AttnPost, C.ENG_POST_FFN_NORM: l.FFNPost,
	}
	for slot, x := range linears {
		if err := m.matrix(i, slot, x.Matrix); err != nil {
			return err
		}
		vectors[C.ENG_Q_BIAS+slot] = x.Bias
	}
	table := slices.Index(m.ropes, l.Rope)
	if table < 0 {
		table = len(m.ropes)
		m.ropes = append(m.ropes, l.Rope)
	}
	if l.Rope.Config().Halves != m.ropes[0].Config().Halves || l.Rope.Config().Rot != m.ropes[0].Config().Rot {
		return fmt.Errorf("%w: layers with different kinds of RoPE", backend.ErrUnsupported)
	}
	C.eng_model_layer(m.c, C.int(i), C.int(l.Window), C.int(table))
	return m.vectors(i, vectors)
}

func (m *Model) matrix(layer, slot int, w *weights.Matrix) error {
	what := fmt.Sprintf("a matrix of %s, %d × %d", w.Type, w.Rows, w.Cols)
	m.weights.Pin(unsafe.SliceData(w.Data)) // which does nothing to what lies in a mapping
	return status(C.eng_model_matrix(m.c, C.int(layer), C.int(slot), C.int(w.Type), C.int(w.Rows), C.int(w.Cols),
		(*C.uint8_t)(unsafe.SliceData(w.Data))), what)
}

func (m *Model) vectors(layer int, vectors map[int][]float32) error {
	for slot, v := range vectors {
		if v == nil {
			continue
		}
		if err := status(C.eng_model_vector(m.c, C.int(layer), C.int(slot), C.int(len(v)), floats(v)), "a vector"); err != nil {
			return err
		}
	}
	return nil
}
