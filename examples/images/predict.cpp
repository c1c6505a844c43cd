#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "autograd/no_grad.hpp"
#include "examples/cli/drawing.hpp"
#include "examples/cli/output.hpp"
#include "examples/cli/validators.hpp"
#include "examples/images/commands.hpp"

namespace images {
namespace {

struct PredictOptions {
  const Subject* subject;
  std::vector<std::string> images = {};
  std::string weights = {};
  bool json = false;
};

void add_flags(CLI::App& app, PredictOptions& options) {
  cli::takes_file(
      app.add_option("IMAGE", options.images,
                     fmt::format("PNG files, or FILE:NUMBER for an image of {}, counted from 0",
                                 options.subject->numbered)))
      ->take_all()
      ->type_name("")
      ->default_str("")
      ->required();
  cli::takes_file(
      app.add_option("--weights", options.weights,
                     fmt::format("What {} train --save has written", options.subject->program)))
      ->required();
  app.add_flag("--json", options.json, "A line of JSON for each image");
}

/// What a picture shows.
struct Prediction {
  std::size_t best;            ///< The class of the largest share.
  std::vector<double> shares;  ///< The probability of each class.
};

Prediction classify(const Subject& subject, const Model& model, const Picture& picture) {
  const xtape::nn::Samples& image = picture.image;
  xtape::require<xtape::DataError>(image.sample_size() == model.features(),
                                   "{}: has {} x {} pixels, but the network takes {} pixels",
                                   picture.name, image.shape()[1], image.shape()[0],
                                   model.features());
  xtape::Tape tape;
  const xtape::NoGrad guard{tape};
  const auto result = softmax(Classifier(subject, model.network)(tape.constant(image)));
  const auto& shares = result.value();
  xtape::require<xtape::DataError>(
      std::all_of(shares.begin(), shares.end(), [](float share) { return std::isfinite(share); }),
      "{}: the network's outputs are no finite numbers, its weights are too large", picture.name);
  return {xtape::argmax(shares).front(), {shares.begin(), shares.end()}};
}

void print_json(const Model& model, const Picture& picture, const Prediction& prediction) {
  using Json = nlohmann::ordered_json;
  const Json line{{"image", picture.name},
                  {"class", prediction.best},
                  {"name", model.class_names[prediction.best]},
                  {"probabilities", prediction.shares}};
  cli::print_output("{}\n", line.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// The picture, and beside it a bar for each class.
void print_drawing(const Model& model, const Picture& picture, const Prediction& prediction,
                   cli::Letters letters) {
  const auto& [best, shares] = prediction;
  cli::print_output("{}: {} ({:.1f} %)\n\n", picture.name, model.class_names[best],
                    100 * shares[best]);
  const std::vector<std::string> lines = cli::draw(picture.image, letters);
  std::size_t widest = 0;
  for (const std::string& name : model.class_names) {
    widest = std::max(widest, name.size());
  }
  for (std::size_t i = 0; i < std::max(lines.size(), shares.size() + 2); ++i) {
    const std::string blank(picture.image.shape()[1], ' ');
    std::string line = "  " + (i < lines.size() ? lines[i] : blank);
    if (i >= 2 && i - 2 < shares.size()) {
      line += fmt::format("   {:>{}}  {:5.1f} %  {}", model.class_names[i - 2], widest,
                          100 * shares[i - 2], cli::draw_bar(shares[i - 2], 24, letters));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    cli::print_output("{}\n", line);
  }
  cli::print_output("\n");
}

}  // namespace

int run_predict(const Subject& subject, const cli::Command& command,
                const cli::Arguments& arguments) {
  const auto options = cli::parse_options(command, arguments, PredictOptions{.subject = &subject});
  const Model model = subject.load_model(options.weights);
  const cli::Letters letters = cli::letters_of_stdout();
  int status = 0;
  for (const std::string& name : options.images) {
    try {
      const Picture picture = subject.read_picture(name);
      const Prediction prediction = classify(subject, model, picture);
      options.json ? print_json(model, picture, prediction)
                   : print_drawing(model, picture, prediction, letters);
    } catch (const xtape::DataError& error) {  // the others can be read nevertheless
      cli::complain(error.what());
      status = 1;
    }
    cli::flush_output();
  }
  return status;
}

}  // namespace images
