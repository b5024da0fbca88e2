"""litellm, as its users call it, against assay serve: by three APIs.

usage: litellm_client.py, with OPENAI_BASE_URL and OPENAI_API_KEY
"""

import importlib.metadata
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the internet as it is loaded

import litellm

NAME = "SmolLM2-135M-Instruct.Q4_1"
QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a river."}]


def main():
    litellm.telemetry = False
    base, key = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]
    texts = {}
    for provider, url in (("openai", base), ("hosted_vllm", base), ("anthropic", base.removesuffix("/v1")), ("ollama_chat", base.removesuffix("/v1"))):
        ask = {"model": f"{provider}/{NAME}", "api_base": url, "api_key": key, "messages": QUESTION, "temperature": 0, "max_tokens": 24, "num_retries": 0}
        whole = litellm.completion(**ask)
        text = whole.choices[0].message.content
        parts = list(litellm.completion(stream=True, **ask))
        assert "".join(p.choices[0].delta.content or "" for p in parts if p.choices) == text, (provider, parts)
        assert whole.usage.completion_tokens > 0, whole
        texts[provider] = text
    assert len(set(texts.values())) == 1, texts
    vectors = litellm.embedding(model=f"openai/{NAME}", api_base=base, api_key=key, input=["a river"], encoding_format="float").data
    assert len(vectors[0]["embedding"]) == 576
    print(f"litellm {importlib.metadata.version('litellm')}: whole and streamed as {', '.join(texts)}; an embedding; {text!r}")


main()
