package progress

import "io"

// When the first word comes, and how soon the next.
const (
	Quiet = quiet
	Every = every
)

// Show is [Start] on what need not be a terminal.
func Show(w io.Writer, say func() string) (stop func()) { return start(w, say) }
