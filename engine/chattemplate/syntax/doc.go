// Package syntax reads Jinja templates: it gives the tree of statements and
// expressions of a source, and knows nothing of what they mean.
//
// The grammar and the rules of white space are those of Python's jinja2 3.1.6
// with the options that Hugging Face's transformers sets: trim_blocks (the line
// feed after a tag of a block or a comment goes), lstrip_blocks (the white
// space between the start of a line and such a tag goes), the tags break,
// continue and generation, no line statements, and one line feed at the very
// end of the source goes. Line ends (\r\n and \r) are read as \n.
//
// The source is a stranger's. It is read in one pass and in a time linear in
// its length; trees deeper than [MaxDepth] are refused, chains of operators,
// filters and attributes included, so who walks a tree may recurse.
//
// Start reading at [Parse] in parser.go; lexer.go makes its tokens.
package syntax
