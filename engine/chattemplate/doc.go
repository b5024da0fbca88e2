// Package chattemplate renders the Jinja chat templates that model files carry, for conversations whose texts are not trusted.
//
// A template comes from a stranger's file and a conversation from a stranger on the network. So a rendering is bounded in steps,
// in bytes and in depth (limits.go), it has no clock, no files and no other templates, it depends on nothing but its input, and
// its result says of each byte whether a message brought it ([Text]): a tokenizer that honours this lets no message write a
// control token, however the template trims, cuts or joins it.
//
// The library minijinja-go reads the templates: its lexer, its grammar and its rules of white space, under a limit of nesting.
// Its renderer is not used, for no renderer known bounds memory ("x ~ x" doubles a string for one unit of fuel) or tells a
// template's bytes from a message's. The library's syntax tree is internal, so tree.go reads it by reflection; the version is
// pinned, and the tests fail if the tree ever looks different. The rest of this package compiles that tree into closures
// (compiler.go, statements.go, expressions.go) and runs them under a budget (run.go) on values that remember who wrote them (text.go).
//
// What runs is the part of Jinja that chat templates use, with Python's meaning as Hugging Face's transformers gives it
// (trim_blocks, lstrip_blocks, loop controls, raise_exception, tojson without HTML's escapes). strftime_now writes the day that the
// caller gives ([Input].Today), at midnight; where none is given it is not defined, so a template that knows what to do without a
// clock does that. Whatever is not supported is an error when it is reached, not before:
// templates hold much that plain conversations never reach, above all calls of tools.
//
// Where the meaning differs from Python's: a tuple that a template writes is a list, for the library's tree does not tell them
// apart; numbers have 64 bits; upper and lower case go character by character; a method that templates do not use is an error.
// Imports, blocks, call blocks and recursive loops are errors, too. What a message brought stays a message's in every text made
// of it; numbers and truths learnt from it are the template's, so one that spells a control token with a content's length, or
// one letter at a time by comparing, does so itself.
//
// Start reading at [Parse] in template.go.
package chattemplate
