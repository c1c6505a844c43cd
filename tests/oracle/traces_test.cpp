#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "autograd/ops/ops.hpp"
#include "nn/layers/linear.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/rmsprop.hpp"
#include "nn/optim/schedule.hpp"
#include "nn/optim/sgd.hpp"
#include "tests/oracle/cases.hpp"
#include "tests/support/catch.hpp"

namespace xtape {
namespace {

using nlohmann::json;
using oracle::array_from;

constexpr double tolerance = 1e-10;

struct Network {
  explicit Network(Rng rng) : hidden(5, 7, rng), output(7, 3, rng) {}

  Variable<double> operator()(Variable<double> x, const std::string& activation) const {
    const Variable<double> h = hidden(x);
    return output(activation == "tanh" ? tanh(h) : sigmoid(h));
  }
  static void visit(auto& self, auto&& f) { f("hidden", self.hidden), f("output", self.output); }

  nn::Linear<double> hidden, output;
};

std::vector<Array<double>*> parameters_of(Network& network) {
  return {&network.hidden.weight, &network.hidden.bias, &network.output.weight,
          &network.output.bias};
}

Variable<double> loss_of(Variable<double> y, const json& trace, const json& training) {
  const Reduction reduction = trace["reduction"] == "mean" ? Reduction::mean : Reduction::sum;
  if (trace["loss"] == "cross_entropy") {
    return softmax_cross_entropy(y, training["labels"].get<std::vector<int>>(), reduction);
  }
  const Variable<double> targets = y.tape().constant(array_from(training["targets"]));
  return trace["loss"] == "mse" ? mse(y, targets, reduction)
                                : softmax_cross_entropy(y, targets, reduction);
}

/// The schedules as traces.py sets them up, for a learning rate of 0.5.
nn::Schedule schedule_of(const std::string& name) {
  const std::map<std::string, nn::Schedule> all = {
      {"constant", nn::constant(0.5)},
      {"step_decay", nn::step_decay(0.5, 7, 0.5)},
      {"linear_decay", nn::linear_decay(0.5, 30, 0.05)},
      {"cosine_decay", nn::cosine_decay(0.5, 50, 0.05)},
      {"cosine_decay_short", nn::cosine_decay(0.5, 20)},
      {"warm_up", nn::warm_up(10, nn::cosine_decay(0.5, 40))}};
  return all.at(name);
}

/// Makes the steps of a trace and checks the loss before each, and the parameters after the last.
template <class Optimizer>
void follow(Optimizer optimizer, const json& trace) {
  const json& training = oracle::read("traces.json").at("training");
  Network network{Rng(1)};
  const auto parameters = parameters_of(network);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    *parameters[i] = array_from(training["parameters"].at(i));
  }
  const Array<double> x = array_from(training["x"]);
  if (trace.contains("schedule")) {
    optimizer.options.learning_rate = schedule_of(trace["schedule"]);
  }
  Tape<double> tape;
  REQUIRE(trace["losses"].size() == 50);
  for (std::size_t step = 0; step < 50; ++step) {
    INFO("step " << step);
    tape.rewind();
    const auto loss = loss_of(network(tape.constant(x), trace["activation"]), trace, training);
    CHECK(loss.item() == Approx(trace["losses"][step].get<double>()).epsilon(tolerance));
    tape.backward(loss);
    if (trace.contains("schedule")) {
      // Of 0.5: where a rate comes down to 0, the recursion that PyTorch uses leaves rounding.
      const double rate = trace["rates"][step];
      CHECK(std::abs(optimizer.learning_rate() - rate) <= 0.5 * 1e-12);
    }
    if (trace.contains("max_norm")) {
      const double norm = nn::clip_grad_norm(network, tape, trace["max_norm"]);
      CHECK(norm == Approx(trace["norms"][step].get<double>()).epsilon(tolerance));
    }
    optimizer.step(network, tape);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    INFO("parameter " << i);
    const Array<double> wanted = array_from(trace["parameters"].at(i));
    CHECK(oracle::difference(*parameters[i], wanted, tolerance, false) == "");
  }
}

/// The options that `made` and PyTorch share, under xtape's names.
nn::AdamOptions adam_options(const json& made) {
  nn::AdamOptions options;
  options.learning_rate = made.value("lr", 1e-3);
  options.epsilon = made.value("eps", options.epsilon);
  if (made.contains("weight_decay")) {
    options.weight_decay = made["weight_decay"].get<double>();
  }
  if (made.contains("betas")) {
    options.beta1 = made["betas"][0];
    options.beta2 = made["betas"][1];
  }
  return options;
}

nn::RMSpropOptions rmsprop_options(const json& made) {
  return {.learning_rate = made.value("lr", 0.01),
          .alpha = made.value("alpha", 0.99),
          .epsilon = made.value("eps", 1e-8),
          .momentum = made.value("momentum", 0.0),
          .centered = made.value("centered", false),
          .weight_decay = made.value("weight_decay", 0.0)};
}

nn::SGDOptions sgd_options(const json& made) {
  return {.learning_rate = made.at("lr").get<double>(),
          .momentum = made.value("momentum", 0.0),
          .nesterov = made.value("nesterov", false),
          .weight_decay = made.value("weight_decay", 0.0)};
}

}  // namespace

TEST_CASE("oracle: fifty steps of training go as in PyTorch") {
  CHECK(oracle::read("traces.json").at("traces").size() > 20);
  for (const json& trace : oracle::read("traces.json").at("traces")) {
    DYNAMIC_SECTION(trace["name"].get<std::string>()) {
      const json& made = trace["options"];
      if (trace["optimizer"] == "SGD") {
        follow(nn::SGD<double>(sgd_options(made)), trace);
      } else if (trace["optimizer"] == "RMSprop") {
        follow(nn::RMSprop<double>(rmsprop_options(made)), trace);
      } else if (trace["optimizer"] == "Adam") {
        follow(nn::Adam<double>(adam_options(made)), trace);
      } else {
        REQUIRE(trace["optimizer"] == "AdamW");
        follow(nn::AdamW<double>(adam_options(made)), trace);
      }
    }
  }
}

}  // namespace xtape
