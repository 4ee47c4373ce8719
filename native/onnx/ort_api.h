// ONNX Runtime's C API as a table of functions found by number: the one place that knows the numbers and their types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace ds::ort {

struct Allocator;
struct CustomThread;
struct Env;
struct IoBinding;
struct MemoryInfo;
struct RunOptions;
struct Session;
struct SessionOptions;
struct Status;  // null means success
struct TensorInfo;
struct TypeInfo;
struct Value;

using ThreadWork = void (*)(void* of);

// The table only grows, so a library of this version or any later one has every entry below at its number.
constexpr uint32_t kApiVersion = 16;

// Constants of the C API, by value.
constexpr int kLogError = 3;
constexpr int kLogFatal = 4;
constexpr int kOnnxTypeTensor = 1;
constexpr int kDeviceAllocator = 0;
constexpr int kMemoryDefault = 0;
enum ElementNumber : int {
  kElementFloat32 = 1,
  kElementInt32 = 6,
  kElementInt64 = 7,
  kElementFloat16 = 10,
  kElementBfloat16 = 16
};

template <size_t kNumber, typename Function>
struct Entry {};

constexpr Entry<2, const char*(const Status*)> kGetErrorMessage;
constexpr Entry<3, Status*(int severity, const char* id, Env**)> kCreateEnv;
constexpr Entry<7, Status*(const Env*, const char* path, const SessionOptions*, Session**)> kCreateSession;
constexpr Entry<8, Status*(const Env*, const void*, size_t bytes, const SessionOptions*, Session**)>
    kCreateSessionFromArray;
constexpr Entry<9, Status*(Session*, const RunOptions*, const char* const* input_names, const Value* const* inputs,
                           size_t input_count, const char* const* output_names, size_t output_count, Value** outputs)>
    kRun;
constexpr Entry<10, Status*(SessionOptions**)> kCreateSessionOptions;
constexpr Entry<22, Status*(SessionOptions*, int severity)> kSetSessionLogSeverityLevel;
constexpr Entry<24, Status*(SessionOptions*, int threads)> kSetIntraOpNumThreads;
constexpr Entry<25, Status*(SessionOptions*, int threads)> kSetInterOpNumThreads;
constexpr Entry<30, Status*(const Session*, size_t*)> kSessionGetInputCount;
constexpr Entry<31, Status*(const Session*, size_t*)> kSessionGetOutputCount;
constexpr Entry<33, Status*(const Session*, size_t index, TypeInfo**)> kSessionGetInputTypeInfo;
constexpr Entry<34, Status*(const Session*, size_t index, TypeInfo**)> kSessionGetOutputTypeInfo;
constexpr Entry<36, Status*(const Session*, size_t index, Allocator*, char**)> kSessionGetInputName;
constexpr Entry<37, Status*(const Session*, size_t index, Allocator*, char**)> kSessionGetOutputName;
constexpr Entry<39, Status*(RunOptions**)> kCreateRunOptions;
constexpr Entry<46, Status*(RunOptions*)> kRunOptionsSetTerminate;
constexpr Entry<49, Status*(const MemoryInfo*, void* data, size_t bytes, const int64_t* shape, size_t rank, int element,
                            Value**)>
    kCreateTensorWithDataAsOrtValue;
constexpr Entry<51, Status*(Value*, void**)> kGetTensorMutableData;
constexpr Entry<55, Status*(const TypeInfo*, const TensorInfo**)> kCastTypeInfoToTensorInfo;
constexpr Entry<56, Status*(const TypeInfo*, int* onnx_type)> kGetOnnxTypeFromTypeInfo;
constexpr Entry<60, Status*(const TensorInfo*, int* element)> kGetTensorElementType;
constexpr Entry<61, Status*(const TensorInfo*, size_t*)> kGetDimensionsCount;
constexpr Entry<62, Status*(const TensorInfo*, int64_t*, size_t rank)> kGetDimensions;
constexpr Entry<65, Status*(const Value*, TensorInfo**)> kGetTensorTypeAndShape;
constexpr Entry<69, Status*(int allocator_type, int memory_type, MemoryInfo**)> kCreateCpuMemoryInfo;
constexpr Entry<76, Status*(Allocator*, void*)> kAllocatorFree;
constexpr Entry<78, Status*(Allocator**)> kGetAllocatorWithDefaultOptions;
constexpr Entry<93, void(Status*)> kReleaseStatus;
constexpr Entry<130, Status*(SessionOptions*, const char* key, const char* value)> kAddSessionConfigEntry;
constexpr Entry<133, Status*(Session*, const RunOptions*, const IoBinding*)> kRunWithBinding;
constexpr Entry<134, Status*(Session*, IoBinding**)> kCreateIoBinding;
constexpr Entry<136, Status*(IoBinding*, const char* name, const Value*)> kBindInput;
constexpr Entry<137, Status*(IoBinding*, const char* name, const Value*)> kBindOutput;
constexpr Entry<140, Status*(const IoBinding*, Allocator*, Value***, size_t*)> kGetBoundOutputValues;
constexpr Entry<196, Status*(SessionOptions*, CustomThread* (*create)(void* options, ThreadWork, void* of))>
    kSetCustomCreateThread;
constexpr Entry<198, Status*(SessionOptions*, void (*join)(CustomThread*))> kSetCustomJoinThread;
constexpr size_t kLastEntry = 198;

class Api {
 public:
  explicit Api(const void* table) noexcept : table_(static_cast<const Function*>(table)) {}

  bool has(size_t number) const noexcept { return table_[number] != nullptr; }

  template <size_t kNumber, typename F, typename... Args>
  auto call(Entry<kNumber, F>, Args... args) const noexcept {
    static_assert(kNumber <= kLastEntry, "has() is only asked up to kLastEntry");
    return reinterpret_cast<F*>(table_[kNumber])(args...);
  }

  // Releases `status` and returns its message on one line.
  std::string take_message(Status* status) const;

  // Calls, and throws Failure(kModel) when the call fails.
  template <typename E, typename... Args>
  void must(E entry, Args... args) const {
    if (Status* status = call(entry, args...)) fail(status);
  }

  // Calls an entry whose last argument receives a new object.
  template <typename Handle, typename E, typename... Args>
  Handle make(E entry, Args... args) const {
    typename Handle::pointer made = nullptr;
    must(entry, args..., &made);
    return Handle(made, {this});
  }

 private:
  using Function = void (*)();
  [[noreturn]] void fail(Status* status) const;
  const Function* table_;
};

template <typename T, size_t kNumber>
struct Releaser {
  const Api* api = nullptr;
  void operator()(T* object) const noexcept {
    static_assert(kNumber <= kLastEntry);
    api->call(Entry<kNumber, void(T*)>{}, object);
  }
};
template <typename T, size_t kNumber>
using Handle = std::unique_ptr<T, Releaser<T, kNumber>>;

using SessionHandle = Handle<Session, 95>;
using ValueHandle = Handle<Value, 96>;
using RunOptionsHandle = Handle<RunOptions, 97>;
using TypeInfoHandle = Handle<TypeInfo, 98>;
using TensorInfoHandle = Handle<TensorInfo, 99>;
using SessionOptionsHandle = Handle<SessionOptions, 100>;
using IoBindingHandle = Handle<IoBinding, 135>;

// Memory of the library's allocator.
struct AllocatorReleaser {
  const Api* api = nullptr;
  Allocator* allocator = nullptr;
  void operator()(void* memory) const noexcept {
    if (Status* status = api->call(kAllocatorFree, allocator, memory)) api->call(kReleaseStatus, status);
  }
};

// One loaded library with its environment.
struct Library {
  Api api;
  std::string path;
  std::string version;
  Env* env;
  Allocator* allocator;
  MemoryInfo* cpu_memory;

  // The library at `path`, loaded by the first call for that file. Thread-safe. Throws Failure(kModel).
  static std::shared_ptr<const Library> open(const std::string& path);

  // A tensor over memory that stays the caller's.
  ValueHandle tensor(void* data, size_t bytes, const int64_t* shape, size_t rank, int element) const {
    return api.make<ValueHandle>(kCreateTensorWithDataAsOrtValue, cpu_memory, data, bytes, shape, rank, element);
  }
};

}  // namespace ds::ort
