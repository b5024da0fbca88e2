// Command load puts load on servers of models on this machine, over loopback, as
// their users do:
//
//	load compare -assay build/assay -llama DIR MODEL…   ours beside llama.cpp's, by turns
//	load traffic -assay build/assay MODEL OTHER         an hour's trouble in ten minutes
//
// compare starts a server, has clients stream answers from it all at once, stops
// it, and goes on with the other server: the same prompts in the same order, each
// server in turn first. It prints a table for each model: medians of the rounds,
// their ratio, and what is wanted of it.
//
// traffic starts ours over two models with room for one, and has it asked by all
// whom a server meets: clients that go away, that read slowly, whose prompts are
// too long, whose JSON is broken. It fails where an answer's receipt does not
// verify in this process, memory grows by more than a twentieth once the server has
// as many receipts as it keeps, or a slot stays taken.
//
// Start reading at compare.go and traffic.go; client.go is one request, server.go a
// server's process, prompts.go what is asked.
package main
