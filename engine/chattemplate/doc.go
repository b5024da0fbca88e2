// Package chattemplate renders the Jinja chat templates that model files carry,
// for conversations whose texts are not trusted.
//
// A template comes from a stranger's file and a conversation from a stranger on
// the network. So a rendering is bounded in steps, in bytes and in depth
// (limits.go), it has no clock, no files and no other templates, it depends on
// nothing but its input, and its result says of each byte whether a message
// brought it ([Text]): a tokenizer that honours this lets no message write a
// control token, however the template trims, cuts or joins it. No library is
// used, for none known bounds memory ("x ~ x" doubles a string for one unit of
// fuel) or tells a template's bytes from a message's.
//
// Package syntax reads a template. This package compiles its tree into closures
// (compiler.go, statements.go, loop.go, macros.go, expressions.go) and runs
// them under a budget (run.go) on values that remember who wrote them
// (text.go).
//
// # What is supported
//
// The meaning is that of Python's jinja2 3.1.6 as Hugging Face's transformers
// sets it up: sandboxed and immutable, trim_blocks, lstrip_blocks, the tags
// break, continue and generation, raise_exception, and a filter tojson that is
// json.dumps without HTML's escapes. All statements, operators, tests and
// functions of the language are there; of the filters all but pprint, random,
// striptags, urlize, wordwrap, xmlattr and filesizeformat. Filters such as map
// and select give generators, which are true and can be read once; tuples,
// ranges and views of dictionaries are not lists; an undefined name may be
// printed and tested, and nothing else.
//
// strftime_now writes the day that the caller gives ([Input].Today), at
// midnight; where none is given it is not defined, so a template that knows
// what to do without a clock does that.
//
// # What differs from Python
//
// Numbers have 64 bits: a greater one is an error. Characters are those of Go's
// tables of Unicode. A text that Python would write with a place in memory (a
// function, a generator) is an error, and so are complex numbers, autoescape,
// the escape of half a surrogate pair, what needs another template (include,
// import, extends, a required block), self, super, lipsum and encode. Numbers
// have no attributes, views of dictionaries are no sets beyond being equal,
// generators and functions are no keys, and a slice whose bounds are no numbers
// is an error also where jinja2 makes undefined of a constant one. A filter or
// a test that is not known is an error when it is reached, not before:
// templates hold much that plain conversations never reach. "is sameas" knows
// the identity of lists, dictionaries and strings; numbers are the same if they
// are equal and of one type.
//
// What a message brought stays a message's in every text made of it; numbers
// and truths learnt from it are the template's, so one that spells a control
// token with a content's length, or one letter at a time by comparing, does so
// itself.
//
// Start reading at [Parse] in template.go.
package chattemplate
