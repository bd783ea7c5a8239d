#include "engine/sink/fd_writer.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace thalweg {

std::string describe_errno(std::string_view what, std::string_view name, int error) {
    std::string text(what);
    text += ' ';
    text += name;
    text += ": ";
    text += std::system_category().message(error);
    return text;
}

Result<void> FdWriter::give() {
    if (buffer_.size() < kBufferBytes) return {};
    return flush();
}

Result<void> FdWriter::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
        if (count < 0) {
            if (errno == EINTR) continue;
            const int error = errno;
            buffer_.clear();
            return fail(Code::kIo, describe_errno("cannot write to", name_, error));
        }
        rest.remove_prefix(static_cast<std::size_t>(count));
        written_bytes_ += static_cast<std::uint64_t>(count);
    }
    buffer_.clear();
    return {};
}

}  // namespace thalweg
