package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
)

// errNo says that a person did not agree.
var errNo = errors.New("not agreed to; nothing was signed or sent")

// asks reports whether there is a person to ask, who is to be asked.
func asks(c *cli.Context) bool {
	return !c.Bool("yes") && input.Terminal(c.App.Reader) != nil
}

// agree shows a person at a terminal what is about to happen, and asks; a program
// has said it. Errors: [errNo], and the context's.
func agree(c *cli.Context, lines []pair) error {
	if !asks(c) {
		return nil
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
