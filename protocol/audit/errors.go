package audit

import "errors"

var (
	// ErrFile says that a file is no audit, or was changed or cut off.
	ErrFile = errors.New("audit: not a whole audit file")
	// ErrVersion says that a file is an audit in a format of another version.
	ErrVersion = errors.New("audit: a format that this program does not know")
	// ErrOrder says that records do not follow one another.
	ErrOrder = errors.New("audit: records out of order")
	// ErrShort says that records end before the epoch that was asked for does.
	ErrShort = errors.New("audit: the records end too early")
)
