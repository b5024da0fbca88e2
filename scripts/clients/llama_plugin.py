"""What pytest is told before it reads the tests of llama.cpp's server: nothing is downloaded.

llama.cpp's server answers for its model whatever name it is asked by. Here a model
has the names by which the test asks for it, for llama_server.py to read.
"""

import contextlib
import inspect
import os
import re
import sys
import types


def download(url, out=None):
    raise RuntimeError(f"{url} is not downloaded")


sys.modules["wget"] = types.SimpleNamespace(download=download)
sys.modules["filelock"] = types.SimpleNamespace(FileLock=lambda path: contextlib.nullcontext())  # one process runs them


def pytest_sessionstart(session):
    import utils  # of the tests, beside their conftest.py

    utils.ServerPreset.load_all = staticmethod(lambda: None)


def pytest_runtest_setup(item):
    names = re.findall(r"""["']?\bmodel["']?\s*[=:]\s*["']([\w.-]+)["']""", inspect.getsource(item.function))
    os.environ["ASSAY_NAMES"] = " ".join(sorted(set(names)))
