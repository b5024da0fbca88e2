package backend

// What may be said of a Device's State.
const (
	InService = "in_service"
	WrongBits = "wrong_bits" // taken out of service by its self-test
	Failed    = "failed"
)

// Device is what can be told of a device that computes.
type Device struct {
	Name      string  // such as cuda:0
	State     string  // InService, WrongBits or Failed
	Used      int64   // bytes of its memory that the model and its pages take
	Memory    int64   // bytes that it has
	Sequences int     // of the last step
	Tokens    int64   // of all steps
	Celsius   float64 // its temperature; 0 where nobody says
	Watts     float64 // the power that it draws; 0 where nobody says
}

// Watched is a Backend that has devices of its own. Devices is called from any
// goroutine, also while a step runs.
type Watched interface {
	Backend
	Devices() []Device
}
