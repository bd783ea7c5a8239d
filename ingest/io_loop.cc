#include "ingest/io_context.h"

#include <boost/asio/post.hpp>

namespace thalweg {

IoLoop::IoLoop() : impl_(std::make_unique<Impl>()) {}

IoLoop::~IoLoop() = default;

std::size_t IoLoop::poll() {
    return impl_->context.poll();
}

std::size_t IoLoop::wait(std::chrono::nanoseconds at_most) {
    const std::size_t first = impl_->context.run_one_for(at_most);
    return first == 0 ? 0 : first + impl_->context.poll();
}

int IoLoop::descriptor() const noexcept {
    return impl_->readiness.get();
}

void IoLoop::wake() {
    boost::asio::post(impl_->context, [] {});
}

}  // namespace thalweg
