package tokenizer

import "strings"

// The formats known, the more particular first.
var formats = []format{
	{name: "llama3", marks: []string{"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}, write: writeLlama3},
	{name: "phi4", marks: []string{"<|im_start|>", "<|im_sep|>", "<|im_end|>"}, write: writePhi4},
	{name: "chatml", marks: []string{"<|im_start|>", "<|im_end|>"}, write: writeChatML},
	{name: "gemma", marks: []string{"<start_of_turn>", "<end_of_turn>"}, write: writeGemma},
	{name: "phi3", marks: []string{"<|end|>"}, texts: []string{"<|user|>\n", "<|assistant|>\n"}, write: writePhi3},
	{name: "phi4-mini", marks: []string{"<|end|>"}, texts: []string{"'<|' + message['role'] + '|>'"}, write: writePhi4Mini},
	{name: "zephyr", texts: []string{"<|user|>\n", "<|assistant|>", "eos_token"}, write: writeZephyr},
	{name: "llama2", texts: []string{"[INST]", "[/INST]", "<<SYS>>", "eos_token"}, write: writeLlama2},
	{name: "mistral", texts: []string{"[INST]", "[/INST]", "eos_token"}, write: writeMistral},
}

func formatNames() string {
	names := make([]string, len(formats))
	for i := range formats {
		names[i] = formats[i].name
	}
	return strings.Join(names, ", ")
}

// writeChatML writes each message as
//
//	<|im_start|>role \n content <|im_end|> \n
//
// Where the template knows thoughts (Qwen 3), those of past answers are left out.
func writeChatML(p *prompt, c *chat, messages []Message) {
	thinks := strings.Contains(c.template, "</think>")
	for _, m := range messages {
		if i := strings.LastIndex(m.Content, "</think>"); thinks && m.Role == "assistant" && i >= 0 {
			m.Content = strings.TrimLeft(m.Content[i+len("</think>"):], "\n")
		}
		p.mark("<|im_start|>")
		p.say(m.Role, "\n", m.Content)
		p.mark("<|im_end|>")
		p.say("\n")
	}
	p.mark("<|im_start|>")
	p.say("assistant\n", opening(c.template))
}

// opening finds what a ChatML template puts into the assistant's mouth: the
// rest of the last literal that opens its turn.
func opening(template string) string {
	const open = "<|im_start|>assistant\n"
	at := strings.LastIndex(template, open)
	if at < 0 {
		return ""
	}
	text, _, ok := strings.Cut(template[at+len(open):], "'")
	if !ok || strings.ContainsAny(text, `"{}`) {
		return ""
	}
	return text
}

// defaultSystem finds the system message that a ChatML template writes by
// itself: a literal "<|im_start|>system\n…<|im_end|>" without any expression inside.
func defaultSystem(template string) string {
	const open = "<|im_start|>system\n"
	for {
		_, rest, ok := strings.Cut(template, open)
		if !ok {
			return ""
		}
		text, _, ok := strings.Cut(rest, "<|im_end|>")
		if ok && !strings.ContainsAny(text, `'"{}`) {
			return text
		}
		template = rest
	}
}

// writePhi4 writes each message as <|im_start|>role<|im_sep|>content<|im_end|>.
func writePhi4(p *prompt, _ *chat, messages []Message) {
	for _, m := range messages {
		p.mark("<|im_start|>")
		p.say(m.Role)
		p.mark("<|im_sep|>")
		p.say(m.Content)
		p.mark("<|im_end|>")
	}
	p.mark("<|im_start|>")
	p.say("assistant")
	p.mark("<|im_sep|>")
}

// writeLlama3 writes each message, trimmed, as
//
//	<|start_header_id|>role<|end_header_id|> \n\n content <|eot_id|>
//
// From 3.1 on there is always a system message, which begins with two dates.
// Today's is the one that templates fall back to: a prompt must not change overnight.
func writeLlama3(p *prompt, c *chat, messages []Message) {
	turn := func(role string) {
		p.mark("<|start_header_id|>")
		p.say(role)
		p.mark("<|end_header_id|>")
		p.say("\n\n")
	}
	const cutoff = "Cutting Knowledge Date: December 2023\n"
	if strings.Contains(c.template, cutoff) {
		turn("system")
		p.say(cutoff, "Today Date: 26 Jul 2024\n\n")
		if len(messages) > 0 && messages[0].Role == "system" {
			p.say(trim(messages[0].Content))
			messages = messages[1:]
		}
		p.mark("<|eot_id|>")
	}
	for _, m := range messages {
		turn(m.Role)
		p.say(trim(m.Content))
		p.mark("<|eot_id|>")
	}
	turn("assistant")
}

// writeGemma writes each message, trimmed, as
//
//	<start_of_turn>role \n content <end_of_turn> \n
//
// The assistant is called model, and a system message goes before the first user's.
func writeGemma(p *prompt, _ *chat, messages []Message) {
	system := ""
	if len(messages) > 0 && messages[0].Role == "system" {
		system, messages = messages[0].Content+"\n\n", messages[1:]
	}
	for _, m := range messages {
		p.mark("<start_of_turn>")
		p.say(map[string]string{"user": "user", "system": "user", "assistant": "model"}[m.Role], "\n", system, trim(m.Content))
		p.mark("<end_of_turn>")
		p.say("\n")
		system = ""
	}
	p.mark("<start_of_turn>")
	p.say("model\n", system)
}

// writePhi3 writes each message as
//
//	<|role|> \n content <|end|> \n
//
// A SentencePiece vocabulary of this family takes the white space after a mark as part of the mark.
func writePhi3(p *prompt, _ *chat, messages []Message) {
	after := "\n"
	if p.t.prefix {
		after = ""
	}
	for _, m := range messages {
		if m.Role == "system" && m.Content == "" {
			continue
		}
		if p.t.prefix {
			m.Content = strings.TrimLeft(m.Content, " \t\r\n\v\f")
		}
		p.mark("<|" + m.Role + "|>")
		p.say(after, m.Content)
		p.mark("<|end|>")
		p.say(after)
	}
	p.mark("<|assistant|>")
	p.say(after)
}

// writePhi4Mini writes each message as <|role|>content<|end|>.
func writePhi4Mini(p *prompt, _ *chat, messages []Message) {
	for _, m := range messages {
		p.mark("<|" + m.Role + "|>")
		p.say(m.Content)
		p.mark("<|end|>")
	}
	p.mark("<|assistant|>")
}

// writeZephyr writes each message, with its marks as text, as
//
//	<|role|> \n content EOS \n
//
// TinyLlama uses it too. A content can pretend to be another's turn there.
func writeZephyr(p *prompt, _ *chat, messages []Message) {
	for _, m := range messages {
		p.mark("<|" + m.Role + "|>")
		p.say("\n", m.Content)
		p.token(p.t.eos)
		p.say("\n")
	}
	p.mark("<|assistant|>")
	p.say("\n")
}

// writeLlama2 writes pairs of messages, trimmed, as
//
//	BOS [INST] user [/INST] assistant EOS
//
// A system message goes into the first user's, between <<SYS>> and <</SYS>>.
func writeLlama2(p *prompt, c *chat, messages []Message) {
	system := ""
	if len(messages) > 0 && messages[0].Role == "system" {
		system, messages = "<<SYS>>\n"+messages[0].Content+"\n<</SYS>>\n\n", messages[1:]
	}
	for i, m := range messages {
		if m.Role == "assistant" {
			p.say(" ", trim(m.Content), " ")
			p.token(p.t.eos)
			continue
		}
		if i > 0 && c.bos {
			p.token(p.t.bos)
		}
		p.mark("[INST]")
		p.say(" ", system, trim(m.Content), " ")
		p.mark("[/INST]")
		system = ""
	}
}

// writeMistral writes pairs of messages as
//
//	[INST] user [/INST] assistant EOS
//
// with a space inside the marks, and one before the answer, where the template
// has it. A system message goes before the last user's, as in the later
// versions, or before the first user's where the template says so.
func writeMistral(p *prompt, c *chat, messages []Message) {
	inside, before := "", ""
	if strings.Contains(c.template, "[INST] ") {
		inside = " "
	}
	for _, s := range []string{`" " + message`, `' ' + message`, `" " ~ message`, `' ' ~ message`} {
		if strings.Contains(c.template, s) {
			before = " "
		}
	}
	system := ""
	if len(messages) > 0 && messages[0].Role == "system" {
		system, messages = messages[0].Content+"\n\n", messages[1:]
	}
	takes := len(messages) - 1 // the message that the system's is put before
	if strings.Contains(c.template, "loop.first and system_message") {
		takes = 0
	}
	for i, m := range messages {
		if m.Role == "assistant" {
			p.say(before, m.Content)
			p.token(p.t.eos)
			continue
		}
		p.mark("[INST]")
		p.say(inside)
		if i == takes {
			p.say(system)
		}
		p.say(m.Content, inside)
		p.mark("[/INST]")
	}
}

// trim is Jinja's filter of that name.
func trim(s string) string { return strings.TrimSpace(s) }
