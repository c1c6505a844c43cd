#include "examples/mnist/config.hpp"

#include <fstream>

#include "examples/mnist/options.hpp"
#include "examples/mnist/recipes.hpp"
#include "tests/catch.hpp"
#include "tests/temporary_folder.hpp"

namespace {

/// What an app with a recipe's flags makes of a command line and a file.
struct Reading {
  mnist::Recipe recipe;
  mnist::TrainingOptions training;
  mnist::OutputOptions output;
  std::string error;  ///< The message, where the file is called FILE.

  Reading(const std::string& text, std::vector<std::string> arguments = {}) {
    const TemporaryFolder folder;
    const std::string file = (folder.path() / "config.toml").string();
    std::ofstream(file) << text;
    CLI::App app{"", "mnist train"};
    add_flags(app, recipe);
    add_flags(app, training);
    add_flags(app, output);
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    error = message_of([&] { mnist::read_config(app, file); });
    if (const std::size_t at = error.find(file); at != std::string::npos) {
      error.replace(at, file.size(), "FILE");
    }
  }
};

const std::string none = "(nothing thrown)";

}  // namespace

TEST_CASE("a config file sets flags of every kind") {
  const Reading reading(
      "# a comment\n"
      "recipe = \"fast\"\n"
      "hidden = [512, 256]\n"
      "learning-rate = 0.25\n"
      "optimizer = 'adam'\n"
      "json = true\n"
      "quiet = false\n"
      "validation = 5000\n");
  CHECK(reading.error == none);
  CHECK(reading.recipe.name == "fast");
  CHECK((reading.recipe.hidden == std::vector<std::size_t>{512, 256}));
  CHECK(reading.recipe.learning_rate == 0.25);
  CHECK(reading.recipe.optimizer == "adam");
  CHECK(reading.output.json);
  CHECK_FALSE(reading.output.quiet);
  CHECK(reading.training.validation == 5000);
}

TEST_CASE("an empty config file sets nothing") {
  CHECK(Reading("").error == none);
  CHECK(Reading("# nothing\n\n").recipe.epochs == mnist::Recipe{}.epochs);
}

TEST_CASE("the command line overrides a config file") {
  const Reading reading("epochs = 3\nhidden = [1, 2]\nstandardize = true\n",
                        {"--epochs", "7", "--hidden", "9", "--no-standardize"});
  CHECK(reading.error == none);
  CHECK(reading.recipe.epochs == 7);
  CHECK((reading.recipe.hidden == std::vector<std::size_t>{9}));
  CHECK_FALSE(reading.recipe.standardize);
}

TEST_CASE("a config file with unknown keys is refused") {
  CHECK(Reading("epoch = 3\n").error ==
        "FILE: epoch: unknown; mnist train --help lists what can be set");
  CHECK(Reading("help = true\n").error ==
        "FILE: help: unknown; mnist train --help lists what can be set");
  CHECK(Reading("train.epochs = 3\n").error ==
        "FILE: train.epochs: unknown; mnist train --help lists what can be set");
  CHECK(Reading("[train]\nepochs = 3\n").error == "FILE: [train]: expected no sections");
  CHECK(Reading("\x7f"
                "ELF\x01\x02\n")
            .error.find("unknown") != std::string::npos);
}

TEST_CASE("a config file with bad values is refused, in one line that names the key") {
  CHECK(Reading("epochs = \"three\"\n").error ==
        "FILE: epochs: expected a whole number from 1 to 1000000, got three");
  CHECK(Reading("epochs =\n").error ==
        "FILE: epochs: expected a whole number from 1 to 1000000, got nothing");
  CHECK(Reading("json = 3\n").error == "FILE: json: expected true or false, got 3");
  CHECK(Reading("json = [true, true]\n").error == "FILE: json: expected true or false, got a list");
  CHECK(Reading("epochs = [1, 2]\n").error == "FILE: epochs: expected one value, got 2");
  CHECK(Reading("elastic-sigma = 0.1\n").error ==
        "FILE: elastic-sigma: expected a number from 0.5 to 64, got 0.1");
}

TEST_CASE("a config file that is none is refused") {
  CLI::App app;
  CHECK_THROWS_WITH(mnist::read_config(app, "/nowhere.toml"),
                    "/nowhere.toml: cannot read this file");
  CHECK_THROWS_WITH(mnist::read_config(app, "/"), "/: cannot read this file");
}
