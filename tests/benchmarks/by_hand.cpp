// The gradients of GradBench's problems and of two recurrences, written by hand: plain loops over plain
// arrays, forward and backward, least indices first. Each returns the value.
#include <algorithm>
#include <cmath>
#include <vector>

using std::exp;
using std::log;
using std::tanh;
using std::vector;
typedef const double *in;
typedef double *out;

static double log_sum_exp_of(int n, in x, out share) {
  double most = *std::max_element(x, x + n), sum = 0;
  for (int i = 0; i < n; i++) sum += share[i] = exp(x[i] - most);
  for (int i = 0; i < n; i++) share[i] /= sum;
  return most + log(sum);
}

extern "C" double log_sum_exp(int n, in x, out by_x) { return log_sum_exp_of(n, x, by_x); }

extern "C" double k_means(int n, int k, int d, in c, in x, out by_c) {
  std::fill(by_c, by_c + k * d, 0.0);
  double cost = 0;
  for (int p = 0; p < n; p++) {
    double least = INFINITY;
    int nearest = 0;
    for (int j = 0; j < k; j++) {
      double far = 0;
      for (int i = 0; i < d; i++) {
        double apart = c[j * d + i] - x[p * d + i];
        far += apart * apart;
      }
      if (far < least) least = far, nearest = j;
    }
    cost += least;
    for (int i = 0; i < d; i++)
      by_c[nearest * d + i] += 2 * (c[nearest * d + i] - x[p * d + i]);
  }
  return cost;
}

extern "C" double gaussian_mixture(int n, int d, int k, double unit, in alpha, in mu, in q, in l, in x,
                                   out by_alpha, out by_mu, out by_q, out by_l) {
  vector<double> diagonal(k * d), scale(k), apart(k * d), u(k * d), t(k), share(k);
  double value = k * unit - n * d * 0.5 * log(2 * M_PI);
  for (int c = 0; c < k; c++)
    for (int i = 0; i < d; i++) {
      double e = diagonal[c * d + i] = exp(q[c * d + i]);
      scale[c] += q[c * d + i];
      value -= 0.5 * e * e;
      by_q[c * d + i] = -e * e;
      by_mu[c * d + i] = 0;
      for (int j = 0; j < d; j++) {
        double below = j < i ? l[(c * d + i) * d + j] : 0;
        value -= 0.5 * below * below;
        by_l[(c * d + i) * d + j] = -below;
      }
    }
  value -= n * log_sum_exp_of(k, alpha, by_alpha);
  for (int c = 0; c < k; c++) by_alpha[c] *= -n;
  for (int p = 0; p < n; p++) {
    for (int c = 0; c < k; c++) {
      double squares = 0;
      for (int i = 0; i < d; i++) apart[c * d + i] = x[p * d + i] - mu[c * d + i];
      for (int i = 0; i < d; i++) {
        double sum = diagonal[c * d + i] * apart[c * d + i];
        for (int j = 0; j < i; j++) sum += l[(c * d + i) * d + j] * apart[c * d + j];
        u[c * d + i] = sum;
        squares += sum * sum;
      }
      t[c] = alpha[c] + scale[c] - 0.5 * squares;
    }
    value += log_sum_exp_of(k, t.data(), share.data());
    for (int c = 0; c < k; c++) {
      by_alpha[c] += share[c];
      for (int i = 0; i < d; i++) {
        double by_u = -share[c] * u[c * d + i];
        by_q[c * d + i] += share[c] + by_u * diagonal[c * d + i] * apart[c * d + i];
        by_mu[c * d + i] -= by_u * diagonal[c * d + i];
        for (int j = 0; j < i; j++) {
          by_l[(c * d + i) * d + j] += by_u * apart[c * d + j];
          by_mu[c * d + j] -= by_u * l[(c * d + i) * d + j];
        }
      }
    }
  }
  return value;
}

extern "C" double polynomial(int n, int m, in x, out by_x) {
  std::fill(by_x, by_x + m, 0.0);
  double value = 0;
  for (int i = 0; i < n; i++) {
    double t = -1 + i * 2.0 / (n - 1), sum = 0, power = 1;
    for (int j = m - 1; j >= 0; j--) sum = x[j] + t * sum;
    double off = (t > 0) - (t < 0) - sum;
    value += 0.5 * off * off;
    for (int j = 0; j < m; j++, power *= t) by_x[j] -= off * power;
  }
  return value;
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

// weights: wf wi wo wc bf bi bo bc, each layers*bits, then win wout bout, each bits; the slopes alike.
// start: h, then c. text: n characters.
extern "C" double lstm(int layers, int n, int bits, in weights, in start, in text, out by) {
  int size = layers * bits, steps = n - 1;
  in wf = weights, wi = wf + size, wo = wi + size, wc = wo + size, bf = wc + size, bi = bf + size,
     bo = bi + size, bc = bo + size, win = bc + size, wout = win + bits, bout = wout + bits;
  std::fill(by, by + 8 * size + 3 * bits, 0.0);
  out by_win = by + 8 * size, by_wout = by_win + bits, by_bout = by_wout + bits;
  // of every step t + 1; h and c have the start as well
  vector<double> h((steps + 1) * size), c((steps + 1) * size), f(steps * size), g(steps * size),
      o(steps * size), w(steps * size), th(steps * size), y(steps * bits), input(bits);
  std::copy(start, start + size, h.begin());
  std::copy(start + size, start + 2 * size, c.begin());
  double total = 0;
  for (int t = 0; t < steps; t++) {
    for (int i = 0; i < bits; i++) input[i] = text[t * bits + i] * win[i];
    in below = input.data();
    for (int r = 0; r < layers; r++) {
      for (int i = 0; i < bits; i++) {
        int p = r * bits + i, at = t * size + p;
        f[at] = sigmoid(below[i] * wf[p] + bf[p]);
        g[at] = sigmoid(h[at] * wi[p] + bi[p]);
        o[at] = sigmoid(below[i] * wo[p] + bo[p]);
        w[at] = tanh(h[at] * wc[p] + bc[p]);
        c[at + size] = c[at] * f[at] + g[at] * w[at];
        th[at] = tanh(c[at + size]);
        h[at + size] = o[at] * th[at];
      }
      below = &h[(t + 1) * size + r * bits];
    }
    double sum = 2;
    for (int i = 0; i < bits; i++) sum += exp(y[t * bits + i] = below[i] * wout[i] + bout[i]);
    double all = log(sum);
    for (int i = 0; i < bits; i++) total += text[(t + 1) * bits + i] * (y[t * bits + i] - all);
  }
  vector<double> by_h(size), by_c(size), above(bits);
  for (int t = steps - 1; t >= 0; t--) {
    double sum = 2, ones = 0;
    for (int i = 0; i < bits; i++) sum += exp(y[t * bits + i]), ones += text[(t + 1) * bits + i];
    in top = &h[(t + 1) * size + (layers - 1) * bits];
    for (int i = 0; i < bits; i++) {
      double by_y = (ones * exp(y[t * bits + i]) / sum - text[(t + 1) * bits + i]) / (steps * bits);
      by_wout[i] += by_y * top[i];
      by_bout[i] += by_y;
      above[i] = by_y * wout[i];
    }
    for (int r = layers - 1; r >= 0; r--)
      for (int i = 0; i < bits; i++) {
        int p = r * bits + i, at = t * size + p;
        double below = r ? h[at + size - bits] : text[t * bits + i] * win[i];
        double own = by_h[p] + above[i], cell = by_c[p] + own * o[at] * (1 - th[at] * th[at]);
        double by_f = cell * c[at] * f[at] * (1 - f[at]), by_o = own * th[at] * o[at] * (1 - o[at]);
        double by_g = cell * w[at] * g[at] * (1 - g[at]), by_w = cell * g[at] * (1 - w[at] * w[at]);
        out slope = by + p;
        slope[0] += by_f * below, slope[size] += by_g * h[at];
        slope[2 * size] += by_o * below, slope[3 * size] += by_w * h[at];
        slope[4 * size] += by_f, slope[5 * size] += by_g;
        slope[6 * size] += by_o, slope[7 * size] += by_w;
        by_c[p] = cell * f[at];
        by_h[p] = by_g * wi[p] + by_w * wc[p];
        above[i] = by_f * wf[p] + by_o * wo[p];
        if (r == 0) by_win[i] += above[i] * text[t * bits + i];
      }
  }
  return -total / (steps * bits);
}

// x[t+1] = a*x[t] + b, and x[t+1] = x[t] + a*sin(x[t]) + b; the slopes by x[0], a and b
extern "C" double recurrence(int n, int sine, double x0, double a, double b, out by) {
  vector<double> x(n + 1), back(n + 1);
  x[0] = x0;
  for (int t = 0; t < n; t++) x[t + 1] = sine ? x[t] + a * std::sin(x[t]) + b : a * x[t] + b;
  double by_a = 0, by_b = 0;
  back[n] = 1;
  for (int t = n - 1; t >= 0; t--) {
    by_a += back[t + 1] * (sine ? std::sin(x[t]) : x[t]);
    by_b += back[t + 1];
    back[t] = back[t + 1] * (sine ? 1 + a * std::cos(x[t]) : a);
  }
  by[0] = back[0], by[1] = by_a, by[2] = by_b;
  return x[n];
}
