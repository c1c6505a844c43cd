#pragma once

#include <cstddef>
#include <cstring>

/// @file
/// The transforms of Winograd's F(4, 3) along one line. Used by tensor/kernels/winograd.cpp.
///
/// Four results y(i) = sum over k of g(k) d(i + k), k = 0, 1, 2, need six multiplications:
/// y = A^T ((G g) * (B^T d)). The polynomials of degree 5 are evaluated at six points 0, a, -a, b,
/// -b and infinity. For a = 3/4 and b = 3/2 all constants of A and B are exact, and rounding errors
/// are half of those for 1 and 2.

namespace xtape::winograd {

/// The points and their powers.
///@{
inline constexpr float a = 0.75f, b = 1.5f;
inline constexpr float a2 = a * a, b2 = b * b, a3 = a * a2, b3 = b * b2;
///@}

/// A vector register with N neighbouring channels. One channel is a plain number.
template <std::size_t N>
struct Register {
  /// The register.
  using type [[gnu::vector_size(N * sizeof(float))]] = float;
};
/// One channel.
template <>
struct Register<1> {
  /// The number.
  using type = float;
};

/// The number of floats in the widest register of the processor that the library is built for.
#if defined(__AVX512F__)
inline constexpr std::size_t widest = 16;
#elif defined(__AVX__)
inline constexpr std::size_t widest = 8;
#else
inline constexpr std::size_t widest = 4;
#endif

/// Reads as many neighbouring floats as fill a register V.
template <class V>
V load(const float* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
/// Writes the floats of a register.
template <class V>
void store(float* to, const V& v) {
  std::memcpy(to, &v, sizeof v);
}

/// Calls `f(V{}, channel)` for all channels, a register V of them at a time. The remaining channels
/// use narrower registers.
template <std::size_t N = widest, class F>
void for_each_register(std::size_t channels, F f, std::size_t channel = 0) {
  for (; channel + N <= channels; channel += N) {
    f(typename Register<N>::type{}, channel);
  }
  if constexpr (N > 1) {
    for_each_register<N == 4 ? 1 : N / 2>(channels, f, channel);
  }
}

/// Writes B^T d for six elements d that are `step` apart.
template <class V>
void image_line(const V* d, std::size_t step, V* t) {
  const V d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
  const V near_a = d4 - b2 * d2, far_a = a * (d3 - b2 * d1);
  const V near_b = d4 - a2 * d2, far_b = b * (d3 - a2 * d1);
  t[0] = a2 * b2 * d[0] - (a2 + b2) * d2 + d4;
  t[step] = near_a + far_a;
  t[2 * step] = near_a - far_a;
  t[3 * step] = near_b + far_b;
  t[4 * step] = near_b - far_b;
  t[5 * step] = a2 * b2 * d1 - (a2 + b2) * d3 + d[5 * step];
}

/// Writes A^T m, four elements, for six elements m.
template <class V>
void result_line(const V* m, std::size_t step, V* y, std::size_t y_step) {
  const V even_a = m[step] + m[2 * step], odd_a = m[step] - m[2 * step];
  const V even_b = m[3 * step] + m[4 * step], odd_b = m[3 * step] - m[4 * step];
  y[0] = m[0] + even_a + even_b;
  y[y_step] = a * odd_a + b * odd_b;
  y[2 * y_step] = a2 * even_a + b2 * even_b;
  y[3 * y_step] = a3 * odd_a + b3 * odd_b + m[5 * step];
}

/// Writes A y, six elements, for four elements y.
template <class V>
void gradient_line(const V* y, std::size_t step, V* m, std::size_t m_step) {
  const V y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
  const V even_a = y0 + a2 * y2, odd_a = a * y1 + a3 * y3;
  const V even_b = y0 + b2 * y2, odd_b = b * y1 + b3 * y3;
  m[0] = y0;
  m[m_step] = even_a + odd_a;
  m[2 * m_step] = even_a - odd_a;
  m[3 * m_step] = even_b + odd_b;
  m[4 * m_step] = even_b - odd_b;
  m[5 * m_step] = y3;
}

/// The factors 1 / (the product of the differences of a point and the others) in G.
///@{
inline constexpr float at_0 = 1 / (a2 * b2);
inline constexpr float at_a = 1 / (2 * a2 * (a2 - b2));
inline constexpr float at_b = 1 / (2 * b2 * (b2 - a2));
///@}

/// Writes G g, six elements, for three elements g.
template <class V>
void weight_line(const V* g, std::size_t step, V* u, std::size_t u_step) {
  const V g0 = g[0], g1 = g[step], g2 = g[2 * step];
  const V even_a = at_a * (g0 + a2 * g2), odd_a = at_a * a * g1;
  const V even_b = at_b * (g0 + b2 * g2), odd_b = at_b * b * g1;
  u[0] = at_0 * g0;
  u[u_step] = even_a + odd_a;
  u[2 * u_step] = even_a - odd_a;
  u[3 * u_step] = even_b + odd_b;
  u[4 * u_step] = even_b - odd_b;
  u[5 * u_step] = g2;
}

/// Writes G^T u, three elements, for six elements u.
template <class V>
void weight_gradient_line(const V* u, std::size_t step, V* g, std::size_t g_step) {
  const V even_a = at_a * (u[step] + u[2 * step]), odd_a = at_a * (u[step] - u[2 * step]);
  const V even_b = at_b * (u[3 * step] + u[4 * step]), odd_b = at_b * (u[3 * step] - u[4 * step]);
  g[0] = at_0 * u[0] + even_a + even_b;
  g[g_step] = a * odd_a + b * odd_b;
  g[2 * g_step] = a2 * even_a + b2 * even_b + u[5 * step];
}

}  // namespace xtape::winograd
