package validator

import (
	"github.com/assaynet/assay/protocol"
)

// Presence says how well the node takes part at this moment.
type Presence struct {
	// Behind says that others have newer blocks. What is due at the heights that
	// come now was due long ago, so nothing is sent.
	Behind bool
	// Deaf says in words why answers that are opened now may not arrive here,
	// empty where they do. What is given arrives later all the same, from who
	// attested it.
	Deaf string
}

// watch tells whether the network is heard. Step alone uses it.
type watch struct {
	*base
	why  string // at the newest step
	last protocol.Height
}

// observe returns the node's presence at head, and why the network is not heard,
// empty where it is.
func (w *watch) observe(head protocol.Height) (Presence, string) {
	var p Presence
	if w.cfg.Presence != nil {
		p = w.cfg.Presence()
	}
	why := p.Deaf
	if p.Behind {
		why = "catching up with the ledger"
	}
	switch {
	case why != "" && w.why == "":
		w.cfg.Logger.Warn().Uint64("height", uint64(head)).Str("why", why).Msg("the network is not heard: answers are fetched when it is")
	case why == "" && (w.why != "" || w.last == 0):
		w.cfg.Logger.Info().Uint64("height", uint64(head)).Msg("the network is heard")
	}
	w.why, w.last = why, head
	return p, why
}
