package chattemplate

const (
	// MaxSource is the longest template, in bytes. The longest in use, with
	// calls of tools, have about 25 KiB.
	MaxSource = 64 << 10
	// MaxOutput is the longest rendering, in bytes: as much as the tokenizer takes.
	MaxOutput = 4 << 20

	// maxCalls bounds how deep macros and recursive loops call each other.
	maxCalls = 32
	// maxRange bounds the numbers of a range, as jinja2's sandbox does.
	maxRange = 100000
	// maxDeep bounds how deep lists and dictionaries nest where they are
	// compared or written out.
	maxDeep = 64

	// maxSteps bounds the expressions, statements, turns of loops and items of
	// lists of one rendering: about 0.1 s. Known templates spend below 100 for
	// each message.
	maxSteps = 1 << 20
	// minBytes and bytesPerInput bound the bytes that one rendering reads,
	// compares and writes, all intermediate texts counted, freed or not:
	// minBytes, and bytesPerInput for each byte of the conversation. This also
	// bounds the memory, at two bytes each.
	minBytes      = 4 << 20
	bytesPerInput = 24
)
