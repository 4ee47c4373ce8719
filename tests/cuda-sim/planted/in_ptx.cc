// Mistakes in kernels that are executed from PTX, in texts that are written here: no compiler for devices is needed.
#include "../include/cuda_sim.h"
#include "scene.h"

namespace planted {
namespace {

// fill_kernel(float*, int64_t, float) of kernels.cu, but that it stores twice the value, so that it can be told from
// what the host's compiler made. BODY stores: %rd4 is the thread's index, %rd6 its address, %rd2 the count, %f2 the
// value.
constexpr char kFill[] = R"(.version 8.0
.target sm_75
.address_size 64
.visible .entry NAME(
	.param .u64 NAME_param_0,
	.param COUNT NAME_param_1,
	.param .f32 NAME_param_2
)
{
	.reg .pred 	%p<3>;
	.reg .f32 	%f<4>;
	.reg .b32 	%r<5>;
	.reg .b64 	%rd<8>;
	ld.param.u64 	%rd1, [NAME_param_0];
	ld.param.u64 	%rd2, [NAME_param_1];
	ld.param.f32 	%f1, [NAME_param_2];
	cvta.to.global.u64 	%rd3, %rd1;
	mov.u32 	%r1, %ctaid.x;
	mov.u32 	%r2, %ntid.x;
	mov.u32 	%r3, %tid.x;
	mad.lo.s32 	%r4, %r1, %r2, %r3;
	cvt.u64.u32 	%rd4, %r4;
	shl.b64 	%rd5, %rd4, 2;
	add.s64 	%rd6, %rd3, %rd5;
	add.rn.f32 	%f2, %f1, %f1;
BODY$end:
	ret;
}
)";

std::string fill_text(const std::string& body, const std::string& name = "_ZN7planted12_GLOBAL__N_111fill_kernelEPflf",
                      const std::string& count_type = ".u64") {
  std::string text = kFill;
  const auto replace = [&text](const std::string& word, const std::string& by) {
    for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size()) {
      text.replace(at, word.size(), by);
    }
  };
  replace("BODY", body);
  replace("COUNT", count_type);
  replace("NAME", name);
  return text;
}

const std::string right = "\tsetp.ge.s64 \t%p1, %rd4, %rd2;\n\t@%p1 bra \t$end;\n\tst.global.f32 \t[%rd6], %f2;\n";

void run(const std::string& text) { cuda_sim::run_ptx({{"fill.ptx", text}}); }

// Fills from PTX; whether that gave `value`.
bool filled(Scene* scene, float value) {
  launch_fill(scene->x, Scene::kCount, 1.0f, scene->first);
  return scene->all_are(value, scene->x, scene->first);
}

void reported_from(const std::string& name, const std::string& text, const std::string& report) {
  reported(
      name,
      [text](bool wrong) {
        run(wrong ? text : fill_text(right));
        Scene scene;
        const bool good = filled(&scene, 2.0f);
        if (!wrong && good) scene.give_back();
      },
      report);
}

}  // namespace

void plant_in_ptx() {
  holds("a kernel comes from PTX where there is some, and from the host's compiler again without", [] {
    Scene scene;
    run(fill_text(right));
    const bool from_ptx = filled(&scene, 2.0f);
    const uint64_t launches = cuda_sim::counts().ptx.launches;
    const bool counted = launches == 1 && cuda_sim::counts().ptx.instructions > 10 * Scene::kCount &&
                         cuda_sim::counts().kernels.at("fill_kernel").written.at(4) == Scene::kBytes;
    cuda_sim::run_ptx({});
    const bool from_host = filled(&scene, 1.0f);
    scene.give_back();
    return from_ptx && counted && from_host && cuda_sim::counts().ptx.launches == launches;
  });
  reported_from("PTX: one element too many",
                fill_text("\tsetp.gt.s64 \t%p1, %rd4, %rd2;\n\t@%p1 bra \t$end;\n\tst.global.f32 \t[%rd6], %f2;\n"),
                "kernel fill_kernel, from PTX: fill_kernel, line 28 'st.global.f32 \t[%rd6], %f2;', block (" +
                    std::to_string(Scene::kCount / threads_of_block()) + ", 0), thread (" +
                    std::to_string(Scene::kCount % threads_of_block()) + ", 0): writes 4 bytes at 0x");
  reported_from("PTX: a read of what nobody wrote",
                fill_text("\tsetp.ge.s64 \t%p1, %rd4, %rd2;\n\t@%p1 bra \t$end;\n\tld.global.f32 \t%f3, [%rd6];\n"
                          "\tst.global.f32 \t[%rd6], %f3;\n"),
                "of which byte 0 was never written");
  reported_from("PTX: an address that is not aligned",
                fill_text("\tsetp.ge.s64 \t%p1, %rd4, %rd2;\n\t@%p1 bra \t$end;\n\tst.global.f32 \t[%rd6+2], %f2;\n"),
                "an address is not a multiple of 4");
  reported_from("PTX: two threads that store to one place",
                fill_text("\tsetp.ge.s64 \t%p1, %rd4, %rd2;\n\t@%p1 bra \t$end;\n\tst.global.f32 \t[%rd3], %f2;\n"),
                "stores where another thread is at work");
  reported_from("PTX: a kernel that no text has", fill_text(right, "_ZN7planted12_GLOBAL__N_112other_kernelEPflf"),
                "kernel fill_kernel, from PTX: no text has it");
  reported_from("PTX: parameters of other sizes",
                fill_text(right, "_ZN7planted12_GLOBAL__N_111fill_kernelEPflf", ".u32"),
                "it takes other parameters than it is given");
  holds("PTX that is not understood is refused, and what ran before runs on", [] {
    Scene scene;
    run(fill_text(right));
    try {
      run(fill_text("\tsin.approx.f32 \t%f2, %f1;\n" + right));
      return false;
    } catch (const std::exception& error) {
      if (std::string(error.what()).find("sin.approx.f32") == std::string::npos) return false;
    }
    const bool same = filled(&scene, 2.0f);
    scene.give_back();
    return same;
  });
  holds("a kernel that two texts have is refused", [] {
    try {
      cuda_sim::run_ptx({{"one.ptx", fill_text(right)}, {"two.ptx", fill_text(right)}});
    } catch (const std::exception& error) {
      return std::string(error.what()).find("fill_kernel is there twice") != std::string::npos;
    }
    return false;
  });
}

}  // namespace planted
