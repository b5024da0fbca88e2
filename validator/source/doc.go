// Package source shows a validator to package api: its ledger, its pool, and what
// it judged. A running node's parts come from the running node ([State], [Work],
// [Pool]); a stopped node's from its database ([Open]), which is not changed.
package source
