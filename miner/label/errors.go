package label

import "errors"

var (
	// ErrItem says that a pair cannot be put on the desk: a text is too long or no
	// UTF-8, or its slot holds another pair.
	ErrItem = errors.New("label: bad item")
	// ErrRating says that a rating is none: its choice is none of the five, or its
	// reason is too long or no UTF-8.
	ErrRating = errors.New("label: bad rating")
	// ErrUnknown says that no such pair is on the desk.
	ErrUnknown = errors.New("label: no such pair")
	// ErrStale says that the desk has changed since it was looked at: the pair was
	// rated meanwhile, or the rating to take back is not the newest.
	ErrStale = errors.New("label: the desk has changed")
	// ErrUnrated says that pairs of a round are left.
	ErrUnrated = errors.New("label: not rated")
	// ErrSealed says that the pair's round is closed.
	ErrSealed = errors.New("label: the round is sealed")
	// ErrStore says that a record could not be read or written. What was to be
	// written is not on the desk.
	ErrStore = errors.New("label: store")
	// ErrRecord says that the store holds what this program did not write.
	ErrRecord = errors.New("label: corrupt record")
	// ErrConfig says that a field of a Config is missing or contradicts another.
	ErrConfig = errors.New("label: bad config")
	// ErrBeyond says that a page would be reached from other machines although
	// nobody said by which names.
	ErrBeyond = errors.New("label: reached from other machines")
	// ErrListen says that the page's address could not be taken.
	ErrListen = errors.New("label: listen")
)
