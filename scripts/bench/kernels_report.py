#!/usr/bin/env python3
"""make kernels-report: assembles the committed PTX of engine/cuda by NVIDIA's own
assemblers, of CUDA 12.9 and 13, for every target that each of them knows, and
writes registers, instructions, occupancy and shared memory of each kernel into
engine/SPEED.md, between two marks, with what is spilled. It fails where a module does
not assemble, and where a kernel spills registers on compute capability 8.0 or later.
Beside them it writes what kernels_model.py predicts from that for an H200. The
assemblers are Python packages, which go into build/; no GPU is needed."""

import collections
import concurrent.futures
import os
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
SASS = {}  # of each module, for PREDICTED

# Of a multiprocessor the most warps, blocks of threads, and KiB of shared memory
# (NVIDIA's "CUDA C++ Programming Guide", technical specifications by compute
# capability); each has 65,536 registers. 10.1 was renamed 11.0, and of 8.8 the guide says
# nothing.
LIMITS = {
    61: (64, 32, 96), 62: (64, 32, 64), 70: (64, 32, 96), 72: (64, 32, 96), 75: (32, 16, 64),
    80: (64, 32, 164), 86: (48, 16, 100), 87: (48, 16, 164), 89: (48, 24, 100), 90: (64, 32, 228),
    100: (64, 32, 228), 103: (64, 32, 228), 101: (48, 24, 228), 110: (48, 24, 228), 120: (48, 24, 100), 121: (48, 24, 100),
}
REGISTERS, OWN = 65536, 1024  # OWN: bytes of shared memory that the driver takes of each block from 8.0 on

Assembled = collections.namedtuple("Assembled", "registers spilled shared instructions")


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
    """The modules that a device of a target loads, each of the best target that has it; and those that it loads instead with a driver of before CUDA 12.3."""
    best, older = {}, []
    for folder in sorted(PTX.iterdir(), key=lambda x: -int(x.name[3:])):
        for module in sorted(folder.glob("*.ptx")):
            if int(folder.name[3:]) <= target and best.setdefault(module.name, module) != module and best[module.name].parent.name == "sm_90":
                older.append(module)
    return list(best.values()), older


def assemble(ptxas, nvdisasm, module, target, out):
    """What comes of a module: of each kernel registers, bytes spilled and shared and, where nvdisasm is given and reads the target, instructions."""
    cubin = out / f"{target}-{module.parent.name}-{module.stem}.cubin"
    run = subprocess.run([ptxas, "-v", f"-arch=sm_{target}", module, "-o", cubin], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{module.relative_to(ROOT)} for sm_{target}: {run.stderr}")
    found = {}
    pattern = r"entry function '(\w+)' for.*?(\d+) bytes spill stores, (\d+) bytes spill loads.*?Used (\d+) registers([^\n]*)"
    for name, stores, loads, registers, rest in re.findall(pattern, run.stderr, re.DOTALL):
        shared = re.search(r"(\d+) bytes smem", rest)
        found[name] = Assembled(int(registers), int(stores) + int(loads), int(shared[1]) if shared else 0, None)
    if nvdisasm and target >= 75:
        text = subprocess.run([nvdisasm, "-c", cubin], check=True, capture_output=True, text=True).stdout
        for part in re.split(r"^\.text\.", text, flags=re.MULTILINE)[1:]:
            name = re.match(r"\w+", part).group()
            body = [m for m in re.findall(r"^\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?\w+\s+)?(\w+)", part, re.MULTILINE) if m != "NOP"]
            found[name] = found[name]._replace(instructions=len(body))
        if target == PREDICTED:
            SASS[module] = text
    return found


def report():
    """All kernels: of each target what was assembled; what each assembler knows; and what spills where it must not."""
    table, known, bad = {}, [], []
    with tempfile.TemporaryDirectory() as out:
        for version, package in ASSEMBLERS.items():
            home = installed(version, package)
            ptxas, nvdisasm = program(home, "ptxas"), program(home, "nvdisasm")
            list_ = targets(ptxas, pathlib.Path(out))
            known.append(f"CUDA {version} for sm_" + ", ".join(map(str, list_)))
            jobs = [(target, module, True) for target in list_ for module in modules(target)[0]]
            jobs += [(target, module, False) for target in list_ for module in modules(target)[1]]
            seen = {t for of in table.values() for t in of}  # the first assembler's are shown
            one = lambda job: assemble(ptxas, nvdisasm if job[2] and job[0] not in seen else None, job[1], job[0], pathlib.Path(out))
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
                for (target, _, _), found in zip(jobs, workers.map(one, jobs)):
                    for name, x in found.items():
                        table.setdefault(name, {}).setdefault(target, x)
                        if x.spilled and target >= 80:
                            bad.append(f"{name} spills {x.spilled} bytes on sm_{target} with CUDA {version}")
    return table, known, bad


def threads():
    """Of each kernel the most threads that its blocks have, as it says itself."""
    found = {}
    for module in PTX.glob("*/*.ptx"):
        for name, most in re.findall(r"\.entry (\w+)\([^)]*\)\s*\.maxntid (\d+)", module.read_text()):
            found[name] = int(most)
    return found


def warps(x, threads_, target):
    """The warps that are at once on a multiprocessor of a target, in blocks of so many threads; None where the limits are not known."""
    if target not in LIMITS:
        return None
    most, blocks, shared = LIMITS[target]
    each = threads_ // 32
    own = x.shared + (OWN if target >= 80 else 0)
    by_registers = REGISTERS // (-(-x.registers // 8) * 8 * 32) // each  # a warp gets them in pieces of 256
    fit = min(blocks, most // each, by_registers, shared * 1024 // own if own else blocks)
    return fit * each


def cell(x, threads_, target):
    if x is None:
        return "–"
    at_once = warps(x, threads_, target)
    return " / ".join("–" if n is None else str(n) for n in (x.registers, x.instructions, at_once))


def table_of(table):
    """The lines of the table of all targets, and of what is spilled."""
    of_block, targets_ = threads(), sorted({t for of in table.values() for t in of})
    lines = ["| kernel | threads | shared | " + " | ".join(f"sm_{t}" for t in targets_) + " |\n", "|---|" + "---|" * (2 + len(targets_)) + "\n"]
    for name in sorted(table):
        shared = "–".join(str(n) for n in sorted({x.shared for x in table[name].values()}))
        cells = [cell(table[name].get(t), of_block[name], t) for t in targets_]
        lines.append(f"| {name} | {of_block[name]} | {shared} | " + " | ".join(cells) + " |\n")
    spilled = sorted(f"{n} {x.spilled} bytes on sm_{t}" for n, of in table.items() for t, x in of.items() if x.spilled)
    return lines + ["\n", "Spilled registers: " + ("; ".join(spilled) or "none, on any target") + ".\n\n"]


def main():
    table, known, bad = report()
    lines = [BEGIN, "The committed PTX assembles with " + ";\nwith ".join(known) + ".\n"]
    lines += ["Of each kernel the most threads of a block, bytes of shared memory, and by target registers / instructions without NOP (– where the\n"]
    lines += ["disassembler of CUDA 13 does not read them) / warps that are at once on a multiprocessor:\n", "\n"]
    lines += table_of(table)
    sass = {}
    for text in SASS.values():
        sass.update(kernels_model.instructions(text))
    lines += kernels_model.rows({name: of[PREDICTED].registers for name, of in table.items()}, sass) + [END]
    text = SPEED.read_text()
    before, rest = text.split(BEGIN)
    SPEED.write_text(before + "".join(lines) + rest.split(END)[1])
    if bad:
        sys.exit("\n".join(bad))


if __name__ == "__main__":
    main()
