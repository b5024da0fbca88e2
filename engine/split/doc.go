// Package split runs a model that is larger than a device's memory: its layers
// are cut into ranges, each a backend of its own (weights.Model.Part) on a GPU
// or the processor, and all together are one backend.Backend with the model's
// bits.
//
// A step goes through the parts in their order. The residual stream of all its
// tokens, a row of floats each, is handed from one part to the next by way of
// the host's memory: 16 KiB a token for a width of 4,096, little beside the
// weights that a part reads. The first part has the embedding, the last one the
// last norm and the logits, so results come from that one alone.
//
// Sequences have a cache in each part. Where a part has no memory, or a token
// fails in it, those before it have computed positions that the sequence does
// not get; their caches are cut back, by Fork, before they are used again.
//
// Plan says which layers lie where: plan.go. Start reading at split.go.
package split
