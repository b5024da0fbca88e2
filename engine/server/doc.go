// Package server answers the clients of OpenAI's interface with models on this
// machine. Beside the answer each client gets a receipt: the run, by which whoever
// has the model finds out whether the answer is the model's, to the bit.
//
//	GET  /health                 well, once models are open
//	GET  /v1/models              what there is, with the context that is served
//	POST /v1/chat/completions    a conversation, in the model's own template
//	POST /v1/completions         a text or token ids to go on from, as they are
//	POST /tokenize /detokenize   text and token ids
//	GET  /v1/receipts/{id}       the run of an answer, for assay model verify --run
//
// What is asked for and not done here is refused by a 400 that names the field, and
// never left out in silence: no answer says more than it is.
//
// A request goes through these files:
//
//	handler.go   who may ask: keys, hosts, origins, sizes
//	request.go   what is asked, and what of it is not done
//	prompt.go    token ids of a conversation or a text, and how many may follow
//	answer.go    the run, its text without what a stop sequence cuts off
//	stream.go    the text as it comes, by server-sent events
//	receipts.go  runs that are kept for their receipts
//
// Callers take turns, however many requests each has: the caller is the name of the
// key. A request whose client goes away ends within a step of the model.
//
// Sources: OpenAI's API reference, chat and completions; HTML Living Standard,
// server-sent events.
package server
