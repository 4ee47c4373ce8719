// Finds and loads the ONNX Runtime library, once per file and process.
#include "ort_api.h"

#include <dlfcn.h>

#include <filesystem>
#include <map>
#include <mutex>

#include "../../cuda/failure.h"

namespace ds::ort {
namespace {

struct ApiBase {
  const void* (*get_api)(uint32_t version);
  const char* (*get_version_string)();
};
using GetApiBase = const ApiBase* (*)();

struct CloseLibrary {
  void operator()(void* handle) const noexcept { dlclose(handle); }
};

[[noreturn]] void refuse(const std::string& path, const std::string& received) {
  throw Failure(FailureCode::kModel, "Expected an ONNX Runtime library (1." + std::to_string(kApiVersion) +
                                         " or newer) at " + path + " but " + received + ".");
}

// `path` is how the caller named it, for sentences.
std::shared_ptr<const Library> load(const std::string& path, const std::string& real_path) {
  std::unique_ptr<void, CloseLibrary> handle(dlopen(real_path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!handle) {
    const char* reason = dlerror();
    refuse(path, std::string("it could not be loaded: ") + (reason ? reason : "no reason given"));
  }
  auto get_base = reinterpret_cast<GetApiBase>(dlsym(handle.get(), "OrtGetApiBase"));
  if (!get_base) refuse(path, "that library has no function OrtGetApiBase");
  const ApiBase* base = get_base();
  const std::string version = base->get_version_string();
  const void* table = base->get_api(kApiVersion);
  if (!table) refuse(path, "it is version " + version);
  const Api api(table);
  for (size_t number = 0; number <= kLastEntry; ++number) {
    if (!api.has(number)) refuse(path, "entry " + std::to_string(number) + " of its table (" + version + ") is empty");
  }

  Library library{api, path, version, nullptr, nullptr, nullptr};
  api.must(kCreateEnv, kLogError, "diffusion-samplers", &library.env);
  api.must(kGetAllocatorWithDefaultOptions, &library.allocator);
  api.must(kCreateCpuMemoryInfo, kDeviceAllocator, kMemoryDefault, &library.cpu_memory);
  // From here on the library, its environment and this memory description live as long as the process: unloading
  // ONNX Runtime while one of its threads or thread-local objects is left is not safe, and nobody can tell when none
  // is.
  handle.release();
  return std::make_shared<const Library>(std::move(library));
}

}  // namespace

std::string Api::take_message(Status* status) const {
  std::string message = call(kGetErrorMessage, static_cast<const Status*>(status));
  call(kReleaseStatus, status);
  for (char& c : message) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  while (!message.empty() && (message.back() == ' ' || message.back() == '.')) message.pop_back();
  return message;
}

void Api::fail(Status* status) const {
  throw Failure(FailureCode::kModel, "ONNX Runtime refused a call: " + take_message(status) + ".");
}

std::shared_ptr<const Library> Library::open(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Library>> libraries;
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) refuse(path, "that path cannot be opened: " + error.message());
  if (!std::filesystem::is_regular_file(real, error)) refuse(path, "that is not a file");
  std::lock_guard<std::mutex> lock(mutex);
  auto& entry = libraries[real.string()];
  if (!entry) entry = load(path, real.string());
  return entry;
}

}  // namespace ds::ort
