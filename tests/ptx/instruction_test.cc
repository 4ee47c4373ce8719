// The interpreter by itself: what instructions compute, and what it refuses.
#include <cstring>
#include <functional>

#include "ptx_test.h"

namespace ds::ptx {
namespace {

// One kernel that loads two values, does `body`, and stores the 64-bit register %rd9.
std::string kernel_of(const std::string& body) {
  return ".version 9.0\n.target sm_75\n.address_size 64\n"
         ".visible .entry one_kernel(\n\t.param .u64 one_param_0\n)\n.maxntid 32, 1, 1\n{\n"
         "\t.reg .pred \t%p<4>;\n\t.reg .b16 \t%rs<4>;\n\t.reg .f32 \t%f<8>;\n\t.reg .b32 \t%r<8>;\n"
         "\t.reg .b64 \t%rd<10>;\n\t.reg .f64 \t%fd<8>;\n"
         "\tld.param.u64 \t%rd1, [one_param_0];\n\tcvta.to.global.u64 \t%rd2, %rd1;\n\tmov.u32 \t%r7, %tid.x;\n" +
         body + "\tret;\n}\n";
}

// Runs `body` on `threads` threads; the memory holds two uninitialised words after two that hold 7.
std::string fault_of(const std::string& body, unsigned threads = 1, uint64_t* memory = nullptr) {
  alignas(16) uint64_t words[4] = {7, 7, 0, 0};
  try {
    const PtxModule module = PtxModule::parse(kernel_of(body), "one");
    CheckedMemory checked;
    checked.add(words, sizeof words);
    checked.initialise(words, 16);
    void* address = words;
    void* arguments[] = {&address};
    module.launch("one_kernel", {{1, 1}, {threads, 1}}, module.pack("one_kernel", arguments), checked);
  } catch (const PtxFault& fault) {
    return fault.what();
  }
  if (memory) std::memcpy(memory, words, sizeof words);
  return "";
}

void faults(const std::string& body, const std::string& says, unsigned threads = 1) {
  const std::string fault = fault_of(body, threads);
  check(fault.find(says) != std::string::npos, "'" + body + "' is refused with '" + says + "', not '" + fault + "'");
}

void gives(const std::string& body, const std::string& type, const std::string& source, uint64_t expected) {
  uint64_t memory[4];
  const std::string store = "\tmov.b" + std::string(type == "f64" ? "64 \t%rd9, " : "32 \t%r6, ") + source + ";\n" +
                            (type == "f64" ? "\tcvt.u32.u64 \t%r6, %rd9;\n" : "");
  const std::string fault = fault_of(body + store + "\tst.global.u32 \t[%rd2], %r6;\n", 1, memory);
  check(fault.empty(), body + fault);
  check(static_cast<uint32_t>(memory[0]) == static_cast<uint32_t>(expected),
        body + " gives " + std::to_string(static_cast<uint32_t>(memory[0])));
}

}  // namespace

void test_instructions() {
  // One rounding: (1 + 2^-12)^2 - 1 - 2^-11 is 2^-24, which two roundings lose.
  gives("\tmov.f32 \t%f1, 0f3F800800;\n\tfma.rn.f32 \t%f2, %f1, %f1, 0fBF801000;\n", "f32", "%f2", 0x33800000u);
  gives("\tmov.f32 \t%f1, 0f3F800800;\n\tmul.rn.f32 \t%f2, %f1, %f1;\n\tadd.rn.f32 \t%f3, %f2, 0fBF801000;\n", "f32",
        "%f3", 0);
  // Subnormals stay; NaN has the payload of devices.
  gives("\tmov.f32 \t%f1, 0f00800000;\n\tmul.rn.f32 \t%f2, %f1, 0f3F000000;\n", "f32", "%f2", 0x00400000u);
  gives("\tmov.f32 \t%f1, 0fFFC00001;\n\tadd.rn.f32 \t%f2, %f1, %f1;\n", "f32", "%f2", 0x7FFFFFFFu);
  // 1/3 in float64 to float32 rounds to nearest.
  gives("\tmov.f64 \t%fd1, 0d4008000000000000;\n\trcp.rn.f64 \t%fd2, %fd1;\n\tcvt.rn.f32.f64 \t%f2, %fd2;\n", "f32",
        "%f2", 0x3EAAAAABu);
  gives("\tmov.f64 \t%fd1, 0d4008000000000000;\n\trcp.rn.f64 \t%fd2, %fd1;\n", "f64", "%fd2", 0x55555555u);
  gives("\tmov.u32 \t%r1, -8;\n\tshr.s32 \t%r2, %r1, 1;\n", "b32", "%r2", static_cast<uint32_t>(-4));
  gives("\tmov.u32 \t%r1, -8;\n\tshr.s32 \t%r2, %r1, 77;\n", "b32", "%r2", ~0u);
  gives("\tmov.u32 \t%r1, 8;\n\tshl.b32 \t%r2, %r1, 32;\n", "b32", "%r2", 0);
  gives("\tmov.u32 \t%r1, 0x80000001;\n\tmul.hi.u32 \t%r2, %r1, %r1;\n", "b32", "%r2", 0x40000001u);
  gives("\tmov.u32 \t%r2, 1;\n\tsetp.lt.s32 \t%p1, %r2, 0;\n\t@%p1 mov.u32 \t%r2, 5;\n", "b32", "%r2", 1);
  gives("\tmov.u32 \t%r2, 1;\n\tsetp.lt.s32 \t%p1, %r2, 0;\n\t@!%p1 mov.u32 \t%r2, 5;\n", "b32", "%r2", 5);

  gives("\tmov.u32 \t%r1, 0xFFFFFFFF;\n\tmov.u32 \t%r2, 0x80000001;\n\tbfi.b32 \t%r3, %r1, %r2, 4, 8;\n", "b32", "%r3",
        0x80000FF1u);

  faults("\tadd.rz.f32 \t%f1, %f2, %f3;\n",
         "line 18: 'add.rz.f32 \t%f1, %f2, %f3;' holds the instruction 'add.rz.f32'");
  faults("\tfma.rn.ftz.f32 \t%f1, %f2, %f3, %f4;\n", "'fma.rn.ftz.f32'");
  faults("\tex2.approx.f32 \t%f1, %f2;\n", "'ex2.approx.f32'");
  faults("\tadd.s32 \t%r1, %r2;\n", "does not have 3 operands");
  faults("\tadd.s64 \t%rd3, %rd2, %r2;\n", "an operand of another width: %r2");
  faults("\tadd.s64 \t%rd3, %rd2, %rd77;\n", "not understood: %rd77");
  faults("\tbra \t$L__nowhere;\n", "there is no label '$L__nowhere'");
  faults("\tadd.s32 \t%r1, %r2, 1;\n",
         "one_kernel, line 18 'add.s32 \t%r1, %r2, 1;', block (0, 0), thread (0, 0): "
         "reads the register %r2 before it is written");
  faults("$L__loop:\n\tbra \t$L__loop;\n", "does not end");
  faults("\tld.global.u64 \t%rd9, [%rd2+32];\n", "touches 8 bytes at offset 32 of a buffer of 32 bytes");
  faults("\tld.global.u64 \t%rd9, [%rd2+-8];\n", "in no buffer");
  faults("\tld.global.u64 \t%rd9, [%rd2+4];\n", "not a multiple of 8");
  faults("\tld.global.v4.f32 \t{%f1, %f2, %f3, %f4}, [%rd2+8];\n", "not a multiple of 16");
  faults("\tld.global.u64 \t%rd9, [%rd2+16];\n", "reads what was never written");
  faults("\tld.param.u64 \t%rd9, [one_param_0+8];\n", "reads past the parameters");
  faults("\tst.global.u32 \t[%rd2], %r7;\n", "thread (1, 0): stores where another thread is at work", 2);
  faults("\tld.global.u32 \t%r1, [%rd2];\n\tst.global.u32 \t[%rd2], %r7;\n", "another thread", 2);
  faults("\tld.global.u64 \t%rd3, [%rd2];\n\tatom.global.min.u64 \t%rd4, [%rd2], 3;\n\tst.global.u32 \t[%rd2], %r7;\n",
         "another thread is at work");
  faults("", "more threads than the kernel was compiled for", 64);
  uint64_t memory[4];
  const std::string least =
      "\tcvt.u64.u32 \t%rd3, %r7;\n\tld.global.u64 \t%rd5, [%rd2];\n"
      "\tatom.global.min.u64 \t%rd4, [%rd2], %rd3;\n";
  check(fault_of(least, 3, memory).empty() && memory[0] == 0,
        "atomics meet loads and each other: " + fault_of(least, 3));
}

}  // namespace ds::ptx
