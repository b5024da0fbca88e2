package daemon

// What tests look at from outside.
var (
	Announced = (*Daemon).announced
	NewLogger = newLogger
	Part      = part
)
