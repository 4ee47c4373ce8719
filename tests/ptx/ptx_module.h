// PTX run without a GPU: reads the text that nvcc emitted and executes its kernels thread by thread, checking as it
// goes.
//
// Knows just the instructions that the kernels contain (ptx_operations.h) and refuses any other by name and line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace ds::ptx {

// What no kernel may do, or text that is not understood: says where and what.
class PtxFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Extent {
  unsigned x = 1, y = 1;
  uint64_t count() const { return uint64_t{x} * y; }
};

struct LaunchShape {
  Extent grid, block;
};

// One thread of one launch, for memories that tell threads apart.
struct ThreadPlace {
  Extent block, thread;
  uint64_t number;  // of the thread within the launch
};

// Global memory as threads see it. Addresses are aligned to `bytes`; throws PtxFault on what is not allowed, and the
// module adds the kernel, line and thread.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual void begin_launch() {}
  virtual void load(uint64_t address, unsigned bytes, void* to, const ThreadPlace& place) = 0;
  virtual void store(uint64_t address, unsigned bytes, const void* from, const ThreadPlace& place) = 0;
  // Puts the smaller of the two there, and answers what was there.
  virtual uint64_t atomic_min(uint64_t address, uint64_t value, const ThreadPlace& place) = 0;
};

// How often an instruction did its work; a guarded one may also have been passed over.
struct InstructionCount {
  unsigned line;
  std::string text;
  bool guarded;
  bool possible;  // false where every way there contradicts what parameters always are
  uint64_t done, passed;
};

struct KernelCode;

// Move-only. Any number of threads may launch from one module at a time.
class PtxModule {
 public:
  // `name` stands in messages.
  static PtxModule parse(const std::string& text, const std::string& name);
  ~PtxModule();
  PtxModule(PtxModule&&) noexcept;
  PtxModule& operator=(PtxModule&&) noexcept;

  // As they are mangled in the text.
  std::vector<std::string> kernels() const;
  bool has(const std::string& kernel) const;

  // The parameter bytes from one pointer per parameter, as CUDA launches take them.
  std::vector<uint8_t> pack(const std::string& kernel, const void* const* arguments) const;
  // How large each parameter is.
  std::vector<size_t> parameter_sizes(const std::string& kernel) const;

  // Answers how many instructions its threads ran.
  uint64_t launch(const std::string& kernel, const LaunchShape& shape, const std::vector<uint8_t>& parameters,
                  Memory& memory) const;
  // One block of a launch. For launches too large to be run whole; the caller calls memory.begin_launch().
  void run_block(const std::string& kernel, const LaunchShape& shape, const Extent& block,
                 const std::vector<uint8_t>& parameters, Memory& memory) const;

  // Since the module was read. `positive`: offsets of parameters, 32-bit integers, that are above zero in every launch.
  std::vector<InstructionCount> coverage(const std::string& kernel, const std::vector<uint32_t>& positive) const;
  uint64_t instructions_run() const;

 private:
  explicit PtxModule(std::string name);
  const KernelCode& code(const std::string& kernel) const;

  std::string name_;
  std::vector<std::unique_ptr<KernelCode>> kernels_;
};

}  // namespace ds::ptx
