#!/usr/bin/env python3
"""make kernels-report: assembles the committed PTX of engine/cuda by NVIDIA's own
assemblers, of CUDA 12.9 and 13, for every target that each of them knows, and
writes registers and instructions of each kernel into engine/SPEED.md, between two
marks. It fails where a module does not assemble, and where a kernel spills
registers on compute capability 8.0 or later. Beside them it writes what kernels_model.py
predicts from that for an H200. The assemblers are Python packages, which go into
build/; no GPU is needed."""

import pathlib
import re
import subprocess
import sys
import tempfile
import venv

import kernels_model

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PTX = ROOT / "engine/cuda/ptx"
SPEED = ROOT / "engine/SPEED.md"
BEGIN, END = "<!-- kernels-report -->\n", "<!-- end of kernels-report -->\n"
ASSEMBLERS = {"12.9": "nvidia-cuda-nvcc-cu12==12.9.86", "13": "nvidia-cuda-nvcc==13.*"}
DISASSEMBLER = "nvidia-cuda-nvdisasm==13.*"
PREDICTED = 90  # the target of an H200, by the first assembler
SHOWN = (61, 75, 80, 86, 90, 120)  # targets in the table
SASS = {}  # of each module, for PREDICTED


def installed(name, package):
    """The folder of a virtual environment that has a package and the disassembler."""
    home = ROOT / "build/kernels-report" / name
    if not (home / "done").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([home / "bin/pip", "install", "--quiet", "--only-binary", ":all:", package, DISASSEMBLER], check=True)
        (home / "done").touch()
    return home


def program(home, name):
    """A program of the packages, which pip may have left without its right to run."""
    path = next(home.glob(f"lib/python3*/site-packages/nvidia/*/bin/{name}"))
    path.chmod(0o755)
    return path


def targets(ptxas, out):
    """The targets from 61 on that an assembler knows, of those that its help names, for all chips of their kind."""
    text = subprocess.run([ptxas, "--help"], check=True, capture_output=True, text=True).stdout
    named = sorted({int(n) for n in re.findall(r"sm_(\d+)\b", text)})
    knows = lambda t: not subprocess.run([ptxas, f"-arch=sm_{t}", PTX / "sm_61/stream.ptx", "-o", out / "x.cubin"], capture_output=True).returncode
    return [t for t in named if t >= 61 and knows(t)]


def modules(target):
    """The modules that a device of a target loads: those with matrix instructions are of the best target there is."""
    matrices = PTX / ("sm_80" if target >= 80 else "sm_75")
    return sorted((PTX / "sm_61").glob("*.ptx")) + (sorted(matrices.glob("*.ptx")) if target >= 75 else [])


def assemble(ptxas, nvdisasm, module, target, out):
    """What comes of a module: of each kernel registers, bytes spilled and, where nvdisasm reads the target, instructions."""
    cubin = out / "x.cubin"
    run = subprocess.run([ptxas, "-v", f"-arch=sm_{target}", module, "-o", cubin], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{module.relative_to(ROOT)} for sm_{target}: {run.stderr}")
    found = {}
    pattern = r"entry function '(\w+)' for.*?(\d+) bytes spill stores, (\d+) bytes spill loads.*?Used (\d+) registers"
    for name, stores, loads, registers in re.findall(pattern, run.stderr, re.DOTALL):
        found[name] = [int(registers), int(stores) + int(loads), None]
    if target >= 75:
        text = subprocess.run([nvdisasm, "-c", cubin], check=True, capture_output=True, text=True).stdout
        for part in re.split(r"^\.text\.", text, flags=re.MULTILINE)[1:]:
            name = re.match(r"\w+", part).group()
            body = [m for m in re.findall(r"^\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?\w+\s+)?(\w+)", part, re.MULTILINE) if m != "NOP"]
            found[name][2] = len(body)
        if target == PREDICTED:
            SASS.setdefault(module.name, text)
    return found


def report():
    """All kernels: of each target (registers, bytes spilled, instructions); and the sentence about it."""
    table, known, bad = {}, [], []
    with tempfile.TemporaryDirectory() as out:
        for version, package in ASSEMBLERS.items():
            home = installed(version, package)
            ptxas, nvdisasm = program(home, "ptxas"), program(home, "nvdisasm")
            list_ = targets(ptxas, pathlib.Path(out))
            known.append(f"CUDA {version} for sm_" + ", ".join(map(str, list_)))
            for target in list_:
                for module in modules(target):
                    for name, x in assemble(ptxas, nvdisasm, module, target, pathlib.Path(out)).items():
                        table.setdefault(name, {}).setdefault(target, x)
                        if x[1] and target >= 80:
                            bad.append(f"{name} spills {x[1]} bytes on sm_{target} with CUDA {version}")
    return table, known, bad


def cell(x):
    if x is None:
        return "–"
    return str(x[0]) if x[2] is None else f"{x[0]} / {x[2]}"


def main():
    table, known, bad = report()
    lines = [BEGIN, "The committed PTX assembles with " + ";\nwith ".join(known) + ".\nRegisters / instructions without NOP:\n", "\n"]
    lines += ["| kernel | " + " | ".join(f"sm_{t}" for t in SHOWN) + " |\n", "|---|" + "---|" * len(SHOWN) + "\n"]
    for name in sorted(table):
        lines.append(f"| {name} | " + " | ".join(cell(table[name].get(t)) for t in SHOWN) + " |\n")
    spilled = sorted({f"{n} on sm_{t}" for n, of in table.items() for t, x in of.items() if x[1]})
    lines += ["\n", "Spilled registers: " + (", ".join(spilled) or "none") + ".\n\n"]
    sass = {}
    for text in SASS.values():
        sass.update(kernels_model.instructions(text))
    lines += kernels_model.rows({name: of[PREDICTED][0] for name, of in table.items()}, sass) + [END]
    text = SPEED.read_text()
    before, rest = text.split(BEGIN)
    SPEED.write_text(before + "".join(lines) + rest.split(END)[1])
    if bad:
        sys.exit("\n".join(bad))


if __name__ == "__main__":
    main()
