// Memory that JavaScript moved to another thread must outlive this environment, whose end no finalizer tells from the
// end of the memory's use.
#include "memory_view.h"

#include <utility>

#include "environment.h"
#include "js_error.h"

namespace ds {
namespace {

// Detaches a buffer; false where it is out of reach, because JavaScript has moved its memory to another.
bool take_back(Napi::Env env, napi_value buffer) noexcept {
  bool moved = true;
  return napi_is_detached_arraybuffer(env, buffer, &moved) == napi_ok && !moved &&
         napi_detach_arraybuffer(env, buffer) == napi_ok;
}

// In the end Node finalizes everything, and allows no JavaScript any more.
bool is_ending(napi_env env) noexcept {
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return true;
  napi_value number = nullptr, text = nullptr;
  const bool runs =
      napi_create_double(env, 0, &number) == napi_ok && napi_coerce_to_string(env, number, &text) == napi_ok;
  napi_close_handle_scope(env, scope);
  return !runs;
}

}  // namespace

// Freed by the finalizer of the buffer.
class MemoryView::Loan final : public Returnable {
 public:
  Loan(Napi::Env env, std::shared_ptr<TensorData> data) : env_(env), data_(std::move(data)) {
    Environment::of(env).lent(*this);
  }
  ~Loan() override {
    if (Environment* environment = env_.GetInstanceData<Environment>()) environment->returned(*this);
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

  void remember(Napi::ArrayBuffer buffer) { buffer_ = Napi::Weak(buffer); }
  void free_memory() noexcept { data_.reset(); }

  void give_back() noexcept override {
    const Napi::HandleScope scope(env_);
    const Napi::Value buffer = buffer_.IsEmpty() ? Napi::Value() : buffer_.Value();
    if (!buffer.IsEmpty() && take_back(env_, buffer)) free_memory();
  }

  // The memory may have gone to another thread, and is left to it for as long as the process lives.
  void abandon() noexcept {
    *forever_ = std::move(data_);
    static_cast<void>(forever_.release());
  }

 private:
  Napi::Env env_;
  std::shared_ptr<TensorData> data_;
  Napi::Reference<Napi::ArrayBuffer> buffer_;
  // Made in advance, so that abandoning needs no memory.
  std::unique_ptr<std::shared_ptr<TensorData>> forever_ = std::make_unique<std::shared_ptr<TensorData>>();
};

Napi::ArrayBuffer MemoryView::buffer(Napi::Env env, const std::shared_ptr<TensorData>& data) {
  if (data->count == 0) return Napi::ArrayBuffer::New(env, 0);
  if (!buffer_.IsEmpty()) {
    const Napi::Value out = buffer_.Value();
    if (!out.IsEmpty() && !out.As<Napi::ArrayBuffer>().IsDetached()) return out.As<Napi::ArrayBuffer>();
  }
  auto loan = std::make_unique<Loan>(env, data);
  const auto finalize = [](napi_env raw_env, void*, void* hint) {
    const std::unique_ptr<Loan> over(static_cast<Loan*>(hint));
    if (is_ending(raw_env)) over->abandon();
  };
  napi_value made = nullptr;
  const napi_status status = napi_create_external_arraybuffer(env, data->buffer->data(), data->count * sizeof(float),
                                                              finalize, loan.get(), &made);
  if (status == napi_no_external_buffers_allowed) {
    throw js_error(env, "ERR_NO_EXTERNAL_MEMORY", "This runtime allows no views of native memory");
  }
  if (status != napi_ok) throw Napi::Error::New(env);
  loan_ = loan.release();
  const auto buffer = Napi::Value(env, made).As<Napi::ArrayBuffer>();
  loan_->remember(buffer);
  buffer_ = Napi::Weak(buffer);
  return buffer;
}

void MemoryView::detach(Napi::Env env) noexcept {
  if (buffer_.IsEmpty()) return;
  const Napi::HandleScope scope(env);
  const Napi::Value buffer = buffer_.Value();
  if (!buffer.IsEmpty() && take_back(env, buffer)) loan_->free_memory();
}

}  // namespace ds
