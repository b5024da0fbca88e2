"""main.py DIR - loads the data sets that assay dataset export writes with the
Python packages that researchers use, and trains on one.

DIR holds a data set of each kind (cmd/internal/export/testdata/sets). The packages
datasets, pandas and pyarrow must load both forms of each, by its card's own words,
with equal rows; then trl takes one step of DPO of a tiny random model over the
preferences, whose weights must have moved. Nothing is loaded from elsewhere.
"""

import copy
import json
import os
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp()
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import datasets
import pandas
import pyarrow.parquet
import torch
import transformers
import trl

KINDS = ["inference", "synthetic", "preference", "judgement"]


def load(path, kind):
    """Loads a data set in every way, and returns it as datasets has it."""
    manifest = json.load(open(f"{path}/manifest.json"))
    assert manifest["kind"] == kind
    want = sum(e["rows"] for e in manifest["epochs"])
    card = datasets.load_dataset(path, split="train")  # README.md says which files
    lines = datasets.load_dataset("json", data_files=f"{path}/data/*.jsonl", split="train")
    assert card.column_names == lines.column_names, (card.column_names, lines.column_names)
    assert len(card) == len(lines) == want
    assert list(card) == list(lines)
    frames = [pandas.read_parquet(f"{path}/{e['parquet']['name']}") for e in manifest["epochs"]]
    assert sum(len(f) for f in frames) == want
    assert list(frames[0].columns) == card.column_names
    table = pyarrow.parquet.read_table(f"{path}/{manifest['epochs'][0]['parquet']['name']}")
    assert table.to_pylist() == list(card)[: table.num_rows]
    print(f"{kind}: {want} rows, columns {' '.join(card.column_names)}")
    return card


def tokenizer():
    """A vocabulary of bytes, made here."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {c: i for i, c in enumerate(["<pad>", "<eos>"] + alphabet)}
    t = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=t, pad_token="<pad>", eos_token="<eos>")


def train(rows):
    """One step of DPO."""
    torch.manual_seed(1)
    words = tokenizer()
    config = transformers.LlamaConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=512, pad_token_id=0, eos_token_id=1,
    )
    model = transformers.LlamaForCausalLM(config)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    args = trl.DPOConfig(
        output_dir=tempfile.mkdtemp(), max_steps=1, per_device_train_batch_size=8, report_to=[], use_cpu=True, bf16=False,
        gradient_checkpointing=False, logging_steps=1, save_strategy="no", learning_rate=1e-3,
    )
    sure = rows.filter(lambda r: r["confidence"] >= 0.5 and r["provenance"]["gold"] >= 0)
    trainer = trl.DPOTrainer(model=model, ref_model=copy.deepcopy(model), args=args, train_dataset=sure.select_columns(["prompt", "chosen", "rejected"]), processing_class=words)
    trainer.train()
    loss = [h["loss"] for h in trainer.state.log_history if "loss" in h]
    moved = sum(not torch.equal(before[n], p) for n, p in model.named_parameters())
    print(f"dpo: {len(sure)} pairs, loss {loss}, {moved} of {len(before)} tensors moved")
    assert moved > 0 and 0.5 < loss[0] < 1.0, "at the first step both models are one: the loss is log 2"


def main():
    root = sys.argv[1]
    sets = {kind: load(f"{root}/{kind}", kind) for kind in KINDS}
    train(sets["preference"])
    print("datasets", datasets.__version__, "pandas", pandas.__version__, "pyarrow", pyarrow.__version__, "trl", trl.__version__, "torch", torch.__version__)


main()
