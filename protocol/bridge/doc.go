// Package bridge is where a task meets the engine: it turns what a task of kind
// inference asks into the engine's request, a run into the answer that goes out,
// and an answer that came in back into the run that is verified.
//
// Miners, judges and assay verify run the same code here, so that what one makes
// of a task is what the others make of it; the engine knows no network, and the
// packages of tasks no engine. The kind synthetic, whose tasks have one of
// inference in them, uses the same; a kind that runs models in another way puts
// its mapping here. Start reading at [Request].
package bridge
