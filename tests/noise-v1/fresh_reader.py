"""Noise, version 1: random normals as exact float32, from noise-v1.md alone. A Python float holds each float32."""
import math
import struct

MASK = 0xFFFFFFFF
PIVOT = 0x3F3504F3


def bits(x):
    """The word that holds x; rounds a float64 to the nearest float32, ties to even."""
    return struct.unpack("<I", struct.pack("<f", x))[0]


def unbits(word):
    """The float32 that the word holds."""
    return struct.unpack("<f", struct.pack("<I", word))[0]


def rounded(x):
    """The float32 nearest to x. Right for +, -, * and sqrt of float32s done in float64, as 53 >= 2 * 24 + 2."""
    return unbits(bits(x))


def fma(a, b, c):
    """a * b + c, rounded once: the float64 product is exact, the sum is rounded to odd, then to float32."""
    product = a * b
    total = product + c
    back = total - product
    error = (product - (total - back)) + (c - back)  # Knuth's TwoSum: total + error is exact
    if error:
        pattern = struct.unpack("<q", struct.pack("<d", total))[0]
        if pattern & 1 == 0:  # take the odd neighbour on the side of the exact sum
            pattern += 1 if (error > 0) == (total > 0) else -1
            total = struct.unpack("<d", struct.pack("<q", pattern))[0]
    return rounded(total)


def signed(word):
    """The word as an integer of two's complement."""
    return word - (1 << 32) if word >> 31 else word


def poly(z, coefficients):
    """Horner's rule by fma, from the last coefficient down to the first."""
    result = coefficients[-1]
    for p in reversed(coefficients[:-1]):
        result = fma(result, z, p)
    return result


A = [unbits(w) for w in (0xBEFFFFFC, 0xBE80021C, 0xBE2A1211, 0xBE07A656, 0xBD9C28C8)]
B = [unbits(w) for w in (0x3EAAAAA8, 0x3E4CD214, 0x3E113599, 0x3E043EDA)]
S = [unbits(w) for w in (0xB2BBBD2E, 0xBDA55DDF, 0x3B232FD6, 0xB816DAE4)]
C = [unbits(w) for w in (0x3F800000, 0xBE9DE9E6, 0x3C81E0D8, 0xB9AAD959, 0x366A7A3C)]
LN2, PI4 = unbits(0x3F317218), unbits(0x3F490FDB)


def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10: four words from a counter of four and a key of two."""
    for _ in range(10):
        a, b = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & MASK, (a >> 32) ^ c3 ^ k1, a & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def keyed(seed, number, c2, c3):
    """Philox of a number of 64 bits and two more words, under the seed as the key."""
    return philox(number & MASK, number >> 32, c2, c3, seed & MASK, seed >> 32)


def row_seed(rng_seed, row):
    """The seed of a row of Rng(rng_seed)."""
    low, high = keyed(rng_seed, row, 0, 0x5EED0001)[:2]
    return high << 32 | low


def fork_seed(rng_seed, index):
    """The seed of fork(index) of Rng(rng_seed)."""
    low, high = keyed(rng_seed, index, 0, 0x5EED0002)[:2]
    return high << 32 | low


def radius(w):
    """sqrt(-2 ln u) for u = (w + 1/2) / 2^32 rounded once."""
    u = fma(float(w >> 16), 2.0**-16, fma(float(w & 0xFFFF), 2.0**-32, 2.0**-33))
    a = (bits(u) - PIVOT) & MASK
    e = float(signed(a) >> 23)
    f = rounded(unbits((a & 0x007FFFFF) + PIVOT) - 1.0)
    z = rounded(f * f)
    mantissa = fma(z, fma(f, poly(z, B), poly(z, A)), f)
    return rounded(math.sqrt(rounded(fma(e, LN2, mantissa) * -2.0)))


def cosine_sine(w):
    """Cosine and sine of w / 2^32 of a turn."""
    y = rounded(float(signed(w << 2 & MASK))) * 2.0**-31
    z = rounded(y * y)
    small = fma(y, PI4, rounded(y * poly(z, S)))
    large = poly(z, C)
    quarter = ((w + 0x20000000) & MASK) >> 30
    return ((large, small), (-small, large), (-large, -small), (small, -large))[quarter]


def normal(seed, stream, draw, element):
    """The bits of the float32 normal of a row's seed, a stream, a draw and an element."""
    words = keyed(seed, element // 4, draw, stream)
    m = element % 4
    return bits(rounded(radius(words[m & 2]) * cosine_sine(words[m & 2 | 1])[m & 1]))
