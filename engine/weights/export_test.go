package weights

import "github.com/assaynet/assay/engine/gguf"

// Types lists the types that a Matrix may have, in no order.
func Types() []gguf.Type {
	list := make([]gguf.Type, 0, len(checks))
	for t := range checks {
		list = append(list, t)
	}
	return list
}
