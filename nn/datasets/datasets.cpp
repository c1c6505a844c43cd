#include "nn/datasets/datasets.hpp"

#include <algorithm>

#include "nn/data/cifar.hpp"
#include "tensor/error.hpp"

namespace xtape::nn::datasets {
namespace {

/// MNIST and what imitates it have the same four files; only the content differs.
std::vector<DataFile> four_files(const char* train_images, const char* train_labels,
                                 const char* test_images, const char* test_labels) {
  return {{"train-images-idx3-ubyte", 47040016, train_images},
          {"train-labels-idx1-ubyte", 60008, train_labels},
          {"t10k-images-idx3-ubyte", 7840016, test_images},
          {"t10k-labels-idx1-ubyte", 10008, test_labels}};
}

/// LeCun, Cortes and Burges, "The MNIST database of handwritten digits"; the mirrors are those of
/// torchvision and of TensorFlow Datasets.
KnownDataset mnist() {
  return {"mnist",
          "MNIST",
          four_files("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                     "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                     "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                     "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
          {"https://ossci-datasets.s3.amazonaws.com/mnist/",
           "https://storage.googleapis.com/cvdf-datasets/mnist/"},
          {},
          {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}};
}

/// Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017; Debian's package is dataset-fashion-mnist.
KnownDataset fashion() {
  return {"fashion",
          "Fashion-MNIST",
          four_files("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                     "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                     "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                     "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
          {"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"},
          {"/usr/share/datasets/fashion-mnist"},
          {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
           "Bag", "Ankle boot"}};
}

/// Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
KnownDataset cifar10() {
  return {"cifar10",
          "CIFAR-10",
          {{"cifar-10-binary.tar.gz", 170052171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", Packing::none}},
          {"https://www.cs.toronto.edu/~kriz/"},
          {},
          {cifar10_classes.begin(), cifar10_classes.end()},
          {"cifar-10-binary.tar.gz", "cifar-10-batches-bin", "data_batch_1.bin"}};
}

/// Returns the names as "a, b or c".
std::string alternatives(const std::vector<std::string>& names) {
  std::string text = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) {
    text += (i + 1 < names.size() ? ", " : " or ") + names[i];
  }
  return text;
}

}  // namespace

const std::vector<KnownDataset>& known_datasets() {
  static const std::vector<KnownDataset> all{mnist(), fashion(), cifar10()};
  return all;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const KnownDataset& each : known_datasets()) {
    names.push_back(each.name);
  }
  return names;
}

const KnownDataset& known_dataset(std::string_view name, const std::vector<std::string>& names) {
  const auto& all = known_datasets();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
  const std::vector<std::string> possible = names.empty() ? known_names() : names;
  const bool is_possible = std::find(possible.begin(), possible.end(), name) != possible.end();
  xtape::require<xtape::ValueError>(found != all.end() && is_possible,
                                    "expected the data set {}, got '{}'", alternatives(possible),
                                    name);
  return *found;
}

}  // namespace xtape::nn::datasets
