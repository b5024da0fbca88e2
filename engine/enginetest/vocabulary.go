package enginetest

import "github.com/assaynet/assay/engine/gguf"

// The ids of the control tokens but 0, which is <|endoftext|>. Bytes follow:
// the token of byte b is [ByteToken] + b.
const (
	ChatStart int32 = 1 // <|im_start|>, also the BOS, which is not added by itself
	ChatEnd   int32 = 2 // <|im_end|>, the EOS; that one ends an answer, too
	ByteToken int32 = 3
)

// mergeList are the merges, in GPT-2's alphabet, where Ġ is the space and Ċ the
// line feed.
var mergeList = [...][2]string{
	{"t", "h"},
	{"th", "e"},
	{"Ġ", "the"},
	{"i", "n"},
	{"Ġ", "a"},
	{"e", "r"},
	{"o", "n"},
	{"r", "e"},
	{"a", "t"},
	{"e", "n"},
	{"Ġ", "s"},
	{"o", "r"},
	{"Ġ", "w"},
	{"i", "t"},
	{"e", "s"},
	{"a", "n"},
	{"in", "g"},
	{"o", "u"},
	{"Ġ", "o"},
	{"Ġo", "f"},
	{"an", "d"},
	{"Ġ", "and"},
	{"Ġ", "t"},
	{"Ġt", "o"},
	{"Ġ", "in"},
	{"i", "s"},
	{"Ġ", "is"},
	{"e", "d"},
	{"a", "l"},
	{"l", "l"},
	{"h", "e"},
	{"Ġ", "c"},
	{"u", "s"},
	{"us", "er"},
	{"s", "t"},
	{"a", "s"},
	{"as", "s"},
	{"Ã", "©"},
}

const chatTemplate = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}" +
	"{{ '<|im_start|>system\nYou are Tiny<|im_end|>\n' }}{% endif %}" +
	"{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}" +
	"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

// vocabulary returns the tokens by id, as a GGUF file stores them.
func vocabulary() []string {
	tokens := []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
	next := rune(0x100)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			tokens = append(tokens, string(b))
			continue
		}
		tokens = append(tokens, string(next))
		next++
	}
	for _, m := range mergeList {
		tokens = append(tokens, m[0]+m[1])
	}
	return tokens
}

// addTokenizer adds the metadata of the tokenizer.
func addTokenizer(w *gguf.Writer) {
	tokens := vocabulary()
	kinds := make([]int32, len(tokens))
	for i := range kinds {
		kinds[i] = 1 // normal
		if int32(i) < ByteToken {
			kinds[i] = 3 // control
		}
	}
	merges := make([]string, len(mergeList))
	for i, m := range mergeList {
		merges[i] = m[0] + " " + m[1]
	}
	w.AddString("tokenizer.ggml.model", "gpt2")
	w.AddString("tokenizer.ggml.pre", "smollm")
	w.AddStrings("tokenizer.ggml.tokens", tokens)
	w.AddInt32s("tokenizer.ggml.token_type", kinds)
	w.AddStrings("tokenizer.ggml.merges", merges)
	w.AddUint32("tokenizer.ggml.bos_token_id", uint32(ChatStart))
	w.AddUint32("tokenizer.ggml.eos_token_id", uint32(ChatEnd))
	w.AddBool("tokenizer.ggml.add_bos_token", false)
	w.AddString("tokenizer.chat_template", chatTemplate)
}
