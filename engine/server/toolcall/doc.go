// Package toolcall takes a model's answer apart while it comes: into what it
// thinks, what it says, and the tools that it calls. How calls are written is a
// matter of how a model was trained; the marks in its chat template tell the
// family.
//
//	hermes    <tool_call>{"name": …, "arguments": {…}}</tool_call>   Hermes, Qwen 2.5 and 3, SmolLM3
//	qwen      <tool_call><function=…><parameter=…>…                  Qwen3-Coder
//	mistral   [TOOL_CALLS][{…}] and [TOOL_CALLS]name[ARGS]{…}
//	llama     <|python_tag|>{"name": …, "parameters": {…}}           Llama 3
//	deepseek  <｜tool▁calls▁begin｜>…                                  V3, R1, V3.1
//	phi       <|tool_call|>[…]<|/tool_call|> and functools[…]        Phi-4-mini
//	gemma     <start_function_call>call:name{…}<end_function_call>   FunctionGemma
//	generic   an answer that is one JSON object or list, fenced or not, and hermes'
//
// All families read the generic way, too, where the tool's name is one of those
// that may be called. What cannot be read as a call is text: an answer is never
// lost.
//
// Sources: the chat templates of the models named.
package toolcall
