#include <fmt/format.h>
#include <nn/datasets/cifar10.hpp>
#include <xtape.hpp>

namespace nn = xtape::nn;

/// Returns a 3 x 3 convolution, batch norm and relu. With stride 2, it halves height and width.
nn::Sequential<float> convolution(std::size_t in, std::size_t out, std::size_t stride,
                                  xtape::Rng& rng) {
  const nn::ConvOptions options{.stride = stride, .padding = 1, .bias = false};
  return nn::Sequential{nn::Conv2d(in, out, 3, rng, options), nn::BatchNorm(out), nn::ReLU{}};
}

/// Returns a block that adds to its input what two convolutions make of it.
nn::Residual<float> residual(std::size_t channels, xtape::Rng& rng) {
  return nn::Residual{convolution(channels, channels, 1, rng),
                      convolution(channels, channels, 1, rng)};
}

/// Trains a residual network to recognise photos of ten kinds of things. After six epochs, it
/// recognises 83 of 100 new photos. This was measured on a lossy copy of CIFAR-10 that went through
/// JPEG; see docs/performance.md. The first argument may name the folder of CIFAR-10. Without it,
/// the program finds or downloads the data.
int main(int argc, char** argv) try {
  const nn::Cifar10 cifar10 = nn::cifar10({.folder = argc > 1 ? argv[1] : ""});
  xtape::Rng rng{42};
  nn::Sequential model{nn::Standardize({0.491, 0.482, 0.447}, {0.247, 0.243, 0.262}),
                       convolution(3, 32, 1, rng),
                       convolution(32, 64, 2, rng),
                       residual(64, rng),
                       convolution(64, 128, 2, rng),
                       residual(128, rng),
                       nn::GlobalAvgPool2d{},
                       nn::Linear(128, 10, rng)};
  nn::SoftmaxCrossEntropy criterion;
  const nn::Transform transform = nn::Compose{nn::RandomCrop{.padding = 4}, nn::AlternatingFlip{}};
  nn::Batches batches(cifar10.train, 128, rng, {.transform = transform});
  const nn::Run run{.epochs = 6};
  nn::SGD sgd({.learning_rate = nn::one_cycle(0.2, run.epochs * batches.size()),
               .momentum = 0.9,
               .nesterov = true,
               .weight_decay = 5e-4});
  xtape::Tape tape;
  fmt::print("{}\n", nn::table(model));

  for (nn::Epoch& epoch : nn::Epochs(run, model, sgd, tape, batches)) {
    for (const auto& batch : epoch) {
      // Records the loss, differentiates it, steps the optimizer, and updates the averages of batch
      // norm.
      epoch.step([&] { return criterion(model(tape.constant(batch.inputs)), batch.targets); });
    }
    epoch.end(nn::evaluate(model, cifar10.test, tape));
  }
  nn::save_weights("cifar10.safetensors", model);
  fmt::print("{:.2f} % of the test images right, weights in cifar10.safetensors\n",
             100 * nn::evaluate(model, cifar10.test, tape).accuracy());
} catch (const xtape::Error& error) {
  fmt::print(stderr, "07_cifar10: {}\n", error.what());
  return 1;
}
