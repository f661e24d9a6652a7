/* Matrix products of weights that fit the cache, and what stands between two of them in one pass each; float32.
   `operations.py` and `products.py` say the same in PyTorch. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define PANEL_ROWS 6 /* with 16 outputs each they fill the 16 registers of AVX2 */

/* e^x to 2 units in the last place: 2^n by its bits, e^r by its series for |r| <= ln(2) / 2. */
static inline float exponential(float x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 87.0f ? 87.0f : x;
    float n = rintf(x * 1.44269504f);
    float r = x - n * 0.693359375f + n * 2.12194440e-4f; /* ln 2 in two parts */
    float p = 1.0f + r * (1.0f + r * (1.0f / 2 + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r / 720)))));
    int32_t bits = ((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* 1 / sqrt(mean(x^2) + eps) */
static inline float inverse_rms(const float *x, long n, float eps)
{
    float sum = 0.0f;
    for (long i = 0; i < n; i++)
        sum += x[i] * x[i];
    return 1.0f / sqrtf(sum / n + eps);
}

static inline void normalised(const float *x, const float *weight, float *restrict out, long n, float eps)
{
    float scale = inverse_rms(x, n, eps);
    for (long i = 0; i < n; i++)
        out[i] = x[i] * scale * weight[i];
}

void norm(const float *x, const float *weight, float *out, long rows, long n, float eps)
{
    for (long row = 0; row < rows; row++)
        normalised(x + row * n, weight, out + row * n, n, eps);
}

/* x + gate * a, or x + (a + bias), then normalised by `middle`; each of the three may be missing. */
void residual(const float *x, const float *a, const float *gate, const float *bias, const float *middle,
              float *restrict out, long rows, long n, float eps)
{
    for (long row = 0; row < rows; row++, x += n, a += n, out += n) {
        if (gate)
            for (long i = 0; i < n; i++)
                out[i] = x[i] + gate[i] * a[i];
        else if (bias)
            for (long i = 0; i < n; i++)
                out[i] = x[i] + (a[i] + bias[i]);
        else
            for (long i = 0; i < n; i++)
                out[i] = x[i] + a[i];
        if (middle) {
            float scale = inverse_rms(out, n, eps);
            for (long i = 0; i < n; i++)
                out[i] *= scale * middle[i];
        }
    }
}

static inline float silu(float x)
{
    return x / (1.0f + exponential(-x));
}

/* gelu by tanh: x (1 + tanh u) / 2 = x / (1 + e^(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3). */
void gelu(const float *restrict x, const float *restrict bias, float *restrict out, long rows, long n)
{
    const float twice = 1.5957691216f; /* 2 sqrt(2 / pi) */
    for (long row = 0; row < rows; row++, x += n, out += n)
        for (long i = 0; i < n; i++) {
            float y = x[i] + bias[i];
            out[i] = y / (1.0f + exponential(-twice * (y + 0.044715f * y * y * y)));
        }
}

/* silu(gate) * up of rows [gate | up]; bias may be missing. */
void swiglu(const float *restrict both, const float *restrict bias, float *restrict out, long rows, long n)
{
    for (long row = 0; row < rows; row++, both += 2 * n, out += n) {
        if (bias)
            for (long i = 0; i < n; i++)
                out[i] = silu(both[i] + bias[i]) * (both[n + i] + bias[n + i]);
        else
            for (long i = 0; i < n; i++)
                out[i] = silu(both[i]) * both[n + i];
    }
}

/* One head: bias, norm, rotation; bias and weight may be missing. */
static inline void head(const float *x, const float *bias, const float *weight, const float *cosine,
                        const float *sine, float *restrict out, long e, float eps)
{
    float y[MOST], scale = 1.0f;
    for (long i = 0; i < e; i++)
        y[i] = x[i] + (bias ? bias[i] : 0.0f);
    if (weight) {
        scale = inverse_rms(y, e, eps);
        for (long i = 0; i < e; i++)
            y[i] *= scale * weight[i];
    }
    for (long i = 0; i < e / 2; i++) {
        out[i] = y[i] * cosine[i] + y[i + e / 2] * sine[i];
        out[i + e / 2] = y[i + e / 2] * cosine[i + e / 2] + y[i] * sine[i + e / 2];
    }
}

/* Rows [queries | keys | values] of `batch` sequences to heads: queries [b n q e], keys and values into the last
   q rows of [b k m e]. Token t of all has row t % period of the table. */
void heads(const float *qkv, const float *bias, const float *query_norm, const float *key_norm,
           const float *cosine, const float *sine, long period, float *query, float *keys, float *values,
           long batch, long q, long n, long k, long m, long e, float eps)
{
    for (long t = 0; t < batch * q; t++) {
        const float *x = qkv + t * (n + 2 * k) * e, *b = bias;
        const float *c = cosine + t % period * e, *s = sine + t % period * e;
        long row = t / q, at = t % q;
        for (long h = 0; h < n; h++, x += e, b = b ? b + e : b)
            head(x, b, query_norm, c, s, query + ((row * n + h) * q + at) * e, e, eps);
        for (long h = 0; h < k; h++, x += e, b = b ? b + e : b)
            head(x, b, key_norm, c, s, keys + ((row * k + h) * m + m - q + at) * e, e, eps);
        for (long h = 0; h < k; h++, x += e, b = b ? b + e : b) {
            float *value = values + ((row * k + h) * m + m - q + at) * e;
            for (long i = 0; i < e; i++)
                value[i] = x[i] + (b ? b[i] : 0.0f);
        }
    }
}

typedef float Vector __attribute__((vector_size(32), aligned(4)));

/* `rows` rows of a W^T + bias for a panel of 16 outputs, which stay in registers; w: the panel's weights [k 16]. */
static inline __attribute__((always_inline)) void panel(const float *a, const float *w, const float *bias,
                                                        float *restrict out, long k, long n, int rows)
{
    Vector left[PANEL_ROWS], right[PANEL_ROWS];
    for (int i = 0; i < rows; i++) {
        left[i] = bias ? *(const Vector *)bias : (Vector){0};
        right[i] = bias ? *(const Vector *)(bias + 8) : (Vector){0};
    }
    for (long p = 0; p < k; p++, w += 16) {
        Vector w0 = *(const Vector *)w, w1 = *(const Vector *)(w + 8);
        for (int i = 0; i < rows; i++) {
            left[i] += a[i * k + p] * w0;
            right[i] += a[i * k + p] * w1;
        }
    }
    for (int i = 0; i < rows; i++) {
        *(Vector *)(out + i * n) = left[i];
        *(Vector *)(out + i * n + 8) = right[i];
    }
}

/* a [m k] times W^T + bias, to [m n]; w: panels [n/16 k 16], each read once for all rows; bias may be missing. */
void product(const float *a, const float *w, const float *bias, float *out, long m, long k, long n)
{
    for (long j = 0; j < n; j += 16, w += 16 * k) {
        const float *b = bias ? bias + j : bias;
        long i = 0;
        for (; i + PANEL_ROWS <= m; i += PANEL_ROWS)
            panel(a + i * k, w, b, out + i * n + j, k, n, PANEL_ROWS);
        for (; i + 2 <= m; i += 2)
            panel(a + i * k, w, b, out + i * n + j, k, n, 2);
        if (i < m)
            panel(a + i * k, w, b, out + i * n + j, k, n, 1);
    }
}
