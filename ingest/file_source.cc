#include "ingest/file_source.h"

#include "state/base/assertion.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace thalweg {

namespace {

namespace fs = std::filesystem;

bool is_part(const fs::directory_entry& entry) {
    std::error_code error;
    const std::string name = entry.path().filename().string();
    return entry.is_regular_file(error) && !name.starts_with('.') && !name.starts_with('_');
}

}  // namespace

struct FileSource::File {
    std::string path;
    std::uint64_t bytes_read = 0;        // Where it is read on.
    std::uint64_t position = 0;          // While there is no reader.
    std::uint64_t bytes_lost = 0;        // By which it has become shorter under the reader.
    Descriptor descriptor;               // Open while it is read.
    std::optional<StreamReader> reader;  // From its first bytes on, for as long as it may grow.
    bool has_ended = false;

    // Of the first record that was not offered.
    [[nodiscard]] std::uint64_t next_record() const {
        if (!reader) return position;
        const std::uint64_t at = reader->position();
        return at - std::min(at, bytes_lost);
    }
};

FileSource::FileSource(FileSettings settings, SourceInstance instance, SourceEvent event)
    : settings_(std::move(settings)),
      instance_(instance),
      event_(std::move(event)),
      workspace_(settings_.format) {}

FileSource::~FileSource() = default;

Result<void> FileSource::open(Outlet& /*outlet*/) {
    struct stat status{};
    if (::stat(settings_.path.c_str(), &status) != 0) {
        return fail_errno("read '" + settings_.path + "'", errno);
    }
    is_directory_ = S_ISDIR(status.st_mode);
    if (!is_directory_ && settings_.path.ends_with('/')) {
        return fail(Code::kInvalid, "cannot read '" + settings_.path + "': not a directory");
    }
    // Opening a pipe would wait for its writer, and it cannot be read from an offset.
    if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) {
        return fail(Code::kInvalid,
                    "cannot read '" + settings_.path +
                        "': neither a file nor a "
                        "directory; a pipe is read by the connector 'stdin'");
    }
    if (::access(settings_.path.c_str(), R_OK) != 0) {
        return fail_errno("read '" + settings_.path + "'", errno);
    }
    look(0);
    look_again_ns_ = is_bounded() ? INT64_MAX : INT64_MIN;
    is_finished_ = is_bounded() && waiting_.empty();
    return {};
}

std::vector<std::string> FileSource::list() const {
    if (!is_directory_) return {settings_.path};
    std::vector<std::string> paths;
    std::error_code error;
    for (fs::directory_iterator entry(settings_.path, error), end; !error && entry != end;
         entry.increment(error)) {
        if (is_part(*entry)) paths.push_back(entry->path().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

bool FileSource::is_ours(const std::string& path) const {
    if (!is_directory_) return path == settings_.path;
    return fs::path(path).parent_path().lexically_normal() ==
           (fs::path(settings_.path) / "").lexically_normal().parent_path();
}

Result<void> FileSource::restore(const std::vector<SourcePosition>& positions) {
    std::error_code error;
    is_directory_ = fs::is_directory(settings_.path, error);
    for (const SourcePosition& one : positions) {
        std::uint64_t& position = restored_[one.id];
        position = std::max(position, one.position);
    }
    for (auto next = restored_.begin(); next != restored_.end();) {
        const auto& [path, position] = *next;
        if (!is_ours(path)) {
            return fail(Code::kInvalid,
                        "the state was saved while '" + path + "' was read, which is not in '" +
                            settings_.path +
                            "': name the path as it was, or start anew with an empty state "
                            "directory");
        }
        const bool may_be_gone = is_directory_ && !is_bounded();
        if (may_be_gone && !fs::exists(path, error) && !error) {
            next = restored_.erase(next);
            continue;
        }
        Result<void> checked = check_position(path, position);
        if (!checked) return checked;
        ++next;
    }
    return {};
}

// Whether the file may be the one that was read up to there.
Result<void> FileSource::check_position(const std::string& path, std::uint64_t position) {
    const std::string start =
        "cannot go on reading '" + path + "' at byte " + std::to_string(position) + ": ";
    const std::string way_out =
        "; put the file back as it was, or start anew with an empty state "
        "directory";
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) {
        return fail(Code::kInvalid, start + text_of_errno(errno) + way_out);
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size < position) {
        return fail(
            Code::kInvalid,
            start + "it has " + std::to_string(size) + " bytes; it was cut or replaced" + way_out);
    }
    // The last record of a file needs no end.
    if (settings_.format.framing != Framing::kNewline || position == 0 || position == size) {
        return {};
    }
    char before = 0;
    if (::pread(file.get(), &before, 1, static_cast<off_t>(position - 1)) == 1 &&
        before == settings_.format.delimiter) {
        return {};
    }
    return fail(Code::kInvalid,
                start + "no record ends there; it was changed or replaced" + way_out);
}

void FileSource::seal(std::uint64_t /*epoch*/, std::vector<SourcePosition>& positions) {
    for (const auto& [path, file] : files_) {
        const std::uint64_t position = file->next_record();
        if (position > 0) positions.push_back({path, 0, position});
    }
}

// Finds the files that have something to read. Which instance reads a file follows from its place
// among all of them at first, and from its name for those that come later.
void FileSource::look(std::int64_t now_ns) {
    look_again_ns_ = now_ns + settings_.monitor_interval_ns;
    const std::vector<std::string> paths = list();
    const bool is_first = files_.empty();
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const std::size_t place = is_bounded() && is_first ? i : std::hash<std::string>{}(paths[i]);
        if (place % instance_.count != instance_.index) continue;
        std::unique_ptr<File>& file = files_[paths[i]];
        if (file == nullptr) {
            file = std::make_unique<File>();
            file->path = paths[i];
            const auto restored = restored_.find(paths[i]);
            if (restored != restored_.end()) file->position = restored->second;
            file->bytes_read = file->position;
        }
        if (!file->has_ended) look_at(*file);
    }
    restored_.clear();
    std::reverse(waiting_.begin(), waiting_.end());
}

void FileSource::look_at(File& file) {
    struct stat status{};
    if (::stat(file.path.c_str(), &status) != 0) return;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size < file.bytes_read) {
        event_("'" + file.path + "' became shorter: what is new in it is not read");
        if (file.reader) file.bytes_lost += file.bytes_read - size;
        file.position = std::min(file.position, size);
        file.bytes_read = size;
    }
    const bool is_done = file.position > 0 && file.position == size;  // By an earlier process.
    if (is_bounded() && is_done) file.has_ended = true;
    if (is_bounded() ? !is_done : size > file.bytes_read) waiting_.push_back(file.path);
}

// A file that is monitored no more, since it is gone, holds nothing back and is not remembered.
void FileSource::forget_missing(Outlet& outlet) {
    std::erase_if(files_, [&](const auto& entry) {
        File& file = *entry.second;
        struct stat status{};
        if (::stat(file.path.c_str(), &status) == 0 || errno != ENOENT) return false;
        if (file.reader && !file.has_ended) {
            file.reader->end(StreamEnd::kStopped);
            close_split(file, outlet);
        }
        return true;
    });
}

std::size_t FileSource::poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    if (is_finished_ || !outlet.ready()) return 0;
    std::size_t done = 0;
    while (done < budget && outlet.ready()) {
        if (current_ == nullptr) {
            if (is_stopping_ || (waiting_.empty() && is_bounded())) {
                finish(outlet);
                return done + 1;
            }
            if (waiting_.empty() && now_ns >= look_again_ns_) {
                if (is_directory_) forget_missing(outlet);
                look(now_ns);
            }
            if (waiting_.empty()) break;
            File& next = *files_[waiting_.back()];
            waiting_.pop_back();
            if (!begin(next, outlet)) continue;
        }
        done += read(now_ns, budget - done, outlet);
    }
    if (current_ == nullptr && waiting_.empty() && !is_flushed_) {
        is_flushed_ = true;
        outlet.flush();
    }
    return done;
}

// Opens the file where it was left.
bool FileSource::begin(File& file, Outlet& outlet) {
    file.descriptor = Descriptor(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.descriptor.is_open()) {
        report_unreadable(file);
        return false;
    }
    static_cast<void>(::posix_fadvise(file.descriptor.get(), 0, 0, POSIX_FADV_SEQUENTIAL));
    if (!file.reader) {
        Result<std::unique_ptr<Decoder>> decoder = make_decoder(settings_.format);
        ASSERT(decoder.has_value());  // The same format made one when the source was checked.
        StreamReader::Origin origin{
            file.path,
            static_cast<std::int64_t>(workspace_.counters().connections_opened),
            outlet.open_split(),
            file.position};
        file.reader.emplace(workspace_, *std::move(decoder), std::move(origin));
        ++workspace_.counters().connections_opened;
    }
    current_ = &file;
    return true;
}

// Half of a bounded input must not pass for all of it; one that is monitored may come back.
void FileSource::report_unreadable(const File& file) {
    std::string text = "cannot read '" + file.path + "': " + text_of_errno(errno);
    if (is_bounded()) {
        failure_ = std::move(text);
    } else {
        event_(text);
    }
}

// Reads one buffer of the current file and delivers it, or goes on delivering the one before.
std::size_t FileSource::read(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    StreamReader& reader = *current_->reader;
    if (is_stopping_) reader.end(StreamEnd::kStopped);
    bool is_exhausted = false;
    if (!reader.has_backlog() && !reader.is_done()) {
        const std::span<char> room = reader.room();
        const ssize_t result = ::pread(current_->descriptor.get(),
                                       room.data(),
                                       room.size(),
                                       static_cast<off_t>(current_->bytes_read));
        const std::size_t bytes = result > 0 ? static_cast<std::size_t>(result) : 0;
        if (result < 0) report_unreadable(*current_);
        reader.take(bytes, now_ns);
        current_->bytes_read += bytes;
        is_exhausted = bytes == 0;
        if (is_exhausted && is_bounded()) {
            const StreamEnd end = instance_.rests_at_end ? StreamEnd::kStopped : StreamEnd::kClean;
            reader.end(result < 0 ? StreamEnd::kBroken : end);
        }
    }
    const std::size_t records = reader.deliver(budget, outlet);
    if (records != 0) is_flushed_ = false;
    if (reader.is_done() || (is_exhausted && !reader.has_backlog())) put_down(outlet);
    return std::max<std::size_t>(records, 1);
}

// Done with the current file, for good or until it grows.
void FileSource::put_down(Outlet& outlet) {
    current_->descriptor.close();
    if (current_->reader->is_done()) {
        if (current_->reader->lost_framing()) {
            event_("the framing of '" + current_->path + "' is lost: the rest is not read");
        }
        close_split(*current_, outlet);
    }
    current_ = nullptr;
}

// The end of a file's reader, of which the position is left.
void FileSource::close_split(File& file, Outlet& outlet) {
    outlet.close_split(file.reader->origin().split);
    ++workspace_.counters().connections_closed;
    file.position = file.next_record();
    file.reader.reset();
    file.has_ended = true;
}

// Closes the splits that a stop or the end leaves open.
void FileSource::finish(Outlet& outlet) {
    for (const auto& [path, file] : files_) {
        if (!file->reader || file->has_ended) continue;
        file->reader->end(StreamEnd::kStopped);
        close_split(*file, outlet);
    }
    if (!is_flushed_) outlet.flush();
    is_finished_ = true;
}

std::int64_t FileSource::next_poll_ns() const {
    const bool has_work = current_ != nullptr || !waiting_.empty() || is_stopping_;
    if (is_finished_) return INT64_MAX;
    return has_work ? INT64_MIN : look_again_ns_;
}

}  // namespace thalweg
