// Package tokenizer turns text into token ids and back, as the tokenizer
// inside a GGUF file says.
//
// [New] reads and checks the file's tokenizer, which is one of three models:
// byte-level BPE (tokenizer.ggml.model "gpt2"), whose text is first cut by a
// splitter that tokenizer.ggml.pre names (bpe.go, split.go); SentencePiece's
// BPE with scores ("llama", sentence.go); and its unigram model ("t5",
// unigram.go), with its rules of normalisation (charsmap.go). Splitters are written by hand:
// a further family adds a line to a table. A model or a splitter that is not
// known is an error that names it.
//
// Special tokens are cut out of a text before, where the caller asks
// ([Options].Special).
//
// Any bytes can be encoded, valid UTF-8 or not, and decoding gives the same
// bytes back, as far as the vocabulary has a token for each byte; what it
// cannot spell is left out or becomes the unknown token, as llama.cpp does, and
// [Tokenizer.Unspellable] counts it. SentencePiece's models write a space as
// U+2581, so that character comes back as a space. Classes of characters are those of package unicode.
//
// Chat prompts are written by code for the families it knows (formats.go),
// which a file's template is read to recognise. A template of no known family
// is run by package chattemplate, under limits; what it writes may hold control
// tokens, but only such as the template wrote itself. White space after a
// control token that a vocabulary takes as part of it (Phi-3's) is known to the
// families' code alone.
//
// What is agreed on between nodes is token ids. Text is a rendering of them.
// Start reading at [Tokenizer] in tokenizer.go.
package tokenizer
