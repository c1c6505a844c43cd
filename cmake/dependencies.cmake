# Finds the libraries that xtape needs. Sets `xtape_gemm` to onednn or cblas.

include(CheckCXXSourceCompiles)
include(CMakePushCheckState)

# If warnings are errors, a warning in a configure check would make a library look missing.
set(flags "${CMAKE_CXX_FLAGS}")
string(APPEND CMAKE_CXX_FLAGS " -w")

find_package(xtl REQUIRED)
find_package(xtensor REQUIRED)
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json 3.2 REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenMP COMPONENTS CXX)
if(XTAPE_USE_XSIMD)
  find_package(xsimd)
  set(XTAPE_USE_XSIMD "${xsimd_FOUND}")
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 19 AND xtensor_VERSION VERSION_LESS 0.25)
    message(FATAL_ERROR "clang ${CMAKE_CXX_COMPILER_VERSION} cannot compile xtensor "
                        "${xtensor_VERSION}: use GCC, clang 18 or older, or xtensor 0.25 or newer")
  elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15 AND xtensor_VERSION VERSION_GREATER_EQUAL 0.27)
    message(FATAL_ERROR "clang ${CMAKE_CXX_COMPILER_VERSION} cannot compile xtensor "
                        "${xtensor_VERSION}: use GCC or clang 15 or newer")
  endif()
endif()

set(BLA_SIZEOF_INTEGER 4)
find_package(BLAS REQUIRED)
find_path(CBLAS_INCLUDE_DIR NAMES cblas.h mkl_cblas.h HINTS ENV MKLROOT
          PATH_SUFFIXES openblas openblas-pthread blis blis-pthread cblas mkl include REQUIRED)
mark_as_advanced(CBLAS_INCLUDE_DIR)
cmake_push_check_state(RESET)
set(CMAKE_REQUIRED_INCLUDES "${CBLAS_INCLUDE_DIR}")
set(CMAKE_REQUIRED_LIBRARIES BLAS::BLAS)
check_cxx_source_compiles(
  "#if __has_include(<cblas.h>)
   #include <cblas.h>
   #else
   #include <mkl_cblas.h>
   #endif
   int main() { double x = 1; return static_cast<int>(cblas_ddot(1, &x, 1, &x, 1)); }"
  XTAPE_CBLAS_WORKS)
cmake_pop_check_state()
if(NOT XTAPE_CBLAS_WORKS)
  unset(XTAPE_CBLAS_WORKS CACHE)
  message(FATAL_ERROR "${BLAS_LIBRARIES} with ${CBLAS_INCLUDE_DIR}/cblas.h is no working CBLAS: "
                      "install OpenBLAS (Debian: libopenblas-dev)")
endif()

# OpenBLAS brings LAPACK. Another BLAS may have it beside itself, in a library of its own.
set(xtape_lapack "")
if(XTAPE_WITH_LAPACK)
  set(lapack_program
      "extern \"C\" void dpotrf_(const char*, const int*, double*, const int*, int*);
       int main() {
         const int n = 1;
         double a = 4;
         int info = 0;
         dpotrf_(\"U\", &n, &a, &n, &info);
         return info;
       }")
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_LIBRARIES BLAS::BLAS)
  check_cxx_source_compiles("${lapack_program}" XTAPE_BLAS_HAS_LAPACK)
  if(XTAPE_BLAS_HAS_LAPACK)
    set(xtape_lapack BLAS::BLAS)
  else()
    find_package(LAPACK)
    if(LAPACK_FOUND)
      set(CMAKE_REQUIRED_LIBRARIES LAPACK::LAPACK)
      check_cxx_source_compiles("${lapack_program}" XTAPE_LAPACK_WORKS)
      if(XTAPE_LAPACK_WORKS)
        set(xtape_lapack LAPACK::LAPACK)
      endif()
    endif()
  endif()
  cmake_pop_check_state()
endif()
if(xtape_lapack)
  message(STATUS "xtape: linear algebra by LAPACK")
else()
  message(STATUS "xtape: no LAPACK, so solve(), inverse(), slogdet() and cholesky() throw")
endif()

set(xtape_gemm cblas)
if(NOT XTAPE_GEMM MATCHES "^(auto|onednn|cblas)$")
  message(FATAL_ERROR "XTAPE_GEMM is '${XTAPE_GEMM}': expected auto, onednn or cblas")
elseif(NOT XTAPE_GEMM STREQUAL cblas AND OpenMP_CXX_FOUND)
  # Only through OpenMP can xtape keep oneDNN to one thread per part of a product.
  find_package(OneDNN)
  if(OneDNN_FOUND)
    cmake_push_check_state(RESET)
    set(CMAKE_REQUIRED_LIBRARIES OneDNN::OneDNN)
    check_cxx_source_compiles(
      "#if __has_include(<oneapi/dnnl/dnnl.h>)
       #include <oneapi/dnnl/dnnl.h>
       #else
       #include <dnnl.h>
       #endif
       #if DNNL_CPU_RUNTIME != DNNL_RUNTIME_OMP
       #error xtape tells oneDNN its number of threads through OpenMP
       #endif
       int main() {
         float x = 1;
         return dnnl_sgemm('N', 'N', 1, 1, 1, 1.f, &x, 1, &x, 1, 0.f, &x, 1);
       }"
      XTAPE_ONEDNN_WORKS)
    cmake_pop_check_state()
  endif()
  if(OneDNN_FOUND AND XTAPE_ONEDNN_WORKS)
    set(xtape_gemm onednn)
  endif()
endif()
set(CMAKE_CXX_FLAGS "${flags}")
if(XTAPE_GEMM STREQUAL onednn AND NOT xtape_gemm STREQUAL onednn)
  message(FATAL_ERROR "XTAPE_GEMM is onednn, but no oneDNN with the OpenMP runtime was found "
                      "(Debian: libdnnl-dev), or the compiler has no OpenMP")
endif()
if(xtape_gemm STREQUAL onednn)
  message(STATUS "xtape: matrix products by oneDNN (float) and CBLAS (double, small float)")
else()
  message(STATUS "xtape: matrix products by CBLAS alone")
endif()
