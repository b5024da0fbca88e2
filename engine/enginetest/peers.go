package enginetest

import "github.com/assaynet/assay/engine/gguf"

// Peer is a tiny model that an independent engine has run too: its logits are
// in engine/testdata/peers.json, made by scripts/oracle/peers.sh.
type Peer struct {
	Name      string
	Options   Options
	Tokens    int   // length of the prompt, see [Peer.Prompt]
	Positions []int // whose logits were kept
}

// Positions that are kept: the ends of pages, and beyond 4,096 those where a
// short context would have ended.
var (
	shortRun = []int{0, 1, 31, 63, 64, 65, 99}
	longRun  = []int{0, 63, 64, 511, 512, 4095, 4096, 4300}
)

const (
	shortTokens = 100
	longTokens  = 4301
)

// Peers returns the models: each type of matrix, each architecture, and long
// contexts.
func Peers() []Peer {
	peers := []Peer{
		{Name: "llama/F32", Options: Options{Float32: true}},
		{Name: "llama/F16", Options: Options{Type: gguf.F16, Untied: true}},
		{Name: "llama/BF16", Options: Options{Type: gguf.BF16}},
		{Name: "llama/biases", Options: Options{Type: gguf.Q8_0, Biases: true, Untied: true}},
		{Name: "llama/factors", Options: Options{Type: gguf.Q8_0, Factors: true}},
		{Name: "llama/scale", Options: Options{Type: gguf.Q8_0, Scale: 4}},
		{Name: "qwen2", Options: Options{Arch: "qwen2", Type: gguf.Q8_0}},
		{Name: "qwen3", Options: Options{Arch: "qwen3", Type: gguf.Q8_0, Head: 32}},
		{Name: "gemma3", Options: Options{Arch: "gemma3", Type: gguf.Q8_0, Head: 32, Layers: 7, Scale: 8}},
		{Name: "gemma3/cap", Options: Options{Arch: "gemma3", Type: gguf.Q8_0, Layers: 6, LogitCap: 2}},
		{Name: "phi3", Options: Options{Arch: "phi3", Type: gguf.Q8_0}},
		{Name: "phi3/factors", Options: Options{Arch: "phi3", Type: gguf.Q8_0, Factors: true, Rot: 12}},
	}
	for _, t := range []gguf.Type{gguf.Q8_0, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K} {
		peers = append(peers, Peer{Name: "llama/" + t.String(), Options: Options{Type: t, Width: 256, Heads: 4, FFN: 256, Layers: 1}})
	}
	for i := range peers {
		peers[i].Tokens, peers[i].Positions = shortTokens, shortRun
	}
	for _, p := range []Peer{
		{Name: "llama/long", Options: Options{Type: gguf.Q8_0, Factors: true}},
		{Name: "qwen3/long", Options: Options{Arch: "qwen3", Type: gguf.Q8_0, Head: 32}},
		{Name: "gemma3/long", Options: Options{Arch: "gemma3", Type: gguf.Q8_0, Layers: 6, Window: 512}},
		{Name: "phi3/long", Options: Options{Arch: "phi3", Type: gguf.Q8_0, Factors: true}},
	} {
		if p.Options.Layers == 0 {
			p.Options.Layers = 1
		}
		p.Options.Heads, p.Options.KVHeads, p.Options.Context = 2, 1, 8192
		p.Tokens, p.Positions = longTokens, longRun
		peers = append(peers, p)
	}
	for i := range peers {
		peers[i].Options.Seed = uint64(i)
	}
	return peers
}

// Prompt returns the tokens that the model is run over.
func (p Peer) Prompt() []int32 {
	ids := make([]int32, p.Tokens)
	x := uint32(1)
	for i := range ids {
		x = x*1664525 + 1013904223 // Numerical Recipes' generator
		ids[i] = ByteToken + int32(x>>8%uint32(len(vocabulary())-int(ByteToken)))
	}
	return ids
}
