#!/usr/bin/env python3
"""llama.cpp's server's command line, by which its own tests start it, for assay serve.

usage: llama_server.py FLAG..., with in the environment
  ASSAY             assay
  ASSAY_SCRIPTED    scripted, which writes models
  ASSAY_VOCABULARY  a model whose tokens and template those have
  ASSAY_MODELS      a folder for them
  ASSAY_NAMES       further names by which the model is asked for, with white space between

The models are random: what a test wants of its own model's words it does not get.
A flag that asks for what is not done is refused, so that no test takes it for done.
"""

import hashlib
import os
import subprocess
import sys

# Of speed and memory, or of what is always so here; and what holds where a request
# says nothing, which tests that hang on it notice. A pooling is the mean here.
IDLE = {
    "--offline", "--cont-batching", "--embedding", "--metrics", "--slots", "--no-slots", "--jinja", "--no-jinja", "--swa-full", "--verbose",
    "--no-cache-idle-slots",
}
IDLE_WITH_VALUE = {
    "--temp", "--seed", "--n-predict", "--batch-size", "--ubatch-size", "--threads", "--n-gpu-layers", "-fa", "-ctk", "-ctv", "--cache-ram", "--pooling",
}
# Models whose tests do not all hang on their words.
STOOD_FOR = {"ggml-org/test-model-stories260K", "ggml-org/test-model-stories260K-infill", "ggml-org/models bert-bge-small/ggml-model-f16.gguf"}

TAKEN = {
    "--port", "--host", "--alias", "--ctx-size", "--parallel", "--hf-repo", "--hf-file", "--api-key", "--chat-template-file", "--sleep-idle-seconds",
}


def refuse(what):
    raise SystemExit(f"llama_server.py: {what}")


def parsed(args):
    """The flags that are taken, by name."""
    out = {}
    while args:
        name = args.pop(0)
        if name in TAKEN or name in IDLE_WITH_VALUE:
            value = args.pop(0)
            if name in TAKEN:
                out[name] = value
        elif name == "--reasoning" and args[:1] == ["auto"]:
            args.pop(0)
        elif name == "--kv-unified":
            out[name] = ""
        elif name not in IDLE:
            refuse(f"{name} is not done here")
    return out


def model(flags, folder):
    """The model, under the name by which it is asked for."""
    repo = " ".join(flags[x] for x in ("--hf-repo", "--hf-file") if x in flags)
    if repo not in STOOD_FOR:
        refuse(f"there is no model {repo or 'at all'}")
    name = flags.get("--alias", "model")
    if "," in name:
        refuse("a model has one name here")
    context = int(flags.get("--ctx-size", 4096))
    if "--kv-unified" not in flags:
        context //= int(flags.get("--parallel", 1))
    template = flags.get("--chat-template-file", "")
    kind = hashlib.sha256(f"{context} {template}".encode()).hexdigest()[:16]
    path = os.path.join(folder, kind, name + ".gguf")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        more = ["-template", template] if template else []
        subprocess.run(
            [os.environ["ASSAY_SCRIPTED"], "-vocabulary", os.environ["ASSAY_VOCABULARY"], "-random", str(context), *more, path + ".part"], check=True
        )
        os.rename(path + ".part", path)
    return path


def main():
    flags, folder = parsed(sys.argv[1:]), os.environ["ASSAY_MODELS"]
    host = flags.get("--host", "127.0.0.1")
    if host != "127.0.0.1":
        refuse("it listens in one place")
    path = model(flags, folder)
    args = ["serve", "--listen", f"{host}:{flags['--port']}", "--model", path]
    for name in os.environ.get("ASSAY_NAMES", "").split():
        other = os.path.join(os.path.dirname(path), name + ".gguf")
        if not os.path.lexists(other):
            os.symlink(path, other)
        if other != path:
            args += ["--model", other]
    if "--sleep-idle-seconds" in flags:
        args += ["--idle", flags["--sleep-idle-seconds"] + "s"]
    if "--api-key" in flags:
        keys = os.path.join(folder, "keys")
        with open(keys, "w") as f:
            f.write("test " + hashlib.sha256(flags["--api-key"].encode()).hexdigest() + "\n")
        args += ["--api-key-file", keys]
    os.execv(os.environ["ASSAY"], [os.environ["ASSAY"], *args])


main()
