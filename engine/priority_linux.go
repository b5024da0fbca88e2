package engine

import "syscall"

// lowerPriority raises the calling thread's nice value. On Linux that is a
// property of each thread. Where it is refused the thread keeps its priority,
// which changes no result.
func lowerPriority(nice int) { _ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice) }
