// Package inference is the task kind "inference": a model continues a prompt, and
// shows by a fingerprint of its hidden states that it ran. Here are the bodies of
// its tasks, answers and cards, what the beacon draws, and what of an answer can
// be told to be wrong without running the model.
//
// Turning text into tokens is the model's (engine/tokenizer), and running is
// the engine's. Start reading at body.go, then [Draw].
package inference
