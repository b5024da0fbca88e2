"""lm-evaluation-harness, as its users start it, against assay serve, beside the engine alone.

usage: lm_eval_client.py DIRECT MODEL DIR, with OPENAI_BASE_URL and OPENAI_API_KEY

DIRECT is the program of scripts/clients/direct. A task of multiple choices that lies here is
scored by the harness, through the server, and by the engine: each sum of
log-probabilities must be the very same number, and so must the accuracy.
"""

import glob
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys

DIRECT, MODEL, DIR = sys.argv[1:]
NAME = "SmolLM2-135M-Instruct.Q4_1"
HERE = pathlib.Path(__file__).parent / "lm_eval"


def harness():
    """Runs the harness; returns its accuracy and what it logged of each question."""
    tasks, out = pathlib.Path(DIR) / "tasks", pathlib.Path(DIR) / "results"
    tasks.mkdir()
    (tasks / "facts.yaml").write_text((HERE / "facts.yaml").read_text().replace("FACTS", str(HERE.resolve() / "facts.jsonl")))
    base = os.environ["OPENAI_BASE_URL"]
    model = f"model={NAME},base_url={base}/completions,tokenizer_backend=remote,tokenized_requests=True,num_concurrent=4,auth_token={os.environ['OPENAI_API_KEY']}"
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": f"{DIR}/datasets", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [str(pathlib.Path(sys.executable).parent / "lm_eval"), "--model", "local-completions", "--model_args", model, "--tasks", "facts",
         "--include_path", str(tasks), "--output_path", str(out), "--log_samples"],
        env=env, capture_output=True, text=True,
    )
    if done.returncode != 0:
        raise SystemExit(f"lm_eval failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    results = json.load(open(glob.glob(f"{out}/**/results_*.json", recursive=True)[0]))
    samples = [json.loads(line) for line in open(glob.glob(f"{out}/**/samples_*.jsonl", recursive=True)[0])]
    return results["results"]["facts"]["acc,none"], samples


def main():
    accuracy, samples = harness()
    pairs = []
    for s in samples:
        for key in sorted(s["arguments"]):
            pairs.append((s["arguments"][key]["arg_0"], s["arguments"][key]["arg_1"]))
    asked = "".join(json.dumps({"context": c, "continuation": n}) + "\n" for c, n in pairs)
    told = subprocess.run([DIRECT, MODEL], input=asked, capture_output=True, text=True, check=True).stdout
    sums = iter([sum(json.loads(line)) for line in told.splitlines()])
    right, numbers = 0, 0
    for s in samples:
        own = [next(sums) for _ in s["arguments"]]
        theirs = [float(r[0][0]) for r in s["resps"]]
        assert own == theirs, (s["doc"], own, theirs)
        numbers += len(own)
        right += own.index(max(own)) == s["doc"]["answer"]
    assert right / len(samples) == accuracy, (right, len(samples), accuracy)
    print(f"lm_eval {importlib.metadata.version('lm_eval')}: {len(samples)} questions, {numbers} sums of log-probabilities and the accuracy "
          f"of {accuracy} equal to the engine's own")


main()
