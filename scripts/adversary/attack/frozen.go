package main

import "context"

// frozen is a quarter of the stake that falls silent without a word.
var frozen = &attack{
	name: "frozen",
	does: "one of four validators is stopped where it is, and goes on an epoch later",
	run: func(ctx context.Context, w *world) error {
		last := w.Validators[len(w.Validators)-1]
		if err := last.Freeze(); err != nil {
			return err
		}
		<-ctx.Done()
		return last.Thaw()
	},
}
