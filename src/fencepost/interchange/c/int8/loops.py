"""The inner loops of 8-bit integers, as functions of C: sums of products, and rounding.

Compilers do not find the instructions of SSE2 (plain x86-64) and of a Cortex-M4 that multiply pairs
of 16-bit integers and add, so these are called by their names; the loops in C below them say what
they do, and are what other processors run. With SSE2, 8 bits are put into the upper half of 16,
which takes one instruction; so products are 256 times what they stand for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUND = """
/* the nearest of -128 ... 127 */
static inline int8_t {p}_round(float v)
{{
    v += 128.5f;
    return (int8_t)((v > 0.0f ? v < 255.0f ? (int)v : 255 : 0) - 128);
}}
"""

SCALED = """
/* sum * factor / 2^shift + zero, rounded, from low to high; >> keeps the sign */
static inline int8_t {p}_scaled(int32_t sum, int32_t factor, int shift, int32_t zero, int32_t low,
                                int32_t high)
{{
    const int64_t half = (int64_t)1 << (shift - 1);
    const int64_t value = (((int64_t)sum * factor + half) >> shift) + zero;
    return (int8_t)(value < low ? low : value > high ? high : value);
}}
"""

DOT = """
/* y[k] += a * v[k][0] + b * v[k][1] + c * w[k][0] + d * w[k][1] for `n` outputs k; of two outputs,
   the weights lie in the order [k][0], [k + 1][0], [k][1], [k + 1][1] */
static inline void {p}_four(int32_t *{r} y, const int8_t *v, const int8_t *w, int n, int a, int b,
                            int c, int d)
{{
    int k = 0;
#if defined __SSE2__
    const __m128i ab = _mm_set1_epi32((int)((unsigned)b << 16 | ((unsigned)a & 65535u)));
    const __m128i cd = _mm_set1_epi32((int)((unsigned)d << 16 | ((unsigned)c & 65535u)));
    const __m128i upper = _mm_set1_epi16(-256);
    for (; k < n - n % 4; k += 8) {{
        const int all = k < n - n % 8; /* 8 outputs, or the last 4 */
        const __m128i *const vs = (const __m128i *)(v + 2 * k), *ws = (const __m128i *)(w + 2 * k);
        const __m128i v8 = all ? _mm_loadu_si128(vs) : _mm_loadl_epi64(vs);
        const __m128i w8 = all ? _mm_loadu_si128(ws) : _mm_loadl_epi64(ws);
        const __m128i even = _mm_add_epi32(_mm_madd_epi16(_mm_slli_epi16(v8, 8), ab),
                                           _mm_madd_epi16(_mm_slli_epi16(w8, 8), cd));
        const __m128i odd = _mm_add_epi32(_mm_madd_epi16(_mm_and_si128(v8, upper), ab),
                                          _mm_madd_epi16(_mm_and_si128(w8, upper), cd));
        const __m128i first = _mm_srai_epi32(_mm_unpacklo_epi32(even, odd), 8);
        __m128i *const sums = (__m128i *)(y + k);
        _mm_storeu_si128(sums, _mm_add_epi32(_mm_loadu_si128(sums), first));
        if (all) {{
            const __m128i second = _mm_srai_epi32(_mm_unpackhi_epi32(even, odd), 8);
            _mm_storeu_si128(sums + 1, _mm_add_epi32(_mm_loadu_si128(sums + 1), second));
        }}
    }}
    k = n - n % 4;
#elif defined __ARM_FEATURE_SIMD32
    const int16x2_t ab = (int16x2_t)((uint32_t)b << 16 | ((uint32_t)a & 65535u));
    const int16x2_t cd = (int16x2_t)((uint32_t)d << 16 | ((uint32_t)c & 65535u));
    for (; k < n - n % 2; k += 2) {{
        uint32_t v4, w4;
        __builtin_memcpy(&v4, v + 2 * k, 4);
        __builtin_memcpy(&w4, w + 2 * k, 4);
        y[k] = __smlad(__sxtb16((int8x4_t)v4), ab, __smlad(__sxtb16((int8x4_t)w4), cd, y[k]));
        y[k + 1] = __smlad(__sxtb16((int8x4_t)(v4 >> 8)), ab,
                           __smlad(__sxtb16((int8x4_t)(w4 >> 8)), cd, y[k + 1]));
    }}
#endif
    for (; k < n - n % 2; k += 2) {{
        const int8_t *const e = v + 2 * k, *const f = w + 2 * k;
        y[k] += (a * e[0] + b * e[2]) + (c * f[0] + d * f[2]);
        y[k + 1] += (a * e[1] + b * e[3]) + (c * f[1] + d * f[3]);
    }}
    if (n % 2) {{
        const int8_t *const e = v + 2 * k, *const f = w + 2 * k;
        y[k] += (a * e[0] + b * e[1]) + (c * f[0] + d * f[1]);
    }}
}}

/* y[k] += (x - zero) * weight for inputs from `first`, which lies at x, to before `end`, two and
   two; `n` outputs */
static inline void {p}_dot(int32_t *{r} y, const int8_t *{r} x, const int8_t *{r} w, int first,
                           int end, int n, int zero)
{{
    for (int i = -(first % 2); i < end - first; i += 4) {{
        const int left = end - first - i;
        const int8_t *const v = w + (first + i) * n;
        {p}_four(y, v, left > 2 ? v + 2 * n : v, n, i < 0 ? 0 : x[i] - zero,
                 left > 1 ? x[i + 1] - zero : 0, left > 2 ? x[i + 2] - zero : 0,
                 left > 3 ? x[i + 3] - zero : 0);
    }}
}}
"""

EACH = """
/* y[k] += (x[0][k] - zero) * w[0][k] + ... for `taps` pixels of `n` channels, `step` apart */
static inline void {p}_each(int32_t *{r} y, const int8_t *{r} x, const int8_t *{r} w, int taps,
                            int step, int n, int zero)
{{
    int first = 0;
#ifdef __SSE2__
    const __m128i nought = _mm_setzero_si128(), less = _mm_set1_epi16((short)(zero * 256));
    const __m128i signs = _mm_set1_epi32((int)0xffff0001u); /* 1 and -1 */
    for (; first < n - n % 8; first += 8) {{
        __m128i *const sums = (__m128i *)(y + first);
        __m128i low = _mm_loadu_si128(sums), high = _mm_loadu_si128(sums + 1);
        for (int i = 0; i < taps; i++) {{
            const __m128i x8 = _mm_loadl_epi64((const __m128i *)(x + i * step + first));
            const __m128i w8 = _mm_loadl_epi64((const __m128i *)(w + i * n + first));
            const __m128i w16 = _mm_unpacklo_epi8(nought, w8);
            const __m128i p = _mm_mulhi_epi16(_mm_unpacklo_epi8(nought, x8), w16);
            const __m128i q = _mm_mulhi_epi16(less, w16);
            low = _mm_add_epi32(low, _mm_madd_epi16(_mm_unpacklo_epi16(p, q), signs));
            high = _mm_add_epi32(high, _mm_madd_epi16(_mm_unpackhi_epi16(p, q), signs));
        }}
        _mm_storeu_si128(sums, low);
        _mm_storeu_si128(sums + 1, high);
    }}
#endif
    for (int i = 0; i < taps && first < n; i++, x += step, w += n)
        for (int k = first; k < n; k++)
            y[k] += (x[k] - zero) * w[k];
}}
"""


def in_pairs(weight: NDArray[np.int8], line: int) -> NDArray[np.int8]:
    """Put weights (of each input, of each output) into the order of `DOT`; 0 ends odd lines.

    >>> in_pairs(np.arange(9).reshape(3, 3), 3).tolist()
    [[[0, 1, 3, 4, 2, 5], [6, 7, 0, 0, 8, 0]]]
    """
    n = weight.shape[-1]
    lines = weight.reshape(-1, line, n)
    even = np.pad(lines, ((0, 0), (0, line % 2), (0, 0)))
    pairs = even.reshape(len(lines), -1, 2, n)
    twos = pairs[..., : n - n % 2].reshape(*pairs.shape[:-1], n // 2, 2).swapaxes(2, 3)
    parts = [part.reshape(*pairs.shape[:2], -1) for part in (twos, pairs[..., n - n % 2 :])]
    return np.concatenate(parts, axis=2)
