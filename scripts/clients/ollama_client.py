"""Python's ollama, as its users call it, against assay serve.

usage: ollama_client.py, with OLLAMA_HOST and OLLAMA_API_KEY
"""

import importlib.metadata
import json
import os

import ollama

QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a river."}]


def weather(city: str) -> str:
    """The weather of a city.

    Args:
      city: its name
    """
    return f"Rain in {city}."


def main():
    client = ollama.Client(headers={"Authorization": f"Bearer {os.environ['OLLAMA_API_KEY']}"})
    name = client.list().models[0].model
    options = {"temperature": 0, "num_predict": 24}
    whole = client.chat(model=name, messages=QUESTION, options=options)
    text = whole.message.content
    assert "".join(p.message.content for p in client.chat(model=name, messages=QUESTION, options=options, stream=True)) == text
    assert whole.eval_count == 24 or whole.done_reason == "stop", whole
    made = client.generate(model=name, prompt="Name a river.", system="Be brief.", options=options)
    assert made.response == text, (made.response, text)
    client.chat(model=name, messages=QUESTION, tools=[weather], options=options)
    vectors = client.embed(model=name, input=["a river", "a sea"]).embeddings
    assert len(vectors) == 2 and len(vectors[0]) == 576
    assert client.show(name).modelinfo["llama.context_length"] == 8192
    assert client.ps().models[0].model == name
    river = {"type": "object", "properties": {"river": {"type": "string", "maxLength": 20}}, "required": ["river"], "additionalProperties": False}
    said = client.chat(model=name, messages=QUESTION, format=river, options={"temperature": 0, "num_predict": 64}).message.content
    assert set(json.loads(said)) == {"river"}, said
    print(f"ollama {importlib.metadata.version('ollama')}: list, chat, a stream, generate, tools, embed, show, ps, a format; {text!r}")


main()
