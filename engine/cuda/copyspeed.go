package cuda

import "time"

// CopySpeed is how many bytes a second a device reads and writes where it does
// nothing but copy bytes from one place of its memory to another, often enough to
// take at least a while: the measure of what reads weights. Errors:
// backend.ErrUnavailable, backend.ErrMemory, backend.ErrDevice.
func CopySpeed(driver Driver, number int, bytes int64, while time.Duration) (float64, error) {
	u, err := open(driver, number)
	if err != nil {
		return 0, err
	}
	b := u.backend()
	defer b.Close()
	var from, to pointer
	var speed float64
	err = b.on(func() error {
		if err := b.alloc(&from, bytes); err != nil {
			return err
		}
		if err := b.alloc(&to, bytes); err != nil {
			return err
		}
		for copies := 1; ; copies *= 2 {
			began := time.Now()
			for range copies {
				if err := b.dev.Copy(uint64(to), uint64(from), bytes); err != nil {
					return err
				}
			}
			if err := b.dev.Wait(); err != nil {
				return err
			}
			if took := time.Since(began); took >= while {
				speed = 2 * float64(bytes) * float64(copies) / took.Seconds()
				return nil
			}
		}
	})
	return speed, err
}
