package enginetest

import (
	"syscall"
	"time"
)

// Worked is the processor time that this process has had, in its code and in the
// kernel (getrusage(2)): what tests hold hostile input to, for it does not grow
// while a busy machine does other things.
func Worked() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no reason to fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
