package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/usage"
)

// errNo says that a person did not agree.
var errNo = errors.New("not agreed to; nothing was signed or sent")

// yesFlag has nobody asked; where there is no terminal it must be given.
func yesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "yes", EnvVars: []string{"ASSAY_YES"}, Usage: "do not ask; without a terminal nothing is signed or sent otherwise", DisableDefaultText: true}
}

// asks reports whether a person is to be asked. It is a mistake where nobody is
// there and --yes is not given: a program that spends says so.
func asks(c *cli.Context) (bool, error) {
	switch {
	case c.Bool("yes"):
		return false, nil
	case input.Terminal(c.App.Reader) == nil:
		return false, usage.Mistake(withHint(errors.New("standard input is no terminal, so that nobody can be asked; nothing was signed or sent"), "give --yes, or ASSAY_YES=1 in the environment"))
	}
	return true, nil
}

// agree shows a person at a terminal what is about to happen, and asks, unless
// --yes was given. Errors: those of asks, [errNo], and the context's.
func agree(c *cli.Context, lines []pair) error {
	if asked, err := asks(c); err != nil || !asked {
		return err
	}
	if err := printPairs(c.App.ErrWriter, lines); err != nil {
		return err
	}
	if _, err := fmt.Fprint(c.App.ErrWriter, "Do it? [y/N] "); err != nil {
		return err
	}
	answer := make(chan string, 1) // one: the reader never waits for us
	go func() {
		line, _ := bufio.NewReader(c.App.Reader).ReadString('\n') // its end is no
		answer <- line
	}()
	select {
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return nil
		}
		return errNo
	case <-c.Done():
		return c.Err()
	}
}
