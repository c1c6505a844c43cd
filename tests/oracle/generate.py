#!/usr/bin/env python3
"""Writes cases.json: what PyTorch computes in float64, which tests/oracle_test.cpp compares with.

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python tests/oracle/generate.py

Each op of autograd/*.hpp has cases under `name(operands)`, one name for each overload: the operands,
the arguments, a random weighting w of the result y, and the gradients of sum(w y). Each trace is 50
steps of training a 5-7-3 network. Operands are multiples of 1/256, so that the file stays small;
results are written with the 17 digits that make them exact.

Where PyTorch has no such function, or one that loses digits, the formula is written out below in
terms of its elementary functions; the comment there says so.
"""

import datetime
import json
import math
import pathlib
import platform

import numpy
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
random = numpy.random.default_rng(20)
ops = {}
inf, nan = math.inf, math.nan


def draw(shape, low=-2.0, high=2.0):
    return torch.tensor(numpy.round(random.uniform(low, high, shape) * 256) / 256)


def positive(shape):
    return draw(shape, 0.25, 2.25)


def off_zero(shape):
    sign = torch.tensor(random.choice([-1.0, 1.0], shape))
    return positive(shape) * sign


def number(value):
    return value if math.isfinite(value) else str(value)  # JSON has no infinity


def numbers(tensor):
    return [number(each) for each in tensor.detach().reshape(-1).tolist()]


def array(tensor):
    return {"shape": list(tensor.shape), "data": numbers(tensor)}


def case(name, inputs, f, *, each=False, weight=None, **arguments):
    """Adds a case. `each`: every element is compared on its own scale, not on the array's."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    y = f(*inputs)
    weight = draw(tuple(y.shape)) if weight is None else weight
    grads = torch.autograd.grad((y * weight).sum(), inputs, allow_unused=True)
    grads = [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, grads)]
    entry = {"inputs": [array(x) for x in inputs], "weight": numbers(weight), "value": array(y),
             "gradients": [numbers(g) for g in grads]}
    if arguments:
        entry["arguments"] = arguments
    if each:
        entry["each"] = True
    ops.setdefault(name, []).append(entry)


def extremes(name, f, values, **arguments):
    x = torch.tensor([float(v) for v in values])
    case(name, [x], f, each=True, weight=torch.ones_like(x), **arguments)


shapes = [(), (1,), (7,), (13,), (1, 1), (3, 5), (5, 1), (2, 1, 3), (2, 3, 1, 2), (0,), (2, 0)]
pairs = [((), ()), ((7,), (7,)), ((3, 5), (3, 5)), ((0,), (0,)), ((3, 5), (5,)), ((5,), (3, 5)),
         ((3, 5), (3, 1)), ((3, 1), (1, 5)), ((2, 3, 4), (3, 1)), ((2, 1, 3), (5, 1)),
         ((3, 5), ()), ((), (3, 5)), ((2, 3, 4), (1, 1, 1)), ((0, 3), (3,)), ((2, 0), (2, 1)),
         ((2, 1, 3, 1), (1, 2, 1, 5)), ((11, 5), (5,)), ((11, 5), (11, 1))]

tiny, small, huge = 5e-324, 1e-310, 1e300
normal = 2.2250738585072014e-308
near_zero = [0.0, -0.0, 1e-20, -1e-20, 1e-8, -1e-8]


def arithmetic():
    for a, b in pairs:
        case("operator+(a, b)", [draw(a), draw(b)], lambda a, b: a + b)
        case("operator-(a, b)", [draw(a), draw(b)], lambda a, b: a - b)
        case("operator*(a, b)", [draw(a), draw(b)], lambda a, b: a * b)
        case("operator/(a, b)", [draw(a), off_zero(b)], lambda a, b: a / b)
    number = 0.375
    for shape in shapes:
        case("operator+(a, number)", [draw(shape)], lambda a: a + number, number=number)
        case("operator+(number, b)", [draw(shape)], lambda b: number + b, number=number)
        case("operator-(a, number)", [draw(shape)], lambda a: a - number, number=number)
        case("operator-(number, b)", [draw(shape)], lambda b: number - b, number=number)
        case("operator*(a, number)", [draw(shape)], lambda a: a * number, number=number)
        case("operator*(number, b)", [draw(shape)], lambda b: number * b, number=number)
        case("operator/(a, number)", [draw(shape)], lambda a: a / number, number=number)
        case("operator/(number, b)", [off_zero(shape)], lambda b: number / b, number=number)
        case("operator-(x)", [draw(shape)], lambda x: -x)
    a = torch.tensor([1e300, -1e300, 1e308, inf, -inf, 0.0, nan, 1e-300, 3e-308, 1.0])
    b = torch.tensor([1e300, 1e300, 1e308, 1.0, inf, 7.0, 1.0, 1e-10, 2.0, -0.5])
    ones = torch.ones_like(a)
    case("operator+(a, b)", [a, b], lambda a, b: a + b, each=True, weight=ones)
    case("operator-(a, b)", [a, b], lambda a, b: a - b, each=True, weight=ones)
    case("operator*(a, b)", [a, b], lambda a, b: a * b, each=True, weight=ones)
    case("operator/(a, b)", [a, b], lambda a, b: a / b, each=True, weight=ones)


def elementwise(name, f, fill=draw, **arguments):
    for shape in shapes:
        case(name, [fill(shape)], f, each=True, **arguments)


def math_ops():
    elementwise("exp(x)", torch.exp)
    extremes("exp(x)", torch.exp, [*near_zero, 1, -1, 50, -50, 700, -700, 709.4, -708, -708.39,
                                   710, 1000, -746, -1000, inf, -inf, nan, 709.5, 709.78, -720,
                                   -745])
    elementwise("log(x)", torch.log, positive)
    extremes("log(x)", torch.log, [normal, 1e-307, 1e-300, 1e-20, 0.5, 0.9999999999, 1,
                                   1.0000000001, 2, 1e20, 1e308, inf, 0, nan, tiny, small, 2e-308])
    elementwise("sqrt(x)", torch.sqrt, positive)
    extremes("sqrt(x)", torch.sqrt, [tiny, small, normal, 1e-300, 1, 1e300, inf, 0, nan])
    elementwise("square(x)", torch.square)
    extremes("square(x)", torch.square, [*near_zero, 1e-160, 1e154, -1e154, 1e200, inf, -inf, nan])
    for exponent, fill in [(-1.5, positive), (0.5, positive), (0.0, draw), (1.0, draw), (2.0, draw),
                           (3.0, draw), (-2.0, off_zero)]:
        elementwise("pow(x, exponent)", lambda x: torch.pow(x, exponent), fill, exponent=exponent)
    extremes("pow(x, exponent)", lambda x: torch.pow(x, 2.5), [0, 1e-100, 1e100, 1e123, inf, nan],
             exponent=2.5)
    extremes("pow(x, exponent)", lambda x: torch.pow(x, 50.0), [0, 1.01, -1.5, 3, 1e5, -1e5, 1e7],
             exponent=50.0)
    for exponent in [0.0, 1.0, 2.0, 0.5, -1.0]:
        extremes("pow(x, exponent)", lambda x: torch.pow(x, exponent), [0.0, 1, 1e-300, 1e150, inf],
                 exponent=exponent)
    elementwise("abs(x)", torch.abs)
    # At 0 both take the slope 0.
    extremes("abs(x)", torch.abs, [*near_zero, tiny, -tiny, huge, -huge, inf, -inf])


def exact_gelu(x):
    """F.gelu computes 1 + erf, which cancels for negative x: 100 % wrong below -8.3."""
    return x * 0.5 * torch.special.erfc(-x * math.sqrt(0.5))


def activations():
    both = [*near_zero, tiny, -tiny, 1, -1, 5, -5, 17, -17]
    elementwise("sigmoid(x)", torch.sigmoid)
    # Not beyond 17 on the right: 1 - y cancels in the gradient that either computes.
    extremes("sigmoid(x)", torch.sigmoid, [*near_zero, 1, -1, 5, -5, -17, -37, -300, -700, -708,
                                           -750, -1000, -1e300, -inf, nan])
    case("sigmoid(x)", [torch.tensor([17.0, 30, 36, 37, 40, 700, 1000, 1e300, inf])], torch.sigmoid)
    elementwise("tanh(x)", torch.tanh)
    extremes("tanh(x)", torch.tanh, [*near_zero, tiny, -tiny, 0.1, 0.5, 1, -1, 3, -3, nan])
    case("tanh(x)", [torch.tensor([5.0, -5, 10, -17, 19, -19, 20, 350, -800, inf, -inf])],
         torch.tanh)
    elementwise("relu(x)", torch.relu)
    # At 0 both take the slope 0.
    extremes("relu(x)", torch.relu, [*both, huge, -huge, inf, -inf])
    for slope in [0.01, 0.25]:
        f = lambda x: F.leaky_relu(x, slope)
        elementwise("leaky_relu(x, slope)", f, slope=slope)
        # At 0 both take the slope of the negative side.
        extremes("leaky_relu(x, slope)", f, [0.0, 1e-20, -1e-20, huge, -huge, inf, -inf, nan],
                 slope=slope)
    # F.softplus is the identity above 20, which is wrong by 2e-9 there.
    softplus = lambda x: torch.logaddexp(x, torch.zeros_like(x))
    elementwise("softplus(x)", softplus)
    extremes("softplus(x)", softplus, [*near_zero, 1, -1, 17, -17, 20, 21, 36, -36, 40, 300, -300,
                                       700, -700, 1000, -1000, huge, -huge, -inf, nan])
    elementwise("gelu(x)", F.gelu)
    extremes("gelu(x)", exact_gelu, [*near_zero, 0.5, -0.5, 1, -1, 3, -3, 5, -5, -8, 8, 10, -10, 15,
                                     -15, 20, -20, -25, 30, -30, -35, -37, 40, 100, -100, nan])


def matrix():
    for m, k, n in [(3, 4, 5), (1, 1, 1), (1, 7, 1), (7, 1, 7), (2, 17, 11), (0, 3, 2), (2, 3, 0),
                    (2, 0, 3), (13, 5, 3)]:
        case("matmul(a, b)", [draw((m, k)), draw((k, n))], torch.matmul)
        case("linear(x, weight, bias)", [draw((m, k)), draw((k, n)), draw((n,))],
             lambda x, w, b: F.linear(x, w.T, b))


def reductions():
    for axes in [None, [0], [1], [2], [-1], [-3], [0, 1], [0, -1], [2, 1], [-1, 0, 1]]:
        dims = list(range(3)) if axes is None else axes
        for keep in [False, True]:
            arguments = {"keepdims": keep} if axes is None else {"axes": axes, "keepdims": keep}
            for shape in [(2, 3, 4), (1, 5, 1), (2, 0, 3)]:
                case("sum(x, axes, keepdims)", [draw(shape)], lambda x: x.sum(dims, keep),
                     **arguments)
                if all(shape[d] for d in dims):  # of no elements, NaN there and an error here
                    case("mean(x, axes, keepdims)", [draw(shape)], lambda x: x.mean(dims, keep),
                         **arguments)
    for shape in [(), (7,), (101,), (11, 5)]:
        case("sum(x, axes, keepdims)", [draw(shape)], torch.sum, keepdims=False)
        case("mean(x, axes, keepdims)", [draw(shape)], torch.mean, keepdims=False)
    for axis in [0, 1, 2, -1, -2]:
        for keep in [False, True]:
            for shape in [(2, 3, 4), (1, 5, 1), (5, 1, 7)]:
                case("max(x, axis, keepdims)", [draw(shape)], lambda x: x.max(axis, keep).values,
                     axis=axis, keepdims=keep)
    case("max(x, axis, keepdims)", [draw((0, 3))], lambda x: x.max(1).values, axis=1, keepdims=False)
    # Ties: torch.max takes the first of equal ones, as here; torch.amax would share the gradient.
    ties = torch.tensor([[1.0, 3, 3, 2], [0, 0, 0, 0], [-inf, -inf, -inf, -inf], [1, inf, inf, 2],
                         [1, nan, 5, nan]])
    case("max(x, axis, keepdims)", [ties], lambda x: x.max(1).values, axis=1, keepdims=False)
    case("max(x, axis, keepdims)", [ties.T.contiguous()], lambda x: x.max(0).values, axis=0,
         keepdims=False)


def shaping():
    for shape, to in [((12,), (3, 4)), ((3, 4), (2, -1)), ((2, 1, 6), (12,)), ((), (1, 1)),
                      ((1, 1), ()), ((0, 3), (3, 0, 2)), ((3, 5), (5, 3))]:
        case("reshape(x, shape)", [draw(shape)], lambda x: x.reshape(to), shape=list(to))
    for shape, a, b in [((3, 4), -2, -1), ((1, 5), 0, 1), ((11, 5), 1, 0), ((2, 3, 4), 0, 2),
                        ((2, 3, 4), -3, 1), ((2, 3, 3, 5), 1, 3), ((2, 0, 3), 0, 1), ((4,), 0, 0)]:
        case("transpose(x, axis_a, axis_b)", [draw(shape)], lambda x: x.transpose(a, b), axis_a=a,
             axis_b=b)
    for kind in ["span", "initializer_list", "vector"]:
        name = f"concatenate({kind}, axis)"
        for a, b, axis in [((2, 3), (4, 3), 0), ((3, 2), (3, 5), -1), ((2, 3, 4), (2, 1, 4), 1),
                           ((0, 3), (2, 3), 0), ((3,), (1,), 0)]:
            case(name, [draw(a), draw(b)], lambda a, b: torch.cat([a, b], axis), axis=axis)
    for shape, begin, end, axis in [((7,), 1, 4, 0), ((7,), -3, 7, 0), ((5, 3), 2, 2, 0),
                                    ((5, 3), 0, 5, 0), ((2, 3, 4), 1, -1, 2), ((2, 3, 4), 1, 3, -2),
                                    ((5, 0), 1, 4, 0)]:
        def sliced(x):
            stop = end if end >= 0 else end + shape[axis]
            start = begin if begin >= 0 else begin + shape[axis]
            return x.narrow(axis, start, stop - start)
        case("slice(x, begin, end, axis)", [draw(shape)], sliced, begin=begin, end=end, axis=axis)
    for shape, rows in [((5,), [4, 0, 2]), ((5, 3), [1, 1, 3, 1]), ((5, 2, 7), [0, 4]),
                        ((5, 3), []), ((5, 0), [2, 2])]:
        case("gather(x, rows)", [draw(shape)],
             lambda x: x.index_select(0, torch.tensor(rows, dtype=torch.long)), rows=rows)


def softmaxes():
    for name, f in [("softmax(x)", F.softmax), ("log_softmax(x)", F.log_softmax)]:
        last = lambda x: f(x, dim=-1)
        for shape in [(1,), (7,), (3, 4), (5, 1), (2, 3, 5), (0, 3), (3, 17)]:
            case(name, [draw(shape)], last)
        case(name, [draw((4, 7), -1000, 1000)], last)
        case(name, [torch.tensor([[1e4, -1e4, 0, 1e4], [1e300, 1e300, -1e300, 0],
                                  [-1e300, -1e300, -1e300, -1e300], [1e-310, -1e-310, 5e-324, 0],
                                  [0, -inf, 1, -inf], [-300, -300, 400, 399.5]])], last)


def losses():
    for how in ["mean", "sum"]:
        labels_of = lambda n, c: [int(k) for k in random.integers(0, c, n)]
        labelled = "softmax_cross_entropy(logits, labels, reduction)"
        rows = "softmax_cross_entropy(logits, targets, reduction)"
        for n, c in [(3, 4), (1, 1), (1, 7), (5, 13), (7, 2)]:
            labels = labels_of(n, c)
            case(labelled, [draw((n, c))],
                 lambda z: F.cross_entropy(z, torch.tensor(labels), reduction=how), labels=labels,
                 reduction=how)
            # F.cross_entropy with rows of targets divides by the number of rows, as here.
            case(rows, [draw((n, c)), positive((n, c))],
                 lambda z, t: F.cross_entropy(z, t, reduction=how), reduction=how)
        large = torch.tensor([[1000.0, 0, -1000], [1e300, 1e300, 1e300], [-745, 0, 745],
                              [3, -inf, 2], [-1e5, -1e5, -1e5 + 1]])
        labels = [0, 2, 0, 2, 1]
        case(labelled, [large], lambda z: F.cross_entropy(z, torch.tensor(labels), reduction=how),
             labels=labels, reduction=how)
        finite = torch.nan_to_num(large, neginf=-1e4)
        case(rows, [finite, positive((5, 3))], lambda z, t: F.cross_entropy(z, t, reduction=how),
             reduction=how)

        # A class that a logit of -inf rules out and no target asks for: F.cross_entropy multiplies
        # 0 by -inf and gives NaN; here 0 ln 0 is 0. Written out.
        def masked(z):
            t = torch.tensor([[0.25, 0, 0.75], [1, 0, 0]])
            terms = torch.where(t == 0, 0.0, t * F.log_softmax(z, dim=1))
            return -terms.sum() / (len(z) if how == "mean" else 1)
        z = torch.tensor([[0.5, -inf, 1.25], [0.25, -inf, -1.0]])
        case("softmax_cross_entropy(logits, constant targets, reduction)", [z], masked,
             targets=[[0.25, 0, 0.75], [1, 0, 0]], reduction=how)

        for shape in [(), (7,), (3, 4), (2, 3, 5)]:
            case("mse(prediction, target, reduction)", [draw(shape), draw(shape)],
                 lambda a, b: F.mse_loss(a, b, reduction=how), reduction=how)
    case("mse(prediction, target, reduction)", [draw((0,)), draw((0,))],
         lambda a, b: F.mse_loss(a, b, reduction="sum"), reduction="sum")
    for shape in [(), (7,), (3, 5), (0,)]:
        # Other rates depend on the generator of random numbers.
        for rate in [0.0, 1.0]:
            case("dropout(x, rate)", [draw(shape)], lambda x: F.dropout(x, rate), rate=rate)


x = draw((8, 5))
labels = [int(k) for k in random.integers(0, 3, 8)]
targets = F.softmax(draw((8, 3)), dim=1)
start = [draw((5, 7), -1, 1), draw((7,), -0.5, 0.5), draw((7, 3), -1, 1), draw((3,), -0.5, 0.5)]
criteria = {
    "cross_entropy": lambda y, how: F.cross_entropy(y, torch.tensor(labels), reduction=how),
    "cross_entropy_rows": lambda y, how: F.cross_entropy(y, targets, reduction=how),
    "mse": lambda y, how: F.mse_loss(y, targets, reduction=how),
}


def train(name, optimizer, options, *, loss="cross_entropy", reduction="mean", activation="tanh",
          schedule=None, max_norm=None):
    """50 steps. `options` are PyTorch's; the test translates them."""
    parameters = [p.clone().requires_grad_() for p in start]
    w1, b1, w2, b2 = parameters
    optimizer_of = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}
    stepper = optimizer_of[optimizer](parameters, foreach=False, **options)
    scheduler = schedules[schedule](stepper) if schedule else None
    trace = {"name": name, "optimizer": optimizer, "options": options, "loss": loss,
             "reduction": reduction, "activation": activation, "losses": [], "rates": [],
             "norms": []}
    for _ in range(50):
        stepper.zero_grad()
        h = x @ w1 + b1
        h = getattr(torch, activation)(h)
        value = criteria[loss](h @ w2 + b2, reduction)
        value.backward()
        trace["losses"].append(value.item())
        if schedule:
            trace["rates"].append(stepper.param_groups[0]["lr"])
        norm = torch.nn.utils.clip_grad_norm_(parameters, inf).item()
        if max_norm:
            trace["norms"].append(norm)
        if max_norm and norm > max_norm:
            # clip_grad_norm_ multiplies by max_norm / (norm + 1e-6); here it is the norm itself.
            for p in parameters:
                p.grad *= max_norm / norm
        stepper.step()
        if scheduler:
            scheduler.step()
    if schedule:
        trace["schedule"] = schedule
    if max_norm:
        trace["max_norm"] = max_norm
    trace["parameters"] = [array(p) for p in parameters]
    return trace


rates = torch.optim.lr_scheduler
# The rates that the schedules of nn/optim/schedule.hpp give for the learning rate 0.5, under the names
# that the test knows. Beyond total_steps CosineAnnealingLR would rise again, where cosine_decay
# stays: so there the formula is written out.
schedules = {
    "constant": lambda o: rates.ConstantLR(o, factor=1.0),
    "step_decay": lambda o: rates.StepLR(o, step_size=7, gamma=0.5),
    "linear_decay": lambda o: rates.LinearLR(o, 1.0, 0.1, total_iters=30),
    "cosine_decay": lambda o: rates.CosineAnnealingLR(o, T_max=50, eta_min=0.05),
    "cosine_decay_short": lambda o: rates.LambdaLR(
        o, lambda step: 0.5 * (1 + math.cos(math.pi * min(step / 20, 1)))),
    "warm_up": lambda o: rates.SequentialLR(
        o, [rates.LinearLR(o, 1 / 11, 1.0, total_iters=10),
            rates.CosineAnnealingLR(o, T_max=40)], milestones=[10]),
}


def traces():
    sgd = {"lr": 0.5}
    momentum = {"lr": 0.1, "momentum": 0.9}
    result = [
        train("SGD", "SGD", sgd),
        train("SGD, weight decay", "SGD", {**sgd, "weight_decay": 0.02}, activation="sigmoid"),
        train("SGD, momentum", "SGD", momentum),
        train("SGD, momentum, weight decay", "SGD", {**momentum, "weight_decay": 0.02},
              loss="cross_entropy_rows"),
        train("SGD, nesterov", "SGD", {**momentum, "nesterov": True}, loss="mse"),
        train("SGD, nesterov, weight decay", "SGD",
              {**momentum, "nesterov": True, "weight_decay": 0.02}, activation="sigmoid"),
        train("SGD, sum of losses", "SGD", {"lr": 0.02}, reduction="sum"),
        train("SGD, sum of squares", "SGD", {"lr": 0.02}, loss="mse", reduction="sum"),
        train("SGD, sum over rows of targets", "SGD", {"lr": 0.02}, loss="cross_entropy_rows",
              reduction="sum", activation="sigmoid"),
        train("SGD, clipped", "SGD", sgd, max_norm=0.1),
        train("SGD, momentum, clipped at times", "SGD", momentum, max_norm=0.4),
        train("Adam", "Adam", {"lr": 0.05}),
        train("Adam, default rate", "Adam", {}, loss="mse"),
        train("Adam, weight decay", "Adam", {"lr": 0.05, "weight_decay": 0.02}),
        train("Adam, betas and epsilon", "Adam", {"lr": 0.05, "betas": [0.7, 0.95], "eps": 1e-3},
              activation="sigmoid"),
        train("Adam, clipped", "Adam", {"lr": 0.05}, max_norm=0.1),
        train("AdamW", "AdamW", {"lr": 0.05}),
        train("AdamW, weight decay", "AdamW", {"lr": 0.05, "weight_decay": 0.2}, loss="mse"),
    ]
    for name in schedules:
        result.append(train(f"SGD, {name}", "SGD", {"lr": 0.5, "momentum": 0.5}, schedule=name))
    result.append(train("AdamW, cosine_decay", "AdamW", {"lr": 0.5, "weight_decay": 0.02},
                        schedule="cosine_decay"))
    return {"x": array(x), "labels": labels, "targets": array(targets),
            "parameters": [array(p) for p in start], "runs": result}


def lines(entries):
    return ",\n".join(json.dumps(each, separators=(",", ":")) for each in entries)


def main():
    for family in [arithmetic, math_ops, activations, matrix, reductions, shaping, softmaxes,
                   losses]:
        family()
    made = {"generated": datetime.date.today().isoformat(), "python": platform.python_version(),
            "torch": torch.__version__, "numpy": numpy.__version__}
    training = traces()
    runs = training.pop("runs")
    text = '{"made":' + json.dumps(made) + ',\n"ops":{\n'
    text += ",\n".join(f"{json.dumps(name)}:[\n{lines(cases)}]" for name, cases in ops.items())
    text += '},\n"training":' + json.dumps(training, separators=(",", ":"))
    text += ',\n"traces":[\n' + lines(runs) + "]}\n"
    path = pathlib.Path(__file__).with_name("cases.json")
    path.write_text(text)
    print(f"{path}: {sum(map(len, ops.values()))} cases of {len(ops)} overloads, "
          f"{len(runs)} traces, {len(text)} bytes")


main()
