"""Python's openai, as its users call it, against assay serve.

usage: openai_client.py ASSAY MODEL, with OPENAI_BASE_URL and OPENAI_API_KEY
"""

import json
import struct
import subprocess
import sys
import time
import urllib.request

import openai

ASSAY, MODEL = sys.argv[1:]
QUESTION = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Name a river."}]},
]


def wait(client):
    """Waits until the model is open."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return client.models.list()
        except openai.APIConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def refused(call, error, code=None):
    """Fails unless a call is refused by an error of the client's own."""
    try:
        call()
    except error as e:
        assert code is None or e.code == code, e
        return e
    raise AssertionError("it was not refused")


def verified(client, answer_id):
    """Has another process make the answer again."""
    receipt = answer_id.split("-", 1)[1]
    request = urllib.request.Request(
        f"{client.base_url}receipts/{receipt}", headers={"Authorization": f"Bearer {client.api_key}"}
    )
    run = urllib.request.urlopen(request).read()
    checked = subprocess.run(
        [ASSAY, "model", "verify", "--model", MODEL, "--run", "-"], input=run, capture_output=True, check=True
    )
    assert checked.stdout == b"equal\n", checked.stdout
    return json.loads(run)["fingerprint"]


def main():
    client = openai.OpenAI(max_retries=0)
    models = wait(client)
    name = models.data[0].id
    assert client.models.retrieve(name).id == name

    raw = client.chat.completions.with_raw_response.create(model=name, messages=QUESTION, seed=5, max_tokens=24)
    whole = raw.parse()
    assert raw.headers["x-assay-receipt"] in whole.id
    text = whole.choices[0].message.content
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    fingerprint = verified(client, whole.id)

    parts = list(
        client.chat.completions.create(
            model=name, messages=QUESTION, seed=5, max_completion_tokens=24, stream=True,
            stream_options={"include_usage": True},
        )
    )
    streamed = "".join(p.choices[0].delta.content or "" for p in parts if p.choices)
    assert streamed == text, (streamed, text)
    assert parts[-1].choices == [] and parts[-1].usage == whole.usage
    assert verified(client, parts[0].id) == fingerprint

    with client.chat.completions.stream(model=name, messages=QUESTION, seed=5, max_tokens=24) as stream:
        deltas = [e.delta for e in stream if e.type == "content.delta"]
        assert stream.current_completion_snapshot.choices[0].message.content == "".join(deltas) == text

    more = client.completions.create(model=name, prompt="Once upon a time", n=2, max_tokens=8, stop=["\n\n"], seed=1)
    assert [c.index for c in more.choices] == [0, 1]

    refused(lambda: openai.OpenAI(api_key="none", max_retries=0).models.list(), openai.AuthenticationError)
    refused(lambda: client.chat.completions.create(model="gpt-4", messages=QUESTION), openai.NotFoundError, "model_not_found")
    told = client.chat.completions.create(model=name, messages=QUESTION, seed=5, max_tokens=4, logprobs=True, top_logprobs=2, frequency_penalty=0.5)
    assert all(len(t.top_logprobs) == 2 and t.logprob <= 0 for t in told.choices[0].logprobs.content)
    echoed = client.completions.create(model=name, prompt="A river", echo=True, max_tokens=1, logprobs=1, temperature=0)
    assert echoed.choices[0].logprobs.token_logprobs[0] is None and echoed.choices[0].text.startswith("A river")
    vectors = client.embeddings.create(model=name, input=["a river", "a sea"]).data
    plain = client.embeddings.create(model=name, input=["a river", "a sea"], encoding_format="float").data
    bits = [[struct.pack("<f", x) for x in v.embedding] for v in vectors]
    assert bits == [[struct.pack("<f", x) for x in v.embedding] for v in plain]
    response = client.responses.create(model=name, input="Name a river.", instructions="Be brief.", temperature=0, max_output_tokens=24)
    with client.responses.stream(model=name, input="Name a river.", instructions="Be brief.", temperature=0, max_output_tokens=24) as stream:
        parts = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
    assert parts == response.output_text, (parts, response.output_text)
    called = client.chat.completions.create(
        model=name, temperature=0, max_tokens=24,
        tools=[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}],
        messages=[
            {"role": "user", "content": "How is the weather in Paris?"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}]},
            {"role": "tool", "tool_call_id": "a", "content": "Rain."},
        ],
    )
    assert called.choices[0].message.content or called.choices[0].message.tool_calls

    refused(lambda: client.chat.completions.create(model=name, messages=QUESTION, modalities=["audio"]), openai.BadRequestError)
    refused(
        lambda: client.completions.create(model=name, prompt=[100] * 100_000), openai.BadRequestError, "context_length_exceeded"
    )
    print(f"openai {openai.__version__}: models, chat, two ways of streaming, logprobs, echo, tools, completions, embeddings, responses, refusals; 2 receipts verified; {text!r}")


main()
