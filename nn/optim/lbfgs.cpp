#include "nn/optim/lbfgs.hpp"

#include <cmath>
#include <deque>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "nn/optim/line_search.hpp"

namespace xtape::nn::detail {

void require_sound(const LBFGSOptions& options) {
  const auto above_0 = [](const char* name, std::size_t value) {
    require<ValueError>(value > 0, "LBFGS: expected a {} above 0, got 0", name);
  };
  const auto tolerance = [](const char* name, double value) {
    require<ValueError>(value >= 0, "LBFGS: expected a {} of at least 0, got {}", name, value);
  };
  above_0("max_iterations", options.max_iterations);
  above_0("history", options.history);
  above_0("max_line_evaluations", options.max_line_evaluations);
  tolerance("gradient_tolerance", options.gradient_tolerance);
  tolerance("value_tolerance", options.value_tolerance);
}

namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// Computes a += factor b.
void add(Vector& a, double factor, const Vector& b) {
  std::transform(a.begin(), a.end(), b.begin(), a.begin(),
                 [=](double x, double y) { return x + factor * y; });
}

Vector difference(const Vector& a, const Vector& b) {
  Vector result = a;
  add(result, -1, b);
  return result;
}

/// The last steps, and how the gradient changed along each.
class Memory {
 public:
  explicit Memory(std::size_t capacity) : capacity_(capacity) {}

  bool empty() const { return pairs_.empty(); }
  void clear() { pairs_.clear(); }

  /// Adds a step, unless the gradient did not rise along it.
  void add_step(Vector step, Vector change) {
    const double curvature = dot(step, change);
    if (curvature > std::numeric_limits<double>::epsilon() * dot(change, change)) {
      pairs_.push_back({std::move(step), std::move(change), curvature});
      if (pairs_.size() > capacity_) {
        pairs_.pop_front();
      }
    }
  }

  /// Returns -H gradient, where H is the inverse of the Hessian as far as the steps tell it.
  Vector direction(const Vector& gradient) const {
    Vector result = gradient, factors(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      factors[i] = dot(pairs_[i].step, result) / pairs_[i].curvature;
      add(result, -factors[i], pairs_[i].change);
    }
    const double scale =
        empty() ? 1 : pairs_.back().curvature / dot(pairs_.back().change, pairs_.back().change);
    for (double& element : result) {
      element *= -scale;
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const double back = dot(pairs_[i].change, result) / pairs_[i].curvature;
      add(result, -factors[i] - back, pairs_[i].step);
    }
    return result;
  }

 private:
  struct Pair {
    Vector step, change;
    double curvature;
  };
  std::size_t capacity_;
  std::deque<Pair> pairs_;
};

double greatest(const Vector& gradient) {
  double result = 0;
  for (const double slope : gradient) {
    if (std::isnan(slope)) {
      return slope;  // std::max would pass over it, and the search would count as converged
    }
    result = std::max(result, std::abs(slope));
  }
  return result;
}

/// A minimisation in progress.
class Descent {
 public:
  Descent(const LBFGSOptions& options, const Objective& objective, Vector& point)
      : options_(options), objective_(objective), point_(point), memory_(options.history) {
    gradient_.resize(point.size());
    found_.loss = objective_(point_, gradient_);
    found_.evaluations = 1;
    require<ValueError>(std::isfinite(found_.loss), "LBFGS: the loss is {} at the first point",
                        found_.loss);
  }

  Minimum run() {
    while (!stops()) {
      if (!advance()) {
        found_.stop = Stop::line_search;
        break;
      }
    }
    return found_;
  }

 private:
  bool stops() {
    found_.greatest_slope = greatest(gradient_);
    const double size = std::max({std::abs(before_), std::abs(found_.loss), 1.0});
    if (found_.greatest_slope <= options_.gradient_tolerance) {
      found_.stop = Stop::gradient;
    } else if (found_.iterations > 0 && before_ - found_.loss <= options_.value_tolerance * size) {
      found_.stop = Stop::value;
    } else if (found_.iterations == options_.max_iterations) {
      found_.stop = Stop::iterations;
    } else {
      return false;
    }
    return true;
  }

  /// Makes a step. If the remembered steps lead nowhere, it forgets them and tries the gradient.
  bool advance() {
    const Vector direction = memory_.direction(gradient_);
    if (search(direction)) {
      return true;
    }
    if (memory_.empty()) {
      return false;
    }
    memory_.clear();
    return search(memory_.direction(gradient_));
  }

  bool search(const Vector& direction) {
    const double slope = dot(gradient_, direction);
    if (!(slope < 0)) {
      return false;
    }
    Vector point, gradient(point_.size());
    const auto line = [&](double step) {
      point = point_;
      add(point, step, direction);
      const double value = objective_(point, gradient);
      ++found_.evaluations;
      last_ = step;
      return LinePoint{step, value, dot(gradient, direction)};
    };
    const double first = memory_.empty() ? std::min(1.0, 1 / std::sqrt(-slope)) : 1;
    const auto best =
        strong_wolfe(line, {0, found_.loss, slope}, first, options_.max_line_evaluations);
    if (!best) {
      return false;
    }
    if (best->step != last_) {
      line(best->step);
    }
    memory_.add_step(difference(point, point_), difference(gradient, gradient_));
    point_ = std::move(point);
    gradient_ = std::move(gradient);
    before_ = std::exchange(found_.loss, best->value);
    ++found_.iterations;
    return true;
  }

  const LBFGSOptions& options_;
  const Objective& objective_;
  Vector& point_;
  Vector gradient_;
  Memory memory_;
  Minimum found_;
  double before_ = 0;  // the loss before the last step
  double last_ = 0;    // step that was evaluated
};

}  // namespace

Minimum minimize(const LBFGSOptions& options, const Objective& objective,
                 std::vector<double>& point) {
  return Descent(options, objective, point).run();
}

}  // namespace xtape::nn::detail
