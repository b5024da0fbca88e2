// Package history writes what a node knows of a network as tables that DuckDB,
// pandas and their like load: tasks, answers, cards, scores, weights, payments.
// Each table is a directory with a manifest and an epoch a file, as package export
// makes them; beside them stand the manifest of all, with the SHA-256 of each
// table's, and in each table a README with its columns:
//
//	manifest.json
//	README.md
//	payments/manifest.json
//	payments/data/epoch-00000007.parquet
//	payments/data/epoch-00000007.jsonl
//	…
//
// Rows are in rows.go, in the order of their columns; where they come from is in
// source.go. Payments of an epoch must add up to what the ledger's record of the
// epoch says, or the export ends with [ErrSum].
package history
