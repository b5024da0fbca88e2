//go:build !amd64

package gate

// vectors is false where nobody has written vectors_amd64.s anew.
const vectors = false

func leasts(*[Positions]uint64, *uint64, int, *columns) { panic("gate: no vectors") }

func sharing(*lanes, int, *lanes) int { panic("gate: no vectors") }
