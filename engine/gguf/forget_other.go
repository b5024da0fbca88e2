//go:build !linux

package gguf

// Forget does nothing here.
func (f *File) Forget() {}
