package main

import (
	"testing"

	"github.com/assaynet/assay/scoring/synthetic/sandbox"
)

// TestABrokenSandboxIsSaid: a program of which nothing can be found out ends the
// command by an error, and not by a panic; nor is it a program that fails.
func TestABrokenSandboxIsSaid(t *testing.T) {
	box, err := sandbox.New(t.Context(), sandbox.Interpreter, sandbox.Fuel)
	if err != nil {
		t.Fatal(err)
	}
	p := &programs{ctx: t.Context(), box: box}
	if output, ok := p.run("print(7)"); output != "7\n" || !ok || p.failed() != nil {
		t.Fatalf("got %q, %v, %v", output, ok, p.failed())
	}
	if _, ok := p.run("x"); ok || p.failed() != nil {
		t.Fatalf("a program that fails: got %v, %v", ok, p.failed())
	}
	if err := box.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if output, ok := p.run("print(7)"); output != "" || ok || p.failed() == nil {
			t.Errorf("a sandbox that is closed: got %q, %v, %v", output, ok, p.failed())
		}
	}
}
