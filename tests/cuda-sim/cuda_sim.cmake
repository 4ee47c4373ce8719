# Included with DS_CUDA=sim: the simulated CUDA runtime, and how .cu files are compiled for it. Nothing of it is shipped.
set(cuda_sim_folder ${CMAKE_CURRENT_LIST_DIR})
set(CMAKE_CUDA_ARCHITECTURES sim)

file(GLOB cuda_sim_sources CONFIGURE_DEPENDS ${cuda_sim_folder}/src/*.cc)
# Kernels can be executed from PTX as well; with ds_flags it rounds as the engine does.
foreach(part module reader forms reachable)
  list(APPEND cuda_sim_sources ${cuda_sim_folder}/../ptx/ptx_${part}.cc)
endforeach()
# Shared, so that the addon and the tests that steer the device have one and the same.
add_library(cudart_sim SHARED ${cuda_sim_sources})
target_include_directories(cudart_sim SYSTEM INTERFACE ${cuda_sim_folder}/include)
target_link_libraries(cudart_sim PRIVATE ds_flags ${CMAKE_DL_LIBS})
set_target_properties(cudart_sim PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/Release)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

# As nvcc compiles them: the runtime's header first. Kernels unroll by a pragma that the host's compiler does not know.
set(cuda_sim_options -x c++ -include ${cuda_sim_folder}/include/cuda_runtime.h -Wno-unknown-pragmas)
set(cuda_sim_cpu "")
if(EXISTS /proc/cpuinfo)
  file(STRINGS /proc/cpuinfo cuda_sim_cpu REGEX "^flags.* fma " LIMIT_COUNT 1)
endif()
if(cuda_sim_cpu)
  # One instruction instead of a call; both round once.
  list(APPEND cuda_sim_options -mfma)
endif()
function(cuda_sim_kernels)
  set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "${cuda_sim_options}")
endfunction()

if(DS_ADDON)
  # Lets JavaScript steer the device of the addon beside it.
  function(cuda_sim_binding)
    add_library(cuda_sim MODULE ${cuda_sim_folder}/binding.cc)
    set_target_properties(cuda_sim PROPERTIES PREFIX "" SUFFIX ".node")
    target_include_directories(cuda_sim SYSTEM PRIVATE
      $<TARGET_PROPERTY:diffusion_samplers,INCLUDE_DIRECTORIES>)
    target_compile_definitions(cuda_sim PRIVATE NAPI_VERSION=8 NAPI_CPP_EXCEPTIONS NODE_ADDON_API_DISABLE_DEPRECATED)
    target_link_libraries(cuda_sim PRIVATE cudart_sim ds_flags)
  endfunction()
  cmake_language(DEFER CALL cuda_sim_binding)
endif()

file(GLOB cuda_sim_planted CONFIGURE_DEPENDS ${cuda_sim_folder}/planted/*.cc)
cuda_sim_kernels(${cuda_sim_folder}/planted/kernels.cu)
add_executable(cuda_sim_test ${cuda_sim_planted} ${cuda_sim_folder}/planted/kernels.cu)
target_compile_definitions(cuda_sim_test PRIVATE
  "CUDA_SIM_COMPILER=\"${CMAKE_CXX_COMPILER}\"" "CUDA_SIM_INCLUDE=\"${cuda_sim_folder}/include\"")
target_link_libraries(cuda_sim_test PRIVATE cudart_sim)
function(cuda_sim_planted_links)
  target_link_libraries(cuda_sim_test PRIVATE ${ds_objects})
endfunction()
cmake_language(DEFER CALL cuda_sim_planted_links)
