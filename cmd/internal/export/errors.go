package export

import "errors"

var (
	// ErrOther says that a directory holds another data set.
	ErrOther = errors.New("another data set")
	// ErrBusy says that another program writes the data set.
	ErrBusy = errors.New("another program writes here")
	// ErrManifest says that a manifest is none, or that there is none.
	ErrManifest = errors.New("no manifest of a data set")
	// ErrGone is what a [Source] returns for an epoch that it does not keep any more.
	ErrGone = errors.New("not kept any more")
	// ErrRow says that a line of a data set is no row of its kind.
	ErrRow = errors.New("no row")
)
