#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "autograd/tape.hpp"
#include "nn/module.hpp"
#include "nn/optim/optimizer.hpp"
#include "nn/train/process_group.hpp"

namespace xtape::nn {

/// Differentiates a loss whose batch is spread over the ranks of a group. Each rank calls the model
/// on its share of the batch. Afterwards, each tape has the gradients of the whole batch:
///
///     parallel.backward(criterion(model(tape.constant(batch.inputs)), batch.targets),
///                       batch.weight());
///     optimizer.step(model, tape);
///
/// Gradients are collected in buckets. A bucket is sent as soon as all its gradients are complete,
/// while the backward pass computes the next ones. The first call sets the buckets, in the order in
/// which gradients complete. So it does not overlap, and neither does a call after other parameters
/// were frozen. nn::Epochs does all of this if Run::group is set.
template <class T = float>
class DataParallel {
 public:
  /// Refers to the group, which must outlive this object. A bucket holds up to `bucket_bytes`, or
  /// one larger gradient.
  explicit DataParallel(ProcessGroup& group, std::size_t bucket_bytes = std::size_t{1} << 20)
      : group_(group), bucket_size_(bucket_bytes / sizeof(T)) {}

  /// Calls Tape::backward() and averages the gradients over the ranks, and also what was observed
  /// of running averages. `loss` is the mean over the share of this rank, and `weight` is the
  /// share, in [0, 1]. See Batch::weight(). The weights of all ranks have the sum 1. A rank with
  /// the weight 0 also needs a recording, of any samples. The recordings of all ranks must
  /// differentiate the same parameters in the same order.
  ///
  /// With one rank, the function is Tape::backward(). Throws as it does. Throws Error if the group
  /// fails, or if the ranks differentiate other parameters. After an exception, the ranks cannot
  /// continue together.
  void backward(Variable<T> loss, double weight);

 private:
  /// The place of a gradient in the buckets.
  struct Slot {
    std::size_t bucket, begin, size;
    Array<T>* grad;  // of this step. Null: not complete yet.
  };
  struct Bucket {
    std::vector<T> numbers;
    std::vector<std::size_t> slots;
    std::size_t missing;  // how many of its gradients are not complete yet
  };
  struct Done {
    const Array<T>* parameter;
    Array<T>* grad;
  };

  void take(const Array<T>& parameter, Array<T>& grad);
  void send_complete();
  bool send_rest();
  void reduce_unplanned();
  void plan();
  void reduce_observations(Tape<T>& tape, double weight);

  ProcessGroup& group_;
  std::size_t bucket_size_;
  std::vector<Slot> slots_;
  std::vector<Bucket> buckets_;
  std::unordered_map<const Array<T>*, std::size_t> places_;  // indices of slots
  std::size_t sent_ = 0;                                     // buckets of this step
  std::vector<Done> done_;                                   // in the order of completion
  std::vector<Array<T>*> unplanned_;                         // gradients without a slot
  std::vector<T> observed_;
};

extern template class DataParallel<float>;
extern template class DataParallel<double>;

/// Copies the parameters and buffers of rank 0 to all ranks. Throws Error if their sizes differ.
template <class Model>
void broadcast(ProcessGroup& group, Model& model) {
  std::uint64_t shapes = 0;
  for_each_array(model, [&](const ParameterName&, const auto& array) {
    const std::size_t size = array.size();
    shapes = detail::hash_bytes(std::as_bytes(std::span(&size, 1)), shapes);
  });
  detail::require_same_hash(group, shapes, "broadcast: the sizes of the arrays of the model");
  for_each_array(model, [&](const ParameterName&, auto& array) {
    group.broadcast(std::as_writable_bytes(std::span(array.data(), array.size())));
  });
}

/// Returns a hash of the bits of all parameters and buffers.
template <class Model>
std::uint64_t hash_of(const Model& model) {
  std::uint64_t hash = 0;
  for_each_array(model, [&](const ParameterName&, const auto& array) {
    hash = detail::hash_bytes(std::as_bytes(std::span(array.data(), array.size())), hash);
  });
  return hash;
}

namespace detail {

/// Copies the state of the optimizer of rank 0 to all ranks. `parameters` are all arrays of the
/// model that may be trained, in the order of the visit lines. Throws Error if the optimizers
/// differ.
template <class T>
void broadcast_optimizer(ProcessGroup& group, Optimizer<T>& optimizer,
                         std::span<const Array<T>* const> parameters);

}  // namespace detail

/// Copies the state of the optimizer of rank 0 to all ranks: its steps, the arrays of `model` that
/// it trains, and the reports. Throws Error if the optimizers are of different kinds.
template <class T, class Model>
void broadcast(ProcessGroup& group, Optimizer<T>& optimizer, const Model& model) {
  std::vector<const Array<T>*> parameters;
  for_each_parameter(model, [&](const ParameterName&, const Array<T>& array) -> void {
    parameters.push_back(&array);
  });
  detail::broadcast_optimizer<T>(group, optimizer, parameters);
}

}  // namespace xtape::nn
