// Learns the column "class" of a CSV file from all others, which are numbers.
#include <cstdio>
#include <filesystem>
#include <nn/report/report.hpp>
#include <xtape.hpp>

namespace nn = xtape::nn;

int train(const std::filesystem::path& file, const std::filesystem::path& folder) {
  xtape::Rng rng{42};
  const nn::CsvData table = nn::read_csv(file, {.classes = "class"});
  const nn::Dataset rows = nn::shuffled(table.data, rng);
  const auto [train, validation] = nn::split(rows, rows.size() / 5);
  nn::Sequential model{nn::Standardize(train), nn::Linear(table.feature_names.size(), 32, rng),
                       nn::Tanh{}, nn::Linear(32, table.class_names.size(), rng)};
  nn::Adam adam({.learning_rate = 0.01});

  const nn::Fit fit = nn::fit(model, nn::SoftmaxCrossEntropy{}, adam, train, validation,
                              {.epochs = 100, .folder = folder, .resume = true, .early_stop = 10});
  if (fit.signal != 0) return 128 + fit.signal;  // the next start resumes

  xtape::Tape tape;
  const nn::ConfusionMatrix matrix = nn::evaluate(model, validation, tape);
  nn::save_weights(folder / "model.safetensors", model);
  nn::Report page("Classes of " + file.filename().string());
  page.add(nn::curves(fit.history));
  page.add(nn::confusion(matrix, table.class_names));
  page.write(folder / "report");
  std::printf("accuracy %.2f %% after %zu epochs, report in %s\n", 100 * matrix.accuracy(),
              fit.history.epochs().size(), (folder / "report").c_str());
  return 0;
}

int main(int argc, char** argv) try {
  return argc == 3 ? train(argv[1], argv[2]) : (std::puts("usage: 08_table FILE.csv FOLDER"), 2);
} catch (const xtape::Error& error) {
  std::fprintf(stderr, "08_table: %s\n", error.what());
  return 1;
}
