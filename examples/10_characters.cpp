#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>
#include <xtape.hpp>

namespace nn = xtape::nn;
namespace fs = std::filesystem;
using Caches = std::vector<nn::KeyValueCache<float>>;
constexpr std::size_t window = 128;  // the characters that the model sees at once

/// A text as numbers: the places of its characters in the alphabet. A character is a byte.
struct Text {
  std::string alphabet;
  std::vector<int> characters;

  explicit Text(const std::string& text) {
    for (const char each : std::set<char>(text.begin(), text.end())) alphabet += each;
    for (const char each : text) characters.push_back(static_cast<int>(alphabet.find(each)));
  }

  /// Returns a window every `stride` characters of [begin, end), and the characters that follow.
  nn::Dataset windows(std::size_t begin, std::size_t end, std::size_t stride) const {
    std::vector<int> inputs, targets;
    for (std::size_t i = begin; i + window < end; i += stride) {
      const auto first = characters.begin() + static_cast<std::ptrdiff_t>(i);
      inputs.insert(inputs.end(), first, first + window);
      targets.insert(targets.end(), first + 1, first + window + 1);
    }
    return {nn::Samples(std::move(inputs), {window}), nn::Samples(std::move(targets), {window})};
  }
};

/// A causal transformer that predicts the next character of a text.
struct Model {
  nn::Embedding<float> letters;
  nn::LearnedPositions<float> positions;
  std::vector<nn::TransformerBlock<float>> blocks;
  nn::LayerNorm<float> norm;
  nn::Linear<float> output;

  Model(std::size_t alphabet, std::size_t width, std::size_t depth, xtape::Rng& rng)
      : letters(alphabet, width, rng, nn::Normal{0.02}),
        positions(window, width, rng),
        norm(width),
        output(width, alphabet, rng) {
    const nn::TransformerOptions options{.causal = true, .norm_first = true, .dropout = 0.1};
    while (blocks.size() < depth) blocks.emplace_back(width, 4, rng, options);
  }
  static void visit(auto& self, auto&& f) {
    f("letters", self.letters), f("positions", self.positions), f("blocks", self.blocks);
    f("norm", self.norm), f("output", self.output);
  }

  /// Returns the logits of the next characters, as (batch * time, alphabet), for texts (batch,
  /// time). With caches, the texts continue those that the caches have seen.
  xtape::Variable<float> operator()(xtape::Variable<float> text, Caches* caches = nullptr) const {
    auto x = positions(letters(text), caches == nullptr ? 0 : caches->at(0).steps());
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      x = caches == nullptr ? blocks[i](x) : blocks[i](x, caches->at(i));
    }
    return output(reshape(norm(x), {-1, static_cast<std::ptrdiff_t>(x.shape()[2])}));
  }
};

/// Returns the mean of the loss in nats over the characters of the windows.
double loss_on(const Model& model, const nn::Dataset& windows, xtape::Tape<float>& tape) {
  const xtape::NoGrad guard{tape};
  double sum = 0;
  for (const auto& batch : nn::Batches(windows, 32)) {
    tape.rewind();
    const auto loss = nn::SoftmaxCrossEntropy{}(model(tape.constant(batch.inputs)), batch.targets);
    sum += loss.item() * static_cast<double>(batch.size());
  }
  return sum / static_cast<double>(windows.size());
}

/// Returns `length` characters that the model writes behind a beginning. When the model has seen as
/// many as it can, it goes on behind the second half of them.
std::string write(const Model& model, const Text& text, std::vector<int> seen, std::size_t length,
                  xtape::Rng& rng) {
  xtape::Tape<float> tape;
  const xtape::NoGrad guard{tape};
  Caches caches(model.blocks.size());
  std::string written;
  std::vector<int> next = seen;
  while (written.size() < length) {
    if (seen.size() > window) {
      seen.erase(seen.begin(), seen.end() - window / 2);
      next = seen;
      caches.assign(model.blocks.size(), {});
    }
    tape.rewind();
    const auto logits = model(tape.constant(xtape::array<float>(next, {1, next.size()})), &caches);
    const auto p = softmax(select(logits, -1) / 0.8f);  // a temperature of 0.8
    double rest = rng.uniform();
    std::size_t choice = 0;
    while (choice + 1 < p.value().size() && (rest -= p.value()(choice)) >= 0) ++choice;
    next = {static_cast<int>(choice)};
    seen.push_back(next[0]);
    written += text.alphabet[choice];
  }
  return written;
}

/// Returns the text of a file, or of all files *.md below a folder.
std::string read(const fs::path& path) {
  std::set<fs::path> files;
  if (!fs::is_directory(path)) return nn::read_file(path, 100'000'000);
  for (const auto& each : fs::recursive_directory_iterator(path)) {
    if (each.path().extension() == ".md") files.insert(each.path());
  }
  std::string text;
  for (const fs::path& file : files) text += nn::read_file(file, 100'000'000);
  return text;
}

/// Learns to predict the characters of a text, by default xtape's documentation, and writes some
/// more. The last tenth of the text is not learned. Its loss tells how well the model predicts new
/// text: about 1.6 nats a character after six epochs. Arguments: a file or folder, the epochs.
int main(int argc, char** argv) try {
  const std::string path = argc > 1 ? argv[1] : "docs";
  const Text text(read(path));
  const std::size_t size = text.characters.size(), held_out = size - size / 10;
  if (size < 2000) throw xtape::DataError(path + ": expected a text of 2000 characters or more");
  xtape::Rng rng{42};
  nn::Batches batches(text.windows(0, held_out, 32), 16, rng, {.drop_last = true});
  const nn::Dataset rest = text.windows(held_out, size, window);
  Model model(text.alphabet.size(), 128, 3, rng);
  const nn::Run run{.epochs = argc > 2 ? std::stoul(argv[2]) : 6, .max_norm = 1};
  const std::size_t total = run.epochs * batches.size();
  nn::AdamW adam({.learning_rate = nn::warm_up(total / 20, nn::cosine_decay(3e-3, total))});
  const nn::SoftmaxCrossEntropy criterion;
  xtape::Tape tape;
  fmt::print("{} characters, {} different ones\n", size, text.alphabet.size());
  for (nn::Epoch& epoch : nn::Epochs(run, model, adam, tape, batches)) {
    for (const auto& batch : epoch) {
      epoch.step([&] { return criterion(model(tape.constant(batch.inputs)), batch.targets); });
    }
    epoch.end({{"held-out loss", nn::lower_is_better(loss_on(model, rest, tape))}});
  }
  const std::vector<int> beginning(text.characters.begin(), text.characters.begin() + 32);
  fmt::print("{:.2f} nats a character of held-out text\n{}\n", loss_on(model, rest, tape),
             write(model, text, beginning, 600, rng));
} catch (const std::exception& error) {
  fmt::print(stderr, "10_characters: {}\n", error.what());
  return 1;
}
