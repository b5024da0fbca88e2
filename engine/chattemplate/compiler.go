package chattemplate

import (
	"errors"
	"fmt"
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

// compiler turns the library's tree into closures.
type compiler struct {
	depth int // levels of the tree around what is compiled now
	// err is the first error. After it nothing more is compiled, and what was must not run.
	err error
}

// enter counts a level of the tree. If it returns true, the caller compiles n and then calls leave.
func (c *compiler) enter(n node) bool {
	if c.depth >= maxNesting {
		c.stop(fmt.Errorf("%w: line %d: the template nests more than %d deep", ErrLimit, n.line(), maxNesting))
	}
	if c.err != nil {
		return false
	}
	c.depth++
	return true
}

func (c *compiler) leave() { c.depth-- }

func (c *compiler) stop(err error) {
	if c.err == nil {
		c.err = err
	}
}

// refuse stops at an n that cannot be compiled.
func (c *compiler) refuse(n node, format string, args ...any) {
	c.stop(fmt.Errorf("%w: line %d: %w", ErrSyntax, n.line(), fmt.Errorf(format, args...)))
}

// expr compiles n, or the zero node into nil.
func (c *compiler) expr(n node) expr {
	if n.none() || !c.enter(n) {
		return nil
	}
	defer c.leave()
	e := c.anyExpr(n)
	return func(r *run, s *scope) (value, error) {
		if err := r.spend(1, 0); err != nil {
			return nil, err
		}
		return e(r, s)
	}
}

func (c *compiler) exprs(nodes ...node) []expr {
	out := make([]expr, len(nodes))
	for i, n := range nodes {
		out[i] = c.expr(n)
	}
	return out
}

func (c *compiler) stmt(n node) stmt {
	if !c.enter(n) {
		return nil
	}
	defer c.leave()
	do := c.anyStmt(n)
	line := n.line()
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
func (c *compiler) body(nodes []node) stmt {
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

// then evaluates e and gives its value to next, which makes an expression (of T value) or a statement (of T signal).
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

// evaluate returns the values of es.
func evaluate(r *run, s *scope, es []expr) ([]value, error) {
	out := make([]value, len(es))
	for i, e := range es {
		var err error
		if out[i], err = e(r, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}
