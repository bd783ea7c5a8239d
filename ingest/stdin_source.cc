#include "ingest/stdin_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace thalweg {

namespace {

constexpr std::uint64_t kNumber = 0;

bool has_something(int fd) {
    pollfd request{fd, POLLIN, 0};
    return ::poll(&request, 1, 0) > 0;
}

}  // namespace

StdinSource::StdinSource(
    FormatSpec format, SourceInstance instance, IoLoop& loop, SourceEvent event, int fd)
    : format_(std::move(format)),
      instance_(instance),
      loop_(loop),
      event_(std::move(event)),
      fd_(fd),
      workspace_(format_),
      ready_(std::make_shared<std::vector<std::uint64_t>>()) {}

Result<void> StdinSource::open(Outlet& outlet) {
    if (instance_.index != 0) {
        is_finished_ = true;
        return {};
    }
    struct stat status{};
    if (::fstat(fd_, &status) != 0) return fail_errno("read standard input", errno);
    TRY(std::unique_ptr<Decoder> decoder, make_decoder(format_));
    const bool can_wait =
        S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || ::isatty(fd_) == 1;
    if (can_wait) {
        watched_ = std::make_unique<WatchedDescriptor>(
            loop_, Descriptor(::fcntl(fd_, F_DUPFD_CLOEXEC, 0)));
    }
    StreamReader::Origin origin{"stdin", 0, outlet.open_split()};
    reader_.emplace(workspace_, std::move(decoder), std::move(origin));
    ++workspace_.counters().connections_opened;
    return {};
}

std::size_t StdinSource::poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    if (is_finished_ || !outlet.ready()) return 0;
    if (is_stopping_) reader_->end(StreamEnd::kStopped);
    if (!ready_->empty()) {
        ready_->clear();
        is_readable_ = true;
    }
    std::size_t done = 0;
    while (done < budget && outlet.ready() && !reader_->is_done()) {
        if (!reader_->has_backlog() && !read(now_ns)) break;
        const std::size_t records = reader_->deliver(budget - done, outlet);
        if (records != 0) is_flushed_ = false;
        done += std::max<std::size_t>(records, 1);
    }
    if (reader_->is_done()) {
        finish(outlet);
    } else if (!is_readable_ && !reader_->has_backlog() && !is_flushed_) {
        is_flushed_ = true;
        outlet.flush();
    }
    return done;
}

// Reads one buffer; false when there is nothing now, and the loop will tell.
bool StdinSource::read(std::int64_t now_ns) {
    if (!is_readable_) return false;
    if (watched_ != nullptr && !has_something(fd_)) {
        is_readable_ = false;
        watched_->watch(WatchedDescriptor::Event::kReadable, kNumber, ready_);
        return false;
    }
    const std::span<char> room = reader_->room();
    const ssize_t result = ::read(fd_, room.data(), room.size());
    const int error = errno;
    reader_->take(result > 0 ? static_cast<std::size_t>(result) : 0, now_ns);
    if (result == 0) reader_->end(StreamEnd::kClean);
    if (result < 0 && error != EINTR && error != EAGAIN) {
        event_("cannot read standard input: " + text_of_errno(error));
        reader_->end(StreamEnd::kBroken);
    }
    return true;
}

void StdinSource::finish(Outlet& outlet) {
    watched_.reset();
    outlet.close_split(reader_->origin().split);
    ++workspace_.counters().connections_closed;
    if (!is_flushed_) outlet.flush();
    is_finished_ = true;
}

std::int64_t StdinSource::next_poll_ns() const {
    const bool is_waiting = is_finished_ || (!is_stopping_ && !is_readable_);
    return is_waiting ? INT64_MAX : INT64_MIN;
}

}  // namespace thalweg
