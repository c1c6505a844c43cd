#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "tests/nn/train/runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/faulty_system.hpp"
#include "tests/support/temporary_folder.hpp"

namespace nn = xtape::nn;

namespace {

struct Folder {
  TemporaryFolder temporary;
  std::filesystem::path path = temporary / "run";
  Parts parts;

  nn::Epochs open() { return open(path); }
  nn::Epochs open(const std::filesystem::path& folder) {
    return {quiet(1, folder), parts.model, parts.optimizer, parts.tape, parts.batches};
  }
};

}  // namespace

TEST_CASE("A folder of checkpoints belongs to one run at a time", "[nn]") {
  Folder folder;
  const std::string taken = folder.path.string() + ": another run keeps its checkpoints here";
  {
    const nn::Epochs first = folder.open();
    CHECK(first.warning().empty());
    CHECK(message_of([&] { folder.open(); }) == taken);
    const nn::Epochs elsewhere = folder.open(folder.temporary / "other");
    CHECK(message_of([&] { folder.open(); }) == taken);
  }
  const nn::Epochs second = folder.open();
  CHECK(message_of([&] { folder.open(); }) == taken);
}

TEST_CASE("A folder of checkpoints on a file system without locks is used, with a warning",
          "[nn]") {
  for (const int error : {ENOLCK, ENOSYS, EOPNOTSUPP}) {
    Folder folder;
    FaultySystem system;
    system.next("flock", {fails(error)});
    const nn::Epochs epochs = folder.open();
    CHECK(system.outcomes_left() == 0);
    CHECK(epochs.warning() == folder.path.string() +
                                  "/.lock: cannot lock: " + std::generic_category().message(error) +
                                  ": see to it that no other run uses this folder");
  }
}

TEST_CASE("A folder of checkpoints that cannot be locked for another reason is refused", "[nn]") {
  Folder folder;
  FaultySystem system;
  system.next("flock", {fails(EINTR), fails(EIO)});
  CHECK(message_of([&] { folder.open(); }) ==
        folder.path.string() + "/.lock: cannot lock: " + std::generic_category().message(EIO));
  CHECK(system.outcomes_left() == 0);
}

TEST_CASE("A folder of checkpoints that cannot be written to is refused before the training",
          "[nn]") {
  Folder folder;
  FaultySystem system;
  system.next("open", {succeeds(), fails(EROFS)});  // the lock, then a new file
  CHECK(message_of([&] { folder.open(); }) ==
        nn::checkpoint_path(folder.path, 0).string() +
            ": cannot create a file beside it: " + std::generic_category().message(EROFS));
}

TEST_CASE("An epoch whose weights cannot be saved is not the best", "[nn]") {
  Folder folder;
  Parts& parts = folder.parts;
  nn::Run run = quiet(5, folder.path);
  run.early_stop = 5;
  std::vector<float> first;
  {
    nn::Epochs epochs(run, parts.model, parts.optimizer, parts.tape, parts.batches);
    const auto train = [&] {
      for (nn::Epoch& epoch : epochs) {
        for (const auto& batch : epoch) {
          epoch.add(parts.step(batch));
        }
        if (epoch.number() == 1) {
          first = parts.weights();
        } else {
          std::filesystem::rename(folder.path, folder.temporary / "gone");
        }
        epoch.end(nn::lower_is_better(1. / static_cast<double>(epoch.number())));
      }
    };
    CHECK_THROWS_AS(train(), xtape::DataError);
    CHECK(epochs.history().epochs().size() == 1);
    REQUIRE(epochs.kept() == &epochs.history().epochs().front());
    CHECK(parts.weights() != first);
  }
  CHECK(parts.weights() == first);
}
