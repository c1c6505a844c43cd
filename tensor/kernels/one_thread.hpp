#pragma once

/// @file
/// Keeps libraries to one thread. Used by tensor/gemm.cpp.

namespace xtape {

/// Keeps oneDNN and BLAS to the calling thread for the lifetime of the object.
///
/// oneDNN 2.6 divides its work by the number of threads that OpenMP promises. If OpenMP gives
/// fewer, parts of the result are missing. A BLAS with OpenMP uses the same number. The own threads
/// of OpenBLAS, BLIS and MKL are switched off permanently, because their number is global to the
/// process.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace xtape
