"""Python's anthropic, as its users call it, against assay serve.

usage: anthropic_client.py, with ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY
"""

import anthropic

QUESTION = [{"role": "user", "content": "Name a river."}]
TOOLS = [{
    "name": "weather", "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}]
CALLED = [
    {"role": "user", "content": "How is the weather in Paris?"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris"}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "Rain, 12 degrees."}]},
]


def main():
    client = anthropic.Anthropic(max_retries=0)
    name = "SmolLM2-135M-Instruct.Q4_1"
    ask = {"model": name, "system": "Be brief.", "max_tokens": 24, "extra_body": {"temperature": 0}}
    whole = client.messages.create(messages=QUESTION, **ask)
    text = whole.content[0].text
    with client.messages.stream(messages=QUESTION, **ask) as stream:
        assert "".join(stream.text_stream) == text
        assert stream.get_final_message().usage == whole.usage
    counted = client.messages.count_tokens(model=name, system="Be brief.", messages=QUESTION)
    assert counted.input_tokens == whole.usage.input_tokens, (counted, whole.usage)
    after = client.messages.create(messages=CALLED, tools=TOOLS, **ask)
    assert after.stop_reason in ("end_turn", "max_tokens", "tool_use"), after
    cut = client.messages.create(messages=QUESTION, stop_sequences=[text[2:5]], **ask)
    assert cut.stop_reason == "stop_sequence" and cut.stop_sequence == text[2:5], cut
    forced = client.messages.create(messages=QUESTION, tools=TOOLS, tool_choice={"type": "any"}, **{**ask, "max_tokens": 64})
    assert forced.stop_reason == "tool_use" and forced.content[-1].name == TOOLS[0]["name"], forced
    for refused, error in (({"model": "claude"}, anthropic.NotFoundError), ({"container": "a"}, anthropic.BadRequestError)):
        try:
            client.messages.create(messages=QUESTION, **{**ask, **refused})
        except error:
            continue
        raise AssertionError(f"{refused} was not refused")
    print(f"anthropic {anthropic.__version__}: messages, a stream, count_tokens, a tool's result, a call that must be made, stop sequence, refusals; {text!r}")


main()
