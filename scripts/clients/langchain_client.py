"""langchain-openai, as its users call it, against assay serve.

usage: langchain_client.py, with OPENAI_BASE_URL and OPENAI_API_KEY
"""

import importlib.metadata
import json

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

NAME = "SmolLM2-135M-Instruct.Q4_1"
QUESTION = [SystemMessage("Be brief."), HumanMessage("Name a river.")]
CITY = {
    "title": "city", "description": "A city.", "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "big": {"type": "boolean"}},
    "required": ["name", "big"], "additionalProperties": False,
}


def weather(city: str) -> str:
    """The weather of a city."""
    return f"Rain in {city}."


def main():
    model = ChatOpenAI(model=NAME, temperature=0, max_tokens=24, max_retries=0, stream_usage=True)
    whole = model.invoke(QUESTION)
    parts = list(model.stream(QUESTION))
    assert "".join(p.content for p in parts) == whole.content, parts
    assert [p.usage_metadata for p in parts if p.usage_metadata][-1] == whole.usage_metadata
    both = model.batch([QUESTION, QUESTION])
    assert [x.content for x in both] == [whole.content] * 2
    free = ChatOpenAI(model=NAME, temperature=0, max_tokens=80, max_retries=0)
    made = free.with_structured_output(CITY, method="json_schema").invoke("A city, as JSON.")
    assert set(made) == {"name", "big"}, made
    called = free.bind_tools([weather], tool_choice="weather").invoke("How is the weather in Paris?")
    assert called.tool_calls[0]["name"] == "weather" and isinstance(called.tool_calls[0]["args"]["city"], str), called
    after = free.bind_tools([weather]).invoke([
        HumanMessage("How is the weather in Paris?"),
        AIMessage("", tool_calls=[{"id": "a", "name": "weather", "args": {"city": "Paris"}}]),
        ToolMessage("Rain.", tool_call_id="a"),
    ])
    assert after.content or after.tool_calls, after
    responses = ChatOpenAI(model=NAME, temperature=0, max_tokens=24, max_retries=0, use_responses_api=True).invoke(QUESTION)
    assert responses.text == whole.content, responses
    # Its embeddings send tokens of another model's tokenizer unless they are told not to.
    vectors = OpenAIEmbeddings(model=NAME, check_embedding_ctx_length=False).embed_documents(["a river", "a sea"])
    assert [len(v) for v in vectors] == [576, 576]
    print(f"langchain-openai {importlib.metadata.version('langchain-openai')}: invoke, stream, batch, a schema, a call that must be made, "
          f"a tool's result, responses, embeddings; {json.dumps(whole.content)}")


main()
