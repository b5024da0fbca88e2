//go:build !linux

package engine

// lowerPriority does nothing where threads have no priority of their own.
func lowerPriority(int) {}
