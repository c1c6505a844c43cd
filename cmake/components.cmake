# The libraries beside xtape itself, each built where what it needs is found:
# xtape::datasets has known data sets, xtape::onnx writes models as ONNX files, xtape::png reads and
# writes pictures, xtape::report makes pages of figures, xtape::mpi trains on several processes.

set(xtape_components "")

# xtape_add_component(NAME SOURCE...): the library xtape_NAME, which users link as xtape::NAME.
function(xtape_add_component name)
  set(xtape_components ${xtape_components} ${name} PARENT_SCOPE)
  add_library(xtape_${name} ${ARGN})
  add_library(xtape::${name} ALIAS xtape_${name})
  target_link_libraries(xtape_${name} PUBLIC xtape)
  xtape_set_warnings(xtape_${name})
  target_compile_options(xtape_${name} PRIVATE ${xtape_strict_warnings})
  xtape_separate_functions(xtape_${name})
  set_target_properties(
    xtape_${name} PROPERTIES EXPORT_NAME ${name} VERSION "${PROJECT_VERSION}"
                             SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
endfunction()

if(XTAPE_WITH_DATASETS)
  find_package(CURL 7.85)
  find_package(OpenSSL COMPONENTS Crypto)
  if(CURL_FOUND AND OPENSSL_FOUND)
    xtape_add_component(
      datasets
      nn/datasets/cifar10.cpp
      nn/datasets/datasets.cpp
      nn/datasets/download.cpp
      nn/datasets/find.cpp
      nn/datasets/glyphs.cpp
      nn/datasets/http.cpp
      nn/datasets/inspect.cpp
      nn/datasets/like_mnist.cpp
      nn/datasets/locate.cpp
      nn/datasets/mnist.cpp
      nn/datasets/sha256.cpp
      nn/datasets/synthetic_digits.cpp
      nn/datasets/synthetic_shapes.cpp
      nn/datasets/unpack.cpp)
    # As for the random numbers: the same images on every machine.
    set_source_files_properties(nn/datasets/synthetic_digits.cpp nn/datasets/synthetic_shapes.cpp
                                PROPERTIES COMPILE_OPTIONS "-ffp-contract=off")
    target_link_libraries(xtape_datasets PRIVATE CURL::libcurl OpenSSL::Crypto)
  endif()
endif()

if(XTAPE_WITH_ONNX)
  find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_writer.hpp)
  mark_as_advanced(PROTOZERO_INCLUDE_DIR)
  if(PROTOZERO_INCLUDE_DIR)
    xtape_add_component(
      onnx
      nn/onnx/counterparts.cpp
      nn/onnx/exporter.cpp
      nn/onnx/images.cpp
      nn/onnx/model.cpp
      nn/onnx/norms.cpp
      nn/onnx/recording.cpp
      nn/onnx/save_onnx.cpp
      nn/onnx/shaping.cpp)
    target_include_directories(xtape_onnx SYSTEM PRIVATE "${PROTOZERO_INCLUDE_DIR}")
    xtape_optimise_size(xtape_onnx)
    target_link_libraries(xtape_onnx PRIVATE "$<BUILD_INTERFACE:nlohmann_json::nlohmann_json>")
  endif()
endif()

if(XTAPE_WITH_PNG)
  find_package(PNG)
  if(PNG_FOUND)
    xtape_add_component(png nn/data/png.cpp nn/data/png_folder.cpp)
    target_link_libraries(xtape_png PRIVATE PNG::PNG ZLIB::ZLIB)
  endif()
endif()

if(XTAPE_WITH_REPORT AND TARGET xtape_png)
  xtape_add_component(
    report
    nn/report/confusion.cpp
    nn/report/curves.cpp
    nn/report/figures.cpp
    nn/report/images.cpp
    nn/report/learning.cpp
    nn/report/metrics.cpp
    nn/report/predictions.cpp
    nn/report/report.cpp
    nn/report/ridges.cpp
    nn/report/scale.cpp
    nn/report/style.cpp
    nn/report/text.cpp)
  xtape_optimise_size(xtape_report)
  target_link_libraries(xtape_report PUBLIC xtape_png)
endif()

if(XTAPE_WITH_MPI)
  set(MPI_CXX_SKIP_MPICXX ON) # the interface of C is enough
  find_package(MPI COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    xtape_add_component(mpi nn/distributed/mpi.cpp)
    target_link_libraries(xtape_mpi PRIVATE MPI::MPI_CXX)
  endif()
endif()

message(STATUS "xtape: components: ${xtape_components}")
