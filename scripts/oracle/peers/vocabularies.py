"""vocabularies.py FOLDER - small vocabularies, trained on the texts of
engine/testdata, and what llama.cpp makes of awkward texts with each:
FOLDER/small-*.gguf and FOLDER/small-cases.json. The unigram vocabulary with
bytes is tokenized by SentencePiece itself; llama.cpp spells no bytes there."""
import ctypes
import io
import json
import os
import random
import re
import sys

import gguf
import llama_cpp as l
import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

folder = sys.argv[1]
random.seed(2026)
corpus = [line.rstrip("\n") for name in ("design", "yuma") for line in open(f"engine/testdata/{name}.txt", encoding="utf-8")]
corpus += ["Привет, мир! Как дела?", "こんにちは世界 東京都", "naïve café déjà vu", "x = [1, 22, 333, 4444];\n\treturn x", "🙂 🙃 👍🏽"] * 3

atoms = [
    " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "a", "the", " the", "The", "THE", "'s", "'S", "'re", "'LL", "don't",
    "I'VE", "1", "12", "123", "1234", "12345678", "½", "٣٤", "x²", "3.14", "-", "--", "!?", "...", "…", " (", ")", "/*", "*/", "\\n", "_",
    "привет", "Мир", "世界", "東京", "é", "e\u0301", "ß", "ǅ", "🙂", "👍🏽", "\u200d", "\ufeff", "\u0000", "=", "==", "https://a.b/c?d=1", "<s>",
    "</s>", "<|end|>", "<0x41>", "hello", " hello", "zebra", "q", "Ω", "\u2028", "\x1c", "\x85", ".", ",", ", ", ". ", "return", "func", " validators",
]
texts = ["", " ", "  ", "a", " a", "hello world", "The miners' work.", "a\n\n\nb", "   x   ", "1 22 333 4444 55555"]
texts += ["".join(random.choice(atoms) for _ in range(random.randint(1, 14))) for _ in range(140)]

wide = ["Ｈｅｌｌｏ　ｗｏｒｌｄ", "ﬁne ½ ™ ㌔ ①②", "e\u0301a\u0300 \u1100\u1161\u11a8", "a\u200bb\tc\rd\u00adx", "ｶﾞｷﾞ ﷺ"]


def add_common(w, tokens, kinds, model, pre):
    w.add_tokenizer_model(model)
    if pre:
        w.add_tokenizer_pre(pre)
    w.add_token_list(tokens)
    w.add_token_types(kinds)


def write(w, name):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def new(name):
    w = gguf.GGUFWriter(f"{folder}/small-{name}.gguf", "llama")
    return w


def byte_bpe():
    split = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(split), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=700, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    model = json.loads(t.to_str())["model"]
    tokens = [k for k, _ in sorted(model["vocab"].items(), key=lambda kv: kv[1])]
    tokens += ["hello", "Ġzebra", "ĊĊĊ"]  # no merges lead to these
    kinds = [1] * len(tokens) + [3, 3, 4]
    tokens += ["<s>", "<|end|>", "[[x]]"]
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    w = new("bpe")
    add_common(w, tokens, kinds, "gpt2", "gpt-2")
    w.add_token_merges(merges)
    w.add_bos_token_id(len(tokens) - 3)
    w.add_eos_token_id(len(tokens) - 2)
    write(w, "bpe")
    return tokens, kinds, merges


def variant(tokens, kinds, merges, pre, path):
    w = gguf.GGUFWriter(path, "llama")
    add_common(w, tokens, kinds, "gpt2", pre)
    w.add_token_merges(merges)
    w.add_bos_token_id(len(tokens) - 3)
    w.add_eos_token_id(len(tokens) - 2)
    write(w, path)


def charsmap(proto):
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(proto)
    return model.normalizer_spec.precompiled_charsmap


def sentence(name, kind, byte_fallback, model, prefix, rules="identity"):
    out = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=out, vocab_size=700 if kind == "bpe" else 600, model_type=kind,
        byte_fallback=byte_fallback, normalization_rule_name=rules, remove_extra_whitespaces=rules != "identity", add_dummy_prefix=prefix,
        split_digits=False, user_defined_symbols=["[[x]]"], control_symbols=["<|end|>"], minloglevel=2, num_threads=1,
    )
    p = spm.SentencePieceProcessor(model_proto=out.getvalue())
    tokens, scores, kinds = [], [], []
    for i in range(p.get_piece_size()):
        tokens.append(p.id_to_piece(i))
        scores.append(p.get_score(i))
        k = 1
        if p.is_unknown(i):
            k = 2
        elif p.is_control(i):
            k = 3
        elif p.is_byte(i):
            k = 6
        elif tokens[-1] == "[[x]]":
            k = 4
        kinds.append(k)
    w = new(name)
    add_common(w, tokens, kinds, model, None)
    w.add_token_scores(scores)
    w.add_bos_token_id(p.bos_id())
    w.add_eos_token_id(p.eos_id())
    w.add_unk_token_id(p.unk_id())
    w.add_add_space_prefix(prefix)
    if model == "t5":
        w.add_remove_extra_whitespaces(rules != "identity")
        if rules != "identity":
            w.add_precompiled_charsmap(charsmap(out.getvalue()))
    write(w, name)
    return p


quiet = l.llama_log_callback(lambda level, text, data: None)
l.llama_log_set(quiet, ctypes.c_void_p(0))
l.llama_backend_init()


def blank(text):
    """Whether some part between special tokens is spaces only, before which
    llama.cpp's unigram model puts no space, but SentencePiece does."""
    return any(part and not part.strip(" ") for part in re.split(r"</?s>|<\|end\|>|\[\[x\]\]", text))


def tokenize(path, special, skip=lambda text: False):
    mp = l.llama_model_default_params()
    mp.vocab_only = True
    model = l.llama_model_load_from_file(path.encode(), mp)
    vocab = l.llama_model_get_vocab(model)
    cases = []
    for text in texts:
        if skip(text):
            continue
        raw = text.encode()
        buf = (l.llama_token * (len(raw) + 16))()
        n = l.llama_tokenize(vocab, raw, len(raw), buf, len(buf), False, special)
        cases.append({"text": text, "ids": list(buf[:n])})
    l.llama_model_free(model)
    return cases


out = []
bpe = byte_bpe()
for pre in ("gpt-2", "smollm", "llama-bpe", "qwen2", "dbrx"):
    path = f"{folder}/variant.gguf"
    variant(*bpe, pre, path)
    for special in (False, True):
        out.append({"file": "small-bpe.gguf", "pre": pre, "special": special, "cases": tokenize(path, special)})
    os.remove(path)
for name, kind, fallback, model, prefix in (
    ("sentence", "bpe", True, "llama", True),
    ("sentence-bare", "bpe", True, "llama", False),
    ("unigram", "unigram", False, "t5", True),
):
    sentence(name, kind, fallback, model, prefix)
    for special in (False, True):
        out.append({"file": f"small-{name}.gguf", "special": special, "cases": tokenize(f"{folder}/small-{name}.gguf", special, blank if model == "t5" else lambda text: False)})
p = sentence("unigram-bytes", "unigram", True, "t5", True)
# SentencePiece takes user-defined symbols inside a text as we do, and knows no
# way to parse control symbols.
cases = [{"text": t, "ids": p.encode(t)} for t in texts if "\0" not in t]
out.append({"file": "small-unigram-bytes.gguf", "special": False, "cases": cases})
sentence("unigram-rules", "unigram", False, "t5", True, "nmt_nfkc")
texts += wide
cases = tokenize(f"{folder}/small-unigram-rules.gguf", False, lambda text: blank(text) or "\0" in text)
out.append({"file": "small-unigram-rules.gguf", "special": False, "cases": cases})
with open(f"{folder}/small-cases.json", "w") as f:
    json.dump({"source": f"llama.cpp of llama-cpp-python {l.__version__}; SentencePiece {spm.__version__} for unigram-bytes", "sets": out}, f, indent=0)
    f.write("\n")
