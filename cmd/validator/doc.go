// Command validator is the daemon that judges answers and agrees on the ledger.
// Each subcommand is a file here, thin over what both daemons share in
// cmd/internal: config (settings and the home), setup (init), daemon (run),
// status and doctor.
package main
