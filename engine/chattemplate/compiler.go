package chattemplate

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/engine/chattemplate/syntax"
)

// expr is a compiled expression.
type expr func(r *run, s *scope) (value, error)

// stmt is a compiled statement.
type stmt func(r *run, s *scope) (signal, error)

// signal says how a statement ended.
type signal int

const (
	goOn signal = iota
	breakLoop
	continueLoop
)

// step goes on with a value that was just evaluated.
type step[T any] func(r *run, s *scope, v value) (T, error)

// compiler turns a syntax tree into closures. The tree has a bounded depth, so
// the compiler recurses.
type compiler struct {
	// literals are the strings of the template. One that occurs twice is one
	// string, for "is sameas" sees the difference.
	literals map[string]Text
}

func (c *compiler) expr(n syntax.Expr) expr {
	if n == nil {
		return nil
	}
	e := c.anyExpr(n)
	return func(r *run, s *scope) (value, error) {
		if err := r.spend(1, 0); err != nil {
			return nil, err
		}
		return e(r, s)
	}
}

func (c *compiler) exprs(nodes []syntax.Expr) []expr {
	out := make([]expr, len(nodes))
	for i, n := range nodes {
		out[i] = c.expr(n)
	}
	return out
}

func (c *compiler) stmt(n syntax.Stmt) stmt {
	do := c.anyStmt(n)
	line := n.Line()
	return func(r *run, s *scope) (signal, error) {
		if err := r.spend(1, 0); err != nil {
			return goOn, err
		}
		sig, err := do(r, s)
		if at := (*atLine)(nil); err != nil && !errors.As(err, &at) {
			err = &atLine{line, err}
		}
		return sig, err
	}
}

// body compiles statements that follow each other.
func (c *compiler) body(nodes []syntax.Stmt) stmt {
	stmts := make([]stmt, len(nodes))
	for i, n := range nodes {
		stmts[i] = c.stmt(n)
	}
	return func(r *run, s *scope) (signal, error) {
		for _, do := range stmts {
			if sig, err := do(r, s); err != nil || sig != goOn {
				return sig, err
			}
		}
		return goOn, nil
	}
}

// atLine is an error with the line of the innermost statement.
type atLine struct {
	line int
	err  error
}

func (e *atLine) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *atLine) Unwrap() error { return e.err }

// then evaluates e and gives its value to next, which makes an expression (of T
// value) or a statement (of T signal).
func then[T any](e expr, next step[T]) func(r *run, s *scope) (T, error) {
	return func(r *run, s *scope) (out T, err error) {
		v, err := e(r, s)
		if err != nil {
			return out, err
		}
		return next(r, s, v)
	}
}

// both evaluates two expressions and gives their values to do.
func both(left, right expr, do operator) expr {
	return func(r *run, s *scope) (value, error) {
		a, err := left(r, s)
		if err != nil {
			return nil, err
		}
		b, err := right(r, s)
		if err != nil {
			return nil, err
		}
		return do(r, a, b)
	}
}

// evaluate returns the values of es; of one that is nil, nil.
func evaluate(r *run, s *scope, es []expr) ([]value, error) {
	out := make([]value, len(es))
	for i, e := range es {
		if e == nil {
			continue
		}
		var err error
		if out[i], err = e(r, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}
