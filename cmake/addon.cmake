# The N-API addon: the binding in native/*.cc on top of the engine's objects.

# cmake-js passes the Node-API headers in CMAKE_JS_INC; plain cmake asks node for them.
function(ds_ask_node out package)
  execute_process(
    COMMAND node -p "require('${package}').include_dir"
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "node could not find the headers of '${package}'. Run 'npm ci' first, or pass -DDS_ADDON=OFF.")
  endif()
  get_filename_component(answer "${answer}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  set(${out} "${answer}" PARENT_SCOPE)
endfunction()

ds_ask_node(addon_api_include node-addon-api)
if(CMAKE_JS_INC)
  set(node_api_include ${CMAKE_JS_INC})
else()
  ds_ask_node(node_api_include node-api-headers)
endif()
if(NOT CMAKE_LIBRARY_OUTPUT_DIRECTORY)
  set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/Release)
endif()

file(GLOB binding_sources CONFIGURE_DEPENDS native/*.cc)
add_library(diffusion_samplers MODULE ${binding_sources} ${CMAKE_JS_SRC})
set_target_properties(diffusion_samplers PROPERTIES PREFIX "" SUFFIX ".node")
target_include_directories(diffusion_samplers SYSTEM PRIVATE ${node_api_include} ${addon_api_include})
target_compile_definitions(diffusion_samplers PRIVATE
  NAPI_VERSION=8
  NAPI_CPP_EXCEPTIONS
  NODE_ADDON_API_CPP_EXCEPTIONS_ALL
  NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
  NODE_ADDON_API_DISABLE_DEPRECATED
  "DS_COMPILER=\"${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}\""
  "DS_CUDA_ARCHITECTURES=\"$<$<BOOL:${DS_WITH_CUDA}>:${CMAKE_CUDA_ARCHITECTURES}>\"")
target_link_libraries(diffusion_samplers PRIVATE ${ds_objects} ${CMAKE_JS_LIB})
if(APPLE)
  target_link_options(diffusion_samplers PRIVATE -undefined dynamic_lookup)
else()
  # The static CUDA runtime must not meet another copy of itself in the process; and a symbol that nothing defines
  # must fail when the addon is loaded, not when it is first called.
  target_link_options(diffusion_samplers PRIVATE -Wl,--exclude-libs,ALL -Wl,-z,now
                      $<$<CONFIG:Release>:-s>)
endif()
