#include "ingest/descriptor.h"

#include "ingest/io_context.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <system_error>

namespace thalweg {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

Descriptor::~Descriptor() {
    close();
}

void Descriptor::close() noexcept {
    if (fd_ >= 0) static_cast<void>(::close(fd_));
    fd_ = -1;
}

struct WatchedDescriptor::Watched {
    explicit Watched(IoLoop::Impl& loop) : stream(loop.context), readiness(loop.readiness.get()) {}

    // Puts the descriptor into the loop's set, one system call for each change of `wanted`. A set
    // that cannot take it costs the length of a nap: the loop itself still notes the event.
    void show(std::uint32_t wanted) {
        if (shown == wanted) return;
        epoll_event event{};
        event.events = wanted;
        const int operation = shown == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        static_cast<void>(::epoll_ctl(readiness, operation, stream.native_handle(), &event));
        shown = wanted;
    }

    // By hand, since closing is not enough where another descriptor shares what is open.
    void hide() {
        if (std::exchange(shown, 0U) == 0) return;
        static_cast<void>(::epoll_ctl(readiness, EPOLL_CTL_DEL, stream.native_handle(), nullptr));
    }

    boost::asio::posix::stream_descriptor stream;
    int readiness;
    std::uint32_t shown = 0;
};

WatchedDescriptor::WatchedDescriptor(IoLoop& loop, Descriptor descriptor)
    : fd_(descriptor.get()), watched_(std::make_unique<Watched>(loop.impl())) {
    boost::system::error_code error;
    watched_->stream.assign(descriptor.get(), error);
    if (error) {
        fd_ = -1;
    } else {
        static_cast<void>(descriptor.release());
    }
}

WatchedDescriptor::~WatchedDescriptor() {
    if (watched_ == nullptr) return;
    watched_->hide();
    boost::system::error_code error;
    watched_->stream.close(error);
}

void WatchedDescriptor::watch(Event event, std::uint64_t number, const ReadyList& ready) {
    using boost::asio::posix::descriptor_base;
    const auto wanted =
        event == Event::kReadable ? descriptor_base::wait_read : descriptor_base::wait_write;
    if (fd_ >= 0) watched_->show(event == Event::kReadable ? EPOLLIN : EPOLLOUT);
    watched_->stream.async_wait(wanted, [ready, number](const boost::system::error_code& error) {
        // Of all errors only the owner's cancel is not for the owner to find out about.
        if (error != boost::asio::error::operation_aborted) ready->push_back(number);
    });
}

Descriptor WatchedDescriptor::release() {
    fd_ = -1;
    watched_->hide();
    return Descriptor(watched_->stream.release());
}

std::string text_of_errno(int error) {
    return std::generic_category().message(error);
}

tl::unexpected<Error> fail_errno(std::string_view what, int error) {
    return fail(Code::kIo, "cannot " + std::string(what) + ": " + text_of_errno(error));
}

}  // namespace thalweg
