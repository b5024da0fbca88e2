package weights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine/gguf"
)

// Every key of a file's architecture is obeyed, or says nothing, or the file is
// refused: a key that is passed over would be another model under the same
// weights, with answers that look almost right. What is obeyed is what [Load]
// reads; what says nothing is listed here; a key of neither kind is refused,
// known or not. The names are those of GGUF's specification and of llama.cpp.

// zero are keys of other graphs that say nothing where they are 0 or false.
var zero = []string{
	"attention.clamp_kqv", "attention.group_norm_epsilon", "attention.group_norm_groups", "attention.kv_lora_rank",
	"attention.max_alibi_bias", "attention.q_lora_rank", "attention.scale", "attention.shared_kv_layers",
	"attention.temperature_length", "attention.temperature_scale", "attn_logit_softcapping", "embedding_length_per_layer_input",
	"expert_count", "expert_feed_forward_length", "expert_gating_func", "expert_group_count", "expert_group_used_count",
	"expert_shared_count", "expert_shared_feed_forward_length", "expert_used_count", "expert_weights_norm", "expert_weights_scale",
	"final_logit_softcapping", "interleave_moe_layer_step", "leading_dense_block_count", "moe_every_n_layers", "n_deepstack_layers",
	"nextn_predict_layers", "rope.scaling.alpha", "rope.scaling.yarn_log_multiplier", "router_logit_softcapping",
	"use_parallel_residual",
}

// factors are keys that say nothing where they are 0, for none, or 1.
var factors = []string{"attention.output_scale", "attention.value_scale", "embedding_scale", "logit_scale", "residual_scale"}

// notes are keys that change no sum whatever they say: of the layers that these
// graphs have none of, and of training.
var notes = []string{
	"attention.layer_norm_epsilon",         // of norms with a mean; all norms here are RMSNorm
	"rope.scaling.finetuned",               // how the model came to its positions
	"rope.scaling.original_context_length", // of scalings that are refused; read where it means something
	"vocab_size",                           // the rows of the embedding are counted
}

// checkKeys refuses the keys of the architecture that were not read and say
// something.
func (l *loader) checkKeys(d *Dims, rot int) {
	for _, kv := range l.f.Metadata() {
		key, ours := strings.CutPrefix(kv.Key, l.arch+".")
		if ours && !l.read[key] && !l.saysNothing(key, kv, d, rot) {
			l.fail(fmt.Errorf("%w: %s is set, and what it means to the model is not computed here", ErrUnsupported, kv.Key))
		}
	}
}

// saysNothing reports whether a key leaves the graph as it is.
func (l *loader) saysNothing(key string, kv gguf.KV, d *Dims, rot int) bool {
	is := func(want float64) bool { x, ok := scalar(l.f, kv); return ok && x == want }
	switch {
	case slices.Contains(notes, key):
		return true
	case slices.Contains(zero, key):
		return is(0)
	case slices.Contains(factors, key):
		return is(0) || is(1)
	}
	switch key {
	case "attention.causal", "rope.scaling.attn_factor":
		return is(1)
	case "attention.key_length_swa", "attention.value_length_swa":
		return is(float64(d.Head))
	case "embedding_length_out":
		return is(0) || is(float64(d.Width))
	case "pooling_type": // none, mean, first or last of the states, which callers get one by one; 4 ranks by another layer
		return is(0) || is(1) || is(2) || is(3)
	case "rope.dimension_count_swa":
		return is(float64(rot))
	case "rope.freq_base_swa": // read where layers have a window
		return is(float64(l.positive("rope.freq_base", defaultBase)))
	case "tensor_data_layout":
		layout, _ := l.f.String(kv.Key)
		return layout == "Meta AI original pth" // the order of rows that all llama files have
	}
	return false
}

// scalar returns a number, or a bool as 0 or 1.
func scalar(f *gguf.File, kv gguf.KV) (float64, bool) {
	if b, ok := f.Bool(kv.Key); ok {
		if b {
			return 1, true
		}
		return 0, true
	}
	if n, ok := f.Uint(kv.Key); ok {
		return float64(n), true
	}
	x, ok := f.Float32(kv.Key)
	return float64(x), ok
}

// key is the full name of a key of the architecture, which counts as read.
func (l *loader) key(name string) string {
	l.read[name] = true
	return l.arch + "." + name
}

// ropeScale reads the divisor of linear position scaling, or 1. A factor
// without a type is linear, as llama.cpp has it; an older key for it is
// rope.scale_linear. Other types are refused, but for the one that is made of
// factors where the family has it.
func (l *loader) ropeScale(short bool) float32 {
	kind := ""
	if _, there := l.f.Lookup(l.key("rope.scaling.type")); there {
		var ok bool
		if kind, ok = l.f.String(l.key("rope.scaling.type")); !ok {
			l.fail(fmt.Errorf("%w: %s is no string", ErrWeights, l.key("rope.scaling.type")))
		}
	}
	factor, old := l.positiveOr("rope.scaling.factor", 1), l.positiveOr("rope.scale_linear", 1)
	scale := factor
	if scale == 1 {
		scale = old
	}
	if old != 1 && old != scale {
		l.fail(fmt.Errorf("%w: %s is %v, but %s %v", ErrWeights, l.key("rope.scaling.factor"), factor, l.key("rope.scale_linear"), old))
	}
	switch {
	case kind == "none":
		return 1
	case kind == "", kind == "linear":
		return scale
	case kind == "longrope" && short && scale == 1:
		return 1
	}
	l.fail(fmt.Errorf("%w: RoPE scaling of type %q, by %v", ErrUnsupported, kind, scale))
	return 1
}

// boundByWindow ends the context where a window would begin to hide positions,
// in families whose graph has no window here: up to there it hides none, so
// what is computed is what the file asks for.
func (l *loader) boundByWindow(d *Dims) {
	_ = l.key("attention.sliding_window_pattern") // which layers have it; within it, it is nothing to any
	if n, ok := l.f.Uint(l.key("attention.sliding_window")); ok && n == 0 {
		return
	}
	d.Context = min(d.Context, l.number("attention.sliding_window", d.Context, maxContext))
}
