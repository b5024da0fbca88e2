package scoring

import "errors"

var (
	// ErrModel says that the judge has no model of the task's id.
	ErrModel = errors.New("scoring: model is not loaded")
	// ErrFalseCard says that a card does not say what the judged run is.
	ErrFalseCard = errors.New("scoring: false card")
)
