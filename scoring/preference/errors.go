package preference

import "errors"

var (
	// ErrParams says that parameters contradict each other or leave their range.
	ErrParams = errors.New("preference: invalid parameters")
	// ErrPair says that a pair breaks a rule or a limit of its own.
	ErrPair = errors.New("preference: invalid pair")
	// ErrTwice says that a pair is given twice in one epoch.
	ErrTwice = errors.New("preference: the pair was given before")
	// ErrLimit says that there is more than the score takes: see the limits at
	// [MaxRaters].
	ErrLimit = errors.New("preference: too much")
	// ErrCarry says that carried sums are not what an epoch left.
	ErrCarry = errors.New("preference: invalid carried sums")
	// ErrEpoch says that an epoch is not after the last one that was scored.
	ErrEpoch = errors.New("preference: the epoch is over")
)
