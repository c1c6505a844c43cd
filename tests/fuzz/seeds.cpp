#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "examples/cifar10/network.hpp"
#include "examples/mnist/model_file.hpp"
#include "examples/mnist/network.hpp"
#include "nn/io/files.hpp"
#include "nn/io/safetensors.hpp"
#include "tests/fuzz/training_run.hpp"
#include "tests/nn/data/cifar_files.hpp"
#include "tests/nn/data/png_files.hpp"
#include "tests/nn/io/safetensors_files.hpp"
#include "tests/support/gzip.hpp"

/// Writes what the fuzz targets begin with: sound files of each kind, and hostile ones.

namespace nn = xtape::nn;
namespace fs = std::filesystem;

namespace {

/// A folder with the seeds of one target.
class Seeds {
 public:
  explicit Seeds(const fs::path& folder) : folder_(folder) { fs::create_directories(folder); }

  fs::path next() { return folder_ / std::to_string(count_++); }
  void add(std::string_view bytes) { nn::write_file(next(), bytes); }

  /// A safetensors file with this header and `size` bytes of data.
  void add_header(std::string_view header, std::size_t size) {
    add(safetensors_bytes(header, std::string(size, '\1')));
  }

 private:
  fs::path folder_;
  int count_ = 0;
};

std::string idx_file(const std::vector<std::uint32_t>& extents, std::size_t bytes) {
  std::string file{'\0', '\0', '\x08', static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents) {
    for (const int shift : {24, 16, 8, 0}) {
      file += static_cast<char>(extent >> shift);
    }
  }
  return file + std::string(bytes, '\7');
}

std::string packed(const std::string& content) {
  const auto bytes = gzip({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
  return {bytes.begin(), bytes.end()};
}

void write_idx(Seeds seeds) {
  const std::uint32_t most = 0xffffffff;
  for (const std::string& file :
       {idx_file({3}, 3), idx_file({2, 3, 4}, 24), idx_file({2, 3, 4}, 23), idx_file({0, 3, 4}, 0),
        idx_file({most, most, most}, 5), idx_file({1, 60000, 60000}, 0),
        idx_file({10, 28, 28}, 7840), std::string()}) {
    seeds.add(file);
    seeds.add(packed(file));
    seeds.add(packed(file) + packed(file));
  }
}

/// Headers that are of no use to anybody.
void write_hostile(Seeds& seeds) {
  const auto tensor = [](const std::string& shape, const std::string& offsets) {
    return R"("a":{"dtype":"F32","shape":[)" + shape + R"(],"data_offsets":[)" + offsets + "]}";
  };
  seeds.add_header("{" + tensor("4294967296,4294967296", "0,4") + "}", 4);
  seeds.add_header("{" + tensor("-1", "0,4") + "}", 4);
  seeds.add_header("{" + tensor("1e999", "0,NaN") + "}", 4);
  seeds.add_header("{" + tensor("1", "100,104") + "}", 4);
  seeds.add_header("{" + tensor("1", "0,4") + "," + tensor("1", "0,4") + "}", 4);
  seeds.add_header(R"({"a":{"shape":)" + repeat("[", 500), 0);
  seeds.add_header(repeat(R"({"a":)", 100), 0);
  seeds.add_header("{\"\\u001b[31m\":1}", 0);
  seeds.add(std::string(8, '\xff') + "{}");
  seeds.add("");
}

nn::TensorView view(std::string key, std::string dtype, const xtape::Shape& shape,
                    std::string_view bytes) {
  return {std::move(key), std::move(dtype), shape, std::as_bytes(std::span(bytes))};
}

void write_safetensors(Seeds seeds) {
  write_hostile(seeds);
  nn::write_safetensors(seeds.next(),
                        {view("a", "U8", {3}, "abc"), view("b", "F64", {2, 1}, "0123456701234567"),
                         view("c", "F32", {}, "wxyz"), view("d", "BF16", {4, 0}, "")},
                        {{"format", "pt"}, {"text", "\xc3\xa9 \" \\ \n"}});
  xtape::Rng rng(2);
  const nn::Sequential<float> narrow{nn::Linear<float>(3, 2, rng)};
  const nn::Sequential<double> wide{nn::Linear<double>(3, 2, rng)};
  for (const bool pytorch : {false, true}) {
    nn::save_weights(seeds.next(), narrow, {.pytorch = pytorch});
    nn::save_weights(seeds.next(), wide, {.pytorch = pytorch});
  }
}

void write_checkpoints(Seeds seeds) {
  write_hostile(seeds);
  for (const bool adam : {false, true}) {
    fuzz::TrainingRun run(adam);
    for (int step = 0; step < 5; ++step) {
      run.save(seeds.next());
      run.train();
    }
  }
}

/// Models of cifar10, sound ones and one whose convolutions have no channels.
void write_colour_models(Seeds& seeds) {
  xtape::Rng rng(3);
  const nn::Conv2d<float> stem(cifar10::colours, cifar10::stem_channels, cifar10::stem_kernel, rng,
                               {.bias = false});
  for (const std::vector<std::size_t>& widths :
       {std::vector<std::size_t>{}, {1}, {1, 2}, {1, 1, 1, 1}}) {
    auto network = cifar10::make_network<float>(widths, stem, rng);
    xtape::Tape tape;
    const xtape::Shape two{2, cifar10::side, cifar10::side, cifar10::colours};
    network(tape.constant(xtape::Array<float>(two, 0.5f)));
    nn::update_statistics(network, tape, 1);
    images::save_model(seeds.next(), {.network = network, .class_names = {"cat", "dog"}});
  }
  const std::string windows(std::size_t{4} * stem.weight.size(), '\1');
  nn::write_safetensors(
      seeds.next(),
      {view("1.weight", "F32", stem.weight.shape(), windows),
       view("3.weight", "F32", {3, 3, 24, 0}, ""), view("7.weight", "F32", {3, 3, 0, 0}, "")},
      {});
}

void write_models(Seeds seeds) {
  write_hostile(seeds);
  xtape::Rng rng(3);
  images::save_model(seeds.next(), {.network = nn::Sequential{nn::Standardize(0.1307, 0.3081),
                                                              nn::Linear(3, 4, rng), nn::ReLU{},
                                                              nn::Linear(4, 2, rng)},
                                    .facts = {{"activation", "relu"}},
                                    .class_names = {"cat \"Tom\"", "Maus"},
                                    .image = {3}});
  mnist::Recipe recipe;
  recipe.activation = "relu";
  recipe.filters = {2};
  recipe.hidden = {3};
  auto convolutional = mnist::make_network<float>(recipe, {8, 8}, rng);
  xtape::Tape tape;
  convolutional(tape.constant(xtape::Array<float>(xtape::Shape{2, 8, 8}, 0.5f)));
  nn::update_statistics(convolutional, tape);
  images::save_model(seeds.next(), {.network = convolutional,
                                    .facts = {{"activation", "relu"}, {"image", "8,8"}},
                                    .class_names = {},
                                    .image = {8, 8}});
  const nn::Sequential<float> plain{nn::Linear(2, 3, rng), nn::Sigmoid{}, nn::Dropout{0.1},
                                    nn::Linear(3, 1, rng)};
  nn::save_weights(seeds.next(), plain);
  nn::save_weights(seeds.next(), plain,
                   {.metadata = {{"pixel_mean", "nan"},
                                 {"pixel_deviation", "-1e999"},
                                 {"classes", repeat("[", 100) + repeat("]", 100)}}});
  write_colour_models(seeds);
}

void write_pngs(Seeds seeds) {
  const std::vector<std::pair<int, std::vector<int>>> kinds{{PNG_COLOR_TYPE_GRAY, {1, 2, 4, 8, 16}},
                                                            {PNG_COLOR_TYPE_GRAY_ALPHA, {8, 16}},
                                                            {PNG_COLOR_TYPE_RGB, {8, 16}},
                                                            {PNG_COLOR_TYPE_RGB_ALPHA, {8, 16}},
                                                            {PNG_COLOR_TYPE_PALETTE, {1, 2}}};
  for (const auto& [colours, depths] : kinds) {
    for (const int depth : depths) {
      std::vector<std::vector<png_byte>> rows(9, std::vector<png_byte>(8 * 9, 0x11));
      rows[3].assign(8 * 9, 0);
      seeds.add(png_of(colours, depth, 9, rows));
      seeds.add(png_of(colours, depth, 9, rows, true));
    }
  }
  seeds.add(header_only(4096, 4096));
  seeds.add(header_only(2000000000, 2000000000));
  seeds.add(header_only(0, 7));
}

void write_csvs(Seeds seeds) {
  for (const char* text :
       {"kind,a,b\n1,2,3\n4,5,6\n", "a;kind\r\n1;\"x\"\"y\"\r\n", "x,1\ny,2.5e-3\n\nx,-.5",
        "\xef\xbb\xbf\"kind\",a\n\"two\nlines\",1e999\n", "1,1e-999\n\"2\n", "kind,kind\n1,2,\n",
        ""}) {
    seeds.add(text);
  }
}

void write_npys(Seeds seeds) {
  const auto add = [&](const std::string& header, const std::string& elements) {
    seeds.add(std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header +
              elements);
  };
  const std::string order = "', 'fortran_order': False, 'shape': ";
  add("{'descr': '<f4" + order + "(3, 2), }  \n", std::string(24, '\1'));
  add("{'descr': '|u1" + order + "(3,), }\n", "abc");
  add("{'descr': '|b1" + order + "(2, 1, 1), }\n", std::string(2, '\1'));
  add("{'descr': '<u8" + order + "(1,), }\n", std::string(8, '\xff'));
  add("{'descr': '<f8" + order + "(4294967296, 4294967296), }\n", "");
  add("{'descr': [('a', '<f8')], 'fortran_order': True, 'shape': (1,)}\n", std::string(8, '\1'));
  seeds.add(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12));
}

void write_cifars(Seeds seeds) {
  for (const char label : {'\0', '\11', '\12'}) {
    seeds.add(std::string(1, label) + std::string(3072, '\7'));
    seeds.add(repeat(std::string(1, label) + std::string(3072, 'x'), 2));
  }
  seeds.add(std::string(3072, '\1'));
}

void write_tars(Seeds seeds) {
  const std::string name = "cifar-10-batches-bin/data_batch_1.bin";
  for (const std::string& archive :
       {tar(cifar_members()), tar({}), std::string(), tar_members({{"a", "one"}}),
        tar({{"a", "one"}, {.name = "b", .content = "two", .magic = "ustar  "}, {"c", ""}}),
        tar({{.name = name, .type = '2'}, {.name = name, .content = "path=x", .type = 'x'}}),
        tar({{.name = "f", .content = "x", .prefix = "very/long"}, {"../../etc/passwd", "x"}}),
        tar({{.name = name, .content = cifar_record(3), .size = "00000014000"}}),
        tar({{.name = "a", .size = "77777777777"}}), tar({{.name = "a", .size = "\x80"}})}) {
    seeds.add(packed(archive));
  }
}

void write_configs(Seeds seeds) {
  seeds.add("# all\nhidden = [512, # wide\n  256]\nseed = 0x10\nrate = 1e-3\njson = true\n");
  seeds.add(
      "\xef\xbb\xbfno-standardize = false\r\nsave = \"a\\tb\\u00e9\"\r\ndata = 'C:\\new'\r\n");
  seeds.add("optimizer = \"\"\"\\\n  a\"\"\"\n\"seed\" = 1_000\nrate = 3\n");
  seeds.add("save = \"a\\u0000b\"\n");
  seeds.add("standardize = true\nno-standardize = true\n");
  seeds.add("hidden = {a = 1}\n[section]\n[[list]]\nseed = 2024-02-29\n");
  seeds.add("hidden = " + repeat("[", 500));
  seeds.add("hidden = " + repeat("{a=", 500));
  seeds.add(repeat("a.", 4000) + "a = 1\n");
  seeds.add("[" + repeat("a.", 4000) + "a]\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fuzz_seeds FOLDER\n", stderr);
    return 2;
  }
  const fs::path folder = argv[1];
  write_idx(Seeds(folder / "idx"));
  write_safetensors(Seeds(folder / "safetensors"));
  write_checkpoints(Seeds(folder / "checkpoint"));
  write_models(Seeds(folder / "model"));
  write_pngs(Seeds(folder / "png"));
  write_configs(Seeds(folder / "config"));
  write_csvs(Seeds(folder / "csv"));
  write_npys(Seeds(folder / "npy"));
  write_cifars(Seeds(folder / "cifar"));
  write_tars(Seeds(folder / "tar"));
}
