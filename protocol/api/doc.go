// Package api serves a node over HTTP: the ledger's state, scores with their
// evidence, receipts, transactions, health and metrics. It is the only home of
// HTTP servers.
//
// It reads through the small interfaces of [Source], each of which may be
// missing: a miner has no scores, and a stopped node has no pool. What is missing
// is answered by a problem document that says so. The same [Handler] answers
// over a socket and in the process of a command that reads a stopped node's
// database, so both show the same.
//
// Answers are JSON. Amounts are exact decimals in tokens, as strings; hashes are
// hex; keys are addresses; shares are whole numbers, in 65535ths or 65536ths as
// openapi.json says of each, and decimals beside them; times are RFC 3339, UTC, and
// absent where the block is not kept. Lists are {"items":[…],"next":"…"}, where
// next is the cursor of the following page and empty on the last one. Errors are
// problem documents (RFC 9457). Whatever a client sends, it gets one of these.
//
// A list is CSV to who accepts text/csv, with the next page under Link. Answers are
// compressed for who takes that; those of lists have a tag, by which who has one
// already does not get it again. What blocks do is streamed by /v1/events, from a
// cursor that holds across restarts.
//
// Tasks of all kinds have the same members; what a kind asks, answers and judges
// is the member body, an object with a schema of the kind's own (shapes.go).
//
// By default it listens on loopback only, and then refuses requests for other
// hosts' names, so that no web page can reach it by rebinding a name.
//
// Start reading at source.go, then routes.go.
package api
