package main

import (
	"fmt"

	"github.com/assaynet/assay/engine/enginetest"
)

// alteredSeed picks which weights of the cheater's model are changed; any
// seed is caught.
const alteredSeed = 1

// alterModel writes a copy of the model with a few weights changed, which one
// cheater runs under the honest model's id.
func (n *network) alterModel() error {
	for _, a := range n.miners {
		if a.role == roleAltered {
			if err := enginetest.Alter(n.model, n.alteredPath(), alteredSeed); err != nil {
				return fmt.Errorf("alter the model: %w", err)
			}
		}
	}
	return nil
}
