// Package server answers the clients of OpenAI's, Anthropic's and Ollama's
// interfaces, and those of llama.cpp's server, with models on this machine.
// Beside the answer each client gets a receipt: the run, by which whoever has
// the model finds out whether the answer is the model's, to the bit.
//
// routes.go lists what can be asked. What a request asks for and is not done
// here is refused by a 400 that names the field, and so is a field within a
// message, a tool or a format that is not known, but for those that change no
// answer, such as marks of a cache. /v1/responses leaves tools of other types
// than function out, which its clients send unasked; the answer lists those
// that were taken.
//
// Accepted without effect is only what changes no answer by its nature:
//
//	metadata, client_metadata         the client's own; /v1/responses tells metadata back
//	user, safety_identifier           whose turn it is (user.go), and nothing else
//	service_tier                      there is one
//	prompt_cache_key, prompt_cache_options, prompt_cache_retention, cache_control, cache_prompt
//	                                  hints for a cache: whatever is there is used
//	store: false                      nothing is stored; true is refused
//	verbosity, reasoning_effort, reasoning.effort, output_config.effort, think
//	                                  hints that clients send unasked, of what the model
//	                                  decides itself, but for none: it is done or refused
//	reasoning.summary: "auto", include: ["reasoning.encrypted_content"]
//	                                  there is none: thoughts are given as they are
//	keep_alive above 0, num_thread, num_gpu and the like
//	                                  how the server runs, which is for its flags
//	n_keep, n_discard                 a context is never shifted
//	id_slot, n_cache_reuse            hints: no client has a slot of its own
//
// A request goes through these files:
//
//	handler.go   who may ask: keys, hosts, origins, sizes
//	gate.go      how much is taken on, and of whom
//	body.go      what requests may take while they are read, their fields, and what of
//	             them is not done
//	openai_*.go, anthropic.go, ollama.go, llamacpp*.go
//	             one API each: its request in the words of request.go and talk.go, and
//	             its answer (dialect, writer)
//	sampling.go  how tokens are chosen
//	user.go      for whom
//	models.go    the model, from the shelf
//	forced.go    an answer that must call a tool, or may call strict ones, held to schemas
//	talk.go      the prompt of a conversation, tools included
//	prompts.go   prompts that are no conversation, of which a request may have several
//	answer.go    the run, its text, thoughts and calls, without what a stop cuts off
//	stream.go    the same as it comes
//	receipts.go  runs that are kept for their receipts, and computed again
//	page         the chat page, at / for browsers
//
// Callers take turns, however many requests each has, and none has more of them
// waiting than there are places left: the caller is the name of the key. The users
// that a caller names in its requests (user.go) take turns among themselves. So
// who asks once, beside one who asks 64 times, is read in the next step, for of the
// engine's 64 places two are kept for users that have none and one for such keys,
// and of the memory of keys and values an eighth, half of it for such keys; where
// these are taken, or do not hold the longest answer that it asks for, it is the
// next to have a place. A request whose client goes
// away ends within a step of the model.
//
// Sources: OpenAI's API reference, chat, completions, responses and embeddings;
// Anthropic's, messages and streaming; Ollama's API document; llama.cpp's
// server's README; HTML Living Standard, server-sent events.
package server
