// Command assay is for those who look at the network, hold keys or try models:
// each group of commands is a constructor in a file of its own, listed in
// main.go.
//
// How it speaks: results go to standard output, with --json one object and
// nothing else; everything else goes to standard error. An error is one line
// that says what was attempted, what is wrong, and after a semicolon what to
// do; the exit status is then 1, or 2 where 1 means "differs" (verdict.go).
package main
