#include "examples/cli/config.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "examples/cli/options.hpp"
#include "examples/images/data.hpp"
#include "examples/mnist/recipes.hpp"
#include "examples/mnist/subject.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

/// All flags of `mnist train`, and what they are bound to.
struct Flags {
  CLI::App app{"", "mnist train"};
  images::DataOptions data{mnist::subject()};
  mnist::Recipe recipe;
  cli::TrainingOptions training;
  cli::CheckpointOptions checkpoints;
  cli::RunOptions run;
  cli::OutputOptions output;
  cli::ResultOptions kept;

  Flags() {
    app.option_defaults()->take_last();
    add_flags(app, data);
    add_flags(app, recipe);
    add_flags(app, training);
    add_flags(app, checkpoints);
    add_flags(app, run);
    add_flags(app, output);
    add_flags(app, kept);
  }

  void parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes the last one first
    app.parse(arguments);
  }

  /// What each flag has been given, in the words of the command line.
  std::map<std::string, std::vector<std::string>> results() const {
    std::map<std::string, std::vector<std::string>> all;
    for (const CLI::Option* option : app.get_options()) {
      all[option->get_name()] = option->results();
    }
    return all;
  }
};

/// What those flags are after a command line and a file.
struct Reading : Flags {
  std::string error;  ///< The message, where the file is called FILE.

  explicit Reading(const std::string& text, const std::vector<std::string>& arguments = {}) {
    const TemporaryFolder folder;
    const std::string file = folder.write("config.toml", text).string();
    parse(arguments);
    error = message_of([&] { cli::read_config(app, file); });
    if (const std::size_t at = error.find(file); at != std::string::npos) {
      error.replace(at, file.size(), "FILE");
    }
  }
};

/// Files of which the first line sets a flag, each flag once, and command lines that say the same.
const std::vector<std::pair<std::string, std::vector<std::string>>> same{
    {"dataset = 'fashion'", {"--dataset", "fashion"}},
    {"data = \"a b\"", {"--data", "a b"}},
    {"mirror = 'https://a.b/c/'", {"--mirror", "https://a.b/c/"}},
    {"offline = true", {"--offline"}},
    {"offline = false", {"--offline=false"}},
    {"timeout = 5", {"--timeout", "5"}},
    {"recipe = 'best'", {"--recipe", "best"}},
    {"filters = [8, 16]", {"--filters", "8,16"}},
    {"kernel = 3", {"--kernel", "3"}},
    {"hidden = [64, 32]", {"--hidden", "64,32"}},
    {"activation = 'gelu'", {"--activation", "gelu"}},
    {"dropout = 0.5", {"--dropout", "0.5"}},
    {"epochs = 0x10", {"--epochs", "16"}},
    {"batch-size = 1_000", {"--batch-size", "1000"}},
    {"optimizer = 'adamw'", {"--optimizer", "adamw"}},
    {"learning-rate = 1e-3", {"--learning-rate", "0.001"}},
    {"momentum = 0", {"--momentum", "0"}},
    {"weight-decay = 0.25", {"--weight-decay", "0.25"}},
    {"schedule = 'step'", {"--schedule", "step"}},
    {"warm-up = 2", {"--warm-up", "2"}},
    {"label-smoothing = 0.1", {"--label-smoothing", "0.1"}},
    {"standardize = true", {"--standardize"}},
    {"standardize = false", {"--standardize=false"}},
    {"no-standardize = true", {"--no-standardize"}},
    {"no-standardize = false", {"--no-standardize=false"}},
    {"shift = 1.5", {"--shift", "1.5"}},
    {"rotation = 10", {"--rotation", "10"}},
    {"scale = 0.125", {"--scale", "0.125"}},
    {"shear = 0.1", {"--shear", "0.1"}},
    {"elastic = 36", {"--elastic", "36"}},
    {"elastic-sigma = 3.5", {"--elastic-sigma", "3.5"}},
    {"validation = 9", {"--validation", "9"}},
    {"early-stop = 2\nvalidation = 9", {"--early-stop", "2", "--validation", "9"}},
    {"local-steps = 10", {"--local-steps", "10"}},
    {"outer-rate = 0.7\nlocal-steps = 10", {"--outer-rate", "0.7", "--local-steps", "10"}},
    {"outer-momentum = 0.9\nlocal-steps = 10", {"--outer-momentum", "0.9", "--local-steps", "10"}},
    {"checkpoints = 'run'", {"--checkpoints", "run"}},
    {"save-every = 7\ncheckpoints = 'run'", {"--save-every", "7", "--checkpoints", "run"}},
    {"keep = 1\ncheckpoints = 'run'", {"--keep", "1", "--checkpoints", "run"}},
    {"resume = true\ncheckpoints = 'run'", {"--resume", "--checkpoints", "run"}},
    {"resume = false\ncheckpoints = 'run'", {"--resume=false", "--checkpoints", "run"}},
    {"seed = 9223372036854775807", {"--seed", "9223372036854775807"}},
    {"threads = 2", {"--threads", "2"}},
    {"precision = \"bfloat16\"", {"--precision", "bfloat16"}},
    {"deterministic = true", {"--deterministic"}},
    {"deterministic = false", {"--deterministic=false"}},
    {"json = true", {"--json"}},
    {"json = false", {"--json=false"}},
    {"quiet = true", {"--quiet"}},
    {"quiet = false", {"--quiet=false"}},
    {"save = 'w'", {"--save", "w"}},
    {"report = 'r'", {"--report", "r"}},
};

const std::string none = "(nothing thrown)";

std::string error_of(const std::string& text) { return Reading(text).error; }

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

TEST_CASE("a config file may use all that TOML has for a value") {
  const Reading reading(
      "\xef\xbb\xbf"
      "hidden = [  # one layer a line\r\n"
      "  1_024,\r\n"
      "  0x10,\r\n"
      "]\r\n"
      "\"epochs\" = 7\r\n"
      "learning-rate = 1e-2\r\n"
      "momentum = 0\r\n"
      "weight-decay = +0.5\r\n"
      "data = \"a\\tb \\u00e9 \\\"c\\\"\"\r\n"
      "checkpoints = 'C:\\new'\r\n"
      "save = \"\"\"\\\r\n"
      "  one \\\r\n"
      "  line\"\"\"\r\n");
  CHECK(reading.error == none);
  CHECK((reading.recipe.hidden == std::vector<std::size_t>{1024, 16}));
  CHECK(reading.recipe.epochs == 7);
  CHECK(reading.recipe.learning_rate == 0.01);
  CHECK(reading.recipe.momentum == 0);
  CHECK(reading.recipe.weight_decay == 0.5);
  CHECK(reading.data.folder == "a\tb \xc3\xa9 \"c\"");
  CHECK(reading.checkpoints.folder == "C:\\new");
  CHECK(reading.kept.weights == "one line");
}

TEST_CASE("an empty config file sets nothing") {
  CHECK(error_of("") == none);
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

TEST_CASE("a config file may say no to a flag in two ways") {
  const auto standardized = [](const std::string& text) {
    const Reading reading(text);
    CHECK(reading.error == none);
    return reading.recipe.standardize;
  };
  CHECK_FALSE(standardized("no-standardize = true\n"));
  CHECK(standardized("no-standardize = false\n"));
  CHECK(standardized("standardize = true\n"));
  CHECK_FALSE(standardized("standardize = false\n"));
}

TEST_CASE("a config file means what the command line means, for every flag") {
  std::set<std::string> untested;  // a switch counts twice, for true and for false
  const Flags all;
  for (const CLI::Option* option : all.app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (!option->get_configurable()) continue;
      const bool is_switch = option->get_expected_max() == 0;
      untested.insert(is_switch ? name + " = true" : name);
      untested.insert(is_switch ? name + " = false" : name);
    }
  }
  for (const auto& [text, arguments] : same) {
    CAPTURE(text);
    const Reading reading(text);
    CHECK(reading.error == none);
    Flags flags;
    flags.parse(arguments);
    CHECK(reading.results() == flags.results());
    const std::string line = text.substr(0, text.find('\n'));
    CHECK(untested.erase(line) + untested.erase(line.substr(0, line.find(' '))) == 1);
  }
  CHECK(untested == std::set<std::string>{});
}

TEST_CASE("a config file with unknown keys is refused") {
  CHECK(error_of("json = true\nepoch = 3\n") ==
        "FILE: line 2: epoch: unknown; mnist train --help lists what can be set");
  CHECK(error_of("help = true\n") ==
        "FILE: line 1: help: unknown; mnist train --help lists what can be set");
  CHECK(error_of("\"\" = true\n") ==
        "FILE: line 1: : unknown; mnist train --help lists what can be set");
  CHECK(error_of("\"a\\u001b\\n\" = true\n") ==
        "FILE: line 1: a??: unknown; mnist train --help lists what can be set");
}

TEST_CASE("a config file with sections is refused") {
  CHECK(error_of("train.epochs = 3\n") == "FILE: line 1: train: expected no sections and tables");
  CHECK(error_of("\n[train]\nepochs = 3\n") ==
        "FILE: line 2: train: expected no sections and tables");
  CHECK(error_of("epochs = { a = 1 }\n") ==
        "FILE: line 1: epochs: expected no sections and tables");
  CHECK(error_of("[[hidden]]\n") == "FILE: line 1: hidden: expected a number, got a table");
}

TEST_CASE("a config file with bad values is refused, in one line that names the key") {
  CHECK(error_of("epochs = 0\n") ==
        "FILE: line 1: epochs: expected a whole number from 1 to 1000000, got 0");
  CHECK(error_of("\n\nepochs = -1\n") ==
        "FILE: line 3: epochs: expected a whole number from 1 to 1000000, got -1");
  CHECK(error_of("elastic-sigma = 0.1\n") ==
        "FILE: line 1: elastic-sigma: expected a number from 0.5 to 64, got 0.1");
  CHECK(error_of("learning-rate = nan\n") ==
        "FILE: line 1: learning-rate: expected a finite number of at least 0, got nan");
  CHECK(error_of("hidden = [\n  4,\n  0]\n").starts_with("FILE: line 1: hidden: expected whole "));
  CHECK(error_of("optimizer = \"a\\nb\"\n") ==
        "FILE: line 1: optimizer: expected one of sgd, nesterov, adam, adamw, got a?b");
}

TEST_CASE("a config file with values of another type is refused") {
  const std::string number = "expected a number, got ", text = "expected a string, got ";
  CHECK(error_of("epochs = \"3\"\n") == "FILE: line 1: epochs: " + number + "\"3\"");
  CHECK(error_of("epochs = true\n") == "FILE: line 1: epochs: " + number + "true");
  CHECK(error_of("epochs = 3.0\n") ==
        "FILE: line 1: epochs: expected a whole number from 1 to 1000000, got 3.0");
  CHECK(error_of("epochs = [1, 2]\n") == "FILE: line 1: epochs: " + number + "a list");
  CHECK(error_of("hidden = []\n") == "FILE: line 1: hidden: " + number + "an empty list");
  CHECK(error_of("hidden = [1, \"2\"]\n") == "FILE: line 1: hidden: " + number + "\"2\"");
  CHECK(error_of("hidden = [[1], 2]\n") == "FILE: line 1: hidden: " + number + "a list");
  CHECK(error_of("save = 2024-02-29\n") == "FILE: line 1: save: " + text + "a date or time");
  CHECK(error_of("save = 3\n") == "FILE: line 1: save: " + text + "3");
  CHECK(error_of("optimizer = [\"sgd\"]\n") == "FILE: line 1: optimizer: " + text + "a list");
  CHECK(error_of("json = 1\n") == "FILE: line 1: json: expected true or false, got 1");
  CHECK(error_of("json = \"true\"\n") ==
        "FILE: line 1: json: expected true or false, got \"true\"");
  CHECK(error_of("json = [true]\n") == "FILE: line 1: json: expected true or false, got a list");
}

TEST_CASE("a config file that sets a flag twice is refused") {
  CHECK(error_of("epochs = 1\nepochs = 2\n").starts_with("FILE: line 2: "));
  const std::string error = error_of("standardize = true\nno-standardize = true\n");
  CHECK(error == "FILE: line 1: standardize: set as no-standardize, too");
}

TEST_CASE("a config file that is no TOML is refused, in one line that names the place") {
  for (const std::string text :
       {"epochs =\n", "epochs = 3 4\n", "= 3\n", "hidden = [1,\n", "save = \"a\n",
        "\x7f"
        "ELF\x01\x02\n",
        "seed = 99999999999999999999\n", "\xff\xfe"}) {
    const std::string error = error_of(text);
    CAPTURE(error);
    CHECK(error.starts_with("FILE: line 1: "));
    CHECK(std::all_of(error.begin(), error.end(), [](char c) { return c >= ' ' && c != '\x7f'; }));
  }
}

TEST_CASE("a config file that nests without end, or has none itself, is refused") {
  constexpr std::size_t limit = 16384;
  for (const std::string opening : {"[", "{a=", "[{a=", "a."}) {
    std::string text = opening == "a." ? "" : "a = ";
    while (text.size() + opening.size() < limit - 2) {
      text += opening;
    }
    text += opening == "a." ? "a=1" : "";
    CAPTURE(opening);
    CHECK(error_of(text).starts_with("FILE: line 1: "));
  }
  CHECK(error_of(std::string(limit, '\n')) == none);
  CHECK(error_of(std::string(limit + 1, '\n')) == "FILE: is 16385 bytes, expected at most 16384");
}

TEST_CASE("a config file that is none is refused") {
  CLI::App app;
  CHECK_THROWS_WITH(cli::read_config(app, "/nowhere.toml"),
                    "/nowhere.toml: cannot open: No such file or directory");
  CHECK_THROWS_WITH(cli::read_config(app, "/"), "/: is a folder, expected a file");
  const TemporaryFolder folder;
  const std::string pipe = (folder / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(cli::read_config(app, pipe), pipe + ": is not a regular file, expected a file");
}
