#pragma once

#include <fmt/ranges.h>  // fmt::join
#include <CLI/CLI.hpp>

#include <algorithm>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "examples/cli/validators.hpp"
#include "tensor/error.hpp"

/// Flags of recipes. A recipe is a struct with the members `name`, `about` and `expected`, the
/// accuracy in percent. It names its ingredients in a static function, which calls f.group() with a
/// heading, and f() with each ingredient:
///
///     static void visit(auto& self, auto&& f) {
///       f.group("gradient descent");
///       f("epochs", self.epochs, "Passes over the images", cli::whole(1, 1000));
///       f("standardize", self.standardize, "Scale the pixels");  // a flag with --no-standardize
///       f("mood", text_of(self.mood));                           // an ingredient without a flag
///       f.flag("shift", self.mood.shift, ...);                   // a flag of such an ingredient
///     }

namespace cli {

/// Names of ingredients and their values, as text: "batch_size" and "64".
using Ingredients = std::vector<std::pair<std::string, std::string>>;

namespace detail {

/// Adds the flag of each ingredient.
struct AddFlag {
  CLI::App& app;

  void group(const std::string& name) const { app.option_defaults()->group("Recipe: " + name); }

  template <class T>
  void flag(const std::string& name, T& value, const char* about,
            const CLI::Validator& accepted) const {
    CLI::Option* option = app.add_option(spelled(name), value, about)->transform(accepted);
    if constexpr (std::same_as<T, std::vector<std::size_t>>) {
      option->type_name("NUMBERS")->take_all()->delimiter(',');
    } else {
      option->type_name(std::same_as<T, std::string> ? "NAME" : "NUMBER");
    }
  }

  template <class T>
  void operator()(const std::string& name, T& value, const char* about,
                  const CLI::Validator& accepted) const {
    flag(name, value, about, accepted);
  }
  void operator()(const std::string& name, bool& value, const char* about) const {
    app.add_flag(fmt::format("{0},!--no-{1}", spelled(name), name), value, about);
  }
  void operator()(const char*, const std::string&) const {}

  static std::string spelled(std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    return "--" + name;
  }
};

/// Collects the ingredients.
struct Collect {
  Ingredients& all;

  void group(const std::string&) const {}
  void flag(const auto&...) const {}
  void operator()(const char* name, const auto& value, const auto&...) const {
    all.emplace_back(name, fmt::format("{}", value));
  }
  void operator()(const char* name, const std::vector<std::size_t>& values, const auto&...) const {
    all.emplace_back(name, values.empty() ? "none" : fmt::format("{}", fmt::join(values, ",")));
  }
};

}  // namespace detail

/// Returns the names and the values of all ingredients.
template <class Recipe>
Ingredients ingredients_of(const Recipe& recipe) {
  Ingredients all;
  Recipe::visit(recipe, detail::Collect{all});
  return all;
}

/// Returns the recipe of this name. Throws ValueError if there is none.
template <class Recipe>
const Recipe& find_recipe(const std::vector<Recipe>& recipes, std::string_view name) {
  const auto found = std::find_if(recipes.begin(), recipes.end(),
                                  [&](const Recipe& recipe) { return recipe.name == name; });
  xtape::require<xtape::ValueError>(found != recipes.end(), "there is no recipe '{}'", name);
  return *found;
}

/// Adds the flag `--recipe`, which takes the name of one of `recipes`, and the flags of its
/// ingredients.
template <class Recipe>
void add_recipe_flags(CLI::App& app, Recipe& recipe, const std::vector<Recipe>& recipes) {
  std::string about = "What the flags of the recipe start from:";
  std::vector<std::string> names;
  for (const Recipe& each : recipes) {
    about += fmt::format("\n  {:8} {} %: {}", each.name, each.expected, each.about);
    names.push_back(each.name);
  }
  app.option_defaults()->group("Recipe");
  app.add_option("--recipe", recipe.name, about)->type_name("NAME")->check(one_of(names));
  Recipe::visit(recipe, detail::AddFlag{app});
}

}  // namespace cli
