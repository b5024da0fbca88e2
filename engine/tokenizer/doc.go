// Package tokenizer turns text into token ids and back, as the tokenizer
// inside a GGUF file says.
//
// [New] reads and checks the file's tokenizer: a byte-level BPE
// (tokenizer.ggml.model "gpt2"), whose text is first cut by a splitter that
// tokenizer.ggml.pre names. Splitters are written by hand, in the table of
// split.go: a further family adds a line there. A model or a splitter that is
// not known is an error that names it.
//
// Encoding has three steps: special tokens are cut out where the caller asks
// ([Options].Special), the splitter cuts what is left into pieces, and in each
// piece the pair of neighbours that the file's merges list first is joined,
// leftmost first, until none is listed (bpe.go).
//
// Any bytes can be encoded, valid UTF-8 or not, and decoding gives the same
// bytes back, as far as the vocabulary has a token for each byte; what it
// cannot spell is left out, as llama.cpp does, and [Tokenizer.Unspellable]
// counts it. Classes of characters are those of package unicode.
//
// Chat prompts are written by code for the families it knows (chat.go); a
// file's template is read only to recognise the family, never run.
//
// What is agreed on between nodes is token ids. Text is a rendering of them.
// Start reading at [Tokenizer] in tokenizer.go.
package tokenizer
