// Package backup copies a home's database while its daemon runs, and puts the copy
// back: the commands backup and restore.
//
// A backup is a directory:
//
//	manifest.json  whose it is, of which height and time, and its files with hashes
//	config.toml    the settings
//	genesis.json   the network
//	data/          the database, as it was at one moment
//
// What it leaves out, on purpose, is [LeftOut]. A daemon that runs has its database
// locked, so the copy is made by it: [Serve] answers on a socket in the home that
// its owner alone can use, and [Make] asks there first.
package backup
