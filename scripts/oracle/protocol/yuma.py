"""The epoch's arithmetic and Yuma consensus (protocol/SPEC.md, section 15). Numbers are I32F32: integers over 2³²."""

ONE, HALF = 1 << 32, 1 << 31
MOST, LEAST = (1 << 63) - 1, -(1 << 63)


def sat(x): return max(LEAST, min(MOST, x))
def add(x, y): return sat(x + y)
def mul(x, y): return sat(x * y >> 32)
def total(v):
    out = 0
    for x in v:
        out = add(out, x)
    return out


def div(x, y, bits=32):
    """Toward zero; x ÷ 0 = 0."""
    if y == 0:
        return 0
    q = (abs(x) << bits) // abs(y)
    return sat(q if (x < 0) == (y < 0) else -q)


def by(v, s): return [div(x, s) for x in v] if s else list(v)
def norm(v): return by(v, total(v))
def widen(v): return (v << 32) // 65535
def narrow(x): return max(0, min(65535, mul(x, 65535 << 32) >> 32))
def clamp(x, low, high): return max(low, min(x, high))


def upscale(values):
    """Weights as they are kept when they are opened."""
    m = max(values, default=0)
    if m == 0:
        return [0] * len(values)
    full, m = 65535 << 32, m << 32
    ratio = div(full, m)
    scaled = [mul(v << 32, ratio) if m > 32768 << 32 else div(mul(v << 32, full), m) for v in values]
    return [min(65535, x + HALF >> 32) for x in scaled]


def exp(x):
    x = clamp(x, -20 * ONE, 20 * ONE)
    if x == 0:
        return ONE
    if x == ONE:
        return 22802600 << 9
    if x < 0:
        return div(ONE, exp_series(-x))
    return exp_series(x)


def exp_series(x):
    s, t = ONE + x, x
    for i in range(2, 32):
        t = (t * x >> 32) // i
        s += t
    return s


def columns(m, n, fold):
    out = [0] * n
    for row in m:
        for j, x in row.items():
            out[j] = fold(out[j], x)
    return out


def divided(m, v):
    return [{j: div(x, v[j]) if v[j] else x for j, x in row.items()} for row in m]


def run(p, h, tempo, min_stake, last_step, stake, registered, updated, permit, weights, bonds, nobody):
    """One epoch: dict of what section 15 names. Rows of weights and bonds are dicts by uid."""
    n = len(stake)
    counted = [s if s >= min_stake else 0 for s in stake]
    whole = sum(counted)
    S = [(s << 64) // whole >> 32 if whole else 0 for s in counted]
    A = norm([S[i] if updated[i] + p.activity_cutoff >= h and permit[i] else 0 for i in range(n)])

    w, left = [], []
    for i in range(n):
        row = {j: v << 32 for j, v in sorted(weights[i].items()) if permit[i] and i != j and updated[i] > registered[j]}
        own = nobody[i] << 32 if permit[i] else 0
        s = add(total(row.values()), own)
        w.append(dict(zip(row, by(row.values(), s))))
        left.append(div(own, s))

    voters = [i for i in range(n) if A[i] > 0]
    u = norm([max(a, 0) for a in A])
    minority = total(u) - widen(p.kappa)
    C = []
    for j in range(n):
        votes = [(w[i][j], u[i]) for i in voters if j in w[i]]
        if len(votes) < len(voters):
            votes.append((0, total(u) - sum(s for _, s in votes)))
        C.append(median(votes, minority))

    c = [{j: min(x, C[j]) for j, x in row.items() if min(x, C[j]) > 0 or x == 0} for row in w]
    agreed = median([(left[i], u[i]) for i in voters], minority)
    all_ranks = add(total(C), agreed)
    I, N = by(C, all_ranks), div(agreed, all_ranks)

    beta = widen(p.bonds_penalty)
    b = w if beta == 0 else [{j: add(x, mul(beta, min(x, C[j]) - x)) for j, x in row.items()} for row in w]
    since = last_step + 1 if last_step else max(h - tempo, 0)
    old = [{j: v for j, v in row.items() if since > registered[j]} for row in bonds]
    if p.yuma3:
        D, new = yuma3(p, n, A, C, I, b, [{j: widen(v) for j, v in row.items()} for row in old])
    else:
        D, new = original(p, n, A, I, b, [{j: v << 32 for j, v in row.items()} for row in old])
    if N > 0:
        D = [mul(x, total(I)) for x in D]
    kept = [{j: narrow(x) for j, x in row.items() if narrow(x)} if S[i] > 0 else {} for i, row in enumerate(new)]
    return {"S": S, "C": C, "I": I, "D": D, "N": N, "trust": [total(row.values()) for row in c], "bonds": kept}


def median(votes, minority):
    reached, votes = 0, sorted(votes)
    for k, (x, s) in enumerate(votes):
        reached += s
        if (k + 1 == len(votes) or votes[k + 1][0] > x) and reached > minority:
            return x
    return votes[-1][0] if votes else 0


def alpha(p):
    return ONE - ((p.bonds_moving_average << 64) // 10**6 >> 32)


def blend(a, new, old):
    out = []
    for x, y in zip(new, old):
        row = {j: add(mul(a, x.get(j, 0)), mul(ONE - a, y.get(j, 0))) for j in sorted(set(x) | set(y))}
        out.append({j: v for j, v in row.items() if v > 0})
    return out


def yuma3(p, n, A, C, I, b, B):
    if p.liquid_alpha and total(C):
        low, high = widen(p.alpha_low), widen(p.alpha_high)
        slope = div(p.steepness << 32, -100 << 32)
        new = []
        for i in range(n):
            row = {}
            for j, x in b[i].items():
                bond = B[i].get(j, 0)
                d = clamp(x - C[j] if x >= bond else bond - x, 0, ONE)
                sigmoid = div(ONE, add(ONE, exp(mul(slope, d - HALF))))
                a = clamp(low + mul(sigmoid, high - low), low, high)
                row[j] = min(ONE, add(mul(ONE - a, bond), mul(a, x)))
            new.append(row)
    else:
        new = blend(alpha(p), b, B)
    shares = divided(new, columns(new, n, add))
    D = norm([mul(A[i], total(mul(x, I[j]) for j, x in shares[i].items())) for i in range(n)])
    return D, new


def original(p, n, A, I, b, B):
    B = divided(B, columns(B, n, add))
    bought = [{j: mul(x, A[i]) for j, x in row.items()} for i, row in enumerate(b)]
    new = blend(alpha(p), divided(bought, columns(bought, n, add)), B)
    new = divided(new, columns(new, n, add))
    D = norm([total(mul(x, I[j]) for j, x in row.items()) for row in new])
    return D, divided(new, columns(new, n, max))
