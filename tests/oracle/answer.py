#!/usr/bin/env python3
"""answer.py QUESTIONS ANSWERS: what PyTorch computes in float64 for each row of the table of ops.

`./run ops` calls it. QUESTIONS is written by the test program: by row the expressions in PyTorch
and NumPy, operands, arguments, and weights w of the result y. ANSWERS gets y and the gradients of
sum(w y). A row with an expression `oracle` is answered by that one, for the reason that the row
gives. NumPy's expression, and PyTorch's where there is another, must agree wherever the operands
are of ordinary size.
"""

import datetime
import json
import math
import platform
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def lines(x, axes):
    """The elements over the axes as one last axis, for functions that reduce one axis."""
    axes = sorted(axis % x.dim() for axis in axes)
    others = [axis for axis in range(x.dim()) if axis not in axes]
    return x.permute(others + axes).flatten(len(others))


def kept(x, axes, keepdims):
    """The shape of x after the axes are reduced."""
    axes = {axis % x.dim() for axis in axes}
    return [1 if axis in axes else n for axis, n in enumerate(x.shape) if keepdims or axis not in axes]


def first_max(x, axes, keepdims):
    """The largest element over the axes; of equal ones the first in row-major order is taken."""
    return lines(x, axes).max(-1).values.reshape(kept(x, axes, keepdims))


def nchw(x):
    """Images as PyTorch wants them; those here are (batch, height, width, channels)."""
    return x.permute(0, 3, 1, 2)


def tensor(array):
    return torch.tensor([float(v) for v in array["data"]]).reshape(array["shape"])


def numbers(values):
    return [v if math.isfinite(v) else str(v) for v in values.detach().reshape(-1).tolist()]


def arguments(of, x):
    """The arguments by name; those of slices counted from the front."""
    of = dict(of)
    if "axes" in of:
        of["axes"] = tuple(of["axes"])
    if "begin" in of:
        extent = x.shape[of.get("axis", 0)]
        of.update({end: of[end] + extent for end in ("begin", "end") if of.get(end, 0) < 0})
    return of


def evaluate(expression, operands, of):
    names = dict(zip("xyz", operands), torch=torch, F=F, np=np, math=math, first_max=first_max,
                 lines=lines, kept=kept, nchw=nchw)
    return eval(expression, names | arguments(of, operands[0]))


def require_agreement(expression, operands, of, y):
    if not expression or any(not (x.abs() < 20).all() for x in operands) or y.isnan().any():
        return
    if expression.startswith(("torch.", "F.")):
        other = evaluate(expression, operands, of).detach().numpy()
    else:
        other = np.asarray(evaluate(expression, [x.detach().numpy() for x in operands], of))
    if other.shape != tuple(y.shape) or not np.allclose(other, y.detach().numpy(), 1e-7, 1e-12):
        sys.exit(f"answer.py: {expression} is {other}, not {y}")


def answer(row, question):
    operands = [tensor(x).requires_grad_() for x in question["operands"]]
    y = evaluate(row["oracle"] or row["torch"], operands, question["of"])
    loss = (y * tensor(question["weight"])).sum()
    gradients = torch.autograd.grad(loss, operands, allow_unused=True, materialize_grads=True)
    with np.errstate(all="ignore"):
        require_agreement(row["numpy"], operands, question["of"], y)
    if row["oracle"]:
        require_agreement(row["torch"], operands, question["of"], y)
    return {"value": {"shape": list(y.shape), "data": numbers(y)},
            "gradients": [numbers(g) for g in gradients]}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = json.load(file)
    made = {"generated": datetime.date.today().isoformat(), "python": platform.python_version(),
            "torch": torch.__version__, "numpy": np.__version__}
    lines = []
    for key, row in rows.items():
        answers = {"asked": row["asked"], "answers": [answer(row, q) for q in row["questions"]]}
        lines.append(f"{json.dumps(key)}:{json.dumps(answers, separators=(',', ':'))}")
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write('{"made":' + json.dumps(made) + ',\n"rows":{\n' + ",\n".join(lines) + "}}\n")
    print(f"{sys.argv[2]}: {len(rows)} rows, {sum(len(r['questions']) for r in rows.values())} cases")


main()
