//go:build !linux

package keystore

// mountOf knows of no mount that a container is given.
func mountOf(string) (readOnly, memory bool, err error) { return false, false, nil }
