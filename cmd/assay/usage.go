package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"
)

// withHint adds what to do to an error.
func withHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w; %s", err, hint)
}

// readHint is withHint for an input that was not read: whoever interrupted that
// knows what to do.
func readHint(err error, hint string) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return withHint(err, hint)
}

// note writes a line to standard error, for people; it has nowhere to complain.
func note(c *cli.Context, format string, args ...any) {
	_, _ = fmt.Fprintf(c.App.ErrWriter, format+"\n", args...)
}
