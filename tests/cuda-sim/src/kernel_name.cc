// Kernels have internal linkage, so the dynamic linker does not know them: their file's own table of symbols does.
#include "kernel_name.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

#include "faults.h"

namespace cuda_sim {
namespace {

using Names = std::map<uint64_t, std::string>;

Names read_symbols(const char* path) {
  Names names;
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> image{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (image.size() < sizeof(Elf64_Ehdr)) return names;
  Elf64_Ehdr header;
  std::memcpy(&header, image.data(), sizeof header);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), image.data() + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const char* words = image.data() + sections[section.sh_link].sh_offset;
    std::vector<Elf64_Sym> symbols(section.sh_size / sizeof(Elf64_Sym));
    std::memcpy(symbols.data(), image.data() + section.sh_offset, symbols.size() * sizeof(Elf64_Sym));
    for (const Elf64_Sym& symbol : symbols) {
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC) names.emplace(symbol.st_value, words + symbol.st_name);
    }
  }
  return names;
}

}  // namespace

std::string short_name(const std::string& mangled) {
  int status = 0;
  char* text = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  if (status != 0) return mangled;
  std::string name = text;
  std::free(text);
  const std::string anonymous = "(anonymous namespace)::";
  for (size_t at; (at = name.find(anonymous)) != std::string::npos;) name.erase(at, anonymous.size());
  name = name.substr(0, name.find('('));
  const size_t template_end = name.find('<');
  const size_t begin = name.find_last_of(": ", template_end);
  return begin == std::string::npos ? name : name.substr(begin + 1);
}

std::string kernel_name(const void* kernel) {
  static std::map<std::string, Names> files;
  static std::map<const void*, std::string> known;
  const auto found = known.find(kernel);
  if (found != known.end()) return found->second;
  std::string name = "at " + hexadecimal(reinterpret_cast<uintptr_t>(kernel));
  Dl_info info;
  if (dladdr(kernel, &info) != 0) {
    if (files.find(info.dli_fname) == files.end()) files[info.dli_fname] = read_symbols(info.dli_fname);
    const Names& names = files[info.dli_fname];
    const auto address = reinterpret_cast<uintptr_t>(kernel);
    const auto base = reinterpret_cast<uintptr_t>(info.dli_fbase);
    // Addresses in a file that is not position-independent are absolute.
    for (const uint64_t at : {static_cast<uint64_t>(address - base), static_cast<uint64_t>(address)}) {
      const auto symbol = names.find(at);
      if (symbol == names.end()) continue;
      name = short_name(symbol->second);
      break;
    }
  }
  return known[kernel] = name;
}

}  // namespace cuda_sim
