package engine

import "context"

type callerKey struct{}

// WithCaller returns a context whose calls are counted against a caller:
// callers of a Model take turns, however many calls each makes. Calls without
// one are counted together.
func WithCaller(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, callerKey{}, id)
}

func callerOf(ctx context.Context) string {
	id, _ := ctx.Value(callerKey{}).(string)
	return id
}
