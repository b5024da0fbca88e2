package record

// Rows are the rows of a folded epoch.
type Rows = rows

// Unpack reads a folded epoch.
var Unpack = unpack

// Pack packs a folded epoch.
func (p rows) Pack() ([]byte, bool) { return p.pack() }
