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

type userKey struct{}

// WithUser returns a context whose calls are for a user of their caller: where it
// is the caller's turn, its users take turns, however many calls are for each.
func WithUser(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, userKey{}, id)
}

func userOf(ctx context.Context) string {
	id, _ := ctx.Value(userKey{}).(string)
	return id
}

type sharerKey struct{}

// WithSharer returns a context whose calls share beginnings of prompts, which are
// computed once, with those of the same sharer alone: by how soon an answer
// comes nobody finds out what another has asked. Calls without one share among
// themselves.
func WithSharer(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, sharerKey{}, id)
}

func sharerOf(ctx context.Context) string {
	id, _ := ctx.Value(sharerKey{}).(string)
	return id
}
