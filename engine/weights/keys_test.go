package weights_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// set adds a key of the architecture, or replaces it, by a value of a type that
// files have there.
func set(arch, name string, value any) edit {
	key := arch + "." + name
	return edit{
		key: func(_ *gguf.Writer, kv gguf.KV) bool { return kv.Key == key },
		add: func(w *gguf.Writer) {
			switch v := value.(type) {
			case uint32:
				w.AddUint32(key, v)
			case float32:
				w.AddFloat32(key, v)
			case bool:
				w.AddBool(key, v)
			case string:
				w.AddString(key, v)
			case []int32:
				w.AddInt32s(key, v)
			}
		},
	}
}

// loadWith loads a tiny model of an architecture after the edits.
func loadWith(t *testing.T, o enginetest.Options, edits ...edit) (*weights.Model, error) {
	t.Helper()
	data := wire(t, o)
	for _, e := range edits {
		data = edited(t, parse(t, data), e)
	}
	return weights.Load(parse(t, data))
}

// states are all states of a prompt.
func states(t *testing.T, w *weights.Model, prompt []int32) []string {
	t.Helper()
	m := arith.New(w)
	all, err := m.Forward(arith.Serial, &arith.Workspace{}, m.NewCache(), prompt, len(prompt))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range all {
		out = append(out, fmt.Sprintf("%x", s))
	}
	return out
}

var architectures = []string{"llama", "qwen2", "qwen3", "gemma3", "phi3"}

// TestAKeyThatWouldChangeTheModelIsRefused: each of these means another graph
// somewhere, so a model that has it would be another one here, without a word.
func TestAKeyThatWouldChangeTheModelIsRefused(t *testing.T) {
	for _, arch := range architectures {
		for name, value := range map[string]any{
			"attention.scale": float32(0.5), "attention.clamp_kqv": float32(8), "attention.max_alibi_bias": float32(8), "attention.causal": false,
			"attention.key_length_swa": uint32(8), "attention.value_length_swa": uint32(8), "attention.q_lora_rank": uint32(4),
			"attention.temperature_scale": float32(0.1), "attention.temperature_length": uint32(8192), "attention.shared_kv_layers": uint32(2),
			"attention.value_scale": float32(2), "attention.output_scale": float32(2), "attention.group_norm_groups": uint32(2),
			"logit_scale": float32(0.125), "residual_scale": float32(0.22), "embedding_scale": float32(12), "router_logit_softcapping": float32(30),
			"expert_count": uint32(8), "expert_used_count": uint32(2), "expert_shared_count": uint32(1), "expert_weights_scale": float32(2.5),
			"use_parallel_residual": true, "tensor_data_layout": "another", "pooling_type": uint32(4), "embedding_length_out": uint32(8),
			"rope.dimension_count_swa": uint32(4), "rope.dimension_sections": []int32{8, 0, 0, 0}, "rope.scaling.alpha": float32(1000),
			"rope.scaling.yarn_ext_factor": float32(1), "rope.scaling.yarn_log_multiplier": float32(0.1), "rope.scaling.yarn_beta_fast": float32(32),
			"nextn_predict_layers": uint32(1), "n_deepstack_layers": uint32(3), "leading_dense_block_count": uint32(1), "hidden_activation": "relu",
			"attention.rope_pattern": []int32{1, 0}, "dense_2_feat_out": uint32(8), "rope.global.freq_base": float32(1e6), "swiglu_clamp_exp": float32(7),
			"ssm.state_size": uint32(16), "something.that.nobody.knows": uint32(0), "attention.sliding_windows": uint32(0),
			"logit_scale ": uint32(1), "attention.sinks": true,
		} {
			_, err := loadWith(t, enginetest.Options{Arch: arch}, set(arch, name, value))
			if !errors.Is(err, weights.ErrUnsupported) || !strings.Contains(err.Error(), arch+"."+name) {
				t.Errorf("%s.%s = %v: got %v", arch, name, value, err)
			}
		}
	}
	for _, arch := range []string{"llama", "qwen2", "qwen3", "phi3"} {
		for name, value := range map[string]any{
			"attn_logit_softcapping": float32(50), "final_logit_softcapping": float32(30), "rope.freq_base_swa": float32(1234),
		} {
			if _, err := loadWith(t, enginetest.Options{Arch: arch}, set(arch, name, value)); !errors.Is(err, weights.ErrUnsupported) {
				t.Errorf("%s.%s: got %v", arch, name, err)
			}
		}
	}
	for _, arch := range []string{"llama", "qwen2", "qwen3", "gemma3"} {
		if _, err := loadWith(t, enginetest.Options{Arch: arch}, set(arch, "rope.scaling.attn_factor", float32(1.19))); !errors.Is(err, weights.ErrUnsupported) {
			t.Errorf("%s: attention's factor: got %v", arch, err)
		}
	}
}

// TestAKeyThatSaysNothingChangesNothing: converters write many keys at the
// value that means none.
func TestAKeyThatSaysNothingChangesNothing(t *testing.T) {
	prompt := enginetest.Peer{Tokens: 8}.Prompt()
	for _, arch := range architectures {
		plain, err := loadWith(t, enginetest.Options{Arch: arch})
		if err != nil {
			t.Fatal(err)
		}
		var edits []edit
		for name, value := range map[string]any{
			"attention.scale": float32(0), "attention.clamp_kqv": float32(0), "attention.max_alibi_bias": float32(0), "attention.causal": true,
			"attention.key_length_swa": uint32(plain.Head), "rope.dimension_count_swa": uint32(plain.Head), "attention.layer_norm_epsilon": float32(1e-6),
			"logit_scale": float32(0), "residual_scale": float32(1), "embedding_scale": float32(1), "expert_count": uint32(0), "expert_used_count": uint32(0),
			"use_parallel_residual": false, "tensor_data_layout": "Meta AI original pth", "pooling_type": uint32(3), "embedding_length_out": uint32(plain.Width),
			"rope.scaling.finetuned": true, "rope.scaling.original_context_length": uint32(plain.Context), "rope.scaling.attn_factor": float32(1),
			"attn_logit_softcapping": float32(0), "final_logit_softcapping": float32(0), "router_logit_softcapping": float32(0), "vocab_size": uint32(plain.Vocab),
			"rope.scaling.type": "linear", "rope.scaling.factor": float32(0),
		} {
			edits = append(edits, set(arch, name, value))
		}
		m, err := loadWith(t, enginetest.Options{Arch: arch}, edits...)
		if err != nil {
			t.Errorf("%s: %v", arch, err)
			continue
		}
		if got, want := states(t, m, prompt), states(t, plain, prompt); !slices.Equal(got, want) || m.Context != plain.Context {
			t.Errorf("%s: other states", arch)
		}
	}
}

// TestAFactorWithoutATypeScalesPositions, as llama.cpp has it, and so does the
// older key.
func TestAFactorWithoutATypeScalesPositions(t *testing.T) {
	prompt := enginetest.Peer{Tokens: 8}.Prompt()
	for _, arch := range architectures {
		of := func(edits ...edit) []string {
			m, err := loadWith(t, enginetest.Options{Arch: arch, Layers: 6}, edits...)
			if err != nil {
				t.Fatalf("%s: %v", arch, err)
			}
			return states(t, m, prompt)
		}
		typed := func(kind string) edit { return set(arch, "rope.scaling.type", kind) }
		factor, old := set(arch, "rope.scaling.factor", float32(4)), set(arch, "rope.scale_linear", float32(4))
		plain, want := of(), of(typed("linear"), factor)
		if slices.Equal(plain, want) {
			t.Fatalf("%s: linear scaling changes nothing", arch)
		}
		for name, got := range map[string][]string{
			"without a type": of(factor), "by the older key": of(old), "by both": of(old, factor), "of an empty type": of(typed(""), factor),
			"with a factor of 0 beside the older": of(old, set(arch, "rope.scaling.factor", float32(0))), "linear, by the older key": of(typed("linear"), old),
		} {
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: other states", arch, name)
			}
		}
		for name, got := range map[string][]string{
			"none": of(typed("none"), factor), "linear by nothing": of(typed("linear")), "linear by 0": of(typed("linear"), set(arch, "rope.scaling.factor", float32(0))),
			"by 1": of(set(arch, "rope.scale_linear", float32(1))),
		} {
			if !slices.Equal(got, plain) {
				t.Errorf("%s, %s: other states than without scaling", arch, name)
			}
		}
	}
}

func TestScalingsOfPositionsThatAreRefused(t *testing.T) {
	factor := func(x any) edit { return set("llama", "rope.scaling.factor", x) }
	for name, c := range map[string]struct {
		arch  string
		edits []edit
		want  error
	}{
		"two factors":            {"llama", []edit{factor(float32(4)), set("llama", "rope.scale_linear", float32(2))}, weights.ErrWeights},
		"below nothing":          {"llama", []edit{factor(float32(-4))}, weights.ErrWeights},
		"no float":               {"llama", []edit{factor(uint32(4))}, weights.ErrWeights},
		"an older that is none":  {"llama", []edit{set("llama", "rope.scale_linear", "4")}, weights.ErrWeights},
		"a type that is no text": {"llama", []edit{set("llama", "rope.scaling.type", uint32(1)), factor(float32(4))}, weights.ErrWeights},
		"YaRN":                   {"llama", []edit{set("llama", "rope.scaling.type", "yarn"), factor(float32(4))}, weights.ErrUnsupported},
		"another's factors":      {"llama", []edit{set("llama", "rope.scaling.type", "longrope")}, weights.ErrUnsupported},
		"factors and a factor":   {"phi3", []edit{set("phi3", "rope.scaling.type", "longrope"), set("phi3", "rope.scaling.factor", float32(32))}, weights.ErrUnsupported},
		"an adapter":             {"llama", []edit{{add: func(w *gguf.Writer) { w.AddString("general.type", "adapter") }}}, weights.ErrUnsupported},
	} {
		if _, err := loadWith(t, enginetest.Options{Arch: c.arch}, c.edits...); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := loadWith(t, enginetest.Options{}, edit{add: func(w *gguf.Writer) { w.AddString("general.type", "model") }}); err != nil {
		t.Error(err)
	}
}

// TestAWindowThatIsNotComputedEndsTheContext before it hides anything.
func TestAWindowThatIsNotComputedEndsTheContext(t *testing.T) {
	for _, arch := range []string{"llama", "qwen2", "qwen3", "phi3"} {
		for window, want := range map[uint32]int{0: 512, 47: 47, 512: 512, 4096: 512} {
			m, err := loadWith(t, enginetest.Options{Arch: arch, Context: 512}, set(arch, "attention.sliding_window", window), set(arch, "attention.sliding_window_pattern", uint32(2)))
			if err != nil {
				t.Errorf("%s, a window of %d: %v", arch, window, err)
			} else if m.Context != want {
				t.Errorf("%s, a window of %d: a context of %d, want %d", arch, window, m.Context, want)
			}
		}
		if _, err := loadWith(t, enginetest.Options{Arch: arch}, set(arch, "attention.sliding_window", "all")); !errors.Is(err, weights.ErrWeights) {
			t.Errorf("%s, a window that is no number: got %v", arch, err)
		}
	}
	m, err := loadWith(t, enginetest.Options{Arch: "gemma3", Context: 512, Window: 32})
	if err != nil || m.Context != 512 {
		t.Errorf("a window that is computed: got %v", err)
	}
}

// TestATensorThatWouldChangeTheModelIsRefused.
func TestATensorThatWouldChangeTheModelIsRefused(t *testing.T) {
	for _, arch := range architectures {
		for _, name := range []string{
			"blk.0.attn_sinks.weight", "blk.0.attn_q.scale", "blk.0.ffn_down.input_scale", "blk.0.ffn_gate_inp.weight", "blk.0.attn_norm.bias",
			"output_norm.bias", "token_embd_norm.weight", "position_embd.weight", "cls.weight", "blk.0.attn_rot_embd.weight", "blk.9.attn_norm.weight",
			"blk.0.ffn_sub_norm.weight", "blk.0.attn_gate.weight", "blk.0.layer_output_scale.weight", "rope_factors_shorter.weight",
		} {
			if _, err := loadWith(t, enginetest.Options{Arch: arch}, withVector(name, 8, 1)); !errors.Is(err, weights.ErrUnsupported) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s with %s: got %v", arch, name, err)
			}
		}
	}
}
