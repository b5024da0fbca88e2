package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"
)

// withHint adds what to do to an error. Whoever interrupted it knows.
func withHint(err error, hint string) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w; %s", err, hint)
}

// note writes a line to standard error, for people; it has nowhere to complain.
func note(c *cli.Context, format string, args ...any) {
	_, _ = fmt.Fprintf(c.App.ErrWriter, format+"\n", args...)
}
