// Package config is what an operator sets: the home directory, the file
// config.toml in it, the flags and the environment.
//
// A setting comes from the first of: its flag, its variable in the environment
// (ASSAY_ and the flag's name in capitals), config.toml, its default. All three
// forms, and the comments of a fresh config.toml, follow from the one table in
// settings.go. What all nodes must agree on is no setting: it is in the genesis.
//
// A home holds
//
//	config.toml   the settings
//	genesis.json  the network
//	keys/         hotkey.age, coldkey.age where the owner wants it here, and of a
//	              validator whose hotkey was swapped former.age for two epochs
//	data/         the database
//	consensus/    what a validator's consensus keeps beside it
//	run.json      where the running daemon listens; gone when it has stopped
//
// Start reading at config.go.
package config
