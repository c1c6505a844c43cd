"""The tool of GradBench answers each message as the protocol and the evals say.

gradbench.py PROGRAM: each eval gets small inputs. Values are compared with formulas, and gradients
with formulas or with differences of values.
"""

import copy
import json
import subprocess
import sys
from math import cos, exp, factorial, lgamma, log, pi, prod, sin, sqrt, tanh

tool = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
failures, asked = [], 0


def ask(**message):
    global asked
    asked += 1
    print(json.dumps(message | {"id": asked}), file=tool.stdin, flush=True)
    reply = json.loads(tool.stdout.readline())
    check(f"id of {message}"[:60], reply["id"], asked)
    return reply


def evaluate(module, function, data):
    reply = ask(kind="evaluate", module=module, function=function, input=data)
    if not reply["success"]:
        sys.exit(f"{module} {function}: {reply.get('error')}")
    check(f"{module} {function}: has times", reply["timings"][0]["name"], "evaluate")
    return reply["output"]


def flat(nested):
    if isinstance(nested, dict):
        return [x for key in sorted(nested) for x in flat(nested[key])]
    return [x for each in nested for x in flat(each)] if isinstance(nested, list) else [nested]


def check(what, got, want, tolerance=1e-9):
    got, want = flat(got), flat(want)
    same = len(got) == len(want) and all(
        abs(g - w) <= tolerance * max(1, abs(w)) if isinstance(w, float) else g == w
        for g, w in zip(got, want)
    )
    if not same:
        failures.append(f"{what}: expected {want}, got {got}")


def slopes(f, data, key):
    """Central differences of f(data) for each number of data[key], as lists."""
    places, columns = [], []

    def visit(node, path):
        for i, each in enumerate(node):
            visit(each, [*path, i]) if isinstance(each, list) else places.append([*path, i])

    visit(data[key] if isinstance(data[key], list) else [data[key]], [])
    for path in places:
        ends = []
        for step in (1e-5, -1e-5):
            near = copy.deepcopy(data)
            node = near[key] if isinstance(data[key], list) else near
            for i in path[:-1]:
                node = node[i]
            node[path[-1] if isinstance(data[key], list) else key] += step
            ends.append(flat(f(near)))
        columns.append([(a - b) / 2e-5 for a, b in zip(*ends)])
    return columns


def gradient(f, data, key):
    return [column[0] for column in slopes(f, data, key)]


def hello():
    check("square", evaluate("hello", "square", 3.0), 9.0)
    check("double", evaluate("hello", "double", 3.0), 6.0)


def lse():
    data = {"x": [1.0, -2.0, 0.5], "min_runs": 3, "min_seconds": 0}
    total = sum(map(exp, data["x"]))
    check("lse", evaluate("lse", "primal", data), log(total))
    check("lse gradient", evaluate("lse", "gradient", data), [exp(x) / total for x in data["x"]])
    data = {"x": [1e3, 1e3]}
    check("lse of large numbers", evaluate("lse", "primal", data), 1e3 + log(2))
    reply = ask(kind="evaluate", module="lse", function="primal", input=data | {"min_runs": 5})
    check("runs", len(reply["timings"]), 5)


def llsq():
    def value(data):
        total, n = 0, data["n"]
        for t in (-1 + i * 2 / (n - 1) for i in range(n)):
            sign = (t > 0) - (t < 0)
            total += (sign - sum(x * t**j for j, x in enumerate(data["x"]))) ** 2 / 2
        return total

    data = {"x": [0.5, -0.25, 2.0], "n": 5}
    check("llsq", evaluate("llsq", "primal", data), value(data))
    check("llsq gradient", evaluate("llsq", "gradient", data), gradient(value, data, "x"), 1e-8)


def ode():  # Runge and Kutta's method is exact for y(i) = x0 ... xi t^(i + 1) / (i + 1)!
    x = [0.5, -2.0, 1.5]
    y = [prod(x[: i + 1]) * 2 ** (i + 1) / factorial(i + 1) for i in range(3)]
    for steps in (4, 70_000):  # recorded at once, and in parts
        check(f"ode, {steps} steps", evaluate("ode", "primal", {"x": x, "s": steps}), y)
        got = evaluate("ode", "gradient", {"x": x, "s": steps})
        check(f"ode gradient, {steps} steps", got, [y[2] / xi for xi in x])


def det():
    def value(data):
        a, b, c, d, e, f, g, h, i = data["A"]
        return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)

    data = {"A": [2.0, -1.0, 0.5, 3.0, 1.0, 4.0, -2.0, 0.25, 1.5], "ell": 3}
    check("det", evaluate("det", "primal", data), value(data))
    check("det gradient", evaluate("det", "gradient", data), gradient(value, data, "A"), 1e-8)
    check("det of one number", evaluate("det", "gradient", {"A": [7.0], "ell": 1}), [1.0])


def gmm():
    def value(data):
        (d, k, m, gamma), n = (data[key] for key in ("d", "k", "m", "gamma")), len(data["x"])
        freedom = d + m + 1
        total = k * freedom * d * log(gamma / sqrt(2)) - n * d / 2 * log(2 * pi)
        total -= k * (d * (d - 1) / 4 * log(pi) + sum(lgamma((freedom - j) / 2) for j in range(d)))
        total -= n * log(sum(map(exp, data["alpha"])))
        roots = []
        for q, l in zip(data["q"], data["l"]):  # d = 3: l has (1, 0), (2, 0), (2, 1)
            roots.append([[exp(q[0]), 0, 0], [l[0], exp(q[1]), 0], [l[1], l[2], exp(q[2])]])
            total += m * sum(q) - gamma**2 / 2 * sum(r * r for r in flat(roots[-1]))
        for x in data["x"]:
            densities = 0
            for alpha, mu, q, root in zip(data["alpha"], data["mu"], data["q"], roots):
                white = [sum(r * (x[i] - mu[i]) for i, r in enumerate(row)) for row in root]
                densities += exp(alpha + sum(q) - sum(w * w for w in white) / 2)
            total += log(densities)
        return total

    data = {
        "d": 3, "k": 2, "n": 2, "m": 1, "gamma": 0.8,
        "x": [[0.5, -1.0, 0.25], [1.5, 0.0, -0.5]],
        "alpha": [0.3, -0.2],
        "mu": [[0.1, 0.2, 0.3], [0.4, -0.5, 0.6]],
        "q": [[0.1, -0.3, 0.2], [-0.1, 0.4, 0.05]],
        "l": [[0.5, -0.4, 0.3], [0.2, 0.1, -0.6]],
    }
    check("gmm", evaluate("gmm", "objective", data), value(data))
    got = evaluate("gmm", "jacobian", data)
    for key in ("alpha", "mu", "q", "l"):
        check(f"gmm d{key}", got[key], gradient(value, data, key), 1e-8)


def lstm():
    def value(data):
        def sigmoid(x):
            return 1 / (1 + exp(-x))

        main, (enter, leave, bias), state = data["main_params"], data["extra_params"], data["state"]
        b, layers, text = len(enter), len(main) // 2, data["sequence"]
        state, total = copy.deepcopy(state), 0
        for now, after in zip(text, text[1:]):
            guess = []
            for i in range(b):
                x = now[i] * enter[i]
                for layer in range(layers):
                    wf, wi, wo, wc = main[2 * layer][i::b]
                    bf, bi, bo, bc = main[2 * layer + 1][i::b]
                    hidden, cell = state[2 * layer][i], state[2 * layer + 1][i]
                    cell *= sigmoid(x * wf + bf)
                    cell += sigmoid(hidden * wi + bi) * tanh(hidden * wc + bc)
                    x = sigmoid(x * wo + bo) * tanh(cell)
                    state[2 * layer][i], state[2 * layer + 1][i] = x, cell
                guess.append(x * leave[i] + bias[i])
            norm = log(sum(map(exp, guess)) + 2)
            total += sum(a * (g - norm) for a, g in zip(after, guess))
        return -total / (len(text) - 1) / b

    def some(rows, columns, start):
        return [[sin(start + 7 * i + 3 * j) for j in range(columns)] for i in range(rows)]

    data = {
        "main_params": some(4, 8, 0.1), "extra_params": some(3, 2, 0.2), "state": some(4, 2, 0.3),
        "sequence": [[0, 1], [1, 1], [1, 0], [0, 1]],
    }
    check("lstm", evaluate("lstm", "objective", data), value(data))
    want = gradient(value, data, "main_params") + gradient(value, data, "extra_params")
    check("lstm jacobian", evaluate("lstm", "jacobian", data), want, 1e-8)
    long = data | {"sequence": [[i % 2, i % 3 % 2] for i in range(300)]}
    check("lstm, long", evaluate("lstm", "objective", long), value(long))
    want = gradient(value, long, "main_params") + gradient(value, long, "extra_params")
    check("lstm jacobian, long", evaluate("lstm", "jacobian", long), want, 1e-7)


def kmeans():  # the step leads from a centroid to the mean of its points, with the sign changed
    data = {
        "points": [[0.0, 0.0], [1.0, 3.0], [5.0, 5.0], [2.0, 0.0]],
        "centroids": [[1.0, 0.5], [6.0, 5.0]],
    }
    check("kmeans", evaluate("kmeans", "cost", data), 1.25 + 6.25 + 1 + 1.25)
    check("kmeans dir", evaluate("kmeans", "dir", data), [[0.0, -0.5], [1.0, 0.0]])


def rotated(axis, x):
    angle = sqrt(sum(a * a for a in axis))
    if angle == 0:
        return x
    (a, b, c), (s, t) = (each / angle for each in axis), (sin(angle), cos(angle))
    along = (a * x[0] + b * x[1] + c * x[2]) * (1 - t)
    crossed = [b * x[2] - c * x[1], c * x[0] - a * x[2], a * x[1] - b * x[0]]
    return [x[i] * t + crossed[i] * s + each * along for i, each in enumerate((a, b, c))]


def ba():
    def value(data):
        cam, w = data["cam"], data["w"]
        x, y, z = rotated(cam[:3], [a - b for a, b in zip(data["x"], cam[3:6])])
        x, y = x / z, y / z
        bent = 1 + cam[9] * (x * x + y * y) + cam[10] * (x * x + y * y) ** 2
        at = [x * bent * cam[6] + cam[7], y * bent * cam[6] + cam[8]]
        return [w * (a - b) for a, b in zip(at, data["feat"])]

    n, m, p = 2, 3, 600  # the observations take more than one recording
    data = {
        "n": n, "m": m, "p": p, "x": [1.5, -0.5, 4.0], "w": 0.7, "feat": [2.0, -1.0],
        "cam": [0.3, -0.2, 0.5, 0.1, 0.2, -0.3, 1.5, 0.4, -0.6, 0.05, 0.01],
    }
    got = evaluate("ba", "objective", data)
    want = {"reproj_error": {"elements": value(data), "repeated": p},
            "w_err": {"element": 1 - 0.7**2, "repeated": p}}
    check("ba", got, want)
    got = evaluate("ba", "jacobian", data)
    rows = zip(*(column for key in ("cam", "x", "w") for column in slopes(value, data, key)))
    check("ba vals", got["vals"], [*map(list, rows), -1.4], 1e-7)
    columns = [*range(11), 11 * n, 11 * n + 1, 11 * n + 2, 11 * n + 3 * m]
    check("ba cols", got["cols"], columns * 2 + [11 * n + 3 * m + p - 1])
    check("ba rows", got["rows"], [*range(0, 450, 15), 31 * p])
    data["cam"][:3] = [0.0, 0.0, 0.0]
    check("ba without a turn", evaluate("ba", "objective", data)["reproj_error"]["elements"], value(data))


def ht():
    def matrix(a, b):  # an affine matrix
        return [[1, a, 0, b], [0, 1, a, 0], [b, 0, 1, a], [0, 0, 0, 1]]

    def times(a, x):
        return [sum(a[i][k] * x[k] for k in range(4)) for i in range(4)]

    def value(data):
        model, theta = data["data"]["model"], data["theta"]

        def place(vertex):
            total = [0] * 4
            for bone, weight in enumerate(model["weights"][vertex]):
                x = times(model["inverse_base_absolutes"][bone], model["base_positions"][vertex])
                while bone >= 0:
                    if bone == 2:  # the first bone of the thumb that bends
                        s, t = sin(theta[6]), cos(theta[6])
                        x[1], x[2] = x[1] * t - x[2] * s, x[1] * s + x[2] * t
                        s, t = sin(theta[7]), cos(theta[7])
                        x[0], x[1] = x[0] * t - x[1] * s, x[0] * s + x[1] * t
                    if bone == 3:
                        s, t = sin(theta[8]), cos(theta[8])
                        x[1], x[2] = x[1] * t - x[2] * s, x[1] * s + x[2] * t
                    x, bone = times(model["base_relatives"][bone], x), model["parents"][bone]
                total = [a + weight * b for a, b in zip(total, x)]
            x = [-total[0] if model["is_mirrored"] else total[0], *total[1:3]]
            return [a + b for a, b in zip(rotated(theta[:3], x), theta[3:6])]

        errors = []
        for i, (of, point) in enumerate(zip(data["data"]["correspondences"], data["data"]["points"])):
            if data["us"]:
                u, v = data["us"][i]
                corners = [place(vertex) for vertex in model["triangles"][of]]
                at = [u * a + v * b + (1 - u - v) * c for a, b, c in zip(*corners)]
            else:
                at = place(of)
            errors += [a - b for a, b in zip(point, at)]
        return errors

    model = {
        "bone_count": 4, "bone_names": list("abcd"), "parents": [-1, 0, 1, 2],
        "base_relatives": [matrix(0.1 * i, 0.2) for i in range(4)],
        "inverse_base_absolutes": [matrix(-0.1, 0.1 * i) for i in range(4)],
        "base_positions": [[1.0, 2.0, 3.0, 1.0], [0.5, -1.0, 2.0, 1.0], [3.0, 1.0, -1.0, 1.0]],
        "weights": [[0.2, 0.3, 0.4, 0.1], [0.0, 0.0, 0.5, 0.5], [1.0, 0.0, 0.0, 0.0]],
        "triangles": [[0, 1, 2], [2, 0, 1]], "is_mirrored": True,
    }
    data = {
        "theta": [0.1 * (i % 7) - 0.25 for i in range(26)], "us": [],
        "data": {"model": model, "correspondences": [1, 0], "points": [[1.0, 2.0, 3.0], [0.0, 1.0, 0.5]]},
    }
    check("ht", evaluate("ht", "objective", data), value(data))
    want = list(map(list, zip(*slopes(value, data, "theta"))))
    check("ht jacobian", evaluate("ht", "jacobian", data), want, 1e-8)
    data["us"] = [[0.2, 0.3], [0.6, -0.1]]
    check("ht of triangles", evaluate("ht", "objective", data), value(data))
    columns = slopes(value, data, "us")  # each pair belongs to three rows
    us = [[columns[2 * (row // 3)][row], columns[2 * (row // 3) + 1][row]] for row in range(6)]
    theta = zip(*slopes(value, data, "theta"))
    want = [[*pair, *rest] for pair, rest in zip(us, theta)]
    check("ht jacobian of triangles", evaluate("ht", "jacobian", data), want, 1e-8)


def searches():
    for mode in ("rr", "rf", "fr", "ff"):
        found = evaluate("saddle", mode, {"start": [1.0, 1.0]})
        check(f"saddle {mode}", found, [0.0] * 4, 1e-4)
    for mode in ("rr", "rf", "fr"):
        check(f"particle {mode}", evaluate("particle", mode, {"w": 0.0}), 0.2071918746, 1e-4)
    reply = ask(kind="evaluate", module="particle", function="ff", input={"w": 0.0})
    if reply["success"]:
        check("particle ff", reply["output"], 0.2071918746, 1e-4)
    else:
        check("no ff", reply["error"], "particle: ff needs an xtape with XTAPE_NESTED_DUALS")


def protocol():
    check("start", ask(kind="start", eval="hello")["tool"], "xtape")
    for name in "ba det gmm hello ht kmeans llsq lse lstm ode particle saddle".split():
        check(f"define {name}", ask(kind="define", module=name)["success"], True)
    check("define", ask(kind="define", module="fft")["success"], False)
    check("analysis", "success" in ask(kind="analysis", of=1, valid=True), False)
    for module, function, data in [
        ("fft", "f", 1), ("lse", "f", {}), ("lse", "primal", {}), ("lse", "primal", {"x": "?"}),
        ("det", "primal", {"A": [1, 2, 3], "ell": 2}),
    ]:
        reply = ask(kind="evaluate", module=module, function=function, input=data)
        check(f"{module} {function} {data}", [reply["success"], reply["error"] != ""], [False, True])


for test in [protocol, hello, lse, llsq, ode, det, gmm, lstm, kmeans, ba, ht, searches]:
    test()
tool.stdin.close()
check("exit status", tool.wait(), 0)
print("\n".join(failures) or f"{asked} answers are right")
sys.exit(bool(failures))
