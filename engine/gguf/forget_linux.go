package gguf

import "syscall"

// Forget tells the operating system that the tensors will not be read soon, so that the pages of the mapping no longer count as
// this process's memory. What is read later comes from the file again.
func (f *File) Forget() {
	if f.mapped != nil {
		_ = syscall.Madvise(f.mapped, syscall.MADV_DONTNEED) // advice; a read-only mapping of a file loses nothing
	}
}
