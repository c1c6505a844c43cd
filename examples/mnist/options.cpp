#include "examples/mnist/options.hpp"

#include <fmt/ranges.h>  // fmt::join

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <map>
#include <sstream>

#include "examples/mnist/output.hpp"
#include "tensor/version.hpp"

namespace mnist {
namespace {

/// The tutorial's own: small normal weights and plain gradient descent.
Recipe post_recipe() {
  Recipe recipe;
  recipe.initial_deviation = 0.01;
  recipe.epochs = 10;
  recipe.learning_rate = 0.01;
  recipe.momentum = 0;
  recipe.decay = false;
  return recipe;
}

const std::map<std::string, Recipe>& recipes() {
  static const std::map<std::string, Recipe> all{{"default", Recipe{}}, {"post", post_recipe()}};
  return all;
}

std::string expected(const std::string& wanted, const std::string& got) {
  return fmt::format("expected {}, got {}", wanted, got.empty() ? "nothing" : got);
}

/// Lets nothing but decimal digits pass. Takes away leading zeros, which mean octal to CLI11.
CLI::Validator whole(std::uint64_t min, std::uint64_t max, const std::string& wanted) {
  const auto check = [=](std::string& text) {
    const char* const end = text.data() + text.size();
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end || number < min || number > max) {
      return expected(wanted, text);
    }
    text = fmt::format("{}", number);
    return std::string();
  };
  return {check, ""};
}

CLI::Validator whole(std::uint64_t min, std::uint64_t max) {
  return whole(min, max, fmt::format("a whole number from {} to {}", min, max));
}

/// Lets numbers from 0 to below `limit` pass.
CLI::Validator real_below(double limit, const std::string& wanted) {
  const auto check = [=](const std::string& text) {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    const bool all = !text.empty() && end == text.c_str() + text.size();
    return all && number >= 0 && number < limit ? std::string() : expected(wanted, text);
  };
  return {check, ""};
}

CLI::Validator one_of(const std::vector<std::string>& choices) {
  const auto check = [=](const std::string& text) {
    const bool known = std::find(choices.begin(), choices.end(), text) != choices.end();
    return known ? std::string()
                 : expected(fmt::format("one of {}", fmt::join(choices, ", ")), text);
  };
  return {check, ""};
}

/// The flags that change one ingredient of the recipe. Their variables start as the recipe has
/// them.
void add_recipe_flags(CLI::App& app, Recipe& recipe) {
  app.add_option("--epochs", recipe.epochs, "Passes over the training images")
      ->type_name("NUMBER")
      ->transform(whole(1, 1000000));
  app.add_option("--batch-size", recipe.batch_size, "Images per step")
      ->type_name("NUMBER")
      ->transform(whole(1, 1000000));
  app.add_option("--hidden", recipe.hidden, "Sizes of the hidden layers, as in 512,256")
      ->type_name("NUMBERS")
      ->delimiter(',')
      ->transform(whole(1, 100000, "whole numbers from 1 to 100000 such as 512,256"));
  app.add_option("--activation", recipe.activation,
                 "What follows each hidden layer: sigmoid, tanh, relu, leaky_relu or gelu")
      ->type_name("NAME")
      ->check(one_of({"sigmoid", "tanh", "relu", "leaky_relu", "gelu"}));
  app.add_option("--learning-rate", recipe.learning_rate, "Step size of gradient descent")
      ->type_name("NUMBER")
      ->check(real_below(std::numeric_limits<double>::infinity(), "a finite number of at least 0"));
  app.add_option("--momentum", recipe.momentum, "Part of the last step that is kept, in [0, 1)")
      ->type_name("NUMBER")
      ->check(real_below(1, "a number in [0, 1)"));
}

void add_flags(CLI::App& app, Options& options) {
  app.add_option("--data", options.data,
                 "Folder of the four MNIST files, raw or gzipped; default: $XTAPE_DATA_DIR, else\n"
                 "$XDG_CACHE_HOME/xtape/mnist or ~/.cache/xtape/mnist")
      ->type_name("FOLDER");
  app.add_option("--recipe", options.recipe_name,
                 "What the other flags start from: default, or post (the tutorial's own)")
      ->type_name("NAME")
      ->check(one_of({"default", "post"}));
  add_recipe_flags(app, options.recipe);
  app.add_option("--seed", options.seed, "Seed of the first weights and of the order of images")
      ->type_name("NUMBER")
      ->transform(whole(0, std::numeric_limits<std::uint64_t>::max()));
  app.add_option("--threads", options.threads, "Threads to compute with")
      ->type_name("NUMBER")
      ->default_str("all cores")
      ->transform(whole(1, 256));
  app.add_flag("--check-gradients", options.check_gradients_only,
               "Only check the gradients; exit status 1 when they disagree");
}

[[noreturn]] void refuse(const std::string& message) {
  fmt::print(stderr, "mnist: {}\n", message);
  std::exit(2);
}

/// Parses into `options`, whose recipe serves as the default of each flag.
void parse(int argc, const char* const* argv, Options& options) {
  CLI::App app{"Trains a small neural network to read handwritten digits.", "mnist"};
  app.option_defaults()->always_capture_default();
  app.set_version_flag("--version", std::string("mnist (xtape ") + xtape::version() + ")");
  add_flags(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    std::ostringstream text;
    app.exit(request, text);
    fmt::print("{}", text.str());
    flush_output();
    std::exit(0);
  } catch (const CLI::ExtrasError&) {
    refuse(fmt::format("{}: unknown; mnist --help lists the flags", app.remaining().front()));
  } catch (const CLI::ParseError& error) {
    refuse(error.what());
  }
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  Options named;
  parse(argc, argv, named);  // to learn the recipe, from which the second reading starts
  Options options;
  options.recipe = recipes().at(named.recipe_name);
  parse(argc, argv, options);
  return options;
}

}  // namespace mnist
