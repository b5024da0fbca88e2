// Command miner is the daemon that answers tasks. Each subcommand is a file
// here, thin over what both daemons share in cmd/internal: config (settings and
// the home), setup (init), daemon (run), status and doctor.
package main
