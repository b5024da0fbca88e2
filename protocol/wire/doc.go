// Package wire holds every message of Assay, a file for each, or for each family
// of transactions: its limits, its canonical bytes, its signature.
//
// The encoding is deterministic CBOR (RFC 8949, section 4.2.1) with structs as
// arrays. [Decode] looks at the limit before it allocates, refuses duplicate
// keys, indefinite lengths, unknown fields, tags and floats, and encodes again:
// bytes that do not come out the same are refused, so that a message has one
// form, and its hash is its name. What is read and written most codes itself, to
// the same bytes ([Coded]); all else goes through package cbor, by reflection.
//
// What is signed is a domain tag, the chain id and the canonical bytes of the
// message without its signature. A ledger transaction ([Tx]) signs itself;
// everything else travels in an [Envelope].
//
// Whoever gets an answer or a card opens it here ([OpenAnswer], [OpenCard]), and
// whoever keeps one reads it again ([ReadAnswer], [ReadCard]), so that the order
// of decoding, checking and verifying stands in one place.
//
// The package checks what can be told from the bytes alone. What needs the
// ledger (is this seat permitted, does a commitment exist) is left to others.
// Start reading at codec.go and envelope.go.
package wire
