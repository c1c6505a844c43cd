#include "examples/cli/config.hpp"

#include "examples/cli/validators.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

/// Flags of each kind.
struct Flags {
  CLI::App app{"", "fuzz"};
  std::vector<std::size_t> hidden;
  std::uint64_t seed = 0;
  double rate = 0;
  bool json = false, standardize = false;
  std::string save, data, optimizer;

  Flags() {
    app.option_defaults()->take_last();
    app.add_option("--hidden", hidden)
        ->type_name("NUMBERS")
        ->take_all()
        ->delimiter(',')
        ->transform(cli::whole(1, 100000));
    app.add_option("--seed", seed)->type_name("NUMBER")->transform(cli::whole(0, 1u << 31));
    app.add_option("--rate", rate)->type_name("NUMBER")->check(cli::finite());
    app.add_flag("--json", json);
    app.add_flag("--standardize,!--no-standardize", standardize);
    cli::takes_file(app.add_option("--save", save));
    cli::takes_folder(app.add_option("--data", data));
    app.add_option("--optimizer", optimizer)->type_name("NAME")->check(cli::one_of({"a", "b"}));
  }

  bool operator==(const Flags& other) const {
    return hidden == other.hidden && seed == other.seed && rate == other.rate &&
           json == other.json && standardize == other.standardize && save == other.save &&
           data == other.data && optimizer == other.optimizer;
  }

  /// The command line that says the same.
  std::vector<std::string> arguments() const {
    std::vector<std::string> all;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& value : option->results()) {
        if (option->get_expected_max() == 0) {
          all.push_back(option->get_name() + '=' + value);
        } else {
          all.insert(all.end(), {option->get_name(), value});
        }
      }
    }
    return all;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = fuzz::input_file(data, size);
  Flags flags;
  if (!fuzz::accepts(path, [&] { cli::read_config(flags.app, path.string()); })) {
    return 0;
  }
  const auto is_size = [](std::size_t each) { return 1 <= each && each <= 100000; };
  fuzz::expect(std::all_of(flags.hidden.begin(), flags.hidden.end(), is_size),
               "values are in their range");
  fuzz::expect(flags.save.find('\0') == std::string::npos, "a name ends where it ends");
  std::vector<std::string> arguments = flags.arguments();
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes the last one first
  Flags again;
  again.app.parse(std::move(arguments));
  fuzz::expect(again == flags, "the command line means the same");
  return 0;
}
