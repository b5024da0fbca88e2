// Package tokenizer turns text into token ids and back, as the tokenizer
// inside a GGUF file says.
//
// [New] reads and checks the file's tokenizer, which is one of three models:
// byte-level BPE (tokenizer.ggml.model "gpt2"), whose text is first cut by a
// splitter that tokenizer.ggml.pre names (bpe.go, split.go); SentencePiece's
// BPE with scores ("llama", sentence.go); and its unigram model ("t5",
// unigram.go), with its rules of normalisation (charsmap.go). Splitters are
// written by hand: a further family adds a line to a table. A model or a
// splitter that is not known is an error that names it.
//
// Special tokens are cut out of a text before, see marks.go. What ends an
// answer is in ends.go.
//
// Any bytes can be encoded, valid UTF-8 or not, and decoding gives the same
// bytes back, as far as the vocabulary has a token for each byte; what it
// cannot spell is left out or becomes the unknown token, as llama.cpp does, and
// [Tokenizer.Unspellable] counts it. SentencePiece's models write a space as
// U+2581, so that character comes back as a space. Classes of characters are
// those of package unicode.
//
// # Conversations
//
// A conversation is written by the file's own template
// (tokenizer.chat_template, or tokenizer.chat_template.default), which package
// chattemplate runs under limits, and by nothing else. No family of models is
// known here: models with the same marks differ in spaces, line feeds and
// system messages, and one such difference is another prompt than the model was
// trained on. Where a file has no template, or one of white space alone, there
// is no chat ([ErrNoChat]) and the caller writes the prompt itself. Templates
// with other names (tool_use, rag) are for what is not done here, and are not
// run.
//
// What a template cannot do is an error that says so ([ErrTemplate]), and never
// another prompt: it refuses a role, it uses what chattemplate lacks, it wants
// contents in parts. A system message that is refused is not moved into the
// user's. A template that by itself makes little of a content, or nothing, is
// run as it is.
//
// The day comes from the caller ([Tokenizer.ChatOn]) and never from the clock.
// Without one, strftime_now is not defined: a template that knows what to write
// then does so, any other is an error with [ErrDay]. Tasks of a network give no
// day, for all its nodes must make one prompt of a task, on whatever day; a
// model whose template needs the day can serve none.
//
// The BOS that a template writes is the only one. Where the file asks for a BOS
// (add_bos_token) and the template writes none at the beginning, it is put
// there, as llama.cpp does (transformers does not); no EOS is ever added to a
// prompt.
//
// Trust goes by where text came from, and not by the type that the file gives a
// token. Of what the template wrote itself, the names of special tokens are
// those tokens. In what a message brought, and in [Tokenizer.Encode] without
// Special, no text becomes a control token, a mark that the template writes
// (marks.go), or an end (ends.go), be it declared control, user-defined or
// normal, by itself or by merges. Other user-defined tokens (runs of spaces,
// tags of HTML) always count, as models are trained. White space after a mark
// of Phi-3's is part of the mark (special.go); that is a matter of the
// vocabulary, and goes by it.
//
// What is agreed on between nodes is token ids. Text is a rendering of them.
// Start reading at [Tokenizer] in tokenizer.go.
package tokenizer
