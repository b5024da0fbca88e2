"""logits.py FOLDER OUT - runs the models of FOLDER/jobs.json in llama.cpp and
writes their logits at the wanted positions, as binary16 numbers in base64."""
import base64
import json
import sys
import ctypes

import llama_cpp as l
import numpy as np

folder, out = sys.argv[1:]
quiet = l.llama_log_callback(lambda level, text, data: None)
l.llama_log_set(quiet, ctypes.c_void_p(0))
l.llama_backend_init()


def logits(job):
    mp = l.llama_model_default_params()
    mp.n_gpu_layers = 0
    mp.use_extra_bufts = False  # weights as they stand: where a processor has AMX, 0.3.36 crashes on its own form of them
    model = l.llama_model_load_from_file(job["file"].encode(), mp)
    if not model:
        sys.exit(f"{job['name']}: llama.cpp cannot load it")
    cp = l.llama_context_default_params()
    cp.n_ctx = job["context"]
    cp.n_batch = cp.n_ubatch = 512
    cp.n_threads = cp.n_threads_batch = 1
    cp.flash_attn_type = 0  # off
    ctx = l.llama_init_from_model(model, cp)
    vocab = l.llama_vocab_n_tokens(l.llama_model_get_vocab(model))
    rows, prompt, wanted = [], job["prompt"], set(job["positions"])
    for first in range(0, len(prompt), 512):
        part = prompt[first : first + 512]
        batch = l.llama_batch_init(len(part), 0, 1)
        batch.n_tokens = len(part)
        for i, token in enumerate(part):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, first + i, 1, 0
            batch.logits[i] = first + i in wanted
        if l.llama_decode(ctx, batch) != 0:
            sys.exit(f"{job['name']}: llama.cpp cannot run it")
        for i in range(len(part)):
            if first + i in wanted:
                row = np.ctypeslib.as_array(l.llama_get_logits_ith(ctx, i), shape=(vocab,))
                rows.append(base64.b64encode(row.astype("<f2").tobytes()).decode())
        l.llama_batch_free(batch)
    l.llama_free(ctx)
    l.llama_model_free(model)
    return rows


models = []
for job in json.load(open(folder + "/jobs.json")):
    print(job["name"], file=sys.stderr)
    models.append({"name": job["name"], "sha256": job["sha256"], "positions": job["positions"], "logits": logits(job)})
with open(out, "w") as f:
    json.dump({"source": "llama.cpp of llama-cpp-python " + l.__version__, "models": models}, f, indent=1)
    f.write("\n")
